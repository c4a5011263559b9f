// What a sender writes must become the same alert however it is spelled, and never more than the limits allow.
#include "correlator/alert.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace incidentd;

namespace {

AlertDraft draft_of(std::vector<LabelView> labels) {
    AlertDraft draft;
    draft.labels = std::move(labels);
    return draft;
}

std::string text_of(LabelsView labels) {
    std::string out;
    for (const LabelView& label : labels) out += std::string(label.name) + "=" + std::string(label.value) + ";";
    return out;
}

// The fault of a draft, or "" if it is taken; a refused one must leave the batch as it was.
std::string fault(const AlertDraft& draft, const EventLimits& limits = {}) {
    AlertBatch batch("s");
    const Result<void> added = batch.add(draft, limits);
    CHECK(batch.events().size() == (added ? 1 : 0));
    return added ? "" : added.error().message;
}

// The title as it is stored under a limit.
std::string titled(std::string_view title, std::size_t most) {
    EventLimits limits;
    limits.title_bytes_max = most;
    AlertDraft draft = draft_of({{"a", "b"}});
    draft.title = title;
    AlertBatch batch("s");
    REQUIRE(batch.add(draft, limits).has_value());
    CHECK(is_clean_utf8(batch.events()[0].title));
    CHECK(batch.events()[0].title.size() <= most);
    return std::string(batch.events()[0].title);
}

}  // namespace

TEST_CASE("labels are sorted, the last of equal names wins, empty values go") {
    AlertBatch batch("nagios");
    AlertDraft draft = draft_of({{"b", "1"}, {"a", "2"}, {"b", "3"}, {"c", ""}, {"d", "4"}, {"d", ""}, {"", ""}});
    draft.annotations = {{"z", "1"}, {"y", ""}, {"x", "2"}, {"z", "3"}};
    REQUIRE(batch.add(draft, EventLimits{}).has_value());
    CHECK(text_of(batch.events()[0].labels) == "a=2;b=3;");
    CHECK(text_of(batch.events()[0].annotations) == "x=2;z=3;");
    REQUIRE(batch.add(draft_of({{"a", "2"}, {"b", "3"}}), EventLimits{}).has_value());
    CHECK(batch.events()[0].fingerprint == batch.events()[1].fingerprint);
    CHECK(batch.events()[0].source == "nagios");
}

TEST_CASE("a batch owns its text, also after it was moved") {
    std::string value = "value-that-is-long-enough-for-the-heap";
    AlertBatch batch("s");
    AlertDraft draft = draft_of({{"a", value}});
    draft.title = value;
    draft.key = value;
    REQUIRE(batch.add(draft, EventLimits{}).has_value());
    const std::string before = value;
    std::fill(value.begin(), value.end(), '#');
    AlertBatch moved = std::move(batch);
    CHECK(moved.events()[0].title == before);
    CHECK(moved.events()[0].key == before);
    CHECK(find_label(moved.events()[0].labels, "a") == before);
    CHECK(moved.source() == "s");
    for (int i = 0; i < 2000; ++i)
        REQUIRE(moved.add(draft_of({{"a", before}, {"b", std::to_string(i)}}), {}).has_value());
    CHECK(find_label(moved.events()[7].labels, "b") == "6");
    CHECK(moved.bytes() > 2000 * before.size());
}

TEST_CASE("what identifies an alert is refused beyond its limits, with the place in the message") {
    EventLimits limits;
    limits.labels_max = 2;
    limits.label_name_bytes_max = 4;
    limits.label_value_bytes_max = 6;
    limits.key_bytes_max = 3;
    limits.episode_bytes_max = 3;
    limits.annotations_max = 1;
    CHECK(fault(draft_of({{"aaaa", "bbbbbb"}, {"b", "c"}}), limits) == "");
    CHECK(fault(draft_of({{"a", "1"}, {"b", "2"}, {"c", "3"}}), limits) ==
          "the alert has 3 labels; at most 2 are allowed");
    CHECK(fault(draft_of({{"a", "1"}, {"b", "2"}, {"c", ""}}), limits) == "");
    CHECK(fault(draft_of({{"aaaaa", "1"}}), limits) == "label name 'aaaaa' has 5 bytes; at most 4 are allowed");
    CHECK(fault(draft_of({{"a", "1234567"}}), limits) == "label 'a' has 7 bytes; at most 6 are allowed");
    AlertDraft keyed;
    CHECK(fault(keyed, limits) == "the alert has neither labels nor a key: nothing tells it from others");
    keyed.key = "123";
    CHECK(fault(keyed, limits) == "");
    keyed.key = "1234";
    CHECK(fault(keyed, limits) == "the key has 4 bytes; at most 3 are allowed");
    AlertDraft draft = draft_of({{"a", "1"}});
    draft.episode = "1234";
    CHECK(fault(draft, limits) == "the episode has 4 bytes; at most 3 are allowed");
    draft.episode = {};
    draft.annotations = {{"a", "1"}, {"b", "2"}};
    CHECK(fault(draft, limits) == "the alert has 2 annotations; at most 1 are allowed");
}

