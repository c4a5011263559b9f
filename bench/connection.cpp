#include "bench/connection.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <system_error>
#include <utility>

namespace incidentd::bench {

Connection::Connection(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd_ < 0 || connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        throw std::system_error(errno, std::generic_category(), "connect to port " + std::to_string(port));
    }
    const int on = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(fd_, F_SETFL, fcntl(fd_, F_GETFL) | O_NONBLOCK);
}

Connection::Connection(Connection&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)),
      request_(std::move(other.request_)),
      sent_(other.sent_),
      answer_(std::move(other.answer_)),
      status_(other.status_),
      began_(other.began_) {}

Connection::~Connection() {
    if (fd_ >= 0) close(fd_);
}

void Connection::begin(std::string_view request, std::chrono::steady_clock::time_point due) {
    request_.assign(request);
    sent_ = 0;
    answer_.clear();
    status_ = 0;
    began_ = due;
    flush();
}

bool Connection::flush() {
    while (!sent_all()) {
        const ssize_t sent = send(fd_, request_.data() + sent_, request_.size() - sent_, MSG_NOSIGNAL);
        if (sent <= 0) return false;
        sent_ += static_cast<std::size_t>(sent);
    }
    return true;
}

Connection::Answer Connection::receive() {
    char buffer[16 * 1024];
    while (true) {
        const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
        if (got == 0) return Answer::broken;
        if (got < 0) return errno == EAGAIN ? Answer::incomplete : Answer::broken;
        answer_.append(buffer, static_cast<std::size_t>(got));
        const Answer answer = parse();
        if (answer != Answer::incomplete) return answer;
    }
}

// Both servers answer these requests with a Content-Length.
Connection::Answer Connection::parse() {
    const std::size_t head_end = answer_.find("\r\n\r\n");
    if (head_end == std::string::npos) return Answer::incomplete;
    if (answer_.size() < 12 || !answer_.starts_with("HTTP/1.1 ")) return Answer::broken;
    std::from_chars(answer_.data() + 9, answer_.data() + 12, status_);
    std::string head = answer_.substr(0, head_end);
    std::transform(head.begin(), head.end(), head.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::string_view name = "\r\ncontent-length: ";
    const std::size_t at = head.find(name);
    std::size_t length = 0;
    if (at != std::string::npos) std::from_chars(head.data() + at + name.size(), head.data() + head.size(), length);
    return answer_.size() >= head_end + 4 + length ? Answer::complete : Answer::incomplete;
}

}  // namespace incidentd::bench
