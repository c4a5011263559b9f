#include "simulator/storm.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace incidentd::simulator {
namespace {

constexpr Duration told_before = seconds(100);  // a deployment is told of up to so long before it does harm
constexpr Instant never{INT64_MAX};

bool strikes_near(std::string_view type) {
    return type == "host_down" || type == "switch_down" || type == "power" || type == "link_flap";
}

}  // namespace

std::optional<StormOptions> storm_preset(std::string_view name) {
    StormOptions options;
    if (name == "small") return options;
    if (name == "storm") {
        options.hosts = 5000, options.length = minutes(75);
        options.incidents_per_day = 1600, options.overlap = 0.6, options.recurrence = 0.1, options.wide_weight = 2.3;
        options.noise_per_s = 1, options.services_max = 250, options.site_outages = 2;
        options.monitoring.loss = 0.05, options.monitoring.duplicates = 0.02, options.monitoring.late = 0.04;
        options.monitoring.repeat_every_s = 300;
        return options;
    }
    if (name == "month") {
        options.hosts = 4000, options.length = hours(720);
        options.recurrence = 0.35, options.noise_per_s = 0.65, options.services_max = 250, options.site_outages = 2;
        options.monitoring.recoveries_missing = 0.08, options.monitoring.repeat_every_s = 3600;
        return options;
    }
    return std::nullopt;
}

Storm::Storm(StormOptions options) : Storm(options, draw_estate(options.hosts, Random(options.seed * 2 + 1))) {}

Storm::Storm(StormOptions options, Estate estate)
    : options_(std::move(options)),
      estate_(std::make_unique<Estate>(std::move(estate))),
      random_(options_.seed),
      monitoring_(std::make_unique<Monitoring>(*estate_, options_.monitoring, random_.fork())),
      end_(options_.start + options_.length) {
    plan();
}

