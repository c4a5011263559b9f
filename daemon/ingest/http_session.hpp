// One connection: reads requests, hands them over, writes the answers, in order. Lives on the ingest thread only.
#pragma once

#include "daemon/config.hpp"
#include "daemon/ingest/asio_types.hpp"
#include "daemon/ingest/http_handler.hpp"
#include "daemon/ingest/reply_queue.hpp"
#include "daemon/ingest/request_parser.hpp"
#include "daemon/ingest/tls.hpp"
#include "daemon/log.hpp"
#include "daemon/metrics.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/stream.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace incidentd {

// What all sessions of a server share; outlives them.
struct SessionHost {
    const HttpLimits limits;
    HttpHandler& handler;
    Metrics& metrics;
    Log& log;
    std::shared_ptr<ReplyQueue> replies;  // shared with every open Reply
    std::size_t bodies_bytes = 0;         // of request bodies in memory, all sessions together
    bool stopping = false;
    std::function<void()> end_batch_soon;  // end_of_batch() of the handler, once all that is ready was handled
    std::string date;                      // of the current second
    std::int64_t date_second = 0;
};

class HttpSession {
public:
    // `tls` may be null: plain HTTP.
    HttpSession(SessionHost& host, IngestSocket socket, TlsContextPtr tls, std::uint64_t id);
    ~HttpSession();
    HttpSession(const HttpSession&) = delete;
    HttpSession& operator=(const HttpSession&) = delete;

    // Until the connection is over. The session must live until then.
    Awaitable<void> run();

    void deliver(std::uint64_t request, HttpReply reply);
    void check_deadline(std::chrono::steady_clock::time_point now);
    void begin_stop();  // ends it at once when no request is under way
    void abort();       // ends it at once

private:
    enum class Phase : std::uint8_t { handshake, idle, reading, handling, writing, closing };
    using Buffers = std::array<boost::asio::const_buffer, 2>;

    Awaitable<bool> handshake();
    Awaitable<bool> read_request();
    Awaitable<bool> fill();
    Awaitable<bool> on_head();
    Awaitable<bool> serve();
    Awaitable<bool> refuse(int status, std::string reason);
    Awaitable<bool> read_failed();
    Awaitable<bool> write(const HttpReply& reply, bool keep_alive);
    Awaitable<bool> write_all(Buffers buffers);
    Awaitable<void> close_gently();
    Awaitable<std::size_t> read_some(boost::asio::mutable_buffer into, boost::system::error_code& ec);
    void enter(Phase phase, Duration at_most);
    void account_body();
    void forget_body();
    void close_socket();
    std::string_view unread() const { return {buffer_.get() + begin_, end_ - begin_}; }

    SessionHost& host_;
    const std::uint64_t id_;
    IngestSocket socket_;
    const TlsContextPtr tls_context_;
    std::unique_ptr<boost::asio::ssl::stream<IngestSocket&>> tls_;
    std::string peer_;

    const std::size_t capacity_;
    const std::unique_ptr<char[]> buffer_;
    std::size_t begin_ = 0;  // of what is read and not parsed
    std::size_t end_ = 0;
    RequestParser parser_;
    std::size_t accounted_ = 0;  // of host_.bodies_bytes

    Phase phase_ = Phase::handshake;
    std::chrono::steady_clock::time_point deadline_;
    bool expired_ = false;  // the deadline passed; set by check_deadline, which cancels what is under way
    bool aborted_ = false;
    bool drain_ = false;  // the sender may still be sending: closing at once would destroy our answer
    bool peer_closed_ = false;
    boost::system::error_code read_error_;

    std::uint64_t request_ = 0;
    std::optional<HttpReply> reply_;
    IngestTimer reply_ready_;  // never expires; cancelled when the reply is there
};

}  // namespace incidentd
