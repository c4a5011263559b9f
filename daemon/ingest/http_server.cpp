#include "daemon/ingest/http_server.hpp"

#include "daemon/clock.hpp"
#include "daemon/ingest/http_session.hpp"
#include "daemon/ingest/listener.hpp"
#include "daemon/ingest/reply_text.hpp"

#include <pthread.h>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <unordered_map>
#include <utility>

namespace incidentd {

namespace {

namespace asio = boost::asio;
using Tcp = asio::ip::tcp;
using SystemError = boost::system::error_code;
constexpr std::chrono::milliseconds accept_pause(100);

// Deadlines are coarse: a quarter of the shortest limit is fine enough, twice a second is often enough.
std::chrono::milliseconds sweep_interval(const HttpLimits& limits) {
    const std::int64_t shortest = std::min(limits.idle_timeout.ms, limits.request_timeout.ms);
    return std::chrono::milliseconds(std::clamp<std::int64_t>(shortest / 4, 5, 500));
}

std::string what(const std::exception_ptr& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (const std::exception& e) {
        return e.what();
    } catch (...) {
        return "unknown exception";
    }
}

}  // namespace

struct HttpServer::State {
    asio::io_context io{1};
    SessionHost host;
    std::vector<std::unique_ptr<Listener>> listeners;
    std::vector<std::uint16_t> ports;
    std::unordered_map<std::uint64_t, std::unique_ptr<HttpSession>> sessions;  // ingest thread
    std::uint64_t last_session = 0;                                            // likewise
    bool batch_end_posted = false;                                             // likewise
    std::atomic<std::uint64_t> connections{0};
    IngestTimer sweep_timer{io.get_executor()};
    IngestTimer grace_timer{io.get_executor()};
    std::thread thread;

    State(std::vector<HttpListener> specs, const HttpLimits& limits, HttpHandler& handler, Metrics& metrics, Log& log)
        : host{.limits = limits,
               .handler = handler,
               .metrics = metrics,
               .log = log,
               .replies = make_queue(),
               .end_batch_soon = [this] { end_batch_soon(); },
               .date = {}} {
        for (auto& spec : specs) listeners.push_back(std::make_unique<Listener>(std::move(spec), io.get_executor()));
    }

    std::shared_ptr<ReplyQueue> make_queue() {
        return std::make_shared<ReplyQueue>([this] { asio::post(io, [this] { deliver_ready(); }); },
                                            [this](ReadyReply ready) { deliver(std::move(ready)); });
    }

