// Any program that posts JSON: the configuration says where in it an alert's fields stand.
#include "adapters/json.hpp"
#include "adapters/json_reader.hpp"
#include "adapters/sources/generic/mapping.hpp"
#include "adapters/sources/generic/status_words.hpp"

#include <algorithm>
#include <utility>

namespace incidentd::sources::generic {
namespace {

using simdjson::dom::element;

class GenericSource final : public Source {
public:
    GenericSource(Mapping mapping, Duration expire_after, bool any_media_type, EventLimits limits)
        : mapping_(std::move(mapping)), expire_after_(expire_after), any_media_type_(any_media_type), limits_(limits) {}

    std::vector<SourceRoute> routes() const override { return {{"POST", "/"}}; }

    ParseOutcome parse(const HttpRequestView& request, Instant received_at, AlertBatch& out) override {
        if (!any_media_type_ && !is_json_media_type(request.media_type())) {
            return refused(*this, RejectReason::media_type,
                           "the media type must be application/json; any_media_type: true lifts this");
        }
        if (auto fault = reader_.parse(request.body)) return refused(*this, fault->reason, std::move(fault->message));
        const auto place = json_at(reader_.root(), mapping_.alerts);
        if (!place) return refused(*this, RejectReason::malformed, "nothing stands where mapping.alerts points to");
        ParseOutcome outcome;
        std::size_t count = 0;
        simdjson::dom::array list;
        if (!place->get(list)) {
            for (const element alert : list) {
                if (count >= alerts_per_request_max)
                    return refused(*this, RejectReason::too_large, "too many alerts in one request");
                take(alert, count++, received_at, out, outcome.rejected);
            }
        } else {
            take(*place, count++, received_at, out, outcome.rejected);
        }
        outcome.reply = batch_reply(count - outcome.rejected.size(), outcome.rejected);
        return outcome;
    }

private:
    std::string_view value(const std::optional<FieldRule>& rule, element alert) {
        return rule ? rule->value(reader_, alert) : std::string_view();
    }

    void take(element alert, std::size_t index, Instant received_at, AlertBatch& out,
              std::vector<ItemError>& rejected) {
        draft_.clear();
        auto problem = read_state(alert, received_at);
        if (!problem) problem = read_labels(alert);
        if (problem) {
            rejected.push_back({index, RejectReason::invalid_field, std::move(*problem)});
            return;
        }
        draft_.title = value(mapping_.title, alert);
        draft_.text = value(mapping_.text, alert);
        draft_.url = value(mapping_.url, alert);
        draft_.actor = value(mapping_.actor, alert);
        draft_.episode = value(mapping_.episode, alert);
        identify(alert);
        add_alert(out, draft_, limits_, index, rejected);
    }

    // Status and times; what is wrong with them, if anything.
    std::optional<std::string> read_state(element alert, Instant received_at) {
        const std::string_view status = value(mapping_.status, alert);
        const auto kind = status.empty() ? EventKind::firing : kind_from(status);
        if (!kind) {
            return "status \"" + std::string(status.substr(0, 40)) + "\" is none of " + kind_words() +
                   "; translate it with mapping.status.map";
        }
        draft_.kind = *kind;
        if (auto problem = read_time("starts_at", value(mapping_.starts_at, alert), draft_.starts_at)) return problem;
        if (auto problem = read_time("ends_at", value(mapping_.ends_at, alert), draft_.ends_at)) return problem;
        if (*kind != EventKind::resolved) draft_.ends_at = {};
        if (*kind == EventKind::firing && expire_after_.ms > 0) draft_.expires_at = received_at + expire_after_;
        return std::nullopt;
    }

    static std::optional<std::string> read_time(std::string_view name, std::string_view text, Instant& into) {
        if (text.empty()) return std::nullopt;
        const auto at = time_from(text);
        if (!at) return std::string(name) + ": " + at.error().message;
        into = *at;
        return std::nullopt;
    }

    std::optional<std::string> read_labels(element alert) {
        if (mapping_.labels_from) {
            const auto place = json_at(alert, *mapping_.labels_from);
            simdjson::dom::object members;
            if (place && !place->get(members) && !reader_.labels(members, draft_.labels)) {
                return "more than " + std::to_string(json_labels_max) + " members where mapping.labels_from points to";
            }
        }
        const auto push = [&](std::string_view name, std::string_view text) {
            if (!text.empty()) draft_.labels.push_back({name, text});
        };
        push("host", value(mapping_.host, alert));
        push("service", value(mapping_.service, alert));
        const std::string_view severity = value(mapping_.severity, alert);
        if (!severity.empty()) {
            const auto known = severity_from_convention(severity);
            draft_.severity = known.value_or(Severity::unknown);
            if (!known) push("severity_raw", severity);
        }
        for (const auto& [name, rule] : mapping_.labels) push(name, rule.value(reader_, alert));
        return std::nullopt;
    }

    // Without a key of the sender's: host, service and title, so that the recovery finds its alert whatever else
    // changed.
    void identify(element alert) {
        draft_.key = value(mapping_.key, alert);
        if (!draft_.key.empty()) return;
        key_.assign(value(mapping_.host, alert));
        key_.append("!").append(value(mapping_.service, alert)).append("!").append(draft_.title);
        if (key_.size() > 2) draft_.key = key_;
    }

    const Mapping mapping_;
    const Duration expire_after_;
    const bool any_media_type_;
    const EventLimits limits_;
    JsonReader reader_;
    AlertDraft draft_;
    std::string key_;
};

std::unique_ptr<Source> make(const SourceSetup& setup, Problems& problems) {
    const SettingsNode* node = setup.options.tree("mapping");
    if (node == nullptr) return nullptr;
    const std::size_t before = problems.items().size();
    Mapping mapping = read_mapping(*node, problems);
    if (problems.items().size() > before) return nullptr;
    return std::make_unique<GenericSource>(std::move(mapping), setup.options.duration("expire_after"),
                                           setup.options.boolean("any_media_type"), setup.limits);
}

}  // namespace

const SourceSpec& spec() {
    static const SourceSpec value{
        "generic",
        "Any program that posts JSON; a mapping says where the fields of an alert stand.",
        "/v1/ingest/{name}",
        {{"mapping", OptionType::tree, true, "", "Where the fields stand, as JSON pointers; see below."},
         {"expire_after", OptionType::duration, false, "0s",
          "Resolve an alert that was not sent again for so long. 0s: never."},
         {"any_media_type", OptionType::boolean, false, "false",
          "Take JSON that is sent with another Content-Type. Use it together with a token: browsers can send such "
          "requests "
          "from any web page."}},
        "mapping:\n"
        "  key: /alarm/no\n"
        "  title: /alarm/what\n"
        "  host: /alarm/where\n"
        "  status: {path: /alarm/on, map: {\"true\": firing, \"false\": resolved}}\n"
        "  severity: {path: /alarm/lvl, map: {H: error, L: info}, default: warning}\n"
        "  labels: {site: /site, team: {value: facilities}}\n"
        "expire_after: 24h\n",
        make};
    return value;
}

}  // namespace incidentd::sources::generic
