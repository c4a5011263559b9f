#include "rules/explain/alert_path.hpp"

#include <algorithm>

namespace incidentd {
namespace {

std::string place(std::size_t index) { return "#" + std::to_string(index + 1); }

std::string values_of(const std::vector<std::string>& names, LabelsView labels) {
    std::string out;
    for (const std::string& name : names)
        out += (out.empty() ? "" : ", ") + name + "=\"" + std::string(find_label(labels, name)) + "\"";
    return out.empty() ? "nothing" : out;
}

// The first of `names` the alert does not have; "" when it has all.
std::string missing(const std::vector<std::string>& names, LabelsView labels, bool optional) {
    if (optional) return {};
    for (const std::string& name : names)
        if (find_label(labels, name).empty()) return name;
    return {};
}

class Path {
public:
    Path(const RuleSet& rules, const AlertEvent& event, Instant at) : rules_(rules), event_(event), at_(at) {}

    AlertPath run() {
        identity();
        pairs();
        silences();
        inhibition();
        flapping();
        storms();
        correlation();
        for (const LabelView& label : event_.labels) path_.labels.emplace_back(label.name, label.value);
        return std::move(path_);
    }

private:
    void add(const char* section, std::string rule, bool applies, std::string why, bool asked = true) {
        path_.steps.push_back({section, std::move(rule), applies, asked, std::move(why)});
    }
    LabelsView labels() const { return event_.labels; }

    void identity() {
        bool taken = false;
        path_.identity = event_.key.empty() ? "its source and labels" : "its source's key " + std::string(event_.key);
        for (std::size_t i = 0; i < rules_.dedup.size(); ++i) {
            const DedupRule& rule = rules_.dedup[i];
            std::string wrong = mismatch(rule.match, labels());
            if (const std::string name = missing(rule.key, labels(), false); wrong.empty() && !name.empty())
                wrong = "there is no label " + name;
            const bool applies = wrong.empty();
            const std::string why = applies ? "one alert of the source for " + values_of(rule.key, labels()) : wrong;
            add("dedup", place(i), applies, why, !taken);
            if (applies && !taken) path_.identity = "its source and " + values_of(rule.key, labels());
            taken = taken || applies;
        }
    }

    void pairs() {
        for (const PairRule& rule : rules_.pairs) {
            const std::string not_clear = mismatch(rule.clear, labels());
            const std::string not_problem = mismatch(rule.problem, labels());
            const std::string name = missing(rule.equal, labels(), rule.equal_optional);
            const std::string equal = " with equal " + values_of(rule.equal, labels());
            if (!name.empty() && (not_clear.empty() || not_problem.empty()))
                add("pair", rule.name, false, "there is no label " + name);
            else if (not_clear.empty())
                add("pair", rule.name, true, "a clear: ends problems" + equal);
            else if (not_problem.empty())
                add("pair", rule.name, true, "a problem: ended by a clear" + equal);
            else
                add("pair", rule.name, false, "as a problem: " + not_problem + "; as a clear: " + not_clear);
        }
    }

    void silences() {
        for (const SilenceRule& rule : rules_.silences) {
            const char* section = rule.is_maintenance ? "maintenance" : "silences";
            std::string wrong = mismatch(rule.match, labels());
            if (wrong.empty() && !rule.schedule.holds(at_)) {
                const auto next = rule.schedule.next_change(at_);
                wrong = "matches, but does not hold at " + to_rfc3339(at_) +
                        (next ? ", next look at " + to_rfc3339(*next) : "");
            }
            add(section, rule.name, wrong.empty(), wrong.empty() ? "holds at " + to_rfc3339(at_) : wrong);
        }
    }

    void inhibition() {
        for (const InhibitRule& rule : rules_.inhibit) {
            std::string wrong = mismatch(rule.target, labels());
            if (const std::string name = missing(rule.equal, labels(), rule.equal_optional);
                wrong.empty() && !name.empty())
                wrong = "there is no label " + name;
            const std::string why =
                "while an alert fires that is a source of it, with equal " + values_of(rule.equal, labels());
            const bool is_source = mismatch(rule.source, labels()).empty();
            add("inhibit", rule.name, wrong.empty(),
                (wrong.empty() ? why : wrong) + (is_source ? "; it is a source itself" : ""));
        }
    }

