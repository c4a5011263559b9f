// Zabbix 6.0 and later, through the webhook media type that lies beside this file.
#include "adapters/json.hpp"
#include "adapters/json_reader.hpp"
#include "adapters/sources/zabbix/update_action.hpp"

#include <array>
#include <utility>

namespace incidentd::sources::zabbix {
namespace {

using simdjson::dom::object;

// Zabbix leaves a macro that means nothing here as it stands, and gives *UNKNOWN* for others.
std::string_view present(std::string_view value) {
    if (value == "*UNKNOWN*") return {};
    const bool macro = value.size() > 3 && value.front() == '{' && value.back() == '}' &&
                       (value[1] == '$' || value[1] == '#' || (value[1] >= 'A' && value[1] <= 'Z'));
    return macro ? std::string_view() : value;
}

std::optional<Severity> severity_of(std::string_view number) {
    constexpr std::array<Severity, 6> map{Severity::info,    Severity::info,  Severity::warning,
                                          Severity::warning, Severity::error, Severity::critical};
    if (number.size() != 1 || number[0] < '0' || number[0] > '5') return std::nullopt;
    return map[static_cast<std::size_t>(number[0] - '0')];
}

bool is_own_tag(std::string_view name) { return name.starts_with("__incidentd_") || name.starts_with("__zbx_"); }

class ZabbixSource final : public Source {
public:
    explicit ZabbixSource(EventLimits limits) : limits_(limits) {}

    std::vector<SourceRoute> routes() const override { return {{"POST", "/"}}; }

    ParseOutcome parse(const HttpRequestView& request, Instant, AlertBatch& out) override {
        if (!is_json_media_type(request.media_type())) {
            return refused(*this, RejectReason::media_type, "the media type must be application/json");
        }
        if (auto fault = reader_.parse(request.body)) return refused(*this, fault->reason, std::move(fault->message));
        if (reader_.root().get(fields_)) {
            return refused(*this, RejectReason::malformed,
                           "an object is expected, found " + std::string(json_kind(reader_.root())));
        }
        scratch_ = EventArena();
        if (auto problem = check()) return refused(*this, RejectReason::invalid_field, std::move(*problem));
        fill();
        ParseOutcome outcome;
        const std::size_t before = out.events().size();
        emit(out, outcome.rejected);
        if (out.events().size() == before) {
            const ItemError& first = outcome.rejected.front();
            return refused(*this, first.reason, first.message);
        }
        outcome.reply.content_type = "application/json";
        outcome.reply.body = "{\"id\":\"" + to_string(out.events().back().fingerprint) + "\"}";
        return outcome;
    }

private:
    std::string_view field(std::string_view name) { return present(reader_.text(fields_, name)); }
    bool is_update() { return field("event_update_status") == "1"; }
    bool is_problem() { return field("event_value") == "1"; }

    // What keeps the message from being taken, in words for Zabbix's action log.
    std::optional<std::string> check() {
        const std::string_view id = field("event_id");
        const std::string_view value = field("event_value");
        const std::string_view source = field("event_source");
        if (id.empty()) return "event_id is missing; the media type's parameter must be {EVENT.ID}";
        if (value != "0" && value != "1")
            return "event_value must be 0 or 1; the media type's parameter must be {EVENT.VALUE}";
        if (source == "1" || source == "2") {
            return "event_source " + std::string(source) +
                   " is discovery or autoregistration, which has no problems to report; "
                   "use the media type in trigger, internal and service actions only";
        }
        return std::nullopt;
    }

    void fill() {
        draft_.clear();
        // One trigger may have several open problems, so the problem's event is the identity; its recovery carries the
        // same id.
        draft_.key = draft_.episode = field("event_id");
        draft_.title = field("event_name");
        draft_.text = field("alert_message");
        if (draft_.text.empty()) draft_.text = field("trigger_description");
        draft_.severity = severity_of(field("event_nseverity")).value_or(Severity::unknown);
        draft_.url = link();
        read_tags();
        // After the tags: of equal names the last wins, and what Zabbix itself says is surer than a tag.
        const std::string_view trigger = field("trigger_name");
        draft_.labels.push_back({"alertname", trigger.empty() ? draft_.title : trigger});
        for (const auto& [label, name] :
             std::array<std::pair<std::string_view, std::string_view>, 5>{{{"host", "host_host"},
                                                                           {"host_name", "host_name"},
                                                                           {"address", "host_ip"},
                                                                           {"hostgroups", "host_groups"},
                                                                           {"trigger_id", "trigger_id"}}}) {
            const std::string_view value = field(name);
            if (!value.empty()) draft_.labels.push_back({label, value});
        }
        for (const std::string_view name : {"event_opdata", "trigger_description", "event_severity"}) {
            const std::string_view value = field(name);
            if (!value.empty()) draft_.annotations.push_back({name, value});
        }
    }

