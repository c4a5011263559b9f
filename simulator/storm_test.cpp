// What could break: a stream that differs between two runs, a failure that does not travel, a truth that does not fit,
// messages out of order, checks that tell twice.
#include "simulator/lines.hpp"

#include <doctest/doctest.h>

#include <set>

namespace incidentd::simulator {
namespace {

std::vector<std::string> lines_of(StormOptions options) {
    Storm storm(std::move(options));
    std::vector<std::string> lines;
    for (Message message; storm.next(message);) append_dataset_line(message, lines.emplace_back());
    return lines;
}

StormOptions one_failure(EntityId root, std::string_view type) {
    StormOptions options;
    options.incidents_per_day = 0, options.noise_per_s = 0, options.roots_silent = 0;
    options.nightly_batch = false, options.keep_faults = true;
    options.monitoring.loss = options.monitoring.duplicates = options.monitoring.late = 0;
    options.monitoring.recoveries_missing = options.monitoring.skewed = 0;
    options.planned = {{options.start + minutes(10), failure_type(type), root, minutes(30)}};
    return options;
}

std::set<std::string> failed_with(const Storm& storm) {
    std::set<std::string> names;
    for (const Fault& fault : storm.incidents().front().faults) names.insert(storm.estate().at(fault.entity).name);
    return names;
}

TopologySpec small_topology() {
    TopologySpec spec;
    for (const char* host : {"web1", "web2", "web3"}) spec.links.push_back({"sw12", host, "net"});
    spec.links.push_back({"web1", "shop-0", "runs"});
    spec.links.push_back({"web2", "shop-1", "runs"});
    spec.links.push_back({"shop-0", "shop", "member"});
    spec.links.push_back({"shop-1", "shop", "member"});
    spec.links.push_back({"orders-db", "shop", "call"});
    spec.links.push_back({"rack1", "sw12", "power"});
    return spec;
}

}  // namespace

TEST_CASE("the same seed gives the same stream, another one another") {
    StormOptions options;
    options.length = hours(2);
    const auto first = lines_of(options);
    CHECK(first.size() > 100);
    CHECK(first == lines_of(options));
    options.seed = 2;
    CHECK(first != lines_of(options));
}

TEST_CASE("messages come in order of arrival, within the time, each with its truth") {
    StormOptions options;
    options.length = hours(4);
    Storm storm(options);
    Instant last = options.start;
    std::uint64_t of_incidents = 0, noise = 0, roots = 0;
    for (Message message; storm.next(message);) {
        CHECK(message.received >= last);
        CHECK(message.received <= options.start + options.length);
        last = message.received;
        REQUIRE(message.incident <= storm.incidents().size());
        if (message.incident == no_incident) {
            ++noise;
            CHECK(truth_of(message).front() == '~');
        } else {
            ++of_incidents;
            const Incident& incident = storm.incidents()[message.incident - 1];
            CHECK(truth_of(message) == incident.name);
            CHECK(message.is_root == (message.check->entity == incident.root));
            roots += message.is_root ? 1U : 0U;
        }
    }
    CHECK(of_incidents > 100);
    CHECK(noise > 100);
    CHECK(roots > 10);
}

TEST_CASE("kinds are told from links and names") {
    const Estate estate = Estate::of(small_topology());
    const auto kind = [&](const char* name) { return to_string(estate.at(*estate.find(name)).kind); };
    CHECK(kind("sw12") == "network");
    CHECK(kind("web1") == "host");
    CHECK(kind("web3") == "host");
    CHECK(kind("shop-0") == "instance");
    CHECK(kind("shop") == "service");
    CHECK(kind("orders-db") == "database");
    CHECK(kind("rack1") == "power");
}

TEST_CASE("a switch takes its hosts, what runs on them and the service with it") {
    const Estate estate = Estate::of(small_topology());
    StormOptions options = one_failure(*estate.find("sw12"), "switch_down");
    Storm storm(options, estate);
    std::set<std::string> hosts;
    for (Message message; storm.next(message);) {
        CHECK(message.incident == 1);
        if (message.firing) hosts.insert(estate.at(message.check->entity).name);
    }
    REQUIRE(storm.incidents().size() == 1);
    const auto failed = failed_with(storm);
    for (const char* name : {"sw12", "web1", "web2", "web3", "shop-0", "shop-1"}) CHECK(failed.contains(name));
    CHECK_FALSE(failed.contains("orders-db"));
    CHECK_FALSE(failed.contains("rack1"));
    CHECK(hosts.contains("sw12"));
    CHECK(hosts.contains("web1"));
}

TEST_CASE("what has a second switch lives on") {
    TopologySpec spec = small_topology();
    spec.links.push_back({"sw13", "web1", "net"});
    const Estate estate = Estate::of(spec);
    StormOptions options = one_failure(*estate.find("sw12"), "switch_down");
    Storm storm(options, estate);
    for (Message message; storm.next(message);) CHECK(estate.at(message.check->entity).name != "web1");
    CHECK_FALSE(failed_with(storm).contains("web1"));
    CHECK(failed_with(storm).contains("web2"));
}

TEST_CASE("every failure type is told of by something, and what fires is resolved once it is over") {
    for (const FailureType& type : failure_types()) {
        CAPTURE(type.name);
        StormOptions options;
        const Estate estate = draw_estate(options.hosts, Random(7));
        for (const Kind kind : type.kinds) {
            CAPTURE(to_string(kind));
            std::set<const WatchedCheck*> firing;
            std::uint64_t fired = 0;
            for (EntityId root : estate.all_of(kind)) {
                options = one_failure(root, type.name);
                Storm storm(options, estate);
                for (Message message; storm.next(message);) {
                    const Monitor monitor = message.check->monitor;
                    if (monitor == Monitor::snmp || monitor == Monitor::syslog || monitor == Monitor::pipeline) {
                        ++fired;
                        continue;
                    }
                    if (message.firing)
                        ++fired, firing.insert(message.check);
                    else
                        firing.erase(message.check);
                }
                CHECK(firing.empty());
                firing.clear();
                if (fired > 0) break;
            }
            CHECK(fired > 0);
        }
    }
}

TEST_CASE("loss, duplicates and clocks that are off") {
    const auto count = [](double loss, double duplicates) {
        StormOptions options;
        options.length = hours(4);
        options.monitoring.loss = loss, options.monitoring.duplicates = duplicates;
        return static_cast<double>(lines_of(options).size());
    };
    const double all = count(0, 0);
    CHECK(count(0.2, 0) < all * 0.88);
    CHECK(count(0, 0.2) > all * 1.12);
    StormOptions options;
    options.monitoring.skewed = 1, options.monitoring.late = 0;
    Storm storm(options);
    int off = 0, host_clock = 0;
    for (Message message; storm.next(message);) {
        if (message.check->monitor != Monitor::zabbix && message.check->monitor != Monitor::snmp) continue;
        ++host_clock;
        const std::int64_t apart = (message.received - message.claimed).ms;
        off += apart < -15'000 || apart > 15'000 ? 1 : 0;
    }
    CHECK(host_clock > 20);
    CHECK(off > host_clock * 8 / 10);
}

TEST_CASE("a draft says what the source's adapter would say") {
    const Estate estate = Estate::of(small_topology());
    Storm storm(one_failure(*estate.find("sw12"), "switch_down"), estate);
    DraftWriter writer;
    AlertDraft draft;
    bool nagios = false, pod = false;
    for (Message message; storm.next(message);) {
        writer.fill(message, draft);
        std::string_view host, service, name, of_pod;
        for (const LabelView& label : draft.labels) {
            if (label.name == "host") host = label.value;
            if (label.name == "service") service = label.value;
            if (label.name == "alertname") name = label.value;
            if (label.name == "pod") of_pod = label.value;
        }
        if (message.check->monitor == Monitor::nagios) {
            nagios = true;
            CHECK(host == message.check->host);
            CHECK(service == (message.check->name == "HOST" ? std::string_view() : message.check->name));
        } else {
            CHECK(name == message.check->name);
        }
        if (!of_pod.empty()) {
            pod = true;
            CHECK(service == "shop");
        }
        CHECK(draft.kind == (message.firing ? EventKind::firing : EventKind::resolved));
    }
    CHECK(nagios);
    CHECK(pod);
}

}  // namespace incidentd::simulator
