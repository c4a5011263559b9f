#include "simulator/failure.hpp"

#include <algorithm>
#include <cmath>
#include <queue>
#include <unordered_map>

namespace incidentd::simulator {
namespace {

constexpr Kind sites[] = {Kind::site};
constexpr Kind powers[] = {Kind::power};
constexpr Kind networks[] = {Kind::network};
constexpr Kind links[] = {Kind::host, Kind::network};
constexpr Kind computers[] = {Kind::host, Kind::machine};
constexpr Kind hosts[] = {Kind::host};
constexpr Kind instances[] = {Kind::instance};
constexpr Kind storages[] = {Kind::storage};
constexpr Kind databases[] = {Kind::database};
constexpr Kind names[] = {Kind::dns};
constexpr Kind services[] = {Kind::service};
constexpr Kind balancers[] = {Kind::balancer};
constexpr Kind providers[] = {Kind::provider};
constexpr Kind batches[] = {Kind::batch};

constexpr FailureType types[] = {
    {"power", Mode::down, powers, 3, true, 2400},
    {"switch_down", Mode::down, networks, 5, true, 1200},
    {"network_loss", Mode::loss, networks, 2, true, 900},
    {"link_flap", Mode::flapping, links, 7, false, 1500},
    {"host_down", Mode::down, computers, 13, false, 1500},
    {"disk_full", Mode::disk_full, hosts, 10, false, 2400},
    {"maintenance", Mode::down, hosts, 3, false, 1800},
    {"storage_slow", Mode::slow, storages, 3, true, 1500},
    {"database_down", Mode::errors, databases, 8, false, 1200},
    {"slow_database", Mode::latency, databases, 6, false, 1500},
    {"dns", Mode::errors, names, 3, true, 900},
    {"bad_deploy", Mode::errors, services, 17, false, 1200},
    {"memory_leak", Mode::latency, services, 8, false, 3600},
    {"certificate", Mode::certificate, services, 4, false, 2400},
    {"instance_crash", Mode::crash, instances, 4, false, 900},
    {"bad_config", Mode::errors, balancers, 4, true, 900},
    {"provider", Mode::loss, providers, 3, true, 1200},
    {"site_down", Mode::down, sites, 0, true, 2700},
    {"nightly_batch", Mode::busy, batches, 0, true, 2400},
};

struct Step {
    Relation relation;
    Mode from, to;
    double probability, soonest_s, latest_s;
};

constexpr Step steps[] = {
    {Relation::site, Mode::down, Mode::down, 1, 1, 60},
    {Relation::power, Mode::down, Mode::down, 1, 1, 8},
    {Relation::net, Mode::down, Mode::unreachable, 1, 1, 20},
    {Relation::net, Mode::loss, Mode::loss, 0.55, 2, 60},
    {Relation::net, Mode::flapping, Mode::loss, 0.5, 2, 60},
    {Relation::uplink, Mode::down, Mode::peer_down, 0.9, 1, 5},
    {Relation::uplink, Mode::loss, Mode::loss, 0.5, 2, 60},
    {Relation::peer, Mode::down, Mode::peer_down, 0.9, 1, 5},
    {Relation::disk, Mode::slow, Mode::io_wait, 0.75, 5, 90},
    {Relation::runs, Mode::down, Mode::down, 1, 1, 10},
    {Relation::runs, Mode::unreachable, Mode::down, 1, 1, 15},
    {Relation::runs, Mode::io_wait, Mode::slow, 0.5, 5, 60},
    {Relation::runs, Mode::disk_full, Mode::slow, 0.3, 5, 120},
    {Relation::runs, Mode::flapping, Mode::down, 0.6, 1, 10},
    {Relation::runs, Mode::slow, Mode::slow, 0.5, 5, 60},
    {Relation::runs, Mode::loss, Mode::slow, 0.25, 5, 60},
    {Relation::wan, Mode::loss, Mode::latency, 0.9, 2, 30},
    {Relation::front, Mode::errors, Mode::errors, 0.7, 2, 40},
    {Relation::front, Mode::latency, Mode::latency, 0.5, 2, 60},
    {Relation::infra, Mode::errors, Mode::errors, 0.35, 5, 120},
    {Relation::infra, Mode::latency, Mode::latency, 0.25, 5, 120},
    {Relation::call, Mode::errors, Mode::errors, 0.55, 5, 90},
    {Relation::call, Mode::latency, Mode::latency, 0.45, 10, 120},
    {Relation::call, Mode::certificate, Mode::errors, 0.6, 5, 60},
};
constexpr int calls_max = 4;

bool is_served(Kind kind) {
    return kind == Kind::service || kind == Kind::database || kind == Kind::balancer || kind == Kind::dns;
}

// How `mode` shows on something of another kind, where a topology says no more than that one needs the other.
Mode shown_by(Kind kind, Mode mode) {
    const bool hard = mode == Mode::down || mode == Mode::unreachable || mode == Mode::errors || mode == Mode::crash ||
                      mode == Mode::certificate;
    if (is_served(kind)) return hard ? Mode::errors : Mode::latency;
    if (kind == Kind::host) return hard ? Mode::unreachable : Mode::io_wait;
    return hard || checks_of(kind, Mode::slow).empty() ? Mode::down : Mode::slow;
}

class Spread {
public:
    Spread(const Estate& estate, const Failure& failure, std::size_t services_max, Random& random)
        : estate_(estate), failure_(failure), services_max_(services_max), random_(random) {}