    std::string_view link() {
        const std::string_view own = field("trigger_url");
        const std::string_view frontend = field("zabbix_url");
        const std::string_view trigger = field("trigger_id");
        if (!own.empty() || frontend.empty() || trigger.empty()) return own;
        std::string url(frontend);
        while (url.ends_with('/')) url.pop_back();
        url += "/tr_events.php?triggerid=" + percent_encode(trigger) + "&eventid=" + percent_encode(field("event_id"));
        return scratch_.copy(url);
    }

    // JSON in a JSON string: [{"tag":"scope","value":"capacity"}]. Of a tag given twice the values are joined with a
    // comma.
    void read_tags() {
        const std::string_view text = field("event_tags");
        if (text.empty()) return;
        simdjson::dom::array tags;
        if (tags_.parse(text) || tags_.root().get(tags)) {
            draft_.annotations.push_back({"event_tags", text});
            return;
        }
        for (const auto item : tags) {
            simdjson::dom::object tag;
            if (item.get(tag)) continue;
            const std::string_view name = tags_.text(tag, "tag");
            std::string_view value = tags_.text(tag, "value");
            if (name.empty() || is_own_tag(name)) continue;
            if (value.empty()) value = "true";
            if (!join_tag(name, value)) return;
        }
    }

    bool join_tag(std::string_view name, std::string_view value) {
        for (LabelView& label : draft_.labels) {
            if (label.name != name) continue;
            std::string joined(label.value);
            joined.append(",").append(value);
            // Past the bound the alert is rejected anyway; stop before a hostile list is copied again and again.
            if (joined.size() > limits_.label_value_bytes_max) return false;
            label.value = scratch_.copy(joined);
            return true;
        }
        draft_.labels.push_back({name, value});
        return draft_.labels.size() <= limits_.labels_max;
    }

    Instant time_of(std::string_view name) {
        const auto at = parse_rfc3339(field(name));
        return at ? *at : Instant{};
    }

    void add(EventKind kind, AlertBatch& out, std::vector<ItemError>& rejected) {
        draft_.kind = kind;
        draft_.starts_at = kind == EventKind::firing ? time_of("event_at") : Instant{};
        draft_.ends_at = kind == EventKind::resolved ? time_of("event_recovery_at") : Instant{};
        add_alert(out, draft_, limits_, 0, rejected);
    }

    void emit(AlertBatch& out, std::vector<ItemError>& rejected) {
        if (!is_update()) return add(is_problem() ? EventKind::firing : EventKind::resolved, out, rejected);
        const UpdateAction action = read_update_action(field("event_update_action"), field("event_ack_status"));
        // A changed severity is the alert's newest state, with its own text; what people said follows.
        if (is_problem() && action.severity_changed) add(EventKind::firing, out, rejected);
        draft_.actor = field("user_fullname");
        draft_.text = field("event_update_message");
        if (draft_.text.empty()) draft_.text = field("event_update_action");
        // A comment on a problem that is over arrives with value 0: it is no recovery.
        if (!is_problem()) return add(EventKind::note, out, rejected);
        for (const EventKind kind : action.events) add(kind, out, rejected);
        if (action.events.empty()) add(EventKind::note, out, rejected);
    }

    const EventLimits limits_;
    JsonReader reader_, tags_;
    object fields_;
    EventArena scratch_;
    AlertDraft draft_;
};

std::unique_ptr<Source> make(const SourceSetup& setup, Problems&) {
    return std::make_unique<ZabbixSource>(setup.limits);
}

}  // namespace

const SourceSpec& spec() {
    static const SourceSpec value{"zabbix",
                                  "Zabbix 6.0 and later, through the webhook media type media_incidentd.yaml.",
                                  "/v1/ingest/{name}",
                                  {},
                                  "{}\n",
                                  make};
    return value;
}

}  // namespace incidentd::sources::zabbix
