// A watch that misses how files are really replaced leaves old rules running; one that fires too early reads half of
// them.
#include "daemon/rule_watch.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace incidentd;
namespace fs = std::filesystem;

namespace {

struct Place {
    Place() {
        std::string name = "/tmp/incidentd-watch-XXXXXX";
        path = ::mkdtemp(name.data());
    }
    ~Place() { fs::remove_all(path); }
    void write(const std::string& name, const std::string& text) const { std::ofstream(path / name) << text; }
    fs::path path;
};

RuleWatchSettings fast(std::vector<std::string> patterns) {
    return {std::move(patterns), milliseconds(50), seconds(2), milliseconds(300)};
}

bool reaches(const std::atomic<int>& count, int wanted) {
    for (int i = 0; i < 500 && count < wanted; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return count == wanted;
}

}  // namespace

TEST_CASE("a file written, replaced, added or removed is told of once it came to rest") {
    const Place place;
    place.write("a.yaml", "1");
    std::atomic<int> count{0};
    const RuleWatch watch(fast({(place.path / "*.yaml").string()}), [&count] { ++count; });
    for (int i = 0; i < 5; ++i) place.write("a.yaml", std::string(static_cast<std::size_t>(i) + 2, 'x'));
    CHECK(reaches(count, 1));
    place.write("a.tmp", "not ours");
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    CHECK(count == 1);
    fs::rename(place.path / "a.tmp", place.path / "a.yaml");
    CHECK(reaches(count, 2));
    place.write("b.yaml", "new");
    CHECK(reaches(count, 3));
    fs::remove(place.path / "a.yaml");
    CHECK(reaches(count, 4));
}

TEST_CASE("the swap of a symlinked directory is seen, as Kubernetes replaces a mounted ConfigMap") {
    const Place place;
    for (const char* version : {"..1", "..2"}) fs::create_directory(place.path / version);
    place.write("..1/rules.yaml", "same");
    place.write("..2/rules.yaml", "same");
    fs::create_directory_symlink("..1", place.path / "..data");
    fs::create_symlink("..data/rules.yaml", place.path / "rules.yaml");
    std::atomic<int> count{0};
    const RuleWatch watch(fast({(place.path / "rules.yaml").string()}), [&count] { ++count; });
    fs::create_directory_symlink("..2", place.path / "..data_tmp");
    fs::rename(place.path / "..data_tmp", place.path / "..data");
    fs::remove_all(place.path / "..1");
    CHECK(reaches(count, 1));
}

TEST_CASE("a directory that goes and comes back, as in a checkout of another branch, is followed") {
    const Place place;
    fs::create_directory(place.path / "rules");
    place.write("rules/a.yaml", "1");
    std::atomic<int> count{0};
    const RuleWatch watch(fast({(place.path / "rules/*.yaml").string()}), [&count] { ++count; });
    fs::remove_all(place.path / "rules");
    CHECK(reaches(count, 1));
    fs::create_directory(place.path / "rules");
    place.write("rules/a.yaml", "22");
    CHECK(reaches(count, 2));
    place.write("rules/a.yaml", "333");
    CHECK(reaches(count, 3));
}
