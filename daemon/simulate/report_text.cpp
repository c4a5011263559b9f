// What a simulated failure came to, for people.
#include "daemon/simulate/simulation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace incidentd {
namespace {

std::string count_of(std::uint64_t count, std::string_view one, std::string_view many) {
    return fmt::format("{} {}", count, count == 1 ? one : many);
}

class Text {
public:
    Text(const Simulation& simulation, std::size_t listed) : s_(simulation), listed_(listed) {
        start_ = s_.storm->incidents().empty() ? s_.from : s_.storm->incidents().front().from;
    }

    std::string render() {
        std::uint32_t number = 0;
        for (const simulator::Incident& failure : s_.storm->incidents()) this->failure(failure, ++number);
        alerts();
        line(0, fmt::format("rules: {}: {}", s_.rules, count_of(s_.incidents.size(), "incident", "incidents")));
        line(0, "");
        for (const SimulatedIncident& incident : s_.incidents) this->incident(incident);
        left_out();
        timeline();
        for (number = 1; number <= s_.storm->incidents().size(); ++number) verdict(number);
        return std::move(out_);
    }

private:
    void line(int level, const std::string& text) {
        out_.append(static_cast<std::size_t>(level) * 2, ' ');
        out_ += text;
        out_ += '\n';
    }

    std::string since(Instant at) const {
        const Duration d{(at - start_).ms / 1000 * 1000};
        return d.ms < 0 ? "-" + to_string(Duration{-d.ms}) : "+" + to_string(d);
    }

    void cut(std::size_t size, int level) {
        if (size > listed_) line(level, fmt::format("and {} more", size - listed_));
    }

    void failure(const simulator::Incident& failure, std::uint32_t number) {
        const simulator::Estate& estate = s_.storm->estate();
        line(0, fmt::format("failure {}: {} ({}) as {} at {} for {}; {} in all", number, estate.at(failure.root).name,
                            simulator::to_string(estate.at(failure.root).kind), failure.type->name,
                            to_rfc3339(failure.from), to_string(Duration{(failure.to - failure.from).ms / 1000 * 1000}),
                            count_of(failure.faults.size(), "entity fails", "entities fail")));
        for (std::size_t i = 0; i < std::min(listed_, failure.faults.size()); ++i) {
            const simulator::Fault& fault = failure.faults[i];
            line(1, fmt::format("{:<9} {:<12} {}", since(fault.at), simulator::to_string(fault.mode),
                                estate.at(fault.entity).name));
        }
        cut(failure.faults.size(), 1);
    }

    void alerts() {
        std::map<std::string, std::uint64_t> sources;
        std::uint64_t noise = 0;
        for (const SimulatedAlert& alert : s_.alerts) {
            ++sources[alert.source];
            noise += alert.failure == simulator::no_incident ? 1U : 0U;
        }
        std::string text =
            count_of(s_.messages, "message", "messages") + " of " + count_of(s_.alerts.size(), "alert", "alerts") + ":";
        for (const auto& [source, count] : sources) text += fmt::format(" {} of {},", count, source);
        text.pop_back();
        if (noise > 0) text += fmt::format("; {} of them noise", noise);
        line(0, text);
    }

    void incident(const SimulatedIncident& incident) {
        const IncidentView& view = incident.view;
        line(0, fmt::format("{} {} {} \"{}\", rule {}: opened {}{}", to_string(view.id), to_string(view.priority),
                            to_string(view.peak_severity), view.title, view.rule, since(view.opened_at),
                            view.merged_into.is_set()   ? ", merged into " + to_string(view.merged_into)
                            : view.resolved_at.is_set() ? ", resolved " + since(view.resolved_at)
                                                        : ", still open at the end"));
        line(1, "why: " + view.because);
        for (std::size_t i = 0; i < view.roots.size(); ++i) {
            const RootCandidate& root = view.roots[i];
            bool is_it = false;
            for (std::uint32_t number = 1; number <= s_.storm->incidents().size(); ++number)
                is_it |= names_failure(s_, root, number);
            line(1, fmt::format("{} {}. {} {} %{}{}: {}", i == 0 ? "root:" : "     ", i + 1, root.entity, root.percent,
                                root.silent ? ", silent" : "", is_it ? " (this is what failed)" : "", root.reason));
        }
        for (const SimulatedTicketStep& step : incident.tickets)
            line(1, fmt::format("ticket: {} {} {}", since(step.at), step.sink, to_string(step.kind)));
        line(1, count_of(incident.alerts.size(), "alert:", "alerts:"));
        for (std::size_t i = 0; i < std::min(listed_, incident.alerts.size()); ++i)
            one_alert(s_.alerts[incident.alerts[i]]);
        cut(incident.alerts.size(), 2);
        line(0, "");
    }