    std::vector<Fault> run() {
        begin();
        while (!coming_.empty()) {
            const Fault fault = coming_.top();
            coming_.pop();
            if (!failed_.try_emplace(fault.entity, fault.mode).second) continue;
            const bool is_root = fault.entity == failure_.root;
            if (!is_root && is_served(estate_.at(fault.entity).kind) && ++services_ > services_max_) continue;
            faults_.push_back(fault);
            if (ends_here(fault.mode)) continue;
            for (const Estate::Link& link : estate_.at(fault.entity).lowers) pass(fault, link);
            if (fault.mode == Mode::errors) silence_callees(fault);
        }
        std::stable_partition(faults_.begin(), faults_.end(),
                              [this](const Fault& fault) { return fault.entity == failure_.root; });
        return std::move(faults_);
    }

private:
    struct Later {
        bool operator()(const Fault& a, const Fault& b) const {
            return a.at != b.at ? a.at > b.at : a.entity > b.entity;
        }
    };

    static bool ends_here(Mode mode) { return mode == Mode::quiet || mode == Mode::peer_down || mode == Mode::busy; }

    void begin() {
        const std::string_view type = failure_.type->name;
        const double length_s = static_cast<double>((failure_.to - failure_.from).ms) / 1000;
        const bool leaks = type == "memory_leak";
        const Instant visible = leaks ? after(failure_.from, length_s / 2) : failure_.from;
        coming_.push({failure_.root, failure_.type->mode, leaks ? after(visible, 60) : visible, 0});
        if (leaks || type == "bad_deploy")
            for (const Estate::Link& link : estate_.at(failure_.root).uppers)
                if (link.relation == Relation::member && random_.chance(0.55))
                    coming_.push({link.to, Mode::crash, after(visible, random_.between(5, leaks ? 300 : 120)), 0});
        if (type == "nightly_batch")
            for (const EntityId host : estate_.all_of(Kind::host))
                if (random_.chance(0.25))
                    coming_.push({host, Mode::busy, after(visible, random_.between(10, 1200)), 1});
        if (type == "switch_down")  // the ports of its neighbours above
            for (const Estate::Link& link : estate_.at(failure_.root).uppers)
                if (link.relation == Relation::uplink)
                    coming_.push({link.to, Mode::peer_down, after(visible, random_.between(1, 5)), 1});
    }

    void pass(const Fault& fault, const Estate::Link& link) {
        if (link.relation == Relation::member) return pass_to_whole(fault, link.to);
        const bool is_call = link.relation == Relation::call || link.relation == Relation::depends;
        if (is_call && fault.hops >= calls_max) return;
        Step step{link.relation, fault.mode, shown_by(estate_.at(link.to).kind, fault.mode), 0.7, 2, 60};
        if (link.relation != Relation::depends) {
            const Mode mode = fault.mode == Mode::crash ? Mode::down : fault.mode;
            const auto known = std::find_if(std::begin(steps), std::end(steps), [&](const Step& one) {
                return one.relation == link.relation && one.from == mode;
            });
            if (known == std::end(steps)) return;
            step = *known;
            if (has_another(link.to, link.relation)) return;
        }
        // What runs on a host may be no instance but the service or the database itself.
        if (is_served(estate_.at(link.to).kind) && (step.to == Mode::down || step.to == Mode::slow))
            step.to = shown_by(estate_.at(link.to).kind, step.to);
        const double fading = is_call ? std::pow(0.8, fault.hops) : 1;
        const bool counts = is_call || link.relation == Relation::front || link.relation == Relation::infra;
        send(fault, link.to, step.to, step.probability * fading, step.soonest_s, step.latest_s, counts);
    }

