#include "bench/quality/baselines.hpp"

#include <functional>
#include <memory>
#include <unordered_map>

namespace incidentd::quality {
namespace {

constexpr std::int64_t silent_ms = 3'600'000;
constexpr std::int64_t minute_ms = 60'000;

struct Seen {
    const StreamAlert& alert;
    std::int64_t at = 0;
    std::uint32_t entity = 0;
};

// Gives the first message of an alert its incident; 0: begin one.
class Baseline {
public:
    virtual ~Baseline() = default;
    virtual std::uint32_t place(const Seen& seen) = 0;
    virtual void placed(const Seen& seen, std::uint32_t incident) = 0;  // also repetitions
    virtual void over(const Seen& seen, std::uint32_t incident) = 0;    // the alert recovered
};

class ByLabels : public Baseline {
public:
    std::uint32_t place(const Seen& seen) override {
        Group& group = groups_[key_of(seen.alert)];
        if (group.firing == 0 || seen.at - group.last > silent_ms) group = {};
        ++group.firing;
        return group.incident;
    }
    void placed(const Seen& seen, std::uint32_t incident) override {
        Group& group = groups_[key_of(seen.alert)];
        group.incident = incident;
        group.last = seen.at;
    }
    void over(const Seen& seen, std::uint32_t incident) override {
        Group& group = groups_[key_of(seen.alert)];
        if (group.incident == incident && group.firing > 0) --group.firing;
    }

private:
    struct Group {
        std::uint32_t incident = 0, firing = 0;
        std::int64_t last = 0;
    };
    static std::string key_of(const StreamAlert& alert) {
        std::string place = alert.source;
        for (const auto& [name, value] : alert.labels)
            if (name == "cluster" || name == "dc" || name == "site") place = value;
        return alert.check + '\x1f' + place;
    }
    std::unordered_map<std::string, Group> groups_;
};

class ByTime : public Baseline {
public:
    ByTime(std::int64_t longest_ms, bool from_last) : longest_ms_(longest_ms), from_last_(from_last) {}
    std::uint32_t place(const Seen& seen) override {
        const bool joins = incident_ != 0 && seen.at - since_ <= longest_ms_;
        if (!joins || from_last_) since_ = seen.at;
        return joins ? incident_ : 0;
    }
    void placed(const Seen& seen, std::uint32_t incident) override {
        if (since_ == seen.at) incident_ = std::max(incident_, incident);
    }
    void over(const Seen&, std::uint32_t) override {}

private:
    const std::int64_t longest_ms_;
    const bool from_last_;
    std::int64_t since_ = 0;
    std::uint32_t incident_ = 0;
};

class ByPlace : public Baseline {
public:
    ByPlace(std::int64_t longest_ms, const Topology* neighbours) : longest_ms_(longest_ms), neighbours_(neighbours) {}
    std::uint32_t place(const Seen& seen) override {
        Last best = last_of(seen.entity);
        if (neighbours_ != nullptr && seen.entity < neighbours_->size()) {
            for (const auto& links : {neighbours_->uppers(seen.entity), neighbours_->lowers(seen.entity)})
                for (const Topology::Link& link : links)
                    if (const Last other = last_of(link.to); other.at > best.at) best = other;
        }
        return best.incident != 0 && seen.at - best.at <= longest_ms_ ? best.incident : 0;
    }
    void placed(const Seen& seen, std::uint32_t incident) override { last_[seen.entity] = {seen.at, incident}; }
    void over(const Seen&, std::uint32_t) override {}

private:
    struct Last {
        std::int64_t at = 0;
        std::uint32_t incident = 0;
    };
    Last last_of(std::uint32_t entity) const {
        const auto found = last_.find(entity);
        return found == last_.end() ? Last{} : found->second;
    }
    const std::int64_t longest_ms_;
    const Topology* neighbours_;
    std::unordered_map<std::uint32_t, Last> last_;
};

// One method over the stream.
class Track {
public:
    Track(std::string name, std::unique_ptr<Baseline> method) : name_(std::move(name)), method_(std::move(method)) {}

    void take(const Seen& seen, std::uint32_t alert, bool is_onset, std::uint32_t message) {
        if (current_.size() <= alert) current_.resize(alert + 1, 0);
        std::uint32_t& incident = current_[alert];
        if (is_onset) {
            incident = method_->place(seen);
            if (incident == 0) {
                incident = ++last_;
                prediction_.opened_ms[incident] = seen.at;
                prediction_.roots[incident] = {{message, {}}};
            }
        }
        prediction_.incident.push_back(incident == 0 ? kept_out : incident);
        if (incident == 0) return;
        if (seen.alert.firing)
            method_->placed(seen, incident);
        else
            method_->over(seen, incident);
    }
    std::pair<std::string, Prediction> result() { return {std::move(name_), std::move(prediction_)}; }

private:
    std::string name_;
    std::unique_ptr<Baseline> method_;
    std::vector<std::uint32_t> current_;  // by alert
    std::uint32_t last_ = 0;
    Prediction prediction_;
};

}  // namespace

std::vector<std::pair<std::string, Prediction>> run_baselines(const Dataset& set, const Topology& topology) {
    std::vector<Track> tracks;
    tracks.emplace_back("labels", std::make_unique<ByLabels>());
    tracks.emplace_back("window", std::make_unique<ByTime>(5 * minute_ms, false));
    tracks.emplace_back("gap", std::make_unique<ByTime>(minute_ms, true));
    tracks.emplace_back("host", std::make_unique<ByPlace>(15 * minute_ms, nullptr));
    tracks.emplace_back("one_hop", std::make_unique<ByPlace>(5 * minute_ms, &topology));
    struct State {
        std::uint32_t number = 0;
        bool firing = false;
        std::int64_t last = 0;
    };
    std::unordered_map<std::string, State> alerts;
    std::unordered_map<std::string, std::uint32_t> others;  // hosts that the topology does not know
    AlertStream stream(set);
    StreamAlert alert;
    for (std::uint32_t message = 0; stream.next(alert); ++message) {
        const std::string& host = set.truth.entity[message];
        Seen seen{alert, alert.received_ms, 0};
        if (const auto known = topology.find(host))
            seen.entity = *known;
        else
            seen.entity =
                others.try_emplace(host, static_cast<std::uint32_t>(topology.size() + others.size())).first->second;
        State& state = alerts
                           .try_emplace(host + '\x1f' + alert.check + '\x1f' + alert.source,
                                        State{static_cast<std::uint32_t>(alerts.size()), false, 0})
                           .first->second;
        const bool is_onset = alert.firing && (!state.firing || seen.at - state.last > silent_ms);
        for (Track& track : tracks) track.take(seen, state.number, is_onset, message);
        state.firing = alert.firing;
        state.last = seen.at;
    }
    std::vector<std::pair<std::string, Prediction>> results;
    for (Track& track : tracks) results.push_back(track.result());
    return results;
}

}  // namespace incidentd::quality
