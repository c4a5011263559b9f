#include "simulator/lines.hpp"

#include "adapters/json.hpp"

#include <cstdio>

namespace incidentd::simulator {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
    if (out.back() != '{') out += ',';
    append_json_string(out, name);
    out += ':';
    append_json_string(out, value);
}

void append_labels(std::string& out, const std::vector<LabelView>& labels) {
    out += ",\"labels\":{";
    for (const LabelView& label : labels) append_member(out, label.name, label.value);
    out += '}';
}

}  // namespace

void DraftWriter::fill(const Message& message, AlertDraft& draft) {
    const WatchedCheck& check = *message.check;
    draft.clear();
    draft.kind = message.firing ? EventKind::firing : EventKind::resolved;
    draft.severity = severity_from_convention(check.severity).value_or(Severity::unknown);
    draft.starts_at = message.firing ? message.claimed : Instant{};
    title_ = message.title();
    draft.title = title_;
    for (const auto& [name, value] : check.labels) draft.labels.push_back({name, value});
    draft.labels.push_back({"severity", check.severity});
    key_ = check.host;
    key_ += '!';
    key_ += check.name;
    draft.key = key_;
    if (check.monitor == Monitor::prometheus || check.monitor == Monitor::blackbox) {
        // What no label names is named by the exporter's target.
        bool is_named = false;
        for (const auto& [name, value] : check.labels)
            is_named |= name == "instance" || name == "pod" || name == "service";
        if (!is_named) draft.labels.push_back({"instance", check.host});
        return;
    }
    draft.labels.push_back({"host", check.host});
    if (check.monitor != Monitor::nagios)
        draft.labels.push_back({"alertname", check.name});
    else if (check.name != "HOST")
        draft.labels.push_back({"service", check.name});
}

void append_replay_line(const Message& message, std::string& out) {
    AlertDraft draft;
    DraftWriter writer;
    writer.fill(message, draft);
    out += "{\"at\":" + std::to_string(message.received.ms);
    if (message.firing) out += ",\"starts_at\":" + std::to_string(message.claimed.ms);
    append_member(out, "source", message.check->source);
    append_member(out, "status", message.firing ? "firing" : "resolved");
    append_member(out, "severity", message.check->severity);
    append_member(out, "title", draft.title);
    append_member(out, "key", draft.key);
    append_labels(out, draft.labels);
    out += "}\n";
}

void append_dataset_line(const Message& message, std::string& out) {
    const WatchedCheck& check = *message.check;
    out += "{\"ts\":" + std::to_string(message.claimed.ms) + ",\"rx\":" + std::to_string(message.received.ms);
    append_member(out, "source", check.source);
    append_member(out, "host", check.host);
    append_member(out, "service", check.name);
    append_member(out, "severity", check.severity);
    append_member(out, "status", message.firing ? "firing" : "resolved");
    append_member(out, "title", message.title());
    std::vector<LabelView> labels;
    for (const auto& [name, value] : check.labels) labels.push_back({name, value});
    append_labels(out, labels);
    out += "}\n";
}

std::string truth_of(const Message& message) {
    if (message.incident == no_incident) return "~" + message.check->host + "|" + std::string(message.check->name);
    char name[24];
    std::snprintf(name, sizeof name, "i%05u", message.incident);
    return name;
}

}  // namespace incidentd::simulator
