#include "rules/testing/case_file.hpp"

#include "rules/rule_fields.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace incidentd::testing {
namespace {

using Subject = Expectation::Subject;
using Kind = TestEvent::Kind;

constexpr Instant default_start{1'767'225'600'000};  // 2026-01-01T00:00:00Z
constexpr Duration longest = hours(24 * 365 * 5);

constexpr std::array<std::pair<std::string_view, Subject>, 6> subjects{{{"incidents", Subject::incidents},
                                                                        {"opened", Subject::opened},
                                                                        {"alerts", Subject::alerts},
                                                                        {"suppressed", Subject::suppressed},
                                                                        {"deliveries", Subject::deliveries},
                                                                        {"explain", Subject::explain}}};

constexpr std::array<std::pair<std::string_view, Kind>, 6> sayings{{{"resolve", Kind::resolve},
                                                                    {"acknowledge", Kind::acknowledge},
                                                                    {"unacknowledge", Kind::unacknowledge},
                                                                    {"suppress", Kind::suppress},
                                                                    {"unsuppress", Kind::unsuppress},
                                                                    {"note", Kind::note}}};

// The fields an item of each subject may name.
const std::vector<std::string>& fields_of(Subject subject) {
    static const std::vector<std::string> incident{
        "rule",    "title",  "state",  "priority", "severity", "impact", "urgency",      "category",
        "service", "assign", "alerts", "firing",   "because",  "id",     "acknowledged", "messages"};
    static const std::vector<std::string> alert{"state", "suppressed", "acknowledged", "severity", "count",
                                                "title", "rule",       "incident",     "source",   "because"};
    static const std::vector<std::string> delivery{"sink", "action", "times", "rule", "title", "priority", "incident"};
    static const std::vector<std::string> explain{"rule", "verdict", "because", "incident"};
    static const std::vector<std::string> none;
    switch (subject) {
        case Subject::incidents:
            return incident;
        case Subject::alerts:
        case Subject::suppressed:
            return alert;
        case Subject::deliveries:
            return delivery;
        case Subject::explain:
            return explain;
        case Subject::opened:
            break;
    }
    return none;
}

// Fields whose values come from a closed list, so that a slip of the pen is a problem and not a test that fails.
const std::vector<std::string>& words_of(std::string_view field, Subject subject) {
    static const std::vector<std::string> priority{"P1", "P2", "P3", "P4", "P5"};
    static const std::vector<std::string> severity{"info", "unknown", "warning", "error", "critical"};
    static const std::vector<std::string> impact{"low", "medium", "high"};
    static const std::vector<std::string> urgency{"low", "medium", "high", "critical"};
    static const std::vector<std::string> action{"create", "update", "resolve"};
    static const std::vector<std::string> incident_state{"pending", "open", "resolved", "dropped"};
    static const std::vector<std::string> alert_state{"firing", "resolved"};
    static const std::vector<std::string> flag{"true", "false"};
    static const std::vector<std::string> any;
    if (field == "priority") return priority;
    if (field == "severity") return severity;
    if (field == "impact") return impact;
    if (field == "urgency") return urgency;
    if (field == "action") return action;
    if (field == "state") return subject == Subject::incidents ? incident_state : alert_state;
    if (field == "suppressed" || field == "acknowledged") return flag;
    return any;
}

bool is_number_field(std::string_view field) {
    return field == "alerts" || field == "firing" || field == "count" || field == "times" || field == "messages";
}

class Parser {
public:
    explicit Parser(Problems& problems) : problems_(problems) {}