void Storm::plan() {
    next_incident_ = options_.incidents_per_day > 0
                         ? after(options_.start, random_.exponential(86'400 / options_.incidents_per_day))
                         : never;
    next_noise_ = options_.noise_per_s > 0 ? options_.start : never;
    for (const Planned& failure : options_.planned) due_.push({failure, {}, ++order_});
    const std::vector<EntityId>& sites = estate_->all_of(Kind::site);
    for (int i = 0; i < options_.site_outages && !sites.empty(); ++i) {
        const double share = (0.3 + 0.5 * i) / options_.site_outages;
        const double from_s = share * static_cast<double>(options_.length.ms) / 1000;
        const EntityId site = sites[(static_cast<std::size_t>(i) + 1) % sites.size()];
        due_.push({{after(options_.start, from_s), failure_type("site_down"), site, {}}, {}, ++order_});
    }
    const std::vector<EntityId>& batches = estate_->all_of(Kind::batch);
    if (options_.nightly_batch && !batches.empty() && options_.length > hours(3))
        for (Instant at = options_.start + hours(2); at < end_; at = at + hours(24))
            due_.push({{at, failure_type("nightly_batch"), batches.front(), {}}, {}, ++order_});
}

Instant Storm::next_event() const {
    const Instant due = due_.empty() ? never : due_.top().failure.at;
    return std::min({due, next_incident_, next_noise_});
}

bool Storm::next(Message& message) {
    while (true) {
        const Instant event = over_ ? never : next_event();
        if (!arrivals_.empty() && (over_ || arrivals_.top().message.received <= event - told_before)) {
            message = arrivals_.top().message;
            arrivals_.pop();
            if (message.received > end_) continue;
            return true;
        }
        if (over_) return false;
        if (event >= end_)
            over_ = true;
        else
            happen(event);
    }
}

void Storm::happen(Instant at) {
    if (at == next_noise_) {
        std::vector<Message> messages;
        monitoring_->cry(at, messages);
        take(messages);
        // Most of it by day.
        const double hour = std::fmod(static_cast<double>((at - options_.start).ms) / 3'600'000, 24);
        const double rate = options_.noise_per_s * (1 + 0.5 * std::sin((hour - 8) / 24 * 6.283185307179586));
        next_noise_ = at + std::max(milliseconds(1), after(Instant{}, random_.exponential(1 / rate)) - Instant{});
        return;
    }
    if (!due_.empty() && due_.top().failure.at == at) {
        const Due due = due_.top();
        due_.pop();
        return begin(due.failure, due.again);
    }
    if (const std::optional<Planned> drawn = draw_failure(at)) {
        begin(*drawn, {});
        if (random_.chance(options_.recurrence)) plan_again(incidents_.back());
    }
    const double gap_s = 86'400 / options_.incidents_per_day;
    next_incident_ = random_.chance(options_.overlap)
                         ? after(at, 0.001 + random_.between(0, 180))
                         : after(at, 0.001 + random_.exponential(gap_s / (1 - options_.overlap)));
}

std::optional<Planned> Storm::draw_failure(Instant at) {
    const auto weight = [this](const FailureType& type) {
        const bool is_there = std::any_of(type.kinds.begin(), type.kinds.end(),
                                          [this](Kind kind) { return !estate_->all_of(kind).empty(); });
        return is_there ? type.weight * (type.is_wide ? options_.wide_weight : 1) : 0;
    };
    double sum = 0;
    for (const FailureType& type : failure_types()) sum += weight(type);
    double left = random_.between(0, sum);
    const FailureType* type = nullptr;
    for (const FailureType& one : failure_types()) {
        if (weight(one) > 0) type = &one;
        if ((left -= weight(one)) < 0) break;
    }
    if (type == nullptr) return std::nullopt;
    std::vector<EntityId> roots;
    for (const Kind kind : type->kinds) {
        const auto& all = estate_->all_of(kind);
        roots.insert(roots.end(), all.begin(), all.end());
    }
    // Now and then next door to the one before: alike and not the same.
    if (!incidents_.empty() && strikes_near(type->name) && random_.chance(options_.overlap / 4)) {
        const std::string& site = estate_->at(incidents_.back().root).site;
        std::vector<EntityId> near;
        std::copy_if(roots.begin(), roots.end(), std::back_inserter(near),
                     [&](EntityId root) { return estate_->at(root).site == site; });
        if (!near.empty()) roots = std::move(near);
    }
    return Planned{at, type, random_.pick(roots), {}};
}

void Storm::plan_again(const Incident& incident) {
    Instant at = incident.from;
    const bool is_long = options_.length > hours(24);
    for (int times = random_.from_to(1, 3); times > 0; --times) {
        at = after(at, is_long ? random_.between(2 * 3600, 40 * 3600) : random_.between(1500, 5400));
        due_.push({{at, incident.type, incident.root, {}}, incident.name, ++order_});
    }
}

void Storm::begin(const Planned& planned, std::string again) {
    Incident incident;
    char name[24];
    std::snprintf(name, sizeof name, "i%05zu", incidents_.size() + 1);
    incident.name = name;
    incident.root = planned.root;
    incident.type = planned.type != nullptr ? planned.type : &usual_failure(estate_->at(planned.root).kind);
    incident.from = planned.at;
    const double drawn_s = std::clamp(incident.type->median_s * std::exp(0.6 * random_.normal()), 240.0, 14'400.0);
    incident.to = planned.length.ms > 0 ? planned.at + planned.length : after(planned.at, drawn_s);
    incident.again = std::move(again);
    const std::vector<Fault> faults =
        spread(*estate_, {incident.type, incident.root, incident.from, incident.to}, options_.services_max, random_);
    Watch watch;
    watch.incident = static_cast<std::uint32_t>(incidents_.size() + 1);
    watch.root = incident.root;
    watch.root_silent = random_.chance(options_.roots_silent);
    const bool cuts_off = incident.type->name == "switch_down" || incident.type->name == "network_loss";
    if (cuts_off && random_.chance(0.4)) watch.held_until = incident.to;
    std::vector<Message> messages;
    if (incident.type->name == "bad_deploy" && !watch.root_silent)
        monitoring_->tell_of_deployment(incident.root, after(incident.from, -random_.between(10, 90)), watch.incident,
                                        messages);
    if (incident.type->name == "memory_leak")
        for (const Estate::Link& link : estate_->at(incident.root).uppers)
            if (link.relation == Relation::member) {
                watch.to = incident.to;
                const double early_s = static_cast<double>((incident.to - incident.from).ms) / 1000 * 0.3;
                monitoring_->tell({link.to, Mode::memory, after(incident.from, random_.between(0, early_s)), 0}, watch,
                                  messages);
            }
    for (const Fault& fault : faults) {
        watch.to = after(incident.to, random_.between(0, 90));
        monitoring_->tell(fault, watch, messages);
    }
    if (options_.keep_faults) incident.faults = faults;
    incidents_.push_back(std::move(incident));
    take(messages);
}

void Storm::take(std::vector<Message>& messages) {
    for (const Message& message : messages) arrivals_.push({message, ++order_});
}

}  // namespace incidentd::simulator