    // The first that matches says how its changes are counted.
    void flapping() {
        bool taken = false;
        for (const FlappingRule& rule : rules_.flapping) {
            const std::string wrong = mismatch(rule.match, labels());
            const std::string why = rule.high_percent > 0 ? "flaps by the share of changes in its last 20 messages"
                                                          : "flaps after " + std::to_string(rule.start) +
                                                                " changes within " + to_string(rule.window);
            add("flapping", rule.name, wrong.empty(), wrong.empty() ? why : wrong, !taken);
            taken = taken || wrong.empty();
        }
    }

    void storms() {
        bool taken = false;
        for (const StormRule& rule : rules_.storms) {
            std::string wrong = mismatch(rule.match, labels());
            if (wrong.empty() && event_.severity >= rule.pass)
                wrong = "passes: it is at least " + std::string(to_string(rule.pass));
            const std::string why = "gathered while more than " + std::to_string(rule.floor) + " new alerts within " +
                                    to_string(rule.window) + " come for its " + rule.per;
            add("storm", rule.name, wrong.empty(), wrong.empty() ? why : wrong, !taken);
            taken = taken || wrong.empty();
        }
    }

    void correlation() {
        bool taken = false;
        for (const CorrelationRule& rule : rules_.correlate) {
            const std::string wrong = correlation_mismatch(rule);
            add("correlate", rule.name, wrong.empty(), wrong.empty() ? what_it_does(rule) : wrong, !taken);
            taken = taken || (wrong.empty() && !rule.proceed);
        }
    }

    std::string correlation_mismatch(const CorrelationRule& rule) const {
        std::string wrong = mismatch(rule.match, labels());
        for (const Matchers& step : rule.steps) {
            if (mismatch(step, labels()).empty()) {
                wrong.clear();
                break;
            }
            wrong = "it is none of the steps: " + mismatch(step, labels());
        }
        if (!wrong.empty()) return wrong;
        const std::string name = missing(rule.by, labels(), rule.by_optional);
        return name.empty() ? "" : "there is no label " + name + ", which it groups by";
    }

    std::string what_it_does(const CorrelationRule& rule) const {
        std::string out;
        if (rule.op == CorrelationOp::threshold)
            out = "threshold " + std::to_string(rule.count) +
                  (rule.distinct.empty() ? "" : " of distinct " + rule.distinct) + ", ";
        else if (rule.op == CorrelationOp::sequence)
            out = "sequence of " + std::to_string(rule.steps.size()) + " steps, ";
        else if (rule.op == CorrelationOp::absence)
            out = "absence, ";
        out += "group " + (rule.by.empty() ? std::string("of all it matches") : values_of(rule.by, labels()));
        if (rule.within.ms > 0) out += ", within " + to_string(rule.within);
        if (rule.hold.ms > 0) out += ", hold " + to_string(rule.hold);
        return out;
    }

    const RuleSet& rules_;
    const AlertEvent& event_;
    const Instant at_;
    AlertPath path_;
};

}  // namespace

std::string mismatch(const Matchers& matchers, LabelsView labels) {
    for (const Matcher& matcher : matchers) {
        if (matcher.matches(labels)) continue;
        const std::string_view value = find_label(labels, matcher.name());
        return matcher.text() + " fails: " +
               (value.empty() ? "there is no label " + matcher.name()
                              : matcher.name() + " is \"" + std::string(value) + "\"");
    }
    return {};
}

AlertPath alert_path(const RuleSet& rules, const AlertEvent& event, Instant at) { return Path(rules, event, at).run(); }

std::vector<PathStep> route_path(const RuleSet& rules, LabelsView labels) {
    std::vector<PathStep> out;
    bool taken = false;
    for (std::size_t i = 0; i < rules.routes.size(); ++i) {
        const Route& route = rules.routes[i];
        const std::string wrong = mismatch(route.match, labels);
        std::string to;
        for (const std::string& sink : route.to) to += (to.empty() ? "" : ", ") + sink;
        const std::string why = "to " + (to.empty() ? std::string("nobody") : to) + (route.proceed ? ", then on" : "");
        out.push_back({"route", place(i), wrong.empty(), !taken, wrong.empty() ? why : wrong});
        taken = taken || (wrong.empty() && !route.proceed);
    }
    return out;
}

}  // namespace incidentd
