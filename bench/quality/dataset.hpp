// A recorded or simulated alert stream with its ground truth, read from a directory:
//   alerts.ndjson   one alert a line in order of arrival: ts (the monitor's claim, ms), rx (arrival, ms), source, host,
//                   service (the check), severity, status firing|resolved, title, labels {}
//   truth.tsv       idx incident is_root; idx is the line of alerts.ndjson from 0; "~key" is noise of that check
//   incidents.tsv   incident type root_entity start_ms end_ms ...
//   topology.tsv    parent child kind (may be missing)     aliases.tsv   alias entity (may be missing)
//   causal.tsv      cause effect: types of alarms, by experts (may be missing)
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd::quality {

struct StreamAlert {
    std::int64_t claimed_ms = 0, received_ms = 0;
    std::string source, host, check, severity, title;
    bool firing = true;
    std::vector<std::pair<std::string, std::string>> labels;
};

struct Truth {
    std::vector<std::string> names;         // of incidents and noise keys, by number
    std::vector<std::uint32_t> incident;    // by alert: number in `names`
    std::vector<bool> is_root;              // by alert
    std::vector<std::string> root_entity;   // by incident number; empty: unknown
    std::vector<std::string> type;          // by incident number
    std::vector<std::int64_t> received_ms;  // by alert
    std::vector<std::string> entity;        // by alert: the host under its name in the topology
    bool is_noise(std::uint32_t number) const { return names[number].front() == '~'; }
};

struct TopologyLink {
    std::string upper, lower, kind;
};

// What goes wrong on the way, besides what the stream itself holds. Decided by hashes: the same each time.
struct Distortion {
    double loss = 0;        // of messages, 0 to 1
    double skew_max_s = 0;  // each host's stamps are off by a fixed amount within so many seconds, either way
};

struct Dataset {
    std::string name, directory;
    Distortion distortion;
    std::vector<TopologyLink> links;
    std::vector<std::pair<std::string, std::string>> aliases;
    std::vector<std::pair<std::string, std::string>> causal;
    Truth truth;
};

// Everything but the alerts themselves, which may be millions. Throws std::runtime_error naming file and line.
Dataset load_dataset(const std::string& directory, const Distortion& distortion = {});

// Reads alerts.ndjson from its beginning, one alert at a time. What is lost is passed over.
class AlertStream {
public:
    AlertStream(const std::string& directory, const Distortion& distortion);
    explicit AlertStream(const Dataset& set) : AlertStream(set.directory, set.distortion) {}
    ~AlertStream();
    AlertStream(const AlertStream&) = delete;
    AlertStream& operator=(const AlertStream&) = delete;
    bool next(StreamAlert& alert);  // false: the end
    std::size_t line() const;       // of the last alert, from 0

private:
    bool read(StreamAlert& alert);
    struct Impl;
    Impl* impl_;
};

}  // namespace incidentd::quality
