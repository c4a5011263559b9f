// A severity word that is misread wakes somebody for nothing, or nobody for an outage.
#include "correlator/severity.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace incidentd;

TEST_CASE("every name reads back to its value, and only in its one spelling") {
    for (const Severity s : {Severity::info, Severity::unknown, Severity::warning, Severity::error, Severity::critical})
        CHECK(severity_from(to_string(s)) == s);
    for (const Impact i : {Impact::low, Impact::medium, Impact::high}) CHECK(impact_from(to_string(i)) == i);
    for (const Urgency u : {Urgency::low, Urgency::medium, Urgency::high, Urgency::critical})
        CHECK(urgency_from(to_string(u)) == u);
    for (const Priority p : {Priority::p1, Priority::p2, Priority::p3, Priority::p4, Priority::p5})
        CHECK(priority_from(to_string(p)) == p);
    CHECK(to_string(EventKind::unsuppressed) == "unsuppressed");
    CHECK_FALSE(severity_from("Critical"));
    CHECK_FALSE(severity_from(""));
    CHECK_FALSE(impact_from("critical"));
    CHECK_FALSE(priority_from("p1"));
    CHECK_FALSE(priority_from("P6"));
}

TEST_CASE("severities are ordered as people rank them") {
    CHECK(Severity::critical > Severity::error);
    CHECK(Severity::error > Severity::warning);
    CHECK(Severity::warning > Severity::unknown);
    CHECK(Severity::unknown > Severity::info);
}

TEST_CASE("the words of other systems are understood in any case") {
    struct Row {
        const char* word;
        Severity severity;
    };
    static const Row rows[] = {
        {"CRITICAL", Severity::critical}, {"Disaster", Severity::critical}, {"page", Severity::critical},
        {"P1", Severity::critical},       {"down", Severity::critical},     {"High", Severity::error},
        {"major", Severity::error},       {"UNREACHABLE", Severity::error}, {"Average", Severity::warning},
        {"warn", Severity::warning},      {"ticket", Severity::warning},    {"Information", Severity::info},
        {"none", Severity::info},         {"UNKNOWN", Severity::unknown}};
    for (const Row& row : rows) {
        CAPTURE(row.word);
        CHECK(severity_from_convention(row.word) == row.severity);
    }
    for (const char* word : {"", "criticality", "crit ", "urgent-but-very-long-word", "k\xC3\xA4se", "p6", "0"}) {
        CAPTURE(word);
        CHECK_FALSE(severity_from_convention(word));
    }
}
