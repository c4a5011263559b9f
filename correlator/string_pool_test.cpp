// A string freed while somebody still shows it turns one alert's labels into another's.
#include "correlator/string_pool.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace incidentd;

TEST_CASE("equal texts share a handle until the last one is given back") {
    StringPool pool;
    const auto first = pool.intern("host");
    CHECK(pool.intern("host") == first);
    CHECK(pool.intern("job") != first);
    CHECK(pool.size() == 2);
    pool.release(first);
    CHECK(pool.view(first) == "host");
    CHECK(pool.size() == 2);
    pool.release(first);
    CHECK(pool.size() == 1);
    const auto again = pool.intern("another");
    CHECK(again == first);
    CHECK(pool.view(again) == "another");
    CHECK(pool.view(pool.intern("host")) == "host");
}

TEST_CASE("the empty text is a text") {
    StringPool pool;
    const auto empty = pool.intern("");
    CHECK(pool.view(empty) == "");
    CHECK(pool.intern("") == empty);
    pool.release(empty);
    pool.release(empty);
    CHECK(pool.size() == 0);
}

TEST_CASE("views stay valid while the pool grows, short texts included") {
    StringPool pool;
    std::vector<StringPool::Handle> handles;
    std::vector<std::string_view> views;
    for (int i = 0; i < 5000; ++i) {
        handles.push_back(pool.intern(std::to_string(i)));
        views.push_back(pool.view(handles.back()));
    }
    for (int i = 0; i < 5000; i += 2) pool.release(handles[static_cast<std::size_t>(i)]);
    for (int i = 10'000; i < 13'000; ++i) pool.intern(std::to_string(i));
    for (std::size_t i = 1; i < 5000; i += 2) {
        CHECK(views[i] == std::to_string(i));
        CHECK(pool.intern(std::to_string(i)) == handles[i]);
    }
}
