#include "daemon/cli_simulate.hpp"

#include "daemon/cli.hpp"
#include "daemon/cli_text.hpp"
#include "daemon/clock.hpp"
#include "daemon/rule_files.hpp"
#include "daemon/rule_sources.hpp"
#include "daemon/simulate/simulation.hpp"
#include "rules/topology_files.hpp"

#include <optional>

namespace incidentd {
namespace {

using simulator::FailureType;
using simulator::Kind;

constexpr Duration before = minutes(5);    // what is told of a deployment, and the noise that was there
constexpr Duration afterwards = hours(2);  // for incidents to be resolved
constexpr Duration length_max = hours(24 * 7);

int refuse(const Problems& problems) {
    std::fputs(render_problems(problems, false).c_str(), stderr);
    return exit_failed;
}

int misused(const std::string& message) {
    fmt::print(stderr, "incidentd simulate: {}\n", message);
    return exit_usage;
}

std::string types_of(Kind kind) {
    std::string types;
    for (const FailureType& type : simulator::failure_types())
        if (fits(type, kind)) types += (types.empty() ? "" : ", ") + std::string(type.name);
    return types;
}

std::optional<TopologySpec> load_topology(const std::string& file, Problems& problems) {
    const Result<std::string> text = rule_sources().table(file);
    if (!text) {
        problems.add({file, 0, 0}, "", text.error().message, "name a topology file");
        return std::nullopt;
    }
    TopologySpec spec = parse_topology(*text, file, problems);
    if (problems.empty() && spec.links.empty())
        problems.add({file, 0, 0}, "", "holds no links", "say what depends on what; see docs/rules.md");
    return problems.empty() ? std::optional(std::move(spec)) : std::nullopt;
}

// "sw12", or "db1=slow_database".
Result<simulator::Planned> planned_of(const std::string& word, const Topology& topology,
                                      const simulator::Estate& estate) {
    std::string name = word;
    const FailureType* type = nullptr;
    if (const std::size_t sign = word.rfind('='); sign != word.npos && !topology.find(word).has_value()) {
        name = word.substr(0, sign);
        type = simulator::failure_type(word.substr(sign + 1));
    }
    const std::optional<Topology::Entity> found = topology.find(name);
    if (!found) return Error(ErrorCode::not_found, name + " is not in the topology");
    const simulator::EntityId entity = *estate.find(topology.name(*found));
    const Kind kind = estate.at(entity).kind;
    if (name != word && (type == nullptr || !fits(*type, kind)))
        return Error(ErrorCode::invalid, "a " + std::string(to_string(kind)) + " such as " + name +
                                             " cannot fail as '" + word.substr(name.size() + 1) +
                                             "'; it can as: " + types_of(kind));
    return simulator::Planned{{}, type, entity, {}};
}

// Rules that say nothing of a topology get the one that is simulated.
std::optional<ReplayRules> load_rules(const SimulateOptions& options, const TopologySpec& topology,
                                      Problems& problems) {
    ReplayRules rules;
    if (options.rules.empty()) {
        rules.name = "the built-in rule";
    } else {
        for (const std::string& file : options.rules) rules.name += (rules.name.empty() ? "" : " ") + file;
        rules.bundle = rules_of_files(options.rules, problems);
    }
    for (const std::string& sink : options.sinks)
        if (std::find(rules.bundle.sinks.begin(), rules.bundle.sinks.end(), sink) == rules.bundle.sinks.end())
            rules.bundle.sinks.push_back(sink);
    if (rules.bundle.sinks.empty()) rules.bundle.sinks.emplace_back("tickets");
    if (!problems.empty()) return std::nullopt;
    const auto compiled = load_and_compile(rules.bundle, rule_sources(), wall_clock_now(), problems);
    if (compiled == nullptr) return std::nullopt;
    auto own = std::make_shared<RuleSet>(*compiled);
    if (own->topology == nullptr) own->topology = std::make_shared<const Topology>(topology);
    rules.set = std::move(own);
    return rules;
}

simulator::StormOptions storm_of(const SimulateOptions& options, std::vector<simulator::Planned> planned, Instant at,
                                 Duration length) {
    simulator::StormOptions storm;
    Duration longest = length;
    for (simulator::Planned& one : planned) {
        one.at = at;
        one.length = length;
        longest = std::max(longest, hours(4));  // of a length that is drawn
    }
    storm.seed = options.seed;
    storm.start = at - before;
    storm.length = before + (length.ms > 0 ? length : longest) + afterwards;
    storm.incidents_per_day = 0;
    storm.noise_per_s = options.noise_per_hour / 3600;
    storm.roots_silent = 0;
    storm.services_max = 1000;
    storm.nightly_batch = false;
    storm.keep_faults = true;
    storm.monitoring.own_names = false;
    if (!options.rough) {
        storm.monitoring.loss = storm.monitoring.recoveries_missing = storm.monitoring.duplicates = 0;
        storm.monitoring.late = storm.monitoring.skewed = 0;
    }
    storm.planned = std::move(planned);
    return storm;
}

int play(const SimulateOptions& options, const TopologySpec& spec, simulator::StormOptions storm,
         simulator::Estate estate) {
    if (options.output == "lines") {
        std::fputs(simulation_lines(std::move(storm), std::move(estate)).c_str(), stdout);
        return exit_ok;
    }
    Problems problems;
    std::optional<ReplayRules> rules = load_rules(options, spec, problems);
    if (!rules) return refuse(problems);
    const Simulation simulation = simulate({std::move(storm), std::move(estate), std::move(*rules)});
    std::fputs(
        (options.output == "json" ? simulation_json(simulation) : simulation_text(simulation, options.most)).c_str(),
        stdout);
    return exit_ok;
}

}  // namespace

int simulate_failure(const SimulateOptions& options) {
    const Result<Instant> at = parse_rfc3339(options.at);
    if (!at || !at->is_set()) return misused("--at: expected a time such as 2026-01-05T09:00:00Z, found " + options.at);
    Duration length{0};
    if (!options.length.empty()) {
        const Result<Duration> read = parse_duration(options.length);
        if (!read || read->ms <= 0 || *read > length_max)
            return misused("--for: expected a span such as 20m, a week at most, found " + options.length);
        length = *read;
    }
    Problems problems;
    const std::optional<TopologySpec> spec = load_topology(options.topology, problems);
    if (!spec) return refuse(problems);
    const Topology topology(*spec);
    simulator::Estate estate = simulator::Estate::of(*spec);
    std::vector<simulator::Planned> planned;
    for (const std::string& word : options.failing) {
        const Result<simulator::Planned> one = planned_of(word, topology, estate);
        if (!one) return misused("--fail: " + one.error().message);
        planned.push_back(*one);
    }
    return play(options, *spec, storm_of(options, std::move(planned), *at, length), std::move(estate));
}

SimulateCommand::SimulateCommand(CLI::App& root, std::function<void(std::function<int()>)> choose)
    : options_(std::make_unique<SimulateOptions>()) {
    SimulateOptions& o = *options_;
    CLI::App* command = root.add_subcommand("simulate", "show what rules would make of a failure");
    command->add_option("--topology", o.topology, "topology file: what depends on what")->required();
    command
        ->add_option("--fail", o.failing,
                     "ENTITY or ENTITY=TYPE, such as db1=slow_database; may be given several times")
        ->required();
    command->add_option("--rules", o.rules, "rule files or patterns; default: the built-in rule");
    command->add_option("--sink", o.sinks, "a sink, besides those the rules name; default: one called tickets");
    command->add_option("--at", o.at, "when it fails")->capture_default_str();
    command->add_option("--for", o.length, "how long, such as 20m; default: as is usual for the type");
    command->add_option("--seed", o.seed, "another one: other delays, other checks")->capture_default_str();
    command->add_option("--noise", o.noise_per_hour, "unrelated alerts an hour")
        ->check(CLI::Range(0.0, 100'000.0))
        ->capture_default_str();
    command->add_flag("--rough", o.rough, "messages get lost, doubled and late, clocks are off");
    command->add_option("--most", o.most, "entries shown of each list")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    command->add_option("--output", o.output, "text, json, or lines: the alerts alone, for rules replay")
        ->check(CLI::IsMember({"text", "json", "lines"}))
        ->capture_default_str();
    command->footer("Exit code: 0 it was simulated; 1 a file is wrong; 2 wrong usage.");
    command->callback([this, choose = std::move(choose)] { choose([this] { return simulate_failure(*options_); }); });
}

}  // namespace incidentd
