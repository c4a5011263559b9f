// `incidentd rules replay`: what other rules would have made of what happened.
#include "daemon/cli.hpp"
#include "daemon/cli_rules.hpp"
#include "daemon/cli_text.hpp"
#include "daemon/clock.hpp"
#include "daemon/replay/export.hpp"
#include "daemon/replay/report.hpp"
#include "daemon/rule_files.hpp"
#include "daemon/rule_sources.hpp"

#include <optional>

namespace incidentd {
namespace {

constexpr std::string_view recorded = "recorded";

Result<std::unique_ptr<Recording>> open_recording(const RulesReplayOptions& options) {
    if (!options.alerts.empty()) return open_lines_recording(options.alerts);
    return open_journal_recording(options.journal);
}

std::string joined(const std::vector<std::string>& words) {
    std::string out;
    for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
    return out;
}

// None, or "recorded": the rules the recording holds. Sinks are those of both sides, so that a comparison compares
// rules and not what happens to be named.
std::optional<ReplayRules> load_rules_of(const std::vector<std::string>& files, const std::vector<std::string>& sinks,
                                         Problems& problems) {
    ReplayRules rules;
    rules.name = files.empty() ? std::string(recorded) : joined(files);
    if (files.empty() || (files.size() == 1 && files.front() == recorded)) return rules;
    rules.bundle = rules_of_files(files, problems);
    for (const std::string& sink : sinks)
        if (std::find(rules.bundle.sinks.begin(), rules.bundle.sinks.end(), sink) == rules.bundle.sinks.end())
            rules.bundle.sinks.push_back(sink);
    if (!problems.empty()) return std::nullopt;
    rules.set = load_and_compile(rules.bundle, rule_sources(), wall_clock_now(), problems);
    return rules.set == nullptr ? std::nullopt : std::optional(std::move(rules));
}

// A file of alerts holds no rules: without any, the built-in ones are asked.
void use_defaults(ReplayRules& rules, Problems& problems) {
    if (rules.set != nullptr) return;
    rules.name = "built-in";
    rules.set = load_and_compile(rules.bundle, rule_sources(), wall_clock_now(), problems);
}

int print(const ReplayReport& report, const std::string& output) {
    const std::string text = output == "json"       ? replay_json(report)
                             : output == "markdown" ? replay_markdown(report)
                                                    : replay_text(report);
    std::fputs(text.c_str(), stdout);
    return exit_ok;
}

int run(const RulesReplayOptions& options, Recording& recording, ReplayRules after, std::optional<ReplayRules> before) {
    const bool wants_export = !options.export_directory.empty();
    Result<Correlator> engine = recording.engine();
    if (!engine) return fail(engine.error().message);
    ReplayRun run_after(std::move(after), std::move(*engine), wants_export);
    std::vector<ReplayRun*> runs{&run_after};
    std::optional<ReplayRun> run_before;
    if (before) {
        engine = recording.engine();
        if (!engine) return fail(engine.error().message);
        run_before.emplace(std::move(*before), std::move(*engine), false);
        runs.push_back(&*run_before);
    }
    const Follow follow = wants_export ? Follow::messages : run_before ? Follow::onsets : Follow::nothing;
    Result<ReplaySpan> span = replay(recording, runs, follow);
    if (!span) return fail(span.error().message);
    if (span->messages == 0) return fail(recording.described() + " holds no alert");
    if (wants_export)
        if (const Result<void> done = export_replay(run_after, *span, options.export_directory); !done)
            return fail(done.error().message);
    ReplayReport report;
    report.recording = recording.described();
    report.span = std::move(*span);
    report.after = &run_after;
    if (run_before) {
        report.before = &*run_before;
        report.difference = compare(*run_before, run_after);
    }
    return print(report, options.output);
}

}  // namespace

int replay_rules(const RulesReplayOptions& options) {
    Problems problems;
    std::optional<ReplayRules> after = load_rules_of(options.rules, options.sinks, problems), before;
    if (!options.against.empty()) before = load_rules_of(options.against, options.sinks, problems);
    if (!options.alerts.empty() && after) use_defaults(*after, problems);
    if (!options.alerts.empty() && before) use_defaults(*before, problems);
    if (!problems.empty()) {
        std::fputs(render_problems(problems, false).c_str(), stderr);
        return exit_failed;
    }
    const Result<std::unique_ptr<Recording>> recording = open_recording(options);
    if (!recording) return fail(recording.error().message);
    return run(options, **recording, std::move(*after), std::move(before));
}

}  // namespace incidentd