    void file(const SettingsNode& root, TestFile& out) {
        SettingsReader reader(root, problems_);
        if (reader.has("version")) reader.integer("version", 1, 1);
        if (!reader.has("rule_files"))
            reader.problem("rule_files", "is missing", "list rule files or patterns, relative to this file");
        out.rule_files = reader.text_list("rule_files").value_or(std::vector<std::string>{});
        out.sinks = reader.text_list("sinks").value_or(std::vector<std::string>{});
        if (!reader.has("tests")) reader.problem("tests", "is missing", "list at least one test");
        if (const SettingsNode* tests = reader.list("tests"); tests != nullptr) {
            if (tests->items.size() > tests_max)
                reader.problem("tests", "hold more than " + std::to_string(tests_max) + " tests");
            else
                for (const SettingsNode& node : tests->items) out.tests.push_back(test(node));
        }
        reader.finish();
    }

private:
    TestCase test(const SettingsNode& node) {
        TestCase out;
        out.where = node.where;
        SettingsReader reader(node, problems_);
        out.name = reader.require_text("name");
        out.start = default_start;
        if (const auto text = reader.text("start_timestamp"); text.has_value()) {
            const Result<Instant> at = parse_rfc3339(*text);
            if (at && at->is_set())
                out.start = *at;
            else
                reader.problem("start_timestamp", "must be a time such as 2026-01-05T09:00:00Z, found " + shown(*text));
        }
        events_ = 0;
        if (const SettingsNode* events = reader.list("events"); events != nullptr)
            for (const SettingsNode& item : events->items) event(item, out);
        if (!reader.has("expect")) reader.problem("expect", "is missing", "a test must expect something");
        if (const SettingsNode* expected = reader.list("expect"); expected != nullptr) {
            if (expected->items.empty()) reader.problem("expect", "is empty", "a test must expect something");
            for (const SettingsNode& item : expected->items) expectation(item, out);
        }
        reader.finish();
        const auto by_time = [](const auto& a, const auto& b) { return a.at < b.at; };
        std::stable_sort(out.events.begin(), out.events.end(), by_time);
        std::stable_sort(out.expected.begin(), out.expected.end(), by_time);
        return out;
    }

    void event(const SettingsNode& node, TestCase& test) {
        TestEvent out;
        out.where = node.where;
        SettingsReader reader(node, problems_);
        out.at = read_at(reader);
        int kinds = 0;
        for (const auto& [word, kind] : sayings) {
            if (const SettingsNode* subset = reader.map(word); subset != nullptr) {
                ++kinds;
                out.kind = kind;
                out.labels = reader.text_map(word).value_or(TextPairs{});
            }
        }
        if (const auto labels = reader.text_map("labels"); labels.has_value()) {
            ++kinds;
            out.labels = *labels;
            read_alert(reader, out);
        }
        if (reader.has("silence")) {
            ++kinds;
            read_silence(reader, out);
        }
        const bool unknown_only = kinds == 0 && node.kind == SettingsNode::Kind::map;
        if (kinds > 1) reader.problem("at", "says more than one thing of one moment", "write one event for each");
        if (const auto text = reader.text("text"); text.has_value()) out.text = *text;
        if (const auto actor = reader.text("by"); actor.has_value()) out.actor = *actor;
        read_repetition(reader, out);
        reader.finish();
        if (unknown_only)
            problems_.add(node.where, node.path, "has neither labels nor resolve, acknowledge or the like",
                          "write labels: {...} for an alert, or resolve: {...} with some of its labels");
        events_ += out.times;
        if (events_ > test_events_max) {
            problems_.add(node.where, node.path, "brings the test past " + std::to_string(test_events_max) + " events");
            return;
        }
        test.events.push_back(std::move(out));
    }

    void read_alert(SettingsReader& reader, TestEvent& out) {
        out.annotations = reader.text_map("annotations").value_or(TextPairs{});
        if (const auto word = reader.text("severity"); word.has_value()) {
            out.severity = severity_from(*word);
            if (!out.severity)
                reader.problem("severity", "must be info, unknown, warning, error or critical, found " + shown(*word),
                               hint_of(*word, words_of("severity", Subject::alerts)));
        }
        if (const auto word = reader.text("status"); word.has_value()) {
            if (*word == "resolved")
                out.status = EventKind::resolved;
            else if (*word != "firing")
                reader.problem("status", "must be firing or resolved, found " + shown(*word),
                               hint_of(*word, {"firing", "resolved"}));
        }
        const std::pair<const char*, std::string*> texts[] = {{"source", &out.source},
                                                              {"key", &out.key},
                                                              {"title", &out.title},
                                                              {"url", &out.url},
                                                              {"episode", &out.episode}};
        for (const auto& [key, place] : texts)
            if (const auto text = reader.text(key); text.has_value()) *place = *text;
        read_duration(reader, "expires", seconds(1), longest, out.expires);
    }

    void read_silence(SettingsReader& reader, TestEvent& out) {
        out.kind = TestEvent::Kind::silence;
        for (const std::string& text : reader.text_list("silence").value_or(std::vector<std::string>{})) {
            Result<Matchers> parsed = parse_matchers(text);
            if (!parsed)
                reader.problem("silence", "is not a matcher: " + parsed.error().message);
            else
                out.match.insert(out.match.end(), parsed->begin(), parsed->end());
        }
        if (!reader.has("for")) reader.problem("for", "is missing", "say how long it lasts, such as for: 2h");
        read_duration(reader, "for", seconds(1), longest, out.lasts);
    }