TEST_CASE("names that are nothing or no text are refused") {
    CHECK(fault(draft_of({{"a", ""}})) == "every label of the alert is empty: nothing tells it from others");
    CHECK(fault(draft_of({{"", "x"}})) == "a label has an empty name");
    CHECK(fault(draft_of({{"a", "\xFF"}})) == "label 'a' is not clean UTF-8");
    CHECK(fault(draft_of({{"\xFF", "a"}})) == "a label name is not clean UTF-8");
    CHECK(fault(draft_of({{"a", std::string_view("b\0c", 3)}})) == "label 'a' is not clean UTF-8");
    AlertDraft draft = draft_of({{"a", "b"}});
    draft.key = "\xC0\x80";
    CHECK(fault(draft) == "the key is not clean UTF-8");
    draft.key = {};
    draft.annotations = {{"", "x"}};
    CHECK(fault(draft) == "an annotation has an empty name");
    draft.annotations = {{"", ""}};
    CHECK(fault(draft) == "");
}

TEST_CASE("free text is cut at a character border and marked, never refused") {
    CHECK(titled("exactly ten", 11) == "exactly ten");
    CHECK(titled("exactly ten", 10) == "exactly\xE2\x80\xA6");
    CHECK(titled("\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4", 8) == "\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4");
    CHECK(titled("\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4", 7) == "\xC3\xA4\xC3\xA4\xE2\x80\xA6");
    CHECK(titled("\xC3\xA4\xC3\xA4\xC3\xA4\xC3\xA4", 6) == "\xC3\xA4\xE2\x80\xA6");
    CHECK(titled("a\xFF"
                 "b",
                 10) ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(titled("\xFF\xFF\xFF\xFF", 8) == "\xEF\xBF\xBD\xE2\x80\xA6");
    CHECK(titled("abc\xE2\x82", 9) == "abc\xEF\xBF\xBD\xEF\xBF\xBD");
    for (std::size_t most = 3; most < 40; ++most) titled("a\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80\xFF plain text", most);
}

TEST_CASE("a URL is whole or absent") {
    EventLimits limits;
    limits.url_bytes_max = 10;
    for (const auto& [url, kept] : {std::pair("http://a/b", "http://a/b"), {"http://a/bc", ""}, {"http://\xFF", ""}}) {
        AlertDraft draft = draft_of({{"a", "b"}});
        draft.url = url;
        AlertBatch batch("s");
        REQUIRE(batch.add(draft, limits).has_value());
        CHECK(batch.events()[0].url == kept);
    }
}

TEST_CASE("UTF-8 is judged by RFC 3629 at every place within the eight-byte steps") {
    struct Row {
        std::string text;
        bool clean;
    };
    static const Row rows[] = {
        {"", true},
        {"\x7F", true},
        {"\xC2\x80", true},
        {"\xDF\xBF", true},
        {"\xE0\xA0\x80", true},
        {"\xED\x9F\xBF", true},
        {"\xEE\x80\x80", true},
        {"\xEF\xBF\xBF", true},
        {"\xF0\x90\x80\x80", true},
        {"\xF4\x8F\xBF\xBF", true},
        {std::string(1, '\0'), false},
        {"\x80", false},
        {"\xBF", false},
        {"\xC0\x80", false},
        {"\xC1\xBF", false},
        {"\xC2", false},
        {"\xC2\x41", false},
        {"\xE0\x9F\xBF", false},
        {"\xE0\xA0", false},
        {"\xED\xA0\x80", false},
        {"\xEF\xBF\x41", false},
        {"\xF0\x8F\xBF\xBF", false},
        {"\xF0\x90\x80", false},
        {"\xF4\x90\x80\x80", false},
        {"\xF5\x80\x80\x80", false},
        {"\xFF", false},
    };
    for (const Row& row : rows) {
        for (std::size_t before = 0; before < 20; ++before) {
            for (const std::size_t after : {0, 1, 7, 8, 9}) {
                const std::string text = std::string(before, 'a') + row.text + std::string(after, 'z');
                CAPTURE(text);
                CHECK(is_clean_utf8(text) == row.clean);
            }
        }
    }
}

TEST_CASE("a byte of value 1 after a NUL does not hide it, and 0x01 alone is no NUL") {
    CHECK(is_clean_utf8(std::string(16, '\x01')));
    for (std::size_t at = 0; at < 16; ++at) {
        std::string text(16, '\x01');
        text[at] = '\0';
        CHECK_FALSE(is_clean_utf8(text));
    }
}

TEST_CASE("a cleared draft is a new one") {
    AlertDraft draft = draft_of({{"a", "b"}});
    draft.annotations = {{"c", "d"}};
    draft.kind = EventKind::note;
    draft.severity = Severity::critical;
    draft.starts_at = draft.ends_at = draft.expires_at = Instant{1};
    draft.key = draft.episode = draft.title = draft.text = draft.url = draft.actor = "x";
    draft.clear();
    CHECK(draft.kind == EventKind::firing);
    CHECK(draft.severity == Severity::unknown);
    CHECK_FALSE((draft.starts_at.is_set() || draft.ends_at.is_set() || draft.expires_at.is_set()));
    for (const std::string_view text : {draft.key, draft.episode, draft.title, draft.text, draft.url, draft.actor})
        CHECK(text.empty());
    CHECK(draft.labels.empty());
    CHECK(draft.annotations.empty());
}
