// {EVENT.UPDATE.ACTION}: the words in which Zabbix says what a person did to a problem.
#pragma once

#include "correlator/severity.hpp"

#include <string_view>
#include <vector>

namespace incidentd::sources::zabbix {

struct UpdateAction {
    bool severity_changed = false;
    std::vector<EventKind> events;  // in the order to report; empty: a comment, or words that are not known
};

// "acknowledged and commented", "changed severity from High to Warning, unacknowledged", "closed" ... `ack_status`
// ("Yes") counts only when there are no words at all.
UpdateAction read_update_action(std::string_view action, std::string_view ack_status);

}  // namespace incidentd::sources::zabbix
