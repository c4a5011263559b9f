// The rule files incidentd.yaml names, read and compiled with it.
#include "daemon/clock.hpp"
#include "daemon/config_parts.hpp"
#include "daemon/rule_files.hpp"
#include "daemon/rule_sources.hpp"

namespace incidentd {

void read_rules(ConfigReading& reading) {
    const auto fault = [&reading](const std::string& message) { reading.root.problem("rules", message); };
    const auto patterns = reading.root.text_list("rules").value_or(std::vector<std::string>{});
    for (const std::string& pattern : patterns)
        reading.config.rule_patterns.push_back(path_from(reading.directory, pattern));
    reading.config.watch_rules = reading.root.boolean("watch_rules").value_or(false);
    const std::vector<std::string> files = find_rule_files(patterns, reading.directory, fault);
    RuleBundle& bundle = reading.config.rules;
    for (const SinkConfig& sink : reading.config.sinks) bundle.sinks.push_back(sink.name);
    if (!read_rule_files(files, bundle, fault)) return;
    reading.config.compiled_rules = load_and_compile(bundle, rule_sources(), wall_clock_now(), reading.problems);
}

}  // namespace incidentd
