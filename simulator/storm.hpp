// A stream of alerts with its truth: incidents come, overlap, recur; between them monitors cry for nothing. In virtual
// time, the same for the same options and seed. Memory: what goes on at one time. No I/O; one owner.
#pragma once

#include "simulator/monitoring.hpp"

#include <memory>
#include <optional>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::simulator {

// A failure that is asked for.
struct Planned {
    Instant at;
    const FailureType* type = nullptr;  // null: what is usual for the entity
    EntityId root = 0;
    Duration length{0};  // 0: drawn
};

struct StormOptions {
    std::uint64_t seed = 1;
    std::size_t hosts = 80;            // of an estate that is drawn
    Instant start{1'767'225'600'000};  // 2026-01-01
    Duration length = hours(8);        // nothing arrives later
    double incidents_per_day = 130;
    double overlap = 0.35;    // of incidents that begin within three minutes of the one before
    double recurrence = 0.3;  // of incidents that come again
    double wide_weight = 1;   // of failures that take many with them
    double noise_per_s = 0.04;
    double roots_silent = 0.12;
    std::size_t services_max = 60;  // that one incident takes with it
    int site_outages = 0;
    bool nightly_batch = true;
    bool keep_faults = false;  // in Incident
    MonitoringOptions monitoring;
    std::vector<Planned> planned;
};

// "small", "storm", "month"; nullopt: there is no such one.
std::optional<StormOptions> storm_preset(std::string_view name);

struct Incident {
    std::string name;  // "i00001"
    const FailureType* type = nullptr;
    EntityId root = 0;
    Instant from, to;
    std::string again;          // the incident it repeats; empty: none
    std::vector<Fault> faults;  // with StormOptions::keep_faults
};

class Storm {
public:
    explicit Storm(StormOptions options);        // draws its estate
    Storm(StormOptions options, Estate estate);  // of a given one

    // In order of arrival; false: that was all. The message's check lives as long as the storm.
    bool next(Message& message);

    const Estate& estate() const { return *estate_; }
    const std::vector<Incident>& incidents() const { return incidents_; }  // begun so far
    std::vector<std::pair<std::string, std::string>> aliases() const { return monitoring_->aliases(); }

private:
    struct Arrival {
        Message message;
        std::uint64_t order = 0;
        friend bool operator<(const Arrival& a, const Arrival& b) {  // a max-heap
            return a.message.received != b.message.received ? a.message.received > b.message.received
                                                            : a.order > b.order;
        }
    };
    struct Due {
        Planned failure;
        std::string again;
        std::uint64_t order = 0;
        friend bool operator<(const Due& a, const Due& b) {
            return a.failure.at != b.failure.at ? a.failure.at > b.failure.at : a.order > b.order;
        }
    };
    void plan();
    Instant next_event() const;
    void happen(Instant at);
    void begin(const Planned& planned, std::string again);
    std::optional<Planned> draw_failure(Instant at);
    void plan_again(const Incident& incident);
    void take(std::vector<Message>& messages);

    StormOptions options_;
    std::unique_ptr<Estate> estate_;
    Random random_;
    std::unique_ptr<Monitoring> monitoring_;
    Instant end_, next_incident_, next_noise_;
    std::priority_queue<Due> due_;
    std::priority_queue<Arrival> arrivals_;
    std::vector<Incident> incidents_;
    std::uint64_t order_ = 0;
    bool over_ = false;
};

}  // namespace incidentd::simulator
