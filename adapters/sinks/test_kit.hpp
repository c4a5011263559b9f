// For the sinks' unit tests: one incident's actions with every field set, and an option reader without files.
#pragma once

#include "adapters/sink.hpp"
#include "rules/settings.hpp"

#include <memory>
#include <string>
#include <utility>

namespace incidentd::test_kit {

inline Action sample_action(ActionKind kind) {
    Action action;
    action.kind = kind;
    action.sink = "desk";
    action.reason = kind == ActionKind::open_ticket     ? "opened: first alert"
                    : kind == ActionKind::update_ticket ? "alerts joined"
                                                        : "all alerts resolved";
    action.ticket = kind == ActionKind::open_ticket ? "" : "17";
    IncidentView& incident = action.incident;
    incident.id = {42};
    incident.key = "incidentd-0123456789ab-42";
    incident.state = kind == ActionKind::resolve_ticket ? IncidentState::resolved : IncidentState::open;
    incident.title = "Disk full on \"db1\"";
    incident.rule = "by-host";
    incident.because = "2 alerts share host=db1 within 5m";
    incident.service = "billing";
    incident.category = "storage";
    incident.assignment_group = "dba";
    incident.severity = Severity::error;
    incident.peak_severity = Severity::critical;
    incident.impact = Impact::high;
    incident.urgency = Urgency::high;
    incident.priority = Priority::p2;
    incident.began_at = {1'770'000'000'000};
    incident.opened_at = {1'770'000'030'000};
    if (kind == ActionKind::resolve_ticket) incident.resolved_at = {1'770'007'200'000};
    incident.alerts_total = 3;
    incident.alerts_firing = 2;
    incident.messages_total = 9;
    incident.revision = 4;
    incident.group_labels = {{"host", "db1"}};
    action.idempotency_key = incident.key + "/4";
    AlertSummary first;
    first.fingerprint = {1, 2};
    first.source = "prometheus";
    first.title = "Disk full";
    first.severity = Severity::error;
    first.firing = true;
    first.count = 8;
    first.first_seen = {1'770'000'000'000};
    first.last_seen = {1'770'000'300'000};
    first.url = "https://prometheus.example/graph?g0=1";
    first.labels = {{"host", "db1"}, {"path", "/var\n/lib"}};
    AlertSummary second = first;
    second.fingerprint = {1, 3};
    second.title = "Replication lag";
    second.firing = false;
    second.count = 1;
    second.last_seen = second.first_seen;
    second.url.clear();
    action.alerts = {first, second};
    action.facts = {{{1'770'000'300'000}, "Replication lag joined"}};
    action.facts_omitted = 2;
    return action;
}

struct MadeSink {
    std::unique_ptr<Sink> sink;
    std::unique_ptr<Options> options;  // sinks may read them while they live
    Problems problems;
};

// From the YAML of its options. A secret {env: NAME} resolves to "secret of NAME".
inline MadeSink make_sink(const SinkSpec& spec, std::string_view yaml,
                          std::string external_url = "https://incidentd.example") {
    MadeSink made;
    const SettingsNode node = parse_settings(yaml, "test.yaml", made.problems);
    SettingsReader reader(node, made.problems);
    const SecretResolver secrets = [](const SettingsNode& secret, Problems&) {
        const SettingsNode* name = secret.find("env");
        return name != nullptr ? "secret of " + name->scalar : std::string();
    };
    made.options = std::make_unique<Options>(read_options(spec.options, reader, secrets, made.problems));
    reader.finish();
    if (made.problems.empty())
        made.sink = spec.make({"desk", *made.options, std::move(external_url), "incidentd/test"}, made.problems);
    return made;
}

}  // namespace incidentd::test_kit
