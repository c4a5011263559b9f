// Notifications of Nagios, Icinga and Naemon, sent by the helper incidentd-nagios-notify beside this file.
#include "adapters/alert_convention.hpp"
#include "adapters/json.hpp"
#include "adapters/json_reader.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace incidentd::sources::nagios {
namespace {

using simdjson::dom::object;

// What a notification type makes of the alert. `then_state`: Nagios sends no RECOVERY while it flaps or is in downtime,
// so the end of that phase also tells the current state.
struct TypeMeaning {
    std::string_view type;
    EventKind kind;
    std::string_view text;
    bool then_state = false;
};

constexpr std::array<TypeMeaning, 11> meanings{{
    {"PROBLEM", EventKind::firing, {}},
    {"RECOVERY", EventKind::resolved, {}},
    {"ACKNOWLEDGEMENT", EventKind::acknowledged, {}},
    {"CUSTOM", EventKind::note, {}},
    {"FLAPPINGSTART", EventKind::suppressed, "flapping"},
    {"FLAPPINGSTOP", EventKind::unsuppressed, "flapping ended", true},
    {"FLAPPINGEND", EventKind::unsuppressed, "flapping ended", true},
    {"FLAPPINGDISABLED", EventKind::unsuppressed, "flap detection disabled", true},
    {"DOWNTIMESTART", EventKind::suppressed, "downtime"},
    {"DOWNTIMEEND", EventKind::unsuppressed, "downtime ended", true},
    {"DOWNTIMECANCELLED", EventKind::unsuppressed, "downtime cancelled", true},
}};

const TypeMeaning* meaning_of(std::string_view type) {
    for (const TypeMeaning& m : meanings) {
        if (m.type == type) return &m;
    }
    return nullptr;
}

// Epoch seconds; absent when it is empty or no number.
Instant epoch_seconds(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    constexpr std::int64_t year_3000 = 32'503'680'000;
    if (error != std::errc() || end != text.data() + text.size() || value <= 0 || value > year_3000) return {};
    return Instant{value * 1000};
}

bool is_id(std::string_view text) { return !text.empty() && text != "0" && text.front() != '$'; }

class NagiosSource final : public Source {
public:
    explicit NagiosSource(EventLimits limits) : limits_(limits) {}

    std::vector<SourceRoute> routes() const override { return {{"POST", "/"}}; }

    ParseOutcome parse(const HttpRequestView& request, Instant, AlertBatch& out) override {
        if (!is_json_media_type(request.media_type())) {
            return refused(*this, RejectReason::media_type, "the media type must be application/json");
        }
        if (auto fault = reader_.parse(request.body)) return refused(*this, fault->reason, std::move(fault->message));
        ParseOutcome outcome;
        std::size_t count = 1;
        simdjson::dom::array list;
        if (!reader_.root().get(list)) {
            count = 0;
            for (const auto item : list) {
                if (count >= alerts_per_request_max) {
                    return refused(*this, RejectReason::too_large, "too many notifications in one request");
                }
                take(item, count++, out, outcome.rejected);
            }
        } else {
            take(reader_.root(), 0, out, outcome.rejected);
        }
        outcome.reply = batch_reply(count - outcome.rejected.size(), outcome.rejected);
        return outcome;
    }

private:
    void take(simdjson::dom::element item, std::size_t index, AlertBatch& out, std::vector<ItemError>& rejected) {
        object fields;
        const auto reject = [&](std::string message) {
            rejected.push_back({index, RejectReason::invalid_field, std::move(message)});
        };
        if (item.get(fields)) return reject("a notification must be an object, found " + std::string(json_kind(item)));
        const std::string_view type = reader_.text(fields, "type");
        const TypeMeaning* meaning = meaning_of(type);
        if (meaning == nullptr) {
            return reject("type must be a Nagios notification type such as PROBLEM or RECOVERY, found \"" +
                          std::string(type.substr(0, 40)) + "\"");
        }
        const std::string_view host = reader_.text(fields, "host");
        const std::string_view service = reader_.text(fields, "service");
        const std::string_view state_text = reader_.text(fields, "state");
        if (host.empty()) return reject("host is missing or empty");
        const auto state = nagios_state(state_text, !service.empty());
        if (!state && (!state_text.empty() || meaning->then_state)) {
            return reject(
                "state must be " +
                std::string(service.empty() ? "UP, DOWN or UNREACHABLE" : "OK, WARNING, CRITICAL or UNKNOWN") +
                ", found \"" + std::string(state_text.substr(0, 40)) + "\"");
        }
        fill(fields, host, service, state.value_or(NagiosState{}));
        emit(fields, *meaning, state.value_or(NagiosState{}), index, out, rejected);
    }

    // Everything but the kind and its text.
    void fill(const object& fields, std::string_view host, std::string_view service, const NagiosState& state) {
        draft_.clear();
        describe_nagios_check(draft_, text_, host, service, state.name);
        draft_.labels.push_back({"address", reader_.text(fields, "address")});
        draft_.labels.push_back({"hostgroups", reader_.text(fields, "hostgroups")});
        draft_.severity = state.severity;
        draft_.url = reader_.text(fields, "url");
        const std::string_view current = reader_.text(fields, "problem_id");
        const std::string_view last = reader_.text(fields, "last_problem_id");
        draft_.episode = is_id(current) ? current : is_id(last) ? last : std::string_view();
        const std::string_view perfdata = reader_.text(fields, "perfdata");
        if (!perfdata.empty()) draft_.annotations.push_back({"perfdata", perfdata});
    }

    void emit(const object& fields, const TypeMeaning& meaning, const NagiosState& state, std::size_t index,
              AlertBatch& out, std::vector<ItemError>& rejected) {
        const Instant at = epoch_seconds(reader_.text(fields, "time"));
        text_.text = nagios_output(reader_.text(fields, "output"), reader_.text(fields, "long_output"));
        const auto state_event = [&](bool problem) {
            draft_.kind = problem ? EventKind::firing : EventKind::resolved;
            draft_.text = text_.text;
            draft_.starts_at = problem ? at : Instant{};
            draft_.ends_at = problem ? Instant{} : at;
            add_alert(out, draft_, limits_, index, rejected);
        };
        if (meaning.kind == EventKind::firing || meaning.kind == EventKind::resolved) {
            return state_event(meaning.kind == EventKind::firing);
        }
        draft_.kind = meaning.kind;
        draft_.actor = reader_.text(fields, "author");
        draft_.text = meaning.text.empty() ? reader_.text(fields, "comment") : meaning.text;
        const std::size_t before = rejected.size();
        add_alert(out, draft_, limits_, index, rejected);
        draft_.actor = {};
        if (meaning.then_state && rejected.size() == before) state_event(state.problem);
    }

    const EventLimits limits_;
    JsonReader reader_;
    AlertDraft draft_;
    NagiosText text_;
};

std::unique_ptr<Source> make(const SourceSetup& setup, Problems&) {
    return std::make_unique<NagiosSource>(setup.limits);
}

}  // namespace

const SourceSpec& spec() {
    static const SourceSpec value{
        "nagios",
        "Notifications of Nagios Core, Naemon and Icinga, sent by the helper incidentd-nagios-notify.",
        "/v1/ingest/{name}",
        {},
        "{}\n",
        make};
    return value;
}

}  // namespace incidentd::sources::nagios