    // Two power feeds, two switches: one of them may fail.
    bool has_another(EntityId entity, Relation relation) const {
        if (relation != Relation::net && relation != Relation::power) return false;
        return std::any_of(
            estate_.at(entity).uppers.begin(), estate_.at(entity).uppers.end(),
            [&](const Estate::Link& link) { return link.relation == relation && !failed_.contains(link.to); });
    }

    // Redundancy: it lives while enough of what it consists of does.
    void pass_to_whole(const Fault& fault, EntityId whole) {
        if (fault.mode != Mode::down && fault.mode != Mode::crash && fault.mode != Mode::slow &&
            fault.mode != Mode::errors)
            return;
        std::size_t members = 0;
        for (const Estate::Link& link : estate_.at(whole).uppers)
            members += link.relation == Relation::member ? 1U : 0U;
        const double share = static_cast<double>(++failed_members_[whole]) / static_cast<double>(members);
        if (fault.mode == Mode::slow || share <= 0.34) return send(fault, whole, Mode::latency, 0.15, 10, 90, false);
        send(fault, whole, share > 0.6 ? Mode::errors : Mode::latency, 0.7, 5, 60, false);
    }

    // Who fails asks no more: that travels the wrong way for those who follow the arrows.
    void silence_callees(const Fault& fault) {
        for (const Estate::Link& link : estate_.at(fault.entity).uppers)
            if (link.relation == Relation::call) send(fault, link.to, Mode::quiet, 0.2, 240, 400, true);
    }

    void send(const Fault& fault, EntityId to, Mode mode, double probability, double soonest_s, double latest_s,
              bool is_hop) {
        if (failed_.contains(to) || !random_.chance(probability)) return;
        coming_.push({to, mode, after(fault.at, random_.between(soonest_s, latest_s)), fault.hops + (is_hop ? 1 : 0)});
    }

    const Estate& estate_;
    const Failure& failure_;
    const std::size_t services_max_;
    Random& random_;
    std::priority_queue<Fault, std::vector<Fault>, Later> coming_;
    std::unordered_map<EntityId, Mode> failed_;
    std::unordered_map<EntityId, std::size_t> failed_members_;
    std::vector<Fault> faults_;
    std::size_t services_ = 0;
};

}  // namespace

std::span<const FailureType> failure_types() { return types; }

const FailureType* failure_type(std::string_view name) {
    const auto found =
        std::find_if(std::begin(types), std::end(types), [name](const FailureType& type) { return type.name == name; });
    return found == std::end(types) ? nullptr : found;
}

bool fits(const FailureType& type, Kind kind) {
    return std::find(type.kinds.begin(), type.kinds.end(), kind) != type.kinds.end();
}

const FailureType& usual_failure(Kind kind) {
    constexpr std::pair<Kind, std::string_view> usual[] = {
        {Kind::site, "site_down"},          {Kind::power, "power"},
        {Kind::network, "switch_down"},     {Kind::storage, "storage_slow"},
        {Kind::host, "host_down"},          {Kind::machine, "host_down"},
        {Kind::instance, "instance_crash"}, {Kind::service, "bad_deploy"},
        {Kind::database, "database_down"},  {Kind::dns, "dns"},
        {Kind::balancer, "bad_config"},     {Kind::provider, "provider"},
        {Kind::batch, "nightly_batch"}};
    for (const auto& [of, name] : usual)
        if (of == kind) return *failure_type(name);
    return types[0];
}

std::vector<Fault> spread(const Estate& estate, const Failure& failure, std::size_t services_max, Random& random) {
    return Spread(estate, failure, services_max, random).run();
}

}  // namespace incidentd::simulator
