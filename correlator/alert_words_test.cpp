// Words that read back shifted by one show one alert's text under another's name; a use not given back is memory that
// never comes back.
#include "correlator/alert_words.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace incidentd;

namespace {

const std::vector<LabelView> some_labels{{"alertname", "Disk"}, {"host", "db1"}, {"team", "storage"}};
const std::vector<LabelView> some_annotations{{"a", ""}, {"summary", "a text longer than sixteen bytes"}};

void check_same(const WordsView& words, LabelsView labels, const AlertDetails& details) {
    CHECK(words.labels() == std::vector<LabelView>(labels.begin(), labels.end()));
    CHECK(words.annotations() == std::vector<LabelView>(details.annotations.begin(), details.annotations.end()));
    CHECK(words.title() == details.title);
    CHECK(words.text() == details.text);
    CHECK(words.url() == details.url);
    for (const LabelView& label : labels) CHECK(words.find_label(label.name) == label.value);
    CHECK(words.find_label("absent") == "");
}

}  // namespace

TEST_CASE("words read back as they were, empty ones included") {
    StringPool strings;
    WordStore store(strings);
    AlertWords nothing = store.store({}, {});
    check_same(store.view(nothing), {}, {});
    AlertWords words = store.store(some_labels, {"title", "", "http://x/", some_annotations});
    check_same(store.view(words), some_labels, {"title", "", "http://x/", some_annotations});
    check_same(store.view(AlertWords{}), {}, {});
    store.release(words);
    store.release(nothing);
    CHECK(strings.size() == 0);
}

TEST_CASE("changed labels leave the details as they are, and the other way round") {
    StringPool strings;
    WordStore store(strings);
    AlertWords words = store.store(some_labels, {"title", "text", "url", some_annotations});
    AlertWords other = store.store(some_labels, {"another", "text", "url", some_annotations});
    const std::vector<LabelView> fewer{{"host", "db2"}};
    store.set_labels(words, fewer);
    check_same(store.view(words), fewer, {"title", "text", "url", some_annotations});
    store.set_details(words, {"new", "", "", {}});
    check_same(store.view(words), fewer, {"new", "", "", {}});
    check_same(store.view(other), some_labels, {"another", "text", "url", some_annotations});
    store.release(words);
    check_same(store.view(other), some_labels, {"another", "text", "url", some_annotations});
    store.release(other);
    CHECK(strings.size() == 0);
}

TEST_CASE("a label and an annotation of one name are not each other") {
    StringPool strings;
    WordStore store(strings);
    const std::vector<LabelView> a{{"a", "1"}}, b{{"b", "2"}};
    AlertWords first = store.store(a, {"", "", "", b});
    AlertWords second = store.store({}, {"", "", "", std::vector<LabelView>{{"a", "1"}, {"b", "2"}}});
    check_same(store.view(first), a, {"", "", "", b});
    CHECK(store.view(second).label_count() == 0);
    CHECK(store.view(second).annotation_count() == 2);
    store.release(first);
    store.release(second);
    CHECK(strings.size() == 0);
}

TEST_CASE("a change of any detail changes the hash, also when only a border moves") {
    AlertEvent event;
    event.title = "ab";
    event.text = "c";
    const std::uint64_t before = hash_details(event);
    CHECK(hash_details(event) == before);
    event.title = "a";
    event.text = "bc";
    CHECK(hash_details(event) != before);
    event.title = "ab";
    event.text = "";
    event.url = "c";
    CHECK(hash_details(event) != before);
    event.text = "c";
    event.url = "";
    const std::vector<LabelView> annotations{{"a", "b"}};
    event.annotations = annotations;
    CHECK(hash_details(event) != before);
}
