// `incidentd rules suggest`: rules that a recording speaks for, each with its evidence and with what it would have
// changed. Printed, never applied.
#include "daemon/cli.hpp"
#include "daemon/cli_rules.hpp"
#include "daemon/cli_text.hpp"
#include "daemon/replay/replay.hpp"
#include "daemon/replay/suggest.hpp"
#include "daemon/replay/suggest_links.hpp"
#include "daemon/rule_files.hpp"
#include "daemon/rule_sources.hpp"

#include <cmath>
#include <optional>

namespace incidentd {
namespace {

struct Outcome {
    std::uint64_t incidents = 0, tickets = 0, suppressed = 0;
};
template <class One>
struct Proposed {
    One suggestion;
    Outcome after;
};
struct Proposals {
    std::vector<Proposed<Suggestion>> rules;
    std::vector<Proposed<LinkSuggestion>> links;
    Outcome before;
    std::uint64_t judged = 0, crowded = 0;  // of LinkMiner
};

struct Mined {
    std::vector<Suggestion> suggestions;
    LinkMiner links;
    std::shared_ptr<const Topology> topology;  // as it was in the end, with what came through the API
    std::string rules_text;                    // as last activated
};

Result<Mined> mine(Recording& recording, const RulesSuggestOptions& options) {
    Result<Correlator> engine = recording.engine();
    if (!engine) return engine.error();
    ReplayRun run(ReplayRules{"recorded", {}, nullptr}, std::move(*engine), false);
    SuggestionMiner miner(options.window);
    Mined mined{{}, LinkMiner(options.window), nullptr, {}};
    std::string scratch;
    Instant last;
    const Result<void> done = recording.read([&](const Input& input, Instant at) {
        run.apply(input, at);
        last = at;
        if (const auto* activated = std::get_if<RulesActivated>(&input)) mined.rules_text = activated->text;
        if (const auto* received = std::get_if<AlertsReceived>(&input))
            for (const AlertEvent& event : received->events)
                if (!event.refresh && event.kind == EventKind::firing && run.is_onset(event)) {
                    miner.onset(event.labels, at);
                    mined.links.onset(entity_of(run.engine().estate(), event.labels, scratch),
                                      Environment(event.labels), at);
                }
        return true;
    });
    if (!done) return done.error();
    mined.suggestions = miner.suggestions(options.most, last);
    mined.topology = run.engine().estate().topology();
    return mined;
}

Result<Outcome> outcome_of(Recording& recording, RuleBundle bundle) {
    Problems problems;
    ReplayRules rules{"suggested", std::move(bundle), nullptr};
    rules.set = compile(rules.bundle, problems);
    if (rules.set == nullptr) return Error(ErrorCode::invalid, render_problems(problems, false));
    Result<Correlator> engine = recording.engine();
    if (!engine) return engine.error();
    ReplayRun run(std::move(rules), std::move(*engine), false);
    if (const Result<ReplaySpan> span = replay(recording, {&run}, Follow::nothing); !span) return span.error();
    Outcome outcome{run.tally().opened, 0, run.tally().suppressed};
    for (const auto& [name, sink] : run.tally().sinks) outcome.tickets += sink.created;
    return outcome;
}

std::string_view kind_of(const Suggestion& s) { return s.kind == Suggestion::Kind::inhibit ? "inhibit" : "correlate"; }

std::string whole(double count) { return std::to_string(std::lround(count)); }

std::string sentence(const Suggestion& s) {
    if (s.kind == Suggestion::Kind::inhibit)
        return "\"" + s.then + "\" hardly ever comes without \"" + s.first + "\" on the same " + s.shared;
    return "\"" + s.then + "\" often follows \"" + s.first + "\" on the same " + s.shared;
}

void print_yaml(const std::string& yaml) {
    std::string line;
    for (const char c : yaml) {
        if (c != '\n') {
            line += c;
            continue;
        }
        fmt::print("     {}\n", clean(line));
        line.clear();
    }
}

void print_replay(const Outcome& before, const Outcome& after) {
    fmt::print("   replay: incidents {} -> {}, tickets {} -> {}, suppressed alerts {} -> {}\n", before.incidents,
               after.incidents, before.tickets, after.tickets, before.suppressed, after.suppressed);
}

void print_link(std::size_t number, const Proposed<LinkSuggestion>& proposal, const Outcome& before) {
    const auto& [s, after] = proposal;
    fmt::print("{}. topology: \"{}\" fails after \"{}\", as if it needed it; the topology says nothing of it\n", number,
               clean(s.lower), clean(s.upper));
    fmt::print(
        "   evidence: {} of {} failures of \"{}\" followed one of \"{}\", which failed {} times; {} expected by "
        "chance, "
        "lift {:.1f}, at least {:.0f} % not by chance\n",
        s.cases, s.of_lower, clean(s.lower), clean(s.upper), s.of_upper, s.by_chance, s.lift, s.attributable * 100);
    fmt::print("   cases:");
    for (const Instant at : s.examples) fmt::print(" {}", to_rfc3339(at));
    fmt::print(" ... {}\n", to_rfc3339(s.latest));
    print_replay(before, after);
    print_yaml(s.yaml);
}

void print_text(const Proposals& proposals) {
    if (proposals.rules.empty() && proposals.links.empty())
        fmt::print(
            "Nothing to suggest: no two checks follow one another more often than chance explains, on the same "
            "host, service or other label, and no entity follows another one that the topology does not link to it.\n");
    std::size_t number = 0;
    for (const auto& [s, after] : proposals.rules) {
        fmt::print("{}. {}: {}\n", ++number, kind_of(s), clean(sentence(s)));
        fmt::print(
            "   evidence: {} of {} cases, {} expected by chance, lift {:.1f}; the same {} in {} of {}; {} to {}\n",
            whole(s.pair.near), whole(s.pair.of), whole(s.pair.control), s.pair.lift, s.shared, s.shared_cases, s.cases,
            to_rfc3339(s.earliest), to_rfc3339(s.latest));
        print_replay(proposals.before, after);
        print_yaml(s.yaml);
    }
    for (const Proposed<LinkSuggestion>& link : proposals.links) print_link(++number, link, proposals.before);
    if (proposals.crowded * 2 > proposals.judged)
        fmt::print(
            "{} of {} failures came among too many others to say what they followed: a shorter --window sees more.\n",
            proposals.crowded, proposals.judged);
}

void write_replay(JsonObject& object, const Outcome& before, const Outcome& after) {
    std::string replayed;
    JsonObject sides(replayed);
    const auto side = [&sides](std::string_view name, std::uint64_t was, std::uint64_t is) {
        sides.number(std::string(name) + "_before", static_cast<std::int64_t>(was));
        sides.number(std::string(name) + "_after", static_cast<std::int64_t>(is));
    };
    side("incidents", before.incidents, after.incidents);
    side("tickets", before.tickets, after.tickets);
    side("suppressed", before.suppressed, after.suppressed);
    sides.end();
    object.raw("replay", replayed);
}

void write_rule(JsonObject& object, const Suggestion& s) {
    object.text("kind", kind_of(s));
    object.text("first", s.first);
    object.text("then", s.then);
    object.text("shared_label", s.shared);
    object.text("rule", s.yaml);
    std::string evidence;
    JsonObject of(evidence);
    of.number("cases", std::lround(s.pair.near));
    of.number("of", std::lround(s.pair.of));
    of.number("by_chance", std::lround(s.pair.control));
    of.raw("lift", fmt::format("{:.2f}", s.pair.lift));
    of.raw("attributable", fmt::format("{:.2f}", s.pair.attributable));
    of.number("with_shared_label", static_cast<std::int64_t>(s.shared_cases));
    of.time("from", s.earliest);
    of.time("to", s.latest);
    of.end();
    object.raw("evidence", evidence);
}

void write_link(JsonObject& object, const LinkSuggestion& s) {
    object.text("kind", "topology");
    object.text("first", s.upper);
    object.text("then", s.lower);
    object.text("shared_label", "");
    object.text("rule", s.yaml);
    std::string evidence;
    JsonObject of(evidence);
    of.number("cases", static_cast<std::int64_t>(s.cases));
    of.number("of", static_cast<std::int64_t>(s.of_lower));
    of.number("of_first", static_cast<std::int64_t>(s.of_upper));
    of.number("by_chance", static_cast<std::int64_t>(s.by_chance));
    of.raw("lift", fmt::format("{:.2f}", s.lift));
    of.raw("attributable", fmt::format("{:.2f}", s.attributable));
    std::string times = "[";
    for (const Instant at : s.examples) times += (times.size() > 1 ? ",\"" : "\"") + to_rfc3339(at) + "\"";
    of.raw("first_cases", times + "]");
    of.time("to", s.latest);
    of.end();
    object.raw("evidence", evidence);
}

std::string as_json(const Proposals& proposals) {
    const std::string rules = json_list(proposals.rules, [&](JsonObject& object, const auto& one) {
        write_rule(object, one.suggestion);
        write_replay(object, proposals.before, one.after);
    });
    const std::string links = json_list(proposals.links, [&](JsonObject& object, const auto& one) {
        write_link(object, one.suggestion);
        write_replay(object, proposals.before, one.after);
    });
    const bool both = !proposals.rules.empty() && !proposals.links.empty();
    return rules.substr(0, rules.size() - 1) + (both ? "," : "") + links.substr(1);
}

Result<RuleBundle> base_rules(const RulesSuggestOptions& options, const Mined& mined) {
    if (!options.rules.empty()) {
        Problems problems;
        RuleBundle bundle = rules_of_files(options.rules, problems);
        if (problems.empty()) load_and_compile(bundle, rule_sources(), Instant{}, problems);
        if (!problems.empty()) return Error(ErrorCode::invalid, render_problems(problems, false));
        return bundle;
    }
    if (mined.rules_text.empty())
        return Error(ErrorCode::not_found, "the journal holds no rules any more: name them with --rules");
    return RuleBundle::parse(mined.rules_text);
}

}  // namespace

int suggest_rules(const RulesSuggestOptions& options) {
    const Result<std::unique_ptr<Recording>> recording = open_journal_recording(options.journal);
    if (!recording) return fail(recording.error().message);
    Result<Mined> mined = mine(**recording, options);
    if (!mined) return fail(mined.error().message);
    const Result<RuleBundle> bundle = base_rules(options, *mined);
    if (!bundle) return fail(bundle.error().message);
    const Result<Outcome> before = outcome_of(**recording, *bundle);
    if (!before) return fail(before.error().message);
    Problems problems;
    const std::shared_ptr<const RuleSet> rules = compile(*bundle, problems);
    const std::shared_ptr<const Topology> known[] = {mined->topology, rules == nullptr ? nullptr : rules->topology};
    Proposals proposals;
    proposals.before = *before;
    const auto propose = [&](auto suggestions, auto& into) -> Result<void> {
        for (auto& suggestion : suggestions) {
            RuleBundle with = *bundle;  // in front: the first rule that matches decides
            with.files.insert(with.files.begin(), {"suggested.yaml", suggestion.yaml});
            const Result<Outcome> after = outcome_of(**recording, std::move(with));
            if (!after)
                return Error(after.error().code,
                             "the suggestion\n" + suggestion.yaml + "cannot be used: " + after.error().message);
            into.push_back({std::move(suggestion), *after});
        }
        return {};
    };
    Result<void> done = propose(std::move(mined->suggestions), proposals.rules);
    if (done) done = propose(mined->links.suggestions(options.most, known), proposals.links);
    if (!done) return fail(done.error().message);
    proposals.judged = mined->links.judged();
    proposals.crowded = mined->links.crowded();
    if (options.json)
        fmt::print("{}\n", as_json(proposals));
    else
        print_text(proposals);
    return exit_ok;
}

}  // namespace incidentd
