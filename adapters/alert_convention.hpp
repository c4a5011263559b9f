// What labels and check results mean by convention, for the sources that share one.
#pragma once

#include "correlator/alert.hpp"
#include "correlator/severity.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// The last value of `name`, or "".
std::string_view draft_label(const std::vector<LabelView>& labels, std::string_view name);

// Sets severity (label `severity`), title (annotation `summary`, else `alertname (instance)`) and text (annotation
// `description`, else `message`) from the draft's labels and annotations. The title may point into `scratch`.
void apply_prometheus_convention(AlertDraft& draft, std::string& scratch);

// A host or service check of Nagios and its relatives.
struct NagiosState {
    bool problem = false;
    Severity severity = Severity::unknown;
    std::string_view name;  // "CRITICAL"
};

// "CRITICAL" or its number 2, in any case; nullopt when it is no state of a host (or of a service).
std::optional<NagiosState> nagios_state(std::string_view text, bool is_service);

// Key, alertname, host and service labels, and the title "Disk on web01 is CRITICAL". An empty service means the host.
// The draft points into `scratch`, which must keep its address.
struct NagiosText {
    std::string key, title, text;
};
void describe_nagios_check(AlertDraft& draft, NagiosText& scratch, std::string_view host, std::string_view service,
                           std::string_view state);

// Plugin output for people: the part before '|', with Nagios's literal "\n" as line ends; `long_output` follows it.
std::string nagios_output(std::string_view output, std::string_view long_output);

}  // namespace incidentd
