#include "daemon/ingest/http_session.hpp"

#include "daemon/clock.hpp"
#include "daemon/ingest/reply_text.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <cstring>
#include <utility>

namespace incidentd {

namespace {

namespace asio = boost::asio;
using SystemError = boost::system::error_code;
using TimePoint = std::chrono::steady_clock::time_point;

constexpr std::size_t read_bytes = 64 * 1024;        // small requests in one read, pipelined ones too
constexpr std::size_t joined_body_bytes = 8 * 1024;  // up to here head and body go out in one piece
constexpr Duration closing_time = seconds(2);
constexpr Duration no_limit{};
constexpr std::chrono::seconds stuck_time(5);

RequestLimits request_limits(const HttpLimits& limits) {
    return {limits.request_line_bytes_max, limits.header_bytes_max, limits.body_bytes_max};
}

std::string peer_text(const IngestSocket& socket) {
    SystemError ec;
    const auto endpoint = socket.remote_endpoint(ec);
    if (!ec && endpoint.data()->sa_family == AF_UNIX) return "unix";
    if (ec) return "unknown";
    const std::string address = endpoint.address().to_string();
    const std::string port = std::to_string(endpoint.port());
    return endpoint.address().is_v6() ? "[" + address + "]:" + port : address + ":" + port;
}

const std::string& current_date(SessionHost& host) {
    const std::int64_t second = wall_clock_now().ms / 1000;
    if (second != host.date_second || host.date.empty()) {
        host.date = http_date(second);
        host.date_second = second;
    }
    return host.date;
}

bool is_end(const SystemError& ec) { return ec == asio::error::eof || ec == asio::ssl::error::stream_truncated; }

}  // namespace

HttpSession::HttpSession(SessionHost& host, IngestSocket socket, TlsContextPtr tls, std::uint64_t id)
    : host_(host),
      id_(id),
      socket_(std::move(socket)),
      tls_context_(std::move(tls)),
      peer_(peer_text(socket_)),
      capacity_(std::max(read_bytes, host.limits.header_bytes_max + 1024)),
      buffer_(std::make_unique_for_overwrite<char[]>(capacity_)),
      parser_(request_limits(host.limits)),
      deadline_(TimePoint::max()),
      reply_ready_(socket_.get_executor(), TimePoint::max()) {
    if (tls_context_) tls_ = std::make_unique<asio::ssl::stream<IngestSocket&>>(socket_, *tls_context_);
}

HttpSession::~HttpSession() { forget_body(); }

// g++ 12 lays the frame out wrongly when an awaited condition encloses a loop that breaks: keep co_await out of them.
Awaitable<void> HttpSession::run() {
    bool open = co_await handshake();
    while (open && !host_.stopping) {
        open = co_await read_request();
        if (open) open = co_await serve();
    }
    forget_body();
    co_await close_gently();
}

Awaitable<bool> HttpSession::handshake() {
    if (!tls_) co_return true;
    enter(Phase::handshake, host_.limits.request_timeout);
    SystemError ec;
    co_await tls_->async_handshake(asio::ssl::stream_base::server, asio::redirect_error(use_awaitable, ec));
    if (aborted_) co_return false;
    if (!ec && !expired_) co_return true;
    host_.metrics.connection_refused(expired_ ? "timeout" : "tls");
    host_.log.warning("TLS handshake failed",
                      {{"peer", peer_}, {"reason", expired_ ? std::string("it took too long") : ec.message()}});
    close_socket();
    co_return false;
}

Awaitable<bool> HttpSession::read_request() {
    forget_body();
    parser_.reset();
    // A connection must say something soon; one that has proved useful may rest longer.
    const Duration first = std::min(host_.limits.request_timeout, host_.limits.idle_timeout);
    enter(Phase::idle, request_ == 0 ? first : host_.limits.idle_timeout);
    for (;;) {
        if (begin_ != end_) {
            if (phase_ == Phase::idle) enter(Phase::reading, host_.limits.request_timeout);
            const auto step = parser_.feed(unread());
            begin_ += step.consumed;
            account_body();
            if (step.progress == RequestParser::Progress::complete) co_return true;
            if (step.progress == RequestParser::Progress::failed) {
                co_return co_await refuse(parser_.failure().status, parser_.failure().reason);
            }
            if (step.progress == RequestParser::Progress::head) {
                if (!co_await on_head()) co_return false;
                continue;
            }
            if (host_.bodies_bytes > host_.limits.bodies_bytes_max) {
                forget_body();  // first: while we answer, no other request may be refused for this one
                co_return co_await refuse(503, "too many large requests at once; send it again later");
            }
            if (unread().size() == capacity_) co_return co_await refuse(400, "a chunk's header is too long");
        }
        if (!co_await fill()) co_return co_await read_failed();
    }
}

Awaitable<bool> HttpSession::fill() {
    if (begin_ == end_) {
        begin_ = end_ = 0;
    } else if (end_ == capacity_) {
        std::memmove(buffer_.get(), buffer_.get() + begin_, end_ - begin_);
        end_ -= std::exchange(begin_, 0);
    }
    SystemError ec;
    const std::size_t count = co_await read_some(asio::buffer(buffer_.get() + end_, capacity_ - end_), ec);
    read_error_ = ec;
    if (ec || expired_ || aborted_) co_return false;
    end_ += count;
    co_return true;
}

// What a read that brought nothing means depends on how far the request had come.
Awaitable<bool> HttpSession::read_failed() {
    peer_closed_ = is_end(read_error_);
    if (aborted_ || phase_ != Phase::reading) co_return false;
    if (expired_) {
        co_return co_await refuse(408,
                                  "the request was not complete within " + to_string(host_.limits.request_timeout));
    }
    if (peer_closed_) co_return co_await refuse(400, "the connection ended within the request");
    co_return false;
}

Awaitable<bool> HttpSession::on_head() {
    if (const auto length = parser_.content_length(); length && *length <= unread().size()) co_return true;
    if (const auto refusal = host_.handler.refuse_early(parser_.view(peer_))) {
        drain_ = true;
        co_await write(*refusal, false);
        co_return false;
    }
    if (!parser_.expects_continue() || !unread().empty()) co_return true;
    static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
    co_return co_await write_all({asio::buffer(go_on), asio::const_buffer()});
}

Awaitable<bool> HttpSession::serve() {
    ++request_;
    reply_.reset();
    enter(Phase::handling, no_limit);
    host_.handler.handle(parser_.view(peer_), make_queued_reply(host_.replies, id_, request_));
    host_.end_batch_soon();
    while (!reply_ && !aborted_) {
        SystemError ec;
        co_await reply_ready_.async_wait(asio::redirect_error(use_awaitable, ec));
    }
    if (aborted_) co_return false;
    const bool keep_alive = parser_.keep_alive() && !host_.stopping;
    const HttpReply reply = *std::exchange(reply_, std::nullopt);
    const bool written = co_await write(reply, keep_alive);
    co_return written&& keep_alive;
}

Awaitable<bool> HttpSession::refuse(int status, std::string reason) {
    const bool of_a_source = (status == 400 || status == 413) && parser_.has_line();
    std::optional<HttpReply> reply;
    if (of_a_source) reply = host_.handler.refuse_broken(parser_.view(peer_), status, reason);
    if (!reply) {
        host_.metrics.connection_refused(status == 408 ? "timeout" : status == 503 ? "limit" : "malformed");
        host_.log.warning("request not acceptable", {{"peer", peer_}, {"status", status}, {"reason", reason}});
        reply = host_.handler.protocol_error(status, reason);
    }
    drain_ = true;
    co_await write(*reply, false);
    co_return false;
}

Awaitable<bool> HttpSession::write(const HttpReply& reply, bool keep_alive) {
    enter(Phase::writing, host_.limits.request_timeout);
    std::string head = response_head(reply, {keep_alive, parser_.is_http_1_0(), current_date(host_)});
    std::string_view body = reply.body;
    if (parser_.view(peer_).method == "HEAD") body = {};
    if (body.size() <= joined_body_bytes) {
        head += body;
        body = {};
    }
    co_return co_await write_all({asio::buffer(head), asio::buffer(body)});
}

Awaitable<bool> HttpSession::write_all(Buffers buffers) {
    SystemError ec;
    if (tls_) {
        co_await asio::async_write(*tls_, buffers, asio::redirect_error(use_awaitable, ec));
    } else {
        co_await asio::async_write(socket_, buffers, asio::redirect_error(use_awaitable, ec));
    }
    if (!ec && !expired_ && !aborted_) co_return true;
    close_socket();
    co_return false;
}

Awaitable<std::size_t> HttpSession::read_some(asio::mutable_buffer into, SystemError& ec) {
    if (tls_) co_return co_await tls_->async_read_some(into, asio::redirect_error(use_awaitable, ec));
    co_return co_await socket_.async_read_some(into, asio::redirect_error(use_awaitable, ec));
}

// Closing a socket with unread input resets the connection, and the sender may then never see our last answer.
Awaitable<void> HttpSession::close_gently() {
    if (aborted_ || !socket_.is_open()) co_return;
    enter(Phase::closing, closing_time);
    SystemError ec;
    if (tls_) co_await tls_->async_shutdown(asio::redirect_error(use_awaitable, ec));
    socket_.shutdown(IngestSocket::shutdown_send, ec);
    if (drain_ && !peer_closed_) {
        std::size_t count = 0;
        do {
            ec.clear();
            count = co_await socket_.async_read_some(asio::buffer(buffer_.get(), capacity_),
                                                     asio::redirect_error(use_awaitable, ec));
        } while (!ec && count > 0 && !expired_ && !aborted_);
    }
    close_socket();
}

void HttpSession::deliver(std::uint64_t request, HttpReply reply) {
    if (phase_ != Phase::handling || request != request_ || reply_) return;
    reply_ = std::move(reply);
    reply_ready_.cancel();
}

void HttpSession::check_deadline(TimePoint now) {
    if (now < deadline_) return;
    if (expired_ && now >= deadline_ + stuck_time) abort();
    if (std::exchange(expired_, true)) return;
    SystemError ignored;
    socket_.cancel(ignored);
}

void HttpSession::begin_stop() {
    if (phase_ != Phase::reading && phase_ != Phase::handling && phase_ != Phase::writing) abort();
}

void HttpSession::abort() {
    aborted_ = true;
    close_socket();
    reply_ready_.cancel();
}

void HttpSession::enter(Phase phase, Duration at_most) {
    phase_ = phase;
    expired_ = false;
    deadline_ = at_most.ms > 0 ? monotonic_now() + std::chrono::milliseconds(at_most.ms) : TimePoint::max();
}

void HttpSession::account_body() {
    host_.bodies_bytes += parser_.body_bytes() - accounted_;
    accounted_ = parser_.body_bytes();
}

void HttpSession::forget_body() { host_.bodies_bytes -= std::exchange(accounted_, 0); }

void HttpSession::close_socket() {
    SystemError ignored;
    socket_.close(ignored);
}

}  // namespace incidentd