    void read_repetition(SettingsReader& reader, TestEvent& out) {
        if (const auto times = reader.integer("times", 1, static_cast<std::int64_t>(test_events_max)))
            out.times = static_cast<std::uint32_t>(*times);
        read_duration(reader, "every", seconds(0), hours(24 * 31), out.every);
        if (out.times > 1 && !reader.has("every"))
            reader.problem("times", "needs `every`: the time between two of them", "every: 0s sends them at once");
    }

    Duration read_at(SettingsReader& reader) {
        Duration at{0};
        if (!reader.has("at")) reader.problem("at", "is missing", "the time since the test's start, such as 30s");
        read_duration(reader, "at", seconds(0), longest, at);
        return at;
    }

    void expectation(const SettingsNode& node, TestCase& test) {
        SettingsReader reader(node, problems_);
        const Duration at = read_at(reader);
        const std::size_t before = test.expected.size();
        for (const auto& [word, subject] : subjects) {
            const SettingsNode* value = reader.any(word);
            if (value == nullptr) continue;
            Expectation out;
            out.where = value->where;
            out.at = at;
            out.subject = subject;
            if (read_expected(reader, word, *value, out)) test.expected.push_back(std::move(out));
        }
        reader.finish();
        if (test.expected.size() == before && problems_.empty())
            problems_.add(node.where, node.path, "expects nothing",
                          "name incidents, opened, alerts, suppressed, deliveries or explain");
    }

    bool read_expected(SettingsReader& reader, std::string_view word, const SettingsNode& value, Expectation& out) {
        if (out.subject == Subject::explain) {
            if (value.kind == SettingsNode::Kind::list)
                for (const SettingsNode& one : value.items) out.items.push_back(item(one, out.subject));
            else
                out.items.push_back(item(value, out.subject));
            return true;
        }
        if (value.kind == SettingsNode::Kind::scalar || out.subject == Subject::opened) {
            const auto count = reader.integer(word, 0, std::numeric_limits<std::int64_t>::max());
            if (!count.has_value()) return false;
            out.count = static_cast<std::uint64_t>(*count);
            return true;
        }
        const SettingsNode* list = reader.list(word);
        if (list == nullptr) return false;
        for (const SettingsNode& one : list->items) out.items.push_back(item(one, out.subject));
        return true;
    }

    ExpectedItem item(const SettingsNode& node, Subject subject) {
        ExpectedItem out;
        out.where = node.where;
        SettingsReader reader(node, problems_);
        if (subject != Subject::deliveries) {
            const char* key = subject == Subject::explain ? "alert" : "labels";
            if (reader.text_map(key).has_value()) labels(*node.find(key), out);
        }
        for (const std::string& key : fields_of(subject)) {
            const std::optional<std::string> value = reader.text(key);
            if (!value.has_value()) continue;
            if (is_number_field(key)) reader.integer(key, 0, std::numeric_limits<std::int64_t>::max());
            const std::vector<std::string>& words = words_of(key, subject);
            if (!words.empty() && std::find(words.begin(), words.end(), *value) == words.end())
                reader.problem(key, "must be one of " + list_of(words) + ", found " + shown(*value),
                               hint_of(*value, words));
            out.fields.push_back({key, *value, node.find(key)->where});
        }
        reader.finish();
        std::sort(out.fields.begin(), out.fields.end(), [](const ExpectedField& a, const ExpectedField& b) {
            return std::pair(a.where.line, a.where.column) < std::pair(b.where.line, b.where.column);
        });
        if (subject == Subject::explain && out.fields.empty())
            problems_.add(node.where, node.path, "explains nothing", "name an alert and its rule or reason");
        return out;
    }

    static void labels(const SettingsNode& node, ExpectedItem& out) {
        for (const SettingsNode::Member& member : node.members)
            out.fields.push_back({"labels." + member.key, member.value.scalar, member.value.where});
    }

    Problems& problems_;
    std::size_t events_ = 0;
};

}  // namespace

std::string_view to_string(Subject subject) {
    for (const auto& [word, known] : subjects)
        if (known == subject) return word;
    return {};
}

TestFile parse_test_file(std::string_view yaml_text, const std::string& name, Problems& problems) {
    TestFile out;
    out.name = name;
    const std::size_t before = problems.items().size();
    const SettingsNode root = parse_settings(yaml_text, name, problems);
    if (root.kind == SettingsNode::Kind::null && problems.items().size() != before) return out;
    Parser(problems).file(root, out);
    return out;
}

}  // namespace incidentd::testing
