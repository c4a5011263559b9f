// What every fault drill is made of: a daemon with a strict ticket system, a load that remembers what was acknowledged,
// and one row that says what was found afterwards.
#pragma once

#include "tests/e2e/daemon.hpp"
#include "tests/support/contract_server.hpp"

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <thread>

namespace incidentd::test {

constexpr std::size_t drill_services = 50;  // each has an incident, thus a ticket

// Sends new alerts, `per_request` in one request, in a rhythm. An unanswered or refused request is sent again until it
// is acknowledged, as monitoring systems do, or until stop().
class Load {
public:
    struct Options {
        int first = 0;  // serial of the first alert; drills that restart go on with next()
        int per_request = 10;
        int most = 50'000;              // alerts; then it rests
        milliseconds pause{5};          // between requests
        bool ends_with_server = false;  // the first request without an answer ends it
    };
    Load(const Daemon& daemon, Options options);
    ~Load();
    Load(const Load&) = delete;
    Load& operator=(const Load&) = delete;

    void stop();
    std::size_t acknowledged_count() const { return acknowledged_count_; }
    std::size_t refused_count() const { return refused_count_; }  // answers other than 200
    std::set<std::string> acknowledged() const;                   // hosts
    std::string refusals() const;       // the answers other than 200, each kind with its count
    int next() const { return next_; }  // after stop()

private:
    void work();
    void note_refusal(const HttpResponse& reply);

    HttpClient client_;
    const Options options_;
    std::atomic<bool> stopping_{false};
    std::atomic<std::size_t> acknowledged_count_{0}, refused_count_{0};
    mutable std::mutex mutex_;
    std::set<std::string> acknowledged_;           // under mutex_
    std::map<std::string, std::size_t> refusals_;  // under mutex_; bounded by the kinds of answers
    int next_;
    std::thread thread_;
};

struct DrillOptions {
    std::optional<unsigned short> absent_tracker_port;  // nobody listens there yet; see Drill::start_tracker()
    std::string source_extra, sink_extra;               // further members of the source, the sink: each ", key: value"
    std::string more_sources;                           // a line each
    std::string extra;                                  // further top-level lines of incidentd.yaml
    std::map<std::string, std::string> environment;     // of the daemon
};

class Drill {
public:
    explicit Drill(std::string_view fault, DrillOptions options = {});

    Daemon& daemon() { return *daemon_; }
    StrictRequestTracker& tracker() { return *tracker_; }
    void start_tracker();  // of absent_tracker_port

    void note(const Load& load);  // its alerts count as acknowledged
    // Waits until every ticket is there and nothing is owed, checks, prints the row: what was acknowledged is found,
    // and every incident has one ticket.
    void check_and_report();

private:
    std::string fault_;
    DrillOptions options_;
    TempDirectory secrets_;
    std::unique_ptr<StrictRequestTracker> tracker_;
    std::unique_ptr<Daemon> daemon_;
    std::set<std::string> acknowledged_;
};

std::set<std::string> active_hosts(const Daemon& daemon);

// A loopback TCP connection that is closed with its object.
class RawConnection {
public:
    explicit RawConnection(unsigned short port);
    ~RawConnection();
    RawConnection(RawConnection&& other) noexcept;
    RawConnection& operator=(RawConnection&&) = delete;

    bool connected() const { return descriptor_ >= 0; }
    bool send(std::string_view bytes) const;        // false: the peer is gone
    void finish_sending() const;                    // half-close
    void reset();                                   // closes with RST
    std::string receive(milliseconds limit) const;  // until the peer closes, or `limit`

private:
    int descriptor_ = -1;
};

// Raises the soft limit of open files as far as allowed; what holds now. Children inherit it.
std::size_t raise_open_files();

}  // namespace incidentd::test
