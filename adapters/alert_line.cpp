#include "adapters/alert_line.hpp"

#include "adapters/json_reader.hpp"

#include <array>
#include <optional>

namespace incidentd {
namespace {

constexpr std::size_t line_bytes_max = 1024 * 1024;
constexpr std::string_view time_wanted = "`at` must be milliseconds since 1970 or a time such as 2026-01-05T09:00:00Z";

std::optional<EventKind> kind_from(std::string_view word) {
    constexpr std::array<EventKind, 7> kinds{
        EventKind::firing,     EventKind::resolved,     EventKind::acknowledged, EventKind::unacknowledged,
        EventKind::suppressed, EventKind::unsuppressed, EventKind::note};
    for (const EventKind kind : kinds)
        if (to_string(kind) == word) return kind;
    return std::nullopt;
}

Error fault(std::string message) { return {ErrorCode::invalid, std::move(message)}; }

}  // namespace

struct AlertLineReader::Parser {
    JsonReader reader;

    Result<void> texts(const simdjson::dom::object& object, AlertDraft& draft) {
        const std::pair<const char*, std::string_view*> all[] = {{"key", &draft.key},     {"episode", &draft.episode},
                                                                 {"title", &draft.title}, {"text", &draft.text},
                                                                 {"url", &draft.url},     {"by", &draft.actor}};
        for (const auto& [name, place] : all) *place = reader.text(object, name);
        for (const auto& [name, place] :
             {std::pair("labels", &draft.labels), std::pair("annotations", &draft.annotations)}) {
            const auto member = json_member(object, name);
            if (!member) continue;
            simdjson::dom::object set;
            if (member->get(set))
                return fault("`" + std::string(name) + "` must be an object, found " + std::string(json_kind(*member)));
            reader.labels(set, *place);
        }
        return {};
    }

    Result<void> meaning(const simdjson::dom::object& object, AlertDraft& draft) {
        if (const std::string_view status = reader.text(object, "status"); !status.empty()) {
            const std::optional<EventKind> kind = kind_from(status);
            if (!kind)
                return fault(
                    "`status` must be firing, resolved, acknowledged, unacknowledged, suppressed, unsuppressed or "
                    "note");
            draft.kind = *kind;
        }
        std::string_view severity = reader.text(object, "severity");
        for (const LabelView& label : draft.labels)
            if (severity.empty() && label.name == "severity") severity = label.value;
        if (!severity.empty()) draft.severity = severity_from_convention(severity).value_or(Severity::unknown);
        return {};
    }

    Result<Instant> time(const simdjson::dom::object& object) {
        const auto member = json_member(object, "at");
        if (!member) return Instant{};
        std::int64_t ms = 0;
        if (!member->get(ms)) {
            if (ms <= 0) return fault(std::string(time_wanted));
            return Instant{ms};
        }
        const Result<Instant> at = parse_rfc3339(reader.text(object, "at"));
        if (!at || !at->is_set()) return fault(std::string(time_wanted));
        return at;
    }
};

AlertLineReader::AlertLineReader() : parser_(std::make_unique<Parser>()) {}
AlertLineReader::~AlertLineReader() = default;

Result<AlertLineReader::Line> AlertLineReader::read(std::string_view text) {
    if (text.size() > line_bytes_max) return fault("is longer than 1 MiB");
    JsonReader& reader = parser_->reader;
    if (const auto wrong = reader.parse(text)) return fault(wrong->message);
    simdjson::dom::object object;
    if (reader.root().get(object))
        return fault("must be a JSON object, found " + std::string(json_kind(reader.root())));
    draft_.clear();
    if (const Result<void> done = parser_->texts(object, draft_); !done) return done.error();
    if (const Result<void> done = parser_->meaning(object, draft_); !done) return done.error();
    const Result<Instant> at = parser_->time(object);
    if (!at) return at.error();
    return Line{*at, reader.text(object, "source")};
}

}  // namespace incidentd
