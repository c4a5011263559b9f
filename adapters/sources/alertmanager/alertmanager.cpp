// Alertmanager's webhook receiver, payload versions 3 and 4, and the many programs that emulate it.
#include "adapters/alert_convention.hpp"
#include "adapters/json.hpp"
#include "adapters/json_reader.hpp"

#include <utility>

namespace incidentd::sources::alertmanager {
namespace {

using simdjson::dom::object;

class AlertmanagerSource final : public Source {
public:
    AlertmanagerSource(Duration expire_after, EventLimits limits) : expire_after_(expire_after), limits_(limits) {}

    std::vector<SourceRoute> routes() const override { return {{"POST", "/"}}; }

    ParseOutcome parse(const HttpRequestView& request, Instant received_at, AlertBatch& out) override {
        if (!is_json_media_type(request.media_type())) {
            return refused(*this, RejectReason::media_type, "the media type must be application/json");
        }
        if (auto fault = reader_.parse(request.body)) return refused(*this, fault->reason, std::move(fault->message));
        object payload;
        simdjson::dom::array alerts;
        const auto member = reader_.root().get(payload) ? std::nullopt : json_member(payload, "alerts");
        if (!member || member->get(alerts)) {
            return refused(*this, RejectReason::malformed, "an object with the array \"alerts\" is expected");
        }
        const std::string group_status(reader_.text(payload, "status"));

        ParseOutcome outcome;
        std::size_t index = 0;
        for (const auto alert : alerts) {
            if (index >= alerts_per_request_max)
                return refused(*this, RejectReason::too_large, "too many alerts in one request");
            if (auto problem = read_alert(alert, group_status, received_at)) {
                outcome.rejected.push_back({index, RejectReason::invalid_field, std::move(*problem)});
            } else {
                add_alert(out, draft_, limits_, index, outcome.rejected);
            }
            ++index;
        }
        outcome.reply = batch_reply(index - outcome.rejected.size(), outcome.rejected);
        return outcome;
    }

    // Alertmanager drops an alert that is answered with any 4xx, 429 included, and repeats it after a 5xx.
    HttpReply refuse(RejectReason reason, std::string_view message) const override {
        return Source::refuse(reason == RejectReason::overloaded ? RejectReason::unavailable : reason, message);
    }

private:
    // What is wrong with the alert, or nothing and the draft is filled.
    std::optional<std::string> read_alert(simdjson::dom::element value, std::string_view group_status,
                                          Instant received_at) {
        draft_.clear();
        object alert;
        if (value.get(alert)) return "an alert must be an object, found " + std::string(json_kind(value));
        // A group with one firing alert is firing as a whole, so the alert's own status decides.
        std::string_view status = reader_.text(alert, "status");
        if (status.empty()) status = group_status;
        if (status == "resolved") {
            draft_.kind = EventKind::resolved;
        } else if (status != "firing") {
            return "status must be \"firing\" or \"resolved\", found \"" + std::string(status.substr(0, 40)) + "\"";
        }
        if (auto problem = read_set(alert, "labels", draft_.labels)) return problem;
        if (auto problem = read_set(alert, "annotations", draft_.annotations)) return problem;
        if (auto problem = read_time(alert, "startsAt", draft_.starts_at)) return problem;
        if (auto problem = read_time(alert, "endsAt", draft_.ends_at)) return problem;
        if (draft_.kind == EventKind::firing) {
            draft_.ends_at = {};
            if (expire_after_.ms > 0) draft_.expires_at = received_at + expire_after_;
        }
        draft_.key = reader_.text(alert, "fingerprint");
        draft_.url = reader_.text(alert, "generatorURL");
        apply_prometheus_convention(draft_, title_);
        return std::nullopt;
    }

    std::optional<std::string> read_set(const object& alert, std::string_view name, std::vector<LabelView>& into) {
        const auto member = json_member(alert, name);
        object set;
        if (!member || member->is_null()) return std::nullopt;
        if (member->get(set)) return std::string(name) + " must be an object, found " + std::string(json_kind(*member));
        if (!reader_.labels(set, into)) return std::string(name) + " has too many members";
        return std::nullopt;
    }

    std::optional<std::string> read_time(const object& alert, std::string_view name, Instant& into) {
        const std::string_view text = reader_.text(alert, name);
        if (text.empty()) return std::nullopt;
        const auto at = parse_rfc3339(text);
        if (!at) return std::string(name) + ": " + at.error().message;
        into = *at;
        return std::nullopt;
    }

    const Duration expire_after_;
    const EventLimits limits_;
    JsonReader reader_;
    AlertDraft draft_;
    std::string title_;
};

std::unique_ptr<Source> make(const SourceSetup& setup, Problems&) {
    return std::make_unique<AlertmanagerSource>(setup.options.duration("expire_after"), setup.limits);
}

}  // namespace

const SourceSpec& spec() {
    static const SourceSpec value{
        "alertmanager",
        "Alertmanager's webhook receiver (payload version 4) and programs that send the same form.",
        "/v1/ingest/{name}",
        {{"expire_after", OptionType::duration, false, "0s",
          "Resolve an alert that was not sent again for so long; more than the sender's repeat_interval. 0s: never."}},
        "expire_after: 6h\n",
        make};
    return value;
}

}  // namespace incidentd::sources::alertmanager
