#include "tests/support/contract_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <strings.h>
#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <optional>
#include <stdexcept>
#include <thread>

namespace incidentd::test {
namespace {

constexpr std::size_t head_bytes_max = 64 * 1024;
constexpr std::size_t body_bytes_max = 16 * 1024 * 1024;

std::string header_in(const std::vector<std::pair<std::string, std::string>>& headers, std::string_view name) {
    for (const auto& [key, value] : headers)
        if (key.size() == name.size() && ::strncasecmp(key.data(), name.data(), name.size()) == 0) return value;
    return {};
}

// Reads from one connection; false when it ended.
class Wire {
public:
    explicit Wire(int descriptor) : descriptor_(descriptor) {}
    bool more() {
        char bytes[16 * 1024];
        const ssize_t got = ::recv(descriptor_, bytes, sizeof bytes, 0);
        if (got <= 0) return false;
        buffer_.append(bytes, static_cast<std::size_t>(got));
        return true;
    }
    std::string& buffer() { return buffer_; }

private:
    int descriptor_;
    std::string buffer_;
};

enum class ReadOutcome : std::uint8_t { request, closed, malformed, length_required };

bool parse_head(std::string_view head, ContractRequest& request) {
    std::size_t end = head.find("\r\n");
    const std::string_view line = head.substr(0, end);
    const std::size_t first = line.find(' ');
    const std::size_t second = line.rfind(' ');
    if (first == std::string_view::npos || first == second || line.substr(second + 1) != "HTTP/1.1") return false;
    request.method = line.substr(0, first);
    const std::string_view target = line.substr(first + 1, second - first - 1);
    request.path = target.substr(0, target.find('?'));
    if (request.path.size() < target.size()) request.query = target.substr(request.path.size() + 1);
    while (end != std::string_view::npos) {
        head.remove_prefix(end + 2);
        end = head.find("\r\n");
        const std::string_view field = head.substr(0, end);
        if (field.empty()) break;
        const std::size_t colon = field.find(':');
        if (colon == 0 || colon == std::string_view::npos) return false;
        std::string_view value = field.substr(colon + 1);
        while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
        request.headers.emplace_back(field.substr(0, colon), value);
    }
    return !request.header("Host").empty();
}

ReadOutcome read_request(Wire& wire, ContractRequest& request) {
    std::size_t head_end;
    while ((head_end = wire.buffer().find("\r\n\r\n")) == std::string::npos) {
        if (wire.buffer().size() > head_bytes_max) return ReadOutcome::malformed;
        if (!wire.more()) return ReadOutcome::closed;
    }
    const std::string head = wire.buffer().substr(0, head_end + 2);
    wire.buffer().erase(0, head_end + 4);
    if (!parse_head(head, request)) return ReadOutcome::malformed;
    const std::string length_text = request.header("Content-Length");
    if (length_text.empty()) return request.method == "GET" ? ReadOutcome::request : ReadOutcome::length_required;
    std::size_t length = 0;
    const char* stop = length_text.data() + length_text.size();
    const auto [end, error] = std::from_chars(length_text.data(), stop, length);
    if (error != std::errc{} || end != stop || length > body_bytes_max) return ReadOutcome::malformed;
    while (wire.buffer().size() < length)
        if (!wire.more()) return ReadOutcome::closed;
    request.body = wire.buffer().substr(0, length);
    wire.buffer().erase(0, length);
    return ReadOutcome::request;
}

bool send_all(int descriptor, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0) return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

bool send_answer(int descriptor, const ContractAnswer& answer) {
    std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\n";
    for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
    if (header_in(answer.headers, "Content-Type").empty()) text += "Content-Type: application/json\r\n";
    if (answer.status != 204) text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
    return send_all(descriptor, text + "\r\n" + answer.body);
}

}  // namespace

std::string ContractRequest::header(std::string_view name) const { return header_in(headers, name); }

struct ContractServer::State {
    explicit State(Handler h) : handler(std::move(h)) {}

    void listen(unsigned short wanted);
    void accept_all();
    void serve(int descriptor);
    bool answer_one(int descriptor, Wire& wire);
    bool sleep(std::chrono::milliseconds time);
    void stop();

