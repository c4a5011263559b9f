// The JSON a webhook receives: ours, or an operator's template with {{places}}.
#pragma once

#include "adapters/sink.hpp"
#include "correlator/rule_set.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace incidentd::sinks::webhook {

std::string_view event_name(ActionKind kind);  // "incident.created" ...

struct BodyContext {
    const Action& action;
    std::string_view external_url;
};

// {"event", "delivery", "reason", "at", "incident": {..., "alerts", "facts"}}: see README.md.
std::string default_body(const BodyContext& context);

// A JSON text whose places are filled with escaped text, or, for {{incident}}, {{alerts}} and {{facts}}, with JSON.
class BodyTemplate {
public:
    // Errors: invalid, in words: an unknown place, or a text that is not JSON once filled.
    static Result<BodyTemplate> parse(std::string_view text);
    std::string render(const BodyContext& context) const;

private:
    explicit BodyTemplate(Template parsed) : template_(std::move(parsed)) {}
    Template template_;
};

}  // namespace incidentd::sinks::webhook
