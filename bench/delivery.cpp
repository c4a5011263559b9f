// From an alert's acceptance to its arrival at the sink: sends alerts one a request at a fixed rate, each a problem of
// its own, and receives the webhooks that follow. Prints one line of KEY=VALUE.
#include "bench/bodies.hpp"
#include "bench/connection.hpp"

#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace incidentd::bench {
namespace {

using Clock = std::chrono::steady_clock;

struct Settings {
    std::uint16_t port = 9460;
    std::uint16_t sink_port = 9461;
    double rate = 200;
    double seconds = 5;
};

// The number behind the first "instance" that has one: where AlertRequest puts its serial.
std::optional<std::uint64_t> serial_in(std::string_view body) {
    const std::size_t name = body.find("\"instance\"");
    if (name == std::string_view::npos) return std::nullopt;
    const std::size_t digits = body.find_first_of("0123456789", name);
    if (digits == std::string_view::npos) return std::nullopt;
    std::uint64_t serial = 0;
    std::from_chars(body.data() + digits, body.data() + body.size(), serial);
    return serial;
}

// A web server of the simplest kind: whatever is posted is well received.
class Sink {
public:
    Sink(std::uint16_t port, int epoll) : epoll_(epoll), listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        const int on = 1;
        setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
            listen(listener_, 64) != 0)
            throw std::runtime_error("cannot listen on port " + std::to_string(port));
        watch(listener_);
    }
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    ~Sink() {
        for (const auto& [fd, text] : received_) close(fd);
        close(listener_);
    }

    // Whether the descriptor is one of the sink's; whole requests go to `arrived`.
    template <class Arrived>
    bool take(int fd, Arrived arrived) {
        if (fd == listener_) {
            const int accepted = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
            if (accepted < 0) return true;
            received_[accepted];
            watch(accepted);
            return true;
        }
        const auto found = received_.find(fd);
        if (found == received_.end()) return false;
        char buffer[64 * 1024];
        const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
        if (got <= 0) {
            close(fd);
            received_.erase(found);
            return true;
        }
        found->second.append(buffer, static_cast<std::size_t>(got));
        while (const auto body = next_body(found->second)) {
            arrived(*body);
            static constexpr std::string_view answer =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}";
            if (send(fd, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) break;
        }
        return true;
    }

private:
    void watch(int fd) const {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }
    static std::optional<std::string> next_body(std::string& text) {
        const std::size_t head_end = text.find("\r\n\r\n");
        if (head_end == std::string::npos) return std::nullopt;
        std::string head = text.substr(0, head_end);
        std::transform(head.begin(), head.end(), head.begin(),
                       [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        constexpr std::string_view name = "content-length: ";
        const std::size_t at = head.find(name);
        std::size_t length = 0;
        if (at != std::string::npos) std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
        if (text.size() < head_end + 4 + length) return std::nullopt;
        std::string body = text.substr(head_end + 4, length);
        text.erase(0, head_end + 4 + length);
        return body;
    }

    int epoll_;
    int listener_;
    std::map<int, std::string> received_;
};

class Run {
public:
    explicit Run(const Settings& settings)
        : settings_(settings),
          request_("127.0.0.1:" + std::to_string(settings.port), "/api/v2/alerts", 1),
          epoll_(epoll_create1(EPOLL_CLOEXEC)),
          sink_(settings.sink_port, epoll_),
          source_(settings.port) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = source_.descriptor();
        epoll_ctl(epoll_, EPOLL_CTL_ADD, source_.descriptor(), &event);
    }
    Run(const Run&) = delete;
    Run& operator=(const Run&) = delete;
    ~Run() { close(epoll_); }

    std::vector<double> latencies_ms() {
        const auto start = Clock::now();
        const auto wanted = static_cast<std::uint64_t>(settings_.rate * settings_.seconds);
        const auto give_up =
            start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(settings_.seconds + 10));
        while (latencies_.size() < wanted && Clock::now() < give_up) {
            const auto due = start + std::chrono::duration_cast<Clock::duration>(
                                         std::chrono::duration<double>(static_cast<double>(sent_) / settings_.rate));
            if (!in_flight_ && sent_ < wanted && Clock::now() >= due) send_next();
            turn();
        }
        return std::move(latencies_);
    }
    std::uint64_t sent() const { return sent_; }

private:
    void send_next() {
        source_.begin(request_.with_serials(sent_++, 0), Clock::now());
        if (!source_.sent_all()) throw std::runtime_error("one alert does not fit into the socket");
        in_flight_ = true;
    }

    void turn() {
        epoll_event events[64];
        const int count = epoll_wait(epoll_, events, 64, 1);
        const auto now = Clock::now();
        for (int i = 0; i < count; ++i) {
            if (sink_.take(events[i].data.fd, [&](const std::string& body) { arrived(body, now); })) continue;
            const Connection::Answer answer = source_.receive();
            if (answer == Connection::Answer::broken) throw std::runtime_error("the server closed the connection");
            if (answer == Connection::Answer::incomplete) continue;
            if (source_.status() < 200 || source_.status() > 299) throw std::runtime_error("an alert was refused");
            accepted_[sent_ - 1] = now;
            in_flight_ = false;
        }
    }

    // The first one counts; updates and repetitions may follow. What arrives before the answer took no time.
    void arrived(const std::string& body, Clock::time_point now) {
        const std::optional<std::uint64_t> serial = serial_in(body);
        if (!serial || !seen_.emplace(*serial, true).second) return;
        const auto accepted = accepted_.find(*serial);
        const auto took = accepted == accepted_.end() ? Clock::duration(0) : now - accepted->second;
        latencies_.push_back(std::chrono::duration<double, std::milli>(took).count());
    }

    const Settings settings_;
    AlertRequest request_;
    int epoll_;
    Sink sink_;
    Connection source_;
    std::uint64_t sent_ = 0;
    bool in_flight_ = false;
    std::map<std::uint64_t, Clock::time_point> accepted_;
    std::map<std::uint64_t, bool> seen_;
    std::vector<double> latencies_;
};

void run(const Settings& settings) {
    Run load(settings);
    std::vector<double> latencies = load.latencies_ms();
    std::sort(latencies.begin(), latencies.end());
    const auto percentile = [&latencies](double share) {
        return latencies.empty()
                   ? 0
                   : latencies[static_cast<std::size_t>(share * static_cast<double>(latencies.size() - 1))];
    };
    std::printf("sent=%llu arrived=%zu p50_ms=%.3f p99_ms=%.3f\n", static_cast<unsigned long long>(load.sent()),
                latencies.size(), percentile(0.5), percentile(0.99));
}

}  // namespace
}  // namespace incidentd::bench

int main(int argc, char** argv) {
    incidentd::bench::Settings settings;
    CLI::App app("Sends alerts to POST /api/v2/alerts on loopback and waits for their webhooks.");
    app.add_option("--port", settings.port, "TCP port on 127.0.0.1 to send to")->capture_default_str();
    app.add_option("--sink-port", settings.sink_port, "TCP port on 127.0.0.1 to receive on")->capture_default_str();
    app.add_option("--rate", settings.rate, "Alerts a second")->capture_default_str();
    app.add_option("--seconds", settings.seconds, "How long")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        incidentd::bench::run(settings);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "bench_delivery: %s\n", error.what());
        return 1;
    }
    return 0;
}