    Result<void> open_all();
    Result<std::vector<TlsContextPtr>> load_all_tls() const;
    void run();
    Awaitable<void> accept_from(Listener& listener);
    Awaitable<void> sweep();
    void admit(Listener& listener, IngestSocket socket);
    void turn_away(IngestSocket socket, bool tls);
    void ended(std::uint64_t id, const std::exception_ptr& failure);
    void end_batch_soon();
    void deliver(ReadyReply ready);
    void deliver_ready();
    void begin_stop(Duration grace);
    void release_if_done();
};

Result<std::vector<TlsContextPtr>> HttpServer::State::load_all_tls() const {
    std::vector<TlsContextPtr> contexts;
    for (const auto& listener : listeners) {
        if (!listener->wants_tls()) {
            contexts.emplace_back();
            continue;
        }
        auto loaded = load_tls(listener->config().tls_certificate, listener->config().tls_key);
        if (!loaded) return loaded.error();
        contexts.push_back(std::move(*loaded));
    }
    return contexts;
}

Result<void> HttpServer::State::open_all() {
    auto contexts = load_all_tls();
    if (!contexts) return contexts.error();
    for (std::size_t i = 0; i < listeners.size(); ++i) {
        listeners[i]->replace_tls((*contexts)[i]);
        if (auto opened = listeners[i]->open(); !opened) {
            for (auto& listener : listeners) {
                SystemError ignored;
                listener->acceptor().close(ignored);
            }
            return opened.error();
        }
        ports.push_back(listeners[i]->port());
    }
    return {};
}

void HttpServer::State::run() {
    pthread_setname_np(pthread_self(), "ingest");
    for (;;) {
        try {
            io.run();
            return;
        } catch (...) {
            host.log.error("ingest: a handler failed", {{"reason", what(std::current_exception())}});
        }
    }
}

Awaitable<void> HttpServer::State::accept_from(Listener& listener) {
    IngestTimer pause(io.get_executor());
    for (;;) {
        SystemError ec;
        IngestSocket socket = co_await listener.acceptor().async_accept(asio::redirect_error(use_awaitable, ec));
        if (host.stopping) co_return;
        if (!ec) {
            admit(listener, std::move(socket));
            continue;
        }
        if (ec == asio::error::connection_aborted) continue;
        host.metrics.connection_refused("limit");
        host.log.error("cannot accept connections", {{"listener", listener.name()}, {"reason", ec.message()}});
        pause.expires_after(accept_pause);
        co_await pause.async_wait(asio::redirect_error(use_awaitable, ec));
    }
}

void HttpServer::State::admit(Listener& listener, IngestSocket socket) {
    if (sessions.size() >= host.limits.connections_max) {
        turn_away(std::move(socket), listener.wants_tls());
        return;
    }
    SystemError ignored;
    socket.set_option(Tcp::no_delay(true), ignored);
    const std::uint64_t id = ++last_session;
    auto& session = sessions[id];
    session = std::make_unique<HttpSession>(host, std::move(socket), listener.tls(), id);
    connections = sessions.size();
    asio::co_spawn(io.get_executor(), session->run(),
                   [this, id](const std::exception_ptr& failure) { ended(id, failure); });
}

// One attempt to say why, without waiting: whoever floods us with connections must not cost more than that.
void HttpServer::State::turn_away(IngestSocket socket, bool tls) {
    host.metrics.connection_refused("limit");
    host.log.warning("connection limit reached", {{"limit", host.limits.connections_max}});
    SystemError ignored;
    if (!tls) {
        HttpReply reply = host.handler.protocol_error(503, "too many connections");
        reply.headers.emplace_back("Retry-After", "1");
        const std::string text = response_head(reply, {.keep_alive = false, .date = {}}) + reply.body;
        socket.non_blocking(true, ignored);
        socket.write_some(asio::buffer(text), ignored);
    }
    socket.shutdown(IngestSocket::shutdown_both, ignored);
    socket.close(ignored);
}

void HttpServer::State::ended(std::uint64_t id, const std::exception_ptr& failure) {
    if (failure) host.log.error("ingest: a connection failed", {{"reason", what(failure)}});
    sessions.erase(id);
    connections = sessions.size();
    release_if_done();
}

void HttpServer::State::release_if_done() {
    if (!host.stopping || !sessions.empty()) return;
    sweep_timer.cancel();
    grace_timer.cancel();
}

Awaitable<void> HttpServer::State::sweep() {
    const auto interval = sweep_interval(host.limits);
    while (!host.stopping || !sessions.empty()) {
        SystemError ec;
        sweep_timer.expires_after(interval);
        co_await sweep_timer.async_wait(asio::redirect_error(use_awaitable, ec));
        const auto now = monotonic_now();
        for (auto& [id, session] : sessions) session->check_deadline(now);
    }
}

// Posted behind what is ready by now, so that one call ends the batch of all these requests.
void HttpServer::State::end_batch_soon() {
    if (std::exchange(batch_end_posted, true)) return;
    asio::post(io, [this] {
        batch_end_posted = false;
        host.handler.end_of_batch();
    });
}

void HttpServer::State::deliver(ReadyReply ready) {
    if (const auto found = sessions.find(ready.session); found != sessions.end()) {
        found->second->deliver(ready.request, std::move(ready.reply));
    }
}

void HttpServer::State::deliver_ready() {
    for (auto& ready : host.replies->take()) deliver(std::move(ready));
}

void HttpServer::State::begin_stop(Duration grace) {
    host.stopping = true;
    for (auto& listener : listeners) {
        SystemError ignored;
        listener->acceptor().close(ignored);
    }
    for (auto& [id, session] : sessions) session->begin_stop();
    grace_timer.expires_after(std::chrono::milliseconds(grace.ms));
    grace_timer.async_wait([this](const SystemError& ec) {
        if (ec) return;
        for (auto& [id, session] : sessions) session->abort();
    });
    release_if_done();
}

HttpServer::HttpServer(std::vector<HttpListener> listeners, const HttpLimits& limits, HttpHandler& handler,
                       Metrics& metrics, Log& log)
    : state_(std::make_unique<State>(std::move(listeners), limits, handler, metrics, log)) {}

HttpServer::~HttpServer() { stop({}); }

Result<void> HttpServer::start() {
    State& state = *state_;
    if (auto opened = state.open_all(); !opened) return opened;
    for (auto& listener : state.listeners) {
        asio::co_spawn(state.io.get_executor(), state.accept_from(*listener), [](const std::exception_ptr&) {});
    }
    asio::co_spawn(state.io.get_executor(), state.sweep(), [](const std::exception_ptr&) {});
    state.thread = std::thread([&state] {
        state.host.replies->set_thread(std::this_thread::get_id());
        state.run();
    });
    return {};
}

void HttpServer::stop(Duration grace) {
    State& state = *state_;
    if (state.thread.joinable()) {
        asio::post(state.io, [&state, grace] { state.begin_stop(grace); });
        state.thread.join();
    }
    state.host.replies->close();
    state.sessions.clear();
    state.connections = 0;
}

Result<void> HttpServer::reload_tls() {
    auto contexts = state_->load_all_tls();
    if (!contexts) return contexts.error();
    for (std::size_t i = 0; i < contexts->size(); ++i) state_->listeners[i]->replace_tls((*contexts)[i]);
    return {};
}

std::vector<std::uint16_t> HttpServer::ports() const { return state_->ports; }

std::uint64_t HttpServer::connections() const { return state_->connections; }

}  // namespace incidentd