    const Handler handler;
    int listener = -1;
    unsigned short bound = 0;
    std::thread acceptor;
    std::mutex handling;       // one request at a time reaches the handler
    mutable std::mutex mutex;  // everything below
    std::condition_variable stopped;
    bool stopping = false;
    std::vector<ContractRequest> requests;
    std::vector<int> connections;
    std::vector<std::thread> threads;
};

void ContractServer::State::listen(unsigned short wanted) {
    listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(wanted);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener, generic, size) != 0 || ::listen(listener, 128) != 0 ||
        ::getsockname(listener, generic, &size) != 0)
        throw std::runtime_error(std::string("contract server cannot listen: ") + std::strerror(errno));
    bound = ntohs(address.sin_port);
    acceptor = std::thread([this] { accept_all(); });
}

void ContractServer::State::accept_all() {
    while (true) {
        const int descriptor = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        if (descriptor < 0) return;
        const std::lock_guard lock(mutex);
        if (stopping) {
            ::close(descriptor);
            return;
        }
        connections.push_back(descriptor);
        threads.emplace_back([this, descriptor] { serve(descriptor); });
    }
}

void ContractServer::State::serve(int descriptor) {
    Wire wire(descriptor);
    while (answer_one(descriptor, wire)) {
    }
    ::shutdown(descriptor, SHUT_RDWR);  // closed in stop(): the number must not be reused before
}

// False when the connection is over.
bool ContractServer::State::answer_one(int descriptor, Wire& wire) {
    ContractRequest request;
    const ReadOutcome outcome = read_request(wire, request);
    if (outcome == ReadOutcome::closed) return false;
    if (outcome != ReadOutcome::request) {
        const bool is_malformed = outcome == ReadOutcome::malformed;
        send_answer(descriptor, {is_malformed ? 400 : 411, R"({"message":"not HTTP as it should be"})"});
        return false;
    }
    {
        const std::lock_guard lock(mutex);
        requests.push_back(request);
    }
    ContractAnswer answer;
    {
        const std::lock_guard lock(handling);
        answer = handler(request);
    }
    if (!sleep(answer.delay) || answer.end == ContractAnswer::End::close) return false;
    if (answer.end == ContractAnswer::End::silence) return wire.more();
    return send_answer(descriptor, answer) && request.header("Connection") != "close";
}

bool ContractServer::State::sleep(std::chrono::milliseconds time) {
    std::unique_lock lock(mutex);
    return !stopped.wait_for(lock, time, [this] { return stopping; });
}

void ContractServer::State::stop() {
    {
        const std::lock_guard lock(mutex);
        stopping = true;
        for (const int descriptor : connections) ::shutdown(descriptor, SHUT_RDWR);
    }
    stopped.notify_all();
    ::shutdown(listener, SHUT_RDWR);
    if (acceptor.joinable()) acceptor.join();
    for (std::thread& thread : threads) thread.join();
    for (const int descriptor : connections) ::close(descriptor);
    ::close(listener);
}

ContractServer::ContractServer(Handler handler, unsigned short port)
    : state_(std::make_unique<State>(std::move(handler))) {
    state_->listen(port);
}

ContractServer::~ContractServer() { state_->stop(); }

unsigned short ContractServer::port() const { return state_->bound; }
std::string ContractServer::url() const { return "http://127.0.0.1:" + std::to_string(state_->bound); }

std::vector<ContractRequest> ContractServer::requests() const {
    const std::lock_guard lock(state_->mutex);
    return state_->requests;
}

std::size_t ContractServer::request_count() const {
    const std::lock_guard lock(state_->mutex);
    return state_->requests.size();
}

std::size_t ContractServer::connection_count() const {
    const std::lock_guard lock(state_->mutex);
    return state_->connections.size();
}

bool ContractServer::wait_until(const std::function<bool()>& condition, std::chrono::milliseconds patience) {
    const auto end = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= end) return condition();
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return true;
}

Fault too_many(unsigned retry_after_s) {
    return {{429, R"({"message":"slow down"})", {{"Retry-After", std::to_string(retry_after_s)}}}, false};
}
Fault error_before() { return {{500, R"({"message":"nothing was done"})"}, false}; }
Fault error_after() { return {{500, R"({"message":"it was done, but"})"}, true}; }
Fault silence_after() {
    Fault fault{{}, true};
    fault.answer.end = ContractAnswer::End::silence;
    return fault;
}
Fault close_after() {
    Fault fault{{}, true};
    fault.answer.end = ContractAnswer::End::close;
    return fault;
}

void Faults::add(Fault fault, unsigned count) {
    const std::lock_guard lock(mutex_);
    queue_.insert(queue_.end(), count, fault);
}

bool Faults::take(Fault& out) {
    const std::lock_guard lock(mutex_);
    if (queue_.empty()) return false;
    out = queue_.front();
    queue_.erase(queue_.begin());
    return true;
}

}  // namespace incidentd::test
