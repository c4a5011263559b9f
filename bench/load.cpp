// Sends alerts over many connections, one request in flight on each, and says how fast they were answered.
// Prints one line of KEY=VALUE; latency is from the first byte sent to the last byte received, or with --rate from the
// moment the request was due, so that a server that stalls cannot hide it by holding up the load.
#include "bench/bodies.hpp"
#include "bench/connection.hpp"

#include <sys/epoll.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace incidentd::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
    std::uint16_t port = 9460;
    std::string path = "/api/v2/alerts";
    unsigned connections = 8;
    unsigned alerts_per_request = 1;
    std::uint64_t fingerprints = 10'000;
    double seconds = 5;
    std::uint64_t requests = 0;
    double rate = 0;  // alerts/s; 0: as fast as answers come
    std::uint64_t first_serial = 0;
    int pid = 0;
};

struct Result {
    std::vector<double> latencies_ms;
    std::uint64_t refused = 0;
    double seconds = 0;
    double cpu_seconds = 0;
    std::uint64_t next_serial = 0;
};

// User and system time of a process, all its threads.
double cpu_seconds(int pid) {
    std::ostringstream text;
    text << std::ifstream("/proc/" + std::to_string(pid) + "/stat").rdbuf();
    const std::string stat = text.str();
    const std::size_t name_end = stat.rfind(')');
    if (pid == 0 || name_end == std::string::npos) return 0;
    std::istringstream fields(stat.substr(name_end + 2));
    std::string skipped;
    for (int field = 3; field < 14; ++field) fields >> skipped;
    double user = 0;
    double system = 0;
    fields >> user >> system;
    return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

class Load {
public:
    explicit Load(const Settings& settings)
        : settings_(settings),
          request_("127.0.0.1:" + std::to_string(settings.port), settings.path, settings.alerts_per_request),
          epoll_(epoll_create1(EPOLL_CLOEXEC)),
          serial_(settings.first_serial) {
        for (unsigned i = 0; i < settings_.connections; ++i) connections_.emplace_back(settings_.port);
    }
    ~Load() { close(epoll_); }
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    Result run() {
        const double cpu_before = cpu_seconds(settings_.pid);
        const auto start = Clock::now();
        end_ = start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(settings_.seconds));
        for (std::size_t i = 0; i < connections_.size(); ++i) {
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.u64 = i;
            epoll_ctl(epoll_, EPOLL_CTL_ADD, connections_[i].descriptor(), &event);
            idle_.push_back(i);
        }
        start_ = start;
        send_due();
        while (in_flight_ > 0 || !enough()) turn();
        result_.seconds = std::chrono::duration<double>(Clock::now() - start).count();
        result_.cpu_seconds = cpu_seconds(settings_.pid) - cpu_before;
        result_.next_serial = serial_;
        return std::move(result_);
    }

private:
    void turn() {
        epoll_event events[256];
        const int count = epoll_wait(epoll_, events, 256, patience_ms());
        if (count <= 0 && patience_ms() == no_rate_ms) throw std::runtime_error("no answer for 30 s");
        for (int i = 0; i < count; ++i) {
            const auto index = static_cast<std::size_t>(events[i].data.u64);
            if ((events[i].events & EPOLLOUT) != 0 && connections_[index].flush()) watch(index);
            if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) take_answer(index);
        }
        send_due();
    }

    bool enough() const { return settings_.requests > 0 ? begun_ >= settings_.requests : Clock::now() >= end_; }

    // When the next request is due.
    Clock::time_point due() const {
        if (settings_.rate <= 0) return Clock::now();
        const double seconds = static_cast<double>(begun_) * settings_.alerts_per_request / settings_.rate;
        return start_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    }

    // Rounded down: a little busy waiting is what being in time costs.
    int patience_ms() const {
        if (settings_.rate <= 0 || idle_.empty()) return no_rate_ms;
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(due() - Clock::now());
        return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 100));
    }

    void send_due() {
        while (!idle_.empty() && !enough()) {
            const Clock::time_point at = due();
            if (at > Clock::now()) return;
            const std::size_t index = idle_.back();
            idle_.pop_back();
            send(index, at);
        }
    }

    void take_answer(std::size_t index) {
        Connection& connection = connections_[index];
        const Connection::Answer answer = connection.receive();
        if (answer == Connection::Answer::broken) throw std::runtime_error("the server closed a connection");
        if (answer == Connection::Answer::incomplete) return;
        --in_flight_;
        result_.latencies_ms.push_back(
            std::chrono::duration<double, std::milli>(Clock::now() - connection.began()).count());
        if (connection.status() < 200 || connection.status() > 299) ++result_.refused;
        idle_.push_back(index);
        if (settings_.rate <= 0) send_due();
    }

    void send(std::size_t index, Clock::time_point at) {
        ++begun_;
        ++in_flight_;
        connections_[index].begin(request_.with_serials(serial_, settings_.fingerprints), at);
        serial_ += settings_.alerts_per_request;
        watch(index);
    }

    // Writability is watched only while something is left to send.
    void watch(std::size_t index) {
        epoll_event event{};
        event.events = connections_[index].sent_all() ? EPOLLIN : EPOLLIN | EPOLLOUT;
        event.data.u64 = index;
        epoll_ctl(epoll_, EPOLL_CTL_MOD, connections_[index].descriptor(), &event);
    }

    static constexpr int no_rate_ms = 30'000;

    const Settings settings_;
    AlertRequest request_;
    int epoll_;
    std::vector<Connection> connections_;
    std::vector<std::size_t> idle_;
    Clock::time_point start_{};
    Clock::time_point end_{};
    std::uint64_t serial_;
    std::uint64_t begun_ = 0;
    std::uint64_t in_flight_ = 0;
    Result result_;
};

