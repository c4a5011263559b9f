#include "adapters/sources/test_kit.hpp"

#include <doctest/doctest.h>

namespace incidentd::sources::nagios {
const SourceSpec& spec();
}

using namespace incidentd;

namespace {

test_kit::Driver::Done notify(const std::string& type, const std::string& rest) {
    test_kit::Driver d(sources::nagios::spec());
    return d.post(R"({"version":"1","type":")" + type + R"(","host":"web01",)" + rest + "}");
}

const std::string critical = R"("service":"Disk","state":"CRITICAL","output":"97% full","time":"1770091000")";

}  // namespace

// Could break: a type missed, so that a recovery or an acknowledgement never arrives.
TEST_CASE("every notification type becomes its events") {
    struct Case {
        std::string type, state;
        std::vector<EventKind> kinds;
    };
    using K = EventKind;
    const std::vector<Case> cases = {
        {"PROBLEM", "CRITICAL", {K::firing}},
        {"RECOVERY", "OK", {K::resolved}},
        {"ACKNOWLEDGEMENT", "CRITICAL", {K::acknowledged}},
        {"CUSTOM", "CRITICAL", {K::note}},
        {"FLAPPINGSTART", "WARNING", {K::suppressed}},
        {"FLAPPINGSTOP", "OK", {K::unsuppressed, K::resolved}},
        {"FLAPPINGSTOP", "WARNING", {K::unsuppressed, K::firing}},
        {"FLAPPINGEND", "OK", {K::unsuppressed, K::resolved}},
        {"FLAPPINGDISABLED", "UNKNOWN", {K::unsuppressed, K::firing}},
        {"DOWNTIMESTART", "CRITICAL", {K::suppressed}},
        {"DOWNTIMEEND", "CRITICAL", {K::unsuppressed, K::firing}},
        {"DOWNTIMECANCELLED", "OK", {K::unsuppressed, K::resolved}},
    };
    for (const Case& c : cases) {
        const auto done = notify(c.type, R"("service":"Disk","state":")" + c.state + "\"");
        CAPTURE(c.type);
        std::vector<EventKind> kinds;
        for (const AlertEvent& e : done.events()) kinds.push_back(e.kind);
        CHECK(kinds == c.kinds);
        CHECK(done.outcome.reply.status == 200);
        for (const AlertEvent& e : done.events()) CHECK(e.key == "web01!Disk");
    }
}

// Could break: the fields that people read and rules match.
TEST_CASE("a service problem carries identity, severity and text") {
    const auto done = notify("PROBLEM", critical + R"(,"address":"10.0.0.1","hostgroups":"web,prod","problem_id":"7",)"
                                                   R"("long_output":"a\\nb","perfdata":"p=97%")");
    REQUIRE(done.events().size() == 1);
    const AlertEvent& e = done.events()[0];
    CHECK(e.severity == Severity::critical);
    CHECK(e.title == "Disk on web01 is CRITICAL");
    CHECK(e.text == "97% full\na\nb");
    CHECK(e.episode == "7");
    CHECK(e.starts_at == Instant{1'770'091'000'000});
    CHECK(find_label(e.labels, "alertname") == "Disk");
    CHECK(find_label(e.labels, "host") == "web01");
    CHECK(find_label(e.labels, "service") == "Disk");
    CHECK(find_label(e.labels, "hostgroups") == "web,prod");
    CHECK(find_label(e.annotations, "perfdata") == "p=97%");
}

// Could break: the version-dependent problem ids; the recovery must carry the id of its problem.
TEST_CASE("the episode is the current problem id, else the last one") {
    CHECK(notify("RECOVERY", R"("service":"s","state":"OK","problem_id":"7","last_problem_id":"3")")
              .events()[0]
              .episode == "7");
    CHECK(notify("RECOVERY", R"("service":"s","state":"OK","problem_id":"0","last_problem_id":"7")")
              .events()[0]
              .episode == "7");
    CHECK(notify("PROBLEM", R"("state":"DOWN","problem_id":0,"last_problem_id":0)").events()[0].episode.empty());
}

TEST_CASE("hosts have their own states and no service label") {  // could break: a host taken for a service
    const auto done = notify("PROBLEM", R"("service":"","state":"UNREACHABLE")");
    REQUIRE(done.events().size() == 1);
    CHECK(done.events()[0].key == "web01");
    CHECK(done.events()[0].severity == Severity::error);
    CHECK(done.events()[0].title == "web01 is UNREACHABLE");
    CHECK(find_label(done.events()[0].labels, "alertname") == "Host");
    CHECK(find_label(done.events()[0].labels, "service").empty());
    CHECK(notify("PROBLEM", R"("state":"CRITICAL")").outcome.reply.status == 422);
}

TEST_CASE("acknowledgements name the person and the comment") {  // could break: the incident would not say who
    const auto done = notify("ACKNOWLEDGEMENT", critical + R"(,"author":"ann","comment":"on it")");
    REQUIRE(done.events().size() == 1);
    CHECK(done.events()[0].actor == "ann");
    CHECK(done.events()[0].text == "on it");
}

// Could break: a spool that one bad notification blocks for ever.
TEST_CASE("a flushed spool is an array, and its bad notifications are named") {
    test_kit::Driver d(sources::nagios::spec());
    const auto done =
        d.post(R"([{"type":"PROBLEM","host":"a","state":"DOWN"},{"type":"NEW","host":"a"},{"type":"PROBLEM"},)"
               R"({"type":"RECOVERY","host":"a","state":"UP"}])");
    CHECK(done.events().size() == 2);
    CHECK(done.outcome.rejected.size() == 2);
    CHECK(done.outcome.reply.status == 200);
}
