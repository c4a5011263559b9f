#include "bench/quality/run_engine.hpp"

#include "bench/quality/cpu_clock.hpp"
#include "correlator/correlator.hpp"
#include "correlator/snapshot.hpp"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <unordered_map>

namespace incidentd::quality {
namespace {

std::uint64_t resident_bytes() {
    std::ifstream in("/proc/self/statm");
    std::uint64_t size = 0, resident = 0;
    in >> size >> resident;
    return resident * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

class Run {
public:
    Run(const Dataset& set, std::shared_ptr<const RuleSet> rules, bool explain) : set_(set), explain_(explain) {
        for (const auto& [alias, entity] : set.aliases) entities_.emplace(alias, entity);
        apply(Genesis{"q", "0"}, Instant{1});
        apply(RulesActivated{rules->hash, {}, rules}, Instant{1});
    }

    RunResult result() {
        AlertStream stream(set_);
        StreamAlert alert;
        while (stream.next(alert)) take(alert);
        apply(Tick{}, now_ + hours(1));
        finish();
        return std::move(result_);
    }

private:
    void take(const StreamAlert& alert) {
        now_ = std::max(now_, Instant{alert.received_ms});
        AlertBatch batch(alert.source);
        const bool added = maker_.add(alert, batch);
        const Fingerprint fingerprint = added ? batch.events().front().fingerprint : Fingerprint{};
        message_of_.push_back(added ? number_of(fingerprint) : 0);
        if (!added) return incident_of_.push_back(0);
        apply(Tick{}, now_);  // what is due by now is not this message's cost
        apply(AlertsReceived{batch.events()}, now_);
        incident_of_.push_back(current_[message_of_.back()]);
    }

    std::uint32_t number_of(Fingerprint fingerprint) {
        const auto [at, is_new] = numbers_.try_emplace(fingerprint, static_cast<std::uint32_t>(current_.size()));
        if (is_new) current_.push_back(0);
        return at->second;
    }

    void apply(const Input& input, Instant at) {
        effects_.clear();
        const CpuSpan span;
        engine_.apply(input, at, effects_);
        const double seconds = span.seconds();
        result_.seconds += seconds;
        if (std::holds_alternative<AlertsReceived>(input)) count_cost(seconds);
        if (std::holds_alternative<Tick>(input)) add(result_.due, seconds);
        for (const Effect& effect : effects_) note(effect);
    }

    void count_cost(double seconds) {
        const Outcomes& outcomes = engine_.last_outcomes();
        const auto of = [&](Verdict verdict) { return outcomes.by_verdict[static_cast<std::size_t>(verdict)]; };
        PartCost& part = outcomes.repeated > 0                                    ? result_.repeats
                         : of(Verdict::opened) + of(Verdict::joined) > 0          ? result_.onsets
                         : of(Verdict::resolved) + of(Verdict::unknown_alert) > 0 ? result_.ends
                                                                                  : result_.others;
        add(part, seconds);
    }

    static void add(PartCost& part, double seconds) {
        ++part.count;
        part.seconds += seconds;
    }

    void note(const Effect& effect) {
        if (const auto* decided = std::get_if<AlertDecided>(&effect.what)) {
            const bool placed = decided->verdict == Verdict::opened || decided->verdict == Verdict::joined ||
                                decided->verdict == Verdict::rejoined;
            if (explain_ && placed && !message_of_.empty())
                result_.explained.push_back({static_cast<std::uint32_t>(message_of_.size() - 1),
                                             static_cast<std::uint32_t>(decided->incident.value),
                                             std::string(to_string(decided->verdict)), decided->because});
            if (decided->incident.is_set()) current_[number_of(decided->alert)] = decided->incident.value;
        } else if (const auto* changed = std::get_if<IncidentChanged>(&effect.what)) {
            views_.insert_or_assign(changed->incident->id.value, *changed->incident);
        } else if (const auto* opened = std::get_if<IncidentOpened>(&effect.what)) {
            result_.prediction.opened_ms[static_cast<std::uint32_t>(opened->incident.value)] = effect.at.ms;
        } else if (std::holds_alternative<ActionDue>(effect.what)) {
            ++result_.updates;
        }
    }

    std::uint64_t survivor(std::uint64_t id) const {
        for (auto found = views_.find(id); found != views_.end() && found->second.merged_into.is_set();
             found = views_.find(id))
            id = found->second.merged_into.value;
        return id;
    }

    void finish() {
        Prediction& p = result_.prediction;
        for (const std::uint64_t id : incident_of_) {
            const std::uint64_t last = survivor(id);
            const bool is_open = p.opened_ms.contains(static_cast<std::uint32_t>(last));
            p.incident.push_back(is_open ? static_cast<std::uint32_t>(last) : kept_out);
        }
        for (const auto& [id, view] : views_) {
            if (view.merged_into.is_set()) continue;
            if (!p.opened_ms.contains(static_cast<std::uint32_t>(id))) ++result_.kept_out;
            for (const RootCandidate& root : view.roots) {
                const auto known = entities_.find(root.entity);
                p.roots[static_cast<std::uint32_t>(id)].push_back(
                    {kept_out, known == entities_.end() ? root.entity : known->second});
            }
        }
        result_.learned = EngineSnapshot::learned_pairs(engine_, SIZE_MAX);
        result_.rss_bytes = resident_bytes();
        if (!explain_) return;
        for (Explained& one : result_.explained) one.incident = static_cast<std::uint32_t>(survivor(one.incident));
        for (auto& [id, view] : views_)
            if (p.opened_ms.contains(static_cast<std::uint32_t>(id)) && !view.merged_into.is_set())
                result_.views.emplace(static_cast<std::uint32_t>(id), std::move(view));
    }

    const Dataset& set_;
    const bool explain_;
    Correlator engine_;
    Effects effects_;
    RunResult result_;
    Instant now_{1};
    MessageMaker maker_;
    std::unordered_map<std::string, std::string> entities_;
    std::unordered_map<Fingerprint, std::uint32_t, FingerprintHash> numbers_;
    std::vector<std::uint64_t> current_;  // by number: the alert's incident now
    std::vector<std::uint32_t> message_of_;
    std::vector<std::uint64_t> incident_of_;
    std::map<std::uint64_t, IncidentView> views_;
};

}  // namespace

bool MessageMaker::add(const StreamAlert& alert, AlertBatch& batch) {
    draft_.clear();
    draft_.kind = alert.firing ? EventKind::firing : EventKind::resolved;
    draft_.severity = severity_from_convention(alert.severity).value_or(Severity::unknown);
    draft_.starts_at = alert.firing ? Instant{alert.claimed_ms} : Instant{};
    draft_.title = alert.title;
    key_ = alert.host + '\x1f' + alert.check;
    draft_.key = key_;
    draft_.labels.push_back({"host", alert.host});
    draft_.labels.push_back({"check", alert.check});
    for (const auto& [name, value] : alert.labels) draft_.labels.push_back({name, value});
    return batch.add(draft_, EventLimits{}).has_value();
}

std::shared_ptr<const Topology> topology_of(const Dataset& set, double share) {
    TopologySpec spec;
    std::uint32_t random = 1;
    for (const TopologyLink& link : set.links) {
        random = random * 1'103'515'245U + 12'345U;
        if (static_cast<double>(random >> 8) / 16'777'216.0 >= share) continue;
        spec.links.push_back({link.upper, link.lower, link.kind});
    }
    if (share > 0) spec.aliases = set.aliases;
    return std::make_shared<const Topology>(spec);
}

RunResult run_engine(const Dataset& set, std::shared_ptr<const RuleSet> rules, bool explain) {
    return Run(set, std::move(rules), explain).result();
}

}  // namespace incidentd::quality