    void one_alert(const SimulatedAlert& alert) {
        line(2, fmt::format("{:<7} {} {} {}: {}{}", since(alert.first), alert.source, alert.host, alert.check,
                            alert.title, alert.failure == simulator::no_incident ? " (noise)" : ""));
        line(4, alert.verdict + ": " + alert.because);
    }

    void left_out() {
        std::vector<const SimulatedAlert*> rest;
        for (const SimulatedAlert& alert : s_.alerts)
            if (!alert.incident.is_set()) rest.push_back(&alert);
        if (rest.empty()) return;
        line(0,
             count_of(rest.size(), "alert is in no incident that opened:", "alerts are in no incident that opened:"));
        for (std::size_t i = 0; i < std::min(listed_, rest.size()); ++i) one_alert(*rest[i]);
        cut(rest.size(), 2);
        line(0, "");
    }

    void timeline() {
        std::vector<std::pair<Instant, std::string>> all;
        const simulator::Estate& estate = s_.storm->estate();
        for (const simulator::Incident& failure : s_.storm->incidents()) {
            all.emplace_back(failure.from, estate.at(failure.root).name + " fails");
            all.emplace_back(failure.to, estate.at(failure.root).name + " works again");
        }
        if (!s_.alerts.empty()) {
            const SimulatedAlert& first = s_.alerts.front();
            all.emplace_back(first.first, fmt::format("the first alert: {} {}", first.host, first.check));
        }
        for (const IncidentStep& step : s_.steps)
            if (step.kind != IncidentStep::Kind::update)
                all.emplace_back(step.at, to_string(step.incident) +
                                              (step.kind == IncidentStep::Kind::open ? " opens" : " is resolved"));
        std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
        line(0, "timeline:");
        for (const auto& [at, text] : all) line(1, fmt::format("{:<9} {}", since(at), text));
        line(0, "");
    }

    void verdict(std::uint32_t number) {
        const SimulatedVerdict verdict = verdict_on(s_, number);
        const simulator::Incident& failure = s_.storm->incidents()[number - 1];
        const std::string name = s_.storm->estate().at(failure.root).name;
        if (verdict.alerts == 0) return line(0, name + ": nothing that watches it would tell of this failure");
        if (!verdict.main.is_set())
            return line(
                0, fmt::format("{}: no incident opens for its {}", name, count_of(verdict.alerts, "alert", "alerts")));
        std::string text =
            fmt::format("{}: {}, {} with {} of {}", name, count_of(verdict.incidents, "incident", "incidents"),
                        to_string(verdict.main), verdict.in_main, count_of(verdict.alerts, "alert", "alerts"));
        if (verdict.strangers > 0)
            text += fmt::format(" and {} of something else", count_of(verdict.strangers, "alert", "alerts"));
        if (!verdict.has_candidates)
            text += "; its rule ranks no root causes";
        else if (verdict.root_rank == 0)
            text += "; not named as a root cause";
        else
            text += fmt::format("; named as root cause {}", verdict.root_rank);
        line(0, text);
    }

    const Simulation& s_;
    const std::size_t listed_;
    Instant start_;
    std::string out_;
};

}  // namespace

std::string simulation_text(const Simulation& simulation, std::size_t listed) {
    return Text(simulation, listed).render();
}

}  // namespace incidentd
