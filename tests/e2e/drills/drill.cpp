#include "tests/e2e/drills/drill.hpp"

#include <doctest/doctest.h>

#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

namespace incidentd::test {
namespace {

constexpr std::string_view rules = R"(version: 1
correlate:
  - {name: per-service, by: [service]}
)";

std::string host_name(int serial) { return "h" + std::to_string(serial); }

std::string serial_alert(int serial) {
    const std::string service = "s" + std::to_string(serial % static_cast<int>(drill_services));
    return alert_json({{"alertname", "Down"}, {"host", host_name(serial)}, {"service", service}});
}

}  // namespace

Load::Load(const Daemon& daemon, Options options)
    : client_(daemon.client()), options_(options), next_(options.first), thread_([this] { work(); }) {}

Load::~Load() { stop(); }

void Load::stop() {
    stopping_ = true;
    if (thread_.joinable()) thread_.join();
}

std::set<std::string> Load::acknowledged() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_;
}

std::string Load::refusals() const {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const auto& [answer, count] : refusals_) text += std::to_string(count) + " times " + answer + "\n";
    return text;
}

void Load::note_refusal(const HttpResponse& reply) {
    const std::lock_guard lock(mutex_);
    ++refusals_[reply.status == 0 ? "no answer: " + reply.error : std::to_string(reply.status) + " " + reply.body];
    ++refused_count_;
}

void Load::work() {
    while (!stopping_ && next_ - options_.first < options_.most) {
        std::vector<std::string> alerts;
        for (int i = 0; i < options_.per_request; ++i) alerts.push_back(serial_alert(next_ + i));
        const std::string body = json_array(alerts);
        HttpResponse reply = client_.post("/api/v2/alerts", body);
        while (reply.status != 200 && !stopping_) {
            note_refusal(reply);
            if (reply.status == 0 && options_.ends_with_server) break;
            std::this_thread::sleep_for(milliseconds(50));
            reply = client_.post("/api/v2/alerts", body);
        }
        if (reply.status == 200) {
            const std::lock_guard lock(mutex_);
            for (int i = 0; i < options_.per_request; ++i) acknowledged_.insert(host_name(next_ + i));
            acknowledged_count_ = acknowledged_.size();
        }
        next_ += options_.per_request;
        if (reply.status == 0) return;
        std::this_thread::sleep_for(options_.pause);
    }
}

Drill::Drill(std::string_view fault, DrillOptions options) : fault_(fault), options_(std::move(options)) {
    if (!options_.absent_tracker_port) tracker_ = std::make_unique<StrictRequestTracker>("secret");
    const std::string url =
        tracker_ != nullptr ? tracker_->url() : "http://127.0.0.1:" + std::to_string(*options_.absent_tracker_port);
    DaemonSetup setup;
    setup.sources = "prometheus: {type: prometheus" + options_.source_extra + "}\n" + options_.more_sources;
    setup.rules = rules;
    setup.sinks = "rt: {type: request_tracker, url: '" + url + "', queue: General, token: {file: '" +
                  secrets_.write("token", "secret") + "'}, retry: {first: 100ms, most: 1s}" + options_.sink_extra +
                  "}\n";
    setup.extra = "external_url: https://incidentd.example\n" + options_.extra;
    setup.environment = options_.environment;
    daemon_ = std::make_unique<Daemon>(std::move(setup));
}

void Drill::start_tracker() {
    tracker_ = std::make_unique<StrictRequestTracker>("secret", std::set<std::string>{"General"},
                                                      *options_.absent_tracker_port);
}

void Drill::note(const Load& load) {
    const std::set<std::string> hosts = load.acknowledged();
    acknowledged_.insert(hosts.begin(), hosts.end());
}

void Drill::check_and_report() {
    const std::size_t expected = std::min(drill_services, acknowledged_.size());
    const bool settled = eventually(std::chrono::seconds(90), [&] {
        return tracker_->tickets_by_link().size() >= expected && daemon_->metric("incidentd_deliveries_waiting") == 0 &&
               daemon_->metric("incidentd_actions_outstanding") == 0;
    });
    const std::set<std::string> active = active_hosts(*daemon_);
    const auto found = static_cast<std::size_t>(std::count_if(
        acknowledged_.begin(), acknowledged_.end(), [&](const std::string& host) { return active.contains(host); }));
    const std::size_t tickets = tracker_->tickets().size();
    std::printf("drill | %-50s | alerts acknowledged %6zu found %6zu | tickets expected %3zu found %3zu\n",
                fault_.c_str(), acknowledged_.size(), found, expected, tickets);
    std::fflush(stdout);
    CHECK(settled);
    CHECK(!acknowledged_.empty());
    CHECK(found == acknowledged_.size());
    CHECK(tickets == expected);
    CHECK(tracker_->tickets_by_link().size() == expected);
    CHECK(tracker_->violations().empty());
}

std::set<std::string> active_hosts(const Daemon& daemon) {
    const Json alerts(daemon.client().get("/api/v2/alerts").body);
    std::set<std::string> hosts;
    for (std::size_t i = 0; i < alerts.size(); ++i) hosts.insert(alerts.text("/" + std::to_string(i) + "/labels/host"));
    return hosts;
}

RawConnection::RawConnection(unsigned short port) : descriptor_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (descriptor_ < 0 || ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
        return;
    ::close(std::exchange(descriptor_, -1));
}

RawConnection::~RawConnection() {
    if (descriptor_ >= 0) ::close(descriptor_);
}

RawConnection::RawConnection(RawConnection&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

bool RawConnection::send(std::string_view bytes) const {
    return ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

void RawConnection::finish_sending() const { ::shutdown(descriptor_, SHUT_WR); }

void RawConnection::reset() {
    const linger hard{1, 0};
    ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    ::close(std::exchange(descriptor_, -1));
}

std::string RawConnection::receive(milliseconds limit) const {
    const auto end = std::chrono::steady_clock::now() + patient(limit);
    std::string text;
    for (;;) {
        const auto left = std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
        pollfd waiting{descriptor_, POLLIN, 0};
        if (left.count() <= 0 || ::poll(&waiting, 1, static_cast<int>(left.count())) <= 0) return text;
        char buffer[4096];
        const ssize_t count = ::recv(descriptor_, buffer, sizeof buffer, 0);
        if (count <= 0) return text;
        text.append(buffer, static_cast<std::size_t>(count));
    }
}

std::size_t raise_open_files() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
    return static_cast<std::size_t>(limit.rlim_cur);
}

}  // namespace incidentd::test