double percentile(std::vector<double>& values, double share) {
    if (values.empty()) return 0;
    const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
    std::nth_element(values.begin(), values.begin() + at, values.end());
    return values[static_cast<std::size_t>(at)];
}

void print(const Settings& settings, Result result) {
    const auto requests = static_cast<double>(result.latencies_ms.size());
    const double alerts = requests * settings.alerts_per_request;
    std::printf(
        "alerts_per_s=%.0f p50_ms=%.3f p99_ms=%.3f max_ms=%.3f cpu_us_per_alert=%.2f requests=%.0f refused=%llu "
        "seconds=%.2f "
        "next_serial=%llu\n",
        alerts / result.seconds, percentile(result.latencies_ms, 0.5), percentile(result.latencies_ms, 0.99),
        percentile(result.latencies_ms, 1), alerts > 0 ? result.cpu_seconds * 1e6 / alerts : 0, requests,
        static_cast<unsigned long long>(result.refused), result.seconds,
        static_cast<unsigned long long>(result.next_serial));
}

}  // namespace
}  // namespace incidentd::bench

int main(int argc, char** argv) {
    incidentd::bench::Settings settings;
    CLI::App app("Sends alerts to POST /api/v2/alerts on loopback and measures the answers.");
    app.add_option("--port", settings.port, "TCP port on 127.0.0.1")->capture_default_str();
    app.add_option("--path", settings.path, "Request path")->capture_default_str();
    app.add_option("--connections", settings.connections, "Connections, one request in flight on each")
        ->capture_default_str();
    app.add_option("--alerts", settings.alerts_per_request, "Alerts in a request")->capture_default_str();
    app.add_option("--fingerprints", settings.fingerprints, "Different alerts, repeated in turn; 0: every alert is new")
        ->capture_default_str();
    app.add_option("--seconds", settings.seconds, "How long")->capture_default_str();
    app.add_option("--requests", settings.requests, "How many requests, instead of how long");
    app.add_option("--rate", settings.rate, "Alerts a second; default: as fast as the answers come");
    app.add_option("--first-serial", settings.first_serial, "Where new alerts begin to count");
    app.add_option("--pid", settings.pid, "The server's process, for its CPU time");
    CLI11_PARSE(app, argc, argv);
    try {
        incidentd::bench::print(settings, incidentd::bench::Load(settings).run());
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_load: %s\n", error.what());
        return 1;
    }
    return 0;
}
