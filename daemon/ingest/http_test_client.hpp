// A blocking HTTP client and a scripted handler for the server's tests.
#pragma once

#include "daemon/ingest/http_handler.hpp"
#include "daemon/ingest/http_server.hpp"

#include <sys/socket.h>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace incidentd::test {

// How long a test waits for what must come. It passes as soon as it has come, so only a failing test waits this long,
// and a machine that does much else at the same time fails none.
constexpr std::chrono::seconds test_limit(60);

// Answers "METHOD path body", or does what `script` says.
class EchoHandler final : public HttpHandler {
public:
    std::function<void(const HttpRequestView&, ReplyPtr)> script;
    std::function<std::optional<HttpReply>(const HttpRequestView&)> early;
    std::atomic<int> handled{0};

    void handle(const HttpRequestView& request, ReplyPtr reply) override {
        ++handled;
        if (script) {
            script(request, std::move(reply));
            return;
        }
        reply->send(echo(request));
    }
    std::optional<HttpReply> refuse_early(const HttpRequestView& head) override {
        return early ? early(head) : std::nullopt;
    }
    HttpReply protocol_error(int status, std::string_view reason) override {
        return {status, "text/plain", std::string(reason), {}};
    }
    static HttpReply echo(const HttpRequestView& request) {
        std::string body(request.method);
        body.append(" ").append(request.path).append(" ").append(request.body);
        return {200, "text/plain", body, {}};
    }
};

struct Response {
    int status = 0;  // 0: the connection ended before
    std::string head;
    std::string body;
    bool has(std::string_view header_line) const {
        return head.find("\r\n" + std::string(header_line) + "\r\n") != std::string::npos;
    }
};

// Reads one response from `read_more`, which appends to its argument and returns false at the end.
inline Response read_response(std::string& pending, const std::function<bool(std::string&)>& read_more,
                              bool head_only = false) {
    Response out;
    std::size_t end = 0;
    while ((end = pending.find("\r\n\r\n")) == std::string::npos) {
        if (!read_more(pending)) return out;
    }
    out.head = pending.substr(0, end + 4);
    pending.erase(0, end + 4);
    std::size_t length = 0;
    if (const auto at = out.head.find("Content-Length: "); at != std::string::npos && !head_only) {
        std::from_chars(out.head.data() + at + 16, out.head.data() + out.head.size(), length);
    }
    while (pending.size() < length) {
        if (!read_more(pending)) return out;
    }
    out.body = pending.substr(0, length);
    pending.erase(0, length);
    out.status = std::stoi(out.head.substr(9, 3));
    return out;
}

class Client {
public:
    explicit Client(std::uint16_t port) : socket_(io_) {
        socket_.connect({boost::asio::ip::make_address("127.0.0.1"), port});
        const timeval limit{test_limit.count(), 0};
        setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    }
    bool send(std::string_view bytes) {
        boost::system::error_code ec;
        boost::asio::write(socket_, boost::asio::buffer(bytes), ec);
        return !ec;
    }
    Response receive(bool head_only = false) {
        return read_response(
            pending_, [this](std::string& to) { return read_more(to); }, head_only);
    }
    Response ask(std::string_view bytes) {
        send(bytes);
        return receive();
    }
    // True once the peer has closed; false when it sent something, or did nothing for test_limit.
    bool at_end() { return pending_.empty() && !read_more(pending_) && ended_; }
    bool has_answer() const {
        char byte = 0;
        return ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
    }
    void shutdown_send() { socket_.shutdown(boost::asio::ip::tcp::socket::shutdown_send); }
    boost::asio::ip::tcp::socket& socket() { return socket_; }

private:
    // ::recv, because Asio would wait past the socket's timeout.
    bool read_more(std::string& to) {
        char buffer[4096];
        ssize_t count = 0;
        do count = ::recv(socket_.native_handle(), buffer, sizeof buffer, 0);
        while (count < 0 && errno == EINTR);
        ended_ = count == 0 || (count < 0 && errno != EAGAIN);
        if (count <= 0) return false;
        to.append(buffer, static_cast<std::size_t>(count));
        return true;
    }
    boost::asio::io_context io_;
    // Not const for has_answer(): Asio gives the descriptor of a mutable socket alone.
    mutable boost::asio::ip::tcp::socket socket_;
    std::string pending_;
    bool ended_ = false;
};

inline HttpListener loopback(std::uint16_t port = 0, std::string certificate = {}, std::string key = {}) {
    HttpListener listener;
    listener.config.address = "127.0.0.1";
    listener.config.port = port;
    listener.config.tls_certificate = std::move(certificate);
    listener.config.tls_key = std::move(key);
    return listener;
}

// A server on a free port of the loopback address, with short limits.
struct Running {
    EchoHandler handler;
    std::mutex log_mutex;
    std::vector<std::string> log_lines;  // guarded by log_mutex
    Log log{{.write =
                 [this](std::string_view line) {
                     const std::lock_guard lock(log_mutex);
                     log_lines.emplace_back(line);
                 },
             .now = {}}};
    Metrics metrics{{}, {}, "test"};
    std::unique_ptr<HttpServer> server;

    static HttpLimits limits() {
        HttpLimits out;
        out.connections_max = 8;
        out.request_line_bytes_max = 1024;
        out.header_bytes_max = 4096;
        out.body_bytes_max = 200'000;
        out.bodies_bytes_max = 300'000;
        out.idle_timeout = milliseconds(150);
        out.request_timeout = milliseconds(100);
        return out;
    }
    // Limits that no test meets, however slow the machine.
    static HttpLimits patient_limits() {
        HttpLimits out = limits();
        out.idle_timeout = out.request_timeout = seconds(test_limit.count());
        return out;
    }
    explicit Running(HttpLimits with = limits(), HttpListener listener = loopback()) {
        server = std::make_unique<HttpServer>(std::vector{std::move(listener)}, with, handler, metrics, log);
        started = server->start();
    }
    Result<void> started;
    std::uint16_t port() const { return server->ports().at(0); }
    bool counted(const std::string& reason, int count) {
        return metrics.text().find("incidentd_connections_refused_total{reason=\"" + reason + "\"} " +
                                   std::to_string(count) + "\n") != std::string::npos;
    }
};

inline bool eventually(const std::function<bool()>& done) {
    const auto end = std::chrono::steady_clock::now() + test_limit;
    while (!done()) {
        if (std::chrono::steady_clock::now() >= end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

// What a server with short limits answers. A connection that this thread came too late for was closed without an
// answer, as silent ones are: then once more.
inline int answered_status(const std::function<int()>& ask) {
    int status = 0;
    static_cast<void>(eventually([&] { return (status = ask()) != 0; }));
    return status;
}

}  // namespace incidentd::test
