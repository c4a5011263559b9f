// The {{places}} of an action that sinks' templates may use: one vocabulary for all of them.
#pragma once

#include "correlator/action.hpp"
#include "correlator/rule_set.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// A field of the incident ("title"), of the action ("reason"), "text" (render_text), "url", or "label.<name>" of the
// labels the incident is grouped by.
bool is_action_place(std::string_view name);
std::vector<std::string> action_place_names();  // without the labels

// "" for an unknown place, an absent label and a time that is not set.
std::string action_place(std::string_view name, const Action& action, std::string_view external_url);

// Errors: invalid, naming an unknown place and the nearest known one.
Result<Template> parse_action_template(std::string_view text);
std::string fill_places(const Template& text, const Action& action, std::string_view external_url);

}  // namespace incidentd
