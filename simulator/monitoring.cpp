#include "simulator/monitoring.hpp"

#include <algorithm>
#include <cmath>

namespace incidentd::simulator {
namespace {

constexpr std::uint8_t bit(Monitor monitor) { return static_cast<std::uint8_t>(1U << static_cast<unsigned>(monitor)); }

// Traps, log lines and pipelines tell once and see no state.
bool tells_once(Monitor monitor) {
    return monitor == Monitor::snmp || monitor == Monitor::syslog || monitor == Monitor::pipeline;
}

bool changes_often(Mode mode) { return mode == Mode::flapping || mode == Mode::crash; }

// As far from its neighbours as a hash puts it.
std::uint64_t mixed(std::uint64_t salt, EntityId entity, std::string_view name) {
    std::uint64_t hash = salt ^ (entity * 0x9E3779B97F4A7C15U);
    for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
    return hash;
}

}  // namespace

std::string Message::title() const {
    std::string title(check->title);
    const std::size_t place = title.find("{v}");
    if (place != std::string::npos) title.replace(place, 3, std::to_string(number));
    if (firing) return title;
    if (check->monitor == Monitor::nagios) return "OK: " + title;
    return check->monitor == Monitor::zabbix ? "Resolved: " + title : title;
}

Monitoring::Monitoring(const Estate& estate, MonitoringOptions options, Random random)
    : estate_(estate), options_(options), random_(random.fork()), check_salt_(random.bits()) {
    choose_monitors(random.fork());
    choose_noise(random.fork());
}

void Monitoring::choose_monitors(Random random) {
    for (EntityId id = 0; id < estate_.size(); ++id) {
        const bool by_zabbix = random.chance(0.3), also = random.chance(0.65), by_apm = random.chance(0.45);
        const std::uint8_t prometheus = bit(Monitor::prometheus);
        std::uint8_t set = 0xFF;
        switch (estate_.at(id).kind) {
            case Kind::host:
                set = static_cast<std::uint8_t>(bit(by_zabbix ? Monitor::zabbix : Monitor::nagios) |
                                                (also ? prometheus : 0) | bit(Monitor::syslog));
                break;
            case Kind::machine:
                set = by_zabbix ? bit(Monitor::zabbix) : prometheus;
                break;
            case Kind::service: {
                const auto& uppers = estate_.at(id).uppers;
                const bool is_edge = std::any_of(uppers.begin(), uppers.end(), [](const Estate::Link& link) {
                    return link.relation == Relation::front;
                });
                set = static_cast<std::uint8_t>(prometheus | bit(Monitor::pipeline) | (by_apm ? bit(Monitor::apm) : 0) |
                                                (is_edge ? bit(Monitor::blackbox) | bit(Monitor::nagios) : 0));
                break;
            }
            case Kind::database:
                set = static_cast<std::uint8_t>(prometheus | (also ? bit(Monitor::nagios) : 0));
                break;
            default:
                break;
        }
        monitors_.push_back(set);
        const bool is_off = random.chance(options_.skewed);
        const double off = random.between(20, std::max(20.0, options_.skew_max_s)) * (random.chance(0.5) ? 1 : -1);
        skew_s_.push_back(is_off ? off : 0.3 * random.normal());
    }
}

// A fifth of what could cry does, some of it much more than the rest.
void Monitoring::choose_noise(Random random) {
    for (EntityId id = 0; id < estate_.size(); ++id)
        for (const Check& check : noise_of(estate_.at(id).kind))
            if ((monitors_[id] & bit(check.monitor)) != 0) noise_.push_back({id, &check});
    for (std::size_t i = noise_.size(); i > 1; --i) std::swap(noise_[i - 1], noise_[random.below(i)]);
    if (noise_.size() > 30) noise_.resize(std::max<std::size_t>(30, noise_.size() / 5));
    double sum = 0;
    for (std::size_t i = 0; i < noise_.size(); ++i)
        noise_sums_.push_back(sum += 1 / std::pow(static_cast<double>(i) + 3, 0.9));
}

std::string Monitoring::name_for(EntityId entity, Monitor monitor) {
    const Estate::Entity& what = estate_.at(entity);
    std::string name = what.name;
    if (monitor == Monitor::prometheus && (what.kind == Kind::host || what.kind == Kind::machine)) {
        name += ":9100";
    } else if (monitor == Monitor::blackbox) {
        name = "https://" + name + (options_.own_names ? ".example.com/health" : "/health");
    } else if (options_.own_names && monitor == Monitor::nagios) {
        name += ".prod.example.net";
    } else if (options_.own_names && monitor == Monitor::zabbix) {
        for (char& c : name) c = c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    } else if (options_.own_names && monitor == Monitor::snmp) {
        name = "10." + std::to_string(entity >> 16 & 255) + "." + std::to_string(entity >> 8 & 255) + "." +
               std::to_string(entity & 255);
    }
    if (name != what.name) names_.emplace(name, entity);
    return name;
}

// The fault is seen at the check's next turn and told once it was confirmed.
void Monitoring::set_rhythm(WatchedCheck& check, Random random) const {
    const double repeat = options_.repeat_every_s;
    switch (check.monitor) {
        case Monitor::nagios:  // three attempts
            check.period_s = random.chance(0.5) ? 60 : 90, check.confirm_s = 60, check.jitter_s = 10;
            check.repeat_s = repeat;
            break;
        case Monitor::zabbix:
            check.period_s = 30, check.confirm_s = random.chance(0.5) ? 30 : 60, check.jitter_s = 3;
            check.repeat_s = repeat * 2;
            break;
        case Monitor::prometheus:  // `for`, then the group's wait
            check.period_s = 15, check.confirm_s = random.chance(0.6) ? 60 : 120, check.jitter_s = 20;
            check.repeat_s = repeat * 4;
            break;
        case Monitor::snmp:
            check.jitter_s = 4;
            break;
        case Monitor::syslog:
            check.jitter_s = 2;
            break;
        case Monitor::apm:
            check.period_s = 60, check.confirm_s = random.chance(0.5) ? 30 : 90, check.jitter_s = 5;
            break;
        case Monitor::blackbox:
            check.period_s = 15, check.confirm_s = random.chance(0.5) ? 15 : 45, check.jitter_s = 5;
            check.repeat_s = repeat;
            break;
        case Monitor::pipeline:
            break;
    }
    check.phase_s = check.period_s * random.unit();
    const bool by_host_clock = check.monitor == Monitor::zabbix || tells_once(check.monitor);
    check.skew_s = by_host_clock && check.monitor != Monitor::pipeline ? skew_s_[check.entity] : 0;
}

std::vector<std::pair<std::string, std::string>> Monitoring::labels_of(EntityId entity, const Check& check,
                                                                       std::string_view host) const {
    const Estate::Entity& what = estate_.at(entity);
    std::vector<std::pair<std::string, std::string>> labels;
    if (check.monitor == Monitor::prometheus || check.monitor == Monitor::blackbox) {
        labels.emplace_back("alertname", check.name);
        labels.emplace_back("cluster", what.site.empty() ? "prod" : "prod-" + what.site);
        const bool is_computer = what.kind == Kind::host || what.kind == Kind::machine;
        labels.emplace_back("job", check.monitor == Monitor::blackbox ? "blackbox"
                                   : is_computer                      ? "node"
                                   : what.kind == Kind::instance      ? "kube-state-metrics"
                                                                      : "app");
        if (is_computer || check.monitor == Monitor::blackbox) labels.emplace_back("instance", host);
    } else if (!what.site.empty()) {
        labels.emplace_back("site", what.site);
    }
    if (what.kind == Kind::instance) labels.emplace_back("pod", what.name);
    const bool by_check = check.monitor == Monitor::nagios || check.monitor == Monitor::zabbix;
    if (!by_check && (what.kind == Kind::service || what.kind == Kind::database))
        labels.emplace_back("service", what.name);
    if (what.kind == Kind::instance)
        for (const Estate::Link& link : what.lowers)
            if (link.relation == Relation::member) {
                labels.emplace_back("service", estate_.at(link.to).name);
                break;
            }
    return labels;
}

WatchedCheck& Monitoring::watched(EntityId entity, const Check& check) {
    auto& same = by_name_[{entity, check.name}];
    for (WatchedCheck* one : same)
        if (one->monitor == check.monitor && one->severity == check.severity) return *one;
    WatchedCheck& made = checks_.emplace_back();
    made.entity = entity, made.monitor = check.monitor;
    made.name = check.name, made.severity = check.severity, made.title = check.title;
    constexpr std::string_view words[monitor_count] = {"nagios", "zabbix", "prometheus", "snmptrapd",
                                                       "syslog", "apm",    "blackbox",   "ci"};
    made.source = words[static_cast<std::size_t>(check.monitor)];
    const bool by_site = check.monitor == Monitor::nagios || check.monitor == Monitor::prometheus;
    if (by_site && !estate_.at(entity).site.empty()) made.source += "-" + estate_.at(entity).site;
    made.host = name_for(entity, check.monitor);
    made.labels = labels_of(entity, check, made.host);
    set_rhythm(made, Random(mixed(check_salt_, entity, check.name)));
    same.push_back(&made);
    return made;
}

void Monitoring::tell(const Fault& fault, const Watch& watch, std::vector<Message>& out) {
    const bool is_root = fault.entity == watch.root;
    if (is_root && watch.root_silent) return;
    for (const Check& check : checks_of(estate_.at(fault.entity).kind, fault.mode)) {
        if ((monitors_[fault.entity] & bit(check.monitor)) == 0) continue;
        // Whether it is watched so stays; whether it is seen this time does not.
        const double drawn = Random(mixed(check_salt_ + 1, fault.entity, check.name)).unit();
        if (drawn >= check.probability || !random_.chance(0.96)) continue;
        Watch own = watch;
        if (!is_held(fault.entity)) own.held_until = {};
        live(watched(fault.entity, check), fault.at, own, is_root, changes_often(fault.mode), out);
    }
}

bool Monitoring::is_held(EntityId entity) const {
    const Kind kind = estate_.at(entity).kind;
    return kind == Kind::host || kind == Kind::machine || kind == Kind::instance;
}

void Monitoring::tell_of_deployment(EntityId service, Instant at, std::uint32_t incident, std::vector<Message>& out) {
    Watch watch;
    watch.incident = incident, watch.root = service;
    deliver(watched(service, deployment), at, true, watch, true, out);
}

void Monitoring::cry(Instant at, std::vector<Message>& out) {
    if (noise_.empty()) return;
    const double drawn = random_.between(0, noise_sums_.back());
    const auto place = std::upper_bound(noise_sums_.begin(), noise_sums_.end(), drawn) - noise_sums_.begin();
    const Noise& one = noise_[std::min(static_cast<std::size_t>(place), noise_.size() - 1)];
    WatchedCheck& check = watched(one.entity, *one.check);
    if (check.busy_until > at) return;
    deliver(check, at, true, {}, false, out);
    if (!tells_once(check.monitor) && random_.chance(0.85))
        deliver(check, after(at, 30 + random_.exponential(400)), false, {}, false, out);
}

// One alert from the fault to its end.
void Monitoring::live(WatchedCheck& check, Instant from, const Watch& watch, bool is_root, bool flaps,
                      std::vector<Message>& out) {
    const bool once = tells_once(check.monitor);
    Instant seen = from;
    if (check.period_s > 0) {
        const double turn = std::fmod(static_cast<double>(from.ms) / 1000 - check.phase_s, check.period_s);
        seen = after(from, check.period_s - turn);
    }
    seen = after(seen, check.confirm_s + random_.between(0, check.jitter_s));
    if ((!once && seen >= watch.to) || check.busy_until > seen) return;
    check.busy_until = watch.to + minutes(1);
    if (flaps || (!once && random_.chance(0.05))) return flap(check, seen, watch, is_root, out);
    const double over_s = once ? random_.between(0, 5) : check.period_s * random_.unit() + random_.between(12, 30);
    const Instant stop = after(watch.to, over_s);
    deliver(check, seen, true, watch, is_root, out);
    repeat(check, seen, stop, watch, is_root, out);
    Watch clear = watch;
    if (clear.held_until.is_set()) clear.held_until = clear.held_until + seconds(30);  // after what was held
    const double says_so = check.monitor == Monitor::snmp ? 0.6 : once ? 0 : 1 - options_.recoveries_missing;
    if (random_.chance(says_so)) deliver(check, stop, false, clear, is_root, out);
}

void Monitoring::flap(const WatchedCheck& check, Instant from, const Watch& watch, bool is_root,
                      std::vector<Message>& out) {
    constexpr double step_least_s = 60;  // less, and a message would overtake the one before
    const double length_s = std::max(static_cast<double>((watch.to - from).ms) / 1000, step_least_s);
    const int times = std::min(random_.from_to(2, 7), static_cast<int>(length_s / step_least_s));
    const double step_s = length_s / times;
    for (int i = 0; i < times; ++i) {
        const Instant at = after(from, i * step_s);
        deliver(check, at, true, watch, is_root, out);
        deliver(check, after(at, step_s * random_.between(0.2, 0.8)), false, watch, is_root, out);
    }
}

void Monitoring::repeat(const WatchedCheck& check, Instant from, Instant stop, const Watch& watch, bool is_root,
                        std::vector<Message>& out) {
    constexpr int repeats_max = 200;
    if (check.repeat_s <= 0) return;
    for (int i = 1; i <= repeats_max; ++i) {
        const Instant at = after(from, i * check.repeat_s);
        if (at >= stop) return;
        deliver(check, at, true, watch, is_root, out);
    }
}

void Monitoring::deliver(const WatchedCheck& check, Instant at, bool firing, const Watch& watch, bool is_root,
                         std::vector<Message>& out) {
    if (random_.chance(options_.loss)) return;
    Message message;
    message.check = &check;
    message.firing = firing, message.is_root = is_root, message.incident = watch.incident;
    message.number = static_cast<std::uint32_t>(random_.from_to(2, 98));
    message.claimed = after(at, check.skew_s);
    message.received = after(at, random_.exponential(0.8));
    if (random_.chance(options_.late)) message.received = after(message.received, random_.between(30, 600));
    if (message.received < watch.held_until) {  // the queue empties within twenty seconds, in its order
        const double waited_s = std::max(0.0, static_cast<double>((watch.held_until - at).ms) / 1000);
        message.received = after(watch.held_until, 20 * std::exp(-waited_s / 600));
    }
    out.push_back(message);
    if (!random_.chance(options_.duplicates)) return;
    message.received = after(message.received, random_.between(0.1, 30));
    out.push_back(message);
}

std::vector<std::pair<std::string, std::string>> Monitoring::aliases() const {
    std::vector<std::pair<std::string, std::string>> aliases;
    for (const auto& [name, entity] : names_) aliases.emplace_back(name, estate_.at(entity).name);
    return aliases;
}

}  // namespace incidentd::simulator
