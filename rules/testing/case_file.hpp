// Rule tests as operators write them (docs/rules-testing.md): alerts at times, and what must have come of them.
#pragma once

#include "correlator/alert.hpp"
#include "correlator/matcher.hpp"
#include "correlator/severity.hpp"
#include "correlator/time.hpp"
#include "rules/settings.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd::testing {

using TextPairs = std::vector<std::pair<std::string, std::string>>;

// One step of a test: an alert as its source sends it, or something said of alerts sent before.
struct TestEvent {
    enum class Kind : std::uint8_t { alert, resolve, acknowledge, unacknowledge, suppress, unsuppress, note, silence };
    Location where;
    Duration at;
    Kind kind = Kind::alert;
    TextPairs labels;  // of the alert; of the other kinds: which of the alerts sent before are meant
    TextPairs annotations;
    EventKind status = EventKind::firing;  // of an alert: firing or resolved
    std::optional<Severity> severity;      // absent: by the label `severity`, else error
    std::string source = "test";
    std::string key, title, text, url, actor, episode;
    Duration expires;         // 0: never
    Matchers match;           // of a silence, made as through the API
    Duration lasts;           // likewise
    std::uint32_t times = 1;  // {{n}} in labels and texts counts from 1
    Duration every;           // between two of them
};

// One value that must be there: `key` as in the file, labels as "labels.<name>".
struct ExpectedField {
    std::string key;
    std::string value;
    Location where;
};

struct ExpectedItem {
    Location where;
    std::vector<ExpectedField> fields;
};

struct Expectation {
    enum class Subject : std::uint8_t { incidents, opened, alerts, suppressed, deliveries, explain };
    Location where;
    Duration at;
    Subject subject = Subject::incidents;
    std::optional<std::uint64_t> count;  // present: a number was written, `items` is empty
    std::vector<ExpectedItem> items;
};

std::string_view to_string(Expectation::Subject subject);  // "incidents" ...

struct TestCase {
    std::string name;
    Location where;
    Instant start;
    std::vector<TestEvent> events;      // by time; of equal times as written
    std::vector<Expectation> expected;  // likewise
};

struct TestFile {
    std::string name;
    std::vector<std::string> rule_files;  // patterns, relative to the test file
    std::vector<std::string> sinks;       // empty: those the routes name
    std::vector<TestCase> tests;
};

// Bounds of one file; more is a problem.
constexpr std::size_t tests_max = 10'000;
constexpr std::size_t test_events_max = 200'000;  // of one test, repetitions counted

// Problems are added for everything that is wrong; what could be read is returned.
TestFile parse_test_file(std::string_view yaml_text, const std::string& name, Problems& problems);

}  // namespace incidentd::testing
