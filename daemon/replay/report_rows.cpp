#include "daemon/replay/report_rows.hpp"

#include <fmt/format.h>

#include <set>

namespace incidentd {
namespace {

class Rows {
public:
    explicit Rows(const ReplayReport& report) : report_(report) {}

    template <class Get>
    void count(std::string name, const Get& get) {
        const std::uint64_t after = get(report_.after->tally());
        if (report_.before == nullptr) return push({std::move(name), "", std::to_string(after), ""});
        const std::uint64_t before = get(report_.before->tally());
        const auto change = static_cast<std::int64_t>(after) - static_cast<std::int64_t>(before);
        push({std::move(name), std::to_string(before), std::to_string(after), fmt::format("{:+}", change)});
    }

    template <class Get>
    void ratio(std::string name, const Get& get, const char* unit) {
        const double after = get(report_.after->tally());
        if (report_.before == nullptr) return push({std::move(name), "", fmt::format("{:.1f}{}", after, unit), ""});
        const double before = get(report_.before->tally());
        push({std::move(name), fmt::format("{:.1f}{}", before, unit), fmt::format("{:.1f}{}", after, unit),
              fmt::format("{:+.1f}", after - before)});
    }

    // The keys of both sides, in order.
    template <class Map>
    std::set<std::string> keys(const Map& map) const {
        std::set<std::string> out;
        for (const auto& [key, value] : map(report_.after->tally())) out.insert(key);
        if (report_.before != nullptr)
            for (const auto& [key, value] : map(report_.before->tally())) out.insert(key);
        return out;
    }

    std::vector<ReportRow> take() { return std::move(rows_); }

private:
    void push(ReportRow row) { rows_.push_back(std::move(row)); }
    const ReplayReport& report_;
    std::vector<ReportRow> rows_;
};

template <class Value>
Value value_of(const std::map<std::string, Value>& map, const std::string& key) {
    const auto found = map.find(key);
    return found == map.end() ? Value{} : found->second;
}

}  // namespace

double noise_reduction(const ReplayTally& tally) {
    const std::uint64_t all = tally.alerts + tally.suppressed;
    return all == 0 ? 0 : 100.0 * (1.0 - static_cast<double>(tally.opened) / static_cast<double>(all));
}

std::vector<ReportRow> report_rows(const ReplayReport& report) {
    Rows rows(report);
    rows.count("alerts that fired", [](const ReplayTally& t) { return t.alerts + t.suppressed; });
    rows.count("of these suppressed", [](const ReplayTally& t) { return t.suppressed; });
    rows.count("incidents", [](const ReplayTally& t) { return t.opened; });
    rows.count("still open at the end", [](const ReplayTally& t) { return t.open_at_end; });
    rows.count("over before their hold ended", [](const ReplayTally& t) { return t.dropped; });
    rows.ratio(
        "alerts per incident",
        [](const ReplayTally& t) {
            return t.opened == 0 ? 0.0 : static_cast<double>(t.alerts) / static_cast<double>(t.opened);
        },
        "");
    rows.ratio("noise reduction", noise_reduction, " %");
    for (const std::string& key : rows.keys([](const ReplayTally& t) -> const auto& { return t.priorities; }))
        rows.count("priority " + key, [&key](const ReplayTally& t) { return value_of(t.priorities, key); });
    for (const std::string& key : rows.keys([](const ReplayTally& t) -> const auto& { return t.sinks; })) {
        rows.count(key + ": tickets", [&key](const ReplayTally& t) { return value_of(t.sinks, key).created; });
        rows.count(key + ": updates", [&key](const ReplayTally& t) { return value_of(t.sinks, key).updated; });
        rows.count(key + ": resolutions", [&key](const ReplayTally& t) { return value_of(t.sinks, key).resolved; });
    }
    for (const std::string& key : rows.keys([](const ReplayTally& t) -> const auto& { return t.rules; })) {
        rows.count("rule " + key + ": incidents",
                   [&key](const ReplayTally& t) { return value_of(t.rules, key).incidents; });
        rows.count("rule " + key + ": alerts", [&key](const ReplayTally& t) { return value_of(t.rules, key).alerts; });
    }
    return rows.take();
}

}  // namespace incidentd
