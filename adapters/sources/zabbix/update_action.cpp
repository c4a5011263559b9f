#include "adapters/sources/zabbix/update_action.hpp"

#include <cstddef>

namespace incidentd::sources::zabbix {
namespace {

// `word` with nothing but separators around it, so that "unacknowledged" does not hold "acknowledged".
bool has_word(std::string_view text, std::string_view word) {
    const auto separates = [&](std::size_t at) {
        return at >= text.size() || text[at] == ' ' || text[at] == ',' || text[at] == '.';
    };
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        if ((at == 0 || separates(at - 1)) && separates(at + word.size())) return true;
    }
    return false;
}

}  // namespace

UpdateAction read_update_action(std::string_view action, std::string_view ack_status) {
    UpdateAction out;
    if (action.empty()) {
        if (ack_status == "Yes") out.events.push_back(EventKind::acknowledged);
        return out;
    }
    out.severity_changed = action.find("changed severity") != std::string_view::npos;
    if (has_word(action, "acknowledged")) out.events.push_back(EventKind::acknowledged);
    if (has_word(action, "unacknowledged")) out.events.push_back(EventKind::unacknowledged);
    if (has_word(action, "suppressed")) out.events.push_back(EventKind::suppressed);
    if (has_word(action, "unsuppressed")) out.events.push_back(EventKind::unsuppressed);
    // The recovery message of a manual close may be switched off in the action, so the close itself ends the problem.
    if (has_word(action, "closed")) out.events.push_back(EventKind::resolved);
    return out;
}

}  // namespace incidentd::sources::zabbix
