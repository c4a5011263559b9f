#include "bench/quality/explain.hpp"

#include <algorithm>
#include <cstdio>
#include <sstream>

namespace incidentd::quality {
namespace {

constexpr std::size_t alerts_shown = 8;

std::string percent(std::uint64_t part, std::uint64_t whole) {
    return std::to_string(whole == 0 ? 0 : (100 * part + whole / 2) / whole) + " %";
}

class Explainer {
public:
    Explainer(const Dataset& set, const RunResult& run) : set_(set), run_(run) {
        const Truth& truth = set.truth;
        for (std::size_t i = 0; i < truth.incident.size(); ++i) {
            ++all_of_[truth.incident[i]];
            if (run.prediction.incident[i] != kept_out) ++inside_[run.prediction.incident[i]][truth.incident[i]];
        }
    }

    std::string one(std::uint32_t id) {
        const IncidentView& view = run_.views.at(id);
        out_ << to_string(view.id) << " \"" << view.title << "\", " << view.alerts_total
             << " alerts\n  why: " << view.because << '\n';
        truth_of(id);
        for (std::size_t i = 0; i < view.roots.size(); ++i)
            out_ << "  root " << i + 1 << ": " << view.roots[i].entity << ' ' << view.roots[i].percent << " %"
                 << (view.roots[i].silent ? ", silent" : "") << ": " << view.roots[i].reason << '\n';
        alerts(id);
        out_ << '\n';
        return std::exchange(out_, std::ostringstream()).str();
    }

private:
    void truth_of(std::uint32_t id) {
        std::vector<std::pair<std::uint64_t, std::uint32_t>> parts;
        std::uint64_t noise = 0;
        for (const auto& [number, count] : inside_[id]) {
            if (set_.truth.is_noise(number))
                noise += count;
            else
                parts.emplace_back(count, number);
        }
        std::sort(parts.rbegin(), parts.rend());
        out_ << "  truth:";
        for (const auto& [count, number] : parts)
            out_ << ' ' << set_.truth.names[number] << " (" << set_.truth.type[number] << " of "
                 << set_.truth.root_entity[number] << ": " << count << " messages here, "
                 << percent(count, all_of_[number]) << " of its own);";
        out_ << ' ' << noise << " messages of noise\n";
    }

    void alerts(std::uint32_t id) {
        AlertStream stream(set_);
        StreamAlert alert;
        std::size_t shown = 0, next = 0;
        for (std::uint32_t message = 0; stream.next(alert); ++message) {
            for (; next < run_.explained.size() && run_.explained[next].message == message; ++next) {
                const Explained& why = run_.explained[next];
                if (why.incident != id || ++shown > alerts_shown) continue;
                out_ << "    " << (alert.received_ms - set_.truth.received_ms.front()) / 1000 << " s " << alert.source
                     << ' ' << set_.truth.entity[message] << ' ' << alert.check << " ["
                     << set_.truth.names[set_.truth.incident[message]] << "] " << why.verdict << ": " << why.because
                     << '\n';
            }
        }
        if (shown > alerts_shown) out_ << "    and " << shown - alerts_shown << " more\n";
    }

    const Dataset& set_;
    const RunResult& run_;
    std::map<std::uint32_t, std::uint64_t> all_of_;
    std::map<std::uint32_t, std::map<std::uint32_t, std::uint64_t>> inside_;
    std::ostringstream out_;
};

}  // namespace

std::string explain_incidents(const Dataset& set, const RunResult& run, std::size_t count, std::uint64_t seed) {
    std::vector<std::uint32_t> ids;
    for (const auto& [id, view] : run.views) ids.push_back(id);
    std::uint64_t state = seed;
    for (std::size_t i = ids.size(); i > 1; --i) {
        state = state * 6'364'136'223'846'793'005U + 1'442'695'040'888'963'407U;
        std::swap(ids[i - 1], ids[(state >> 33) % i]);
    }
    if (ids.size() > count) ids.resize(count);
    std::sort(ids.begin(), ids.end());
    Explainer explainer(set, run);
    std::string out;
    for (const std::uint32_t id : ids) out += explainer.one(id);
    return out;
}

}  // namespace incidentd::quality
