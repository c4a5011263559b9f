// One keep-alive connection with one request in flight. Not blocking; the caller owns the waiting.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace incidentd::bench {

class Connection {
public:
    explicit Connection(std::uint16_t port);  // to loopback; throws std::system_error
    ~Connection();
    Connection(Connection&& other) noexcept;
    Connection& operator=(Connection&&) = delete;

    int descriptor() const { return fd_; }
    // Copies the request. Latency counts from `due`, when it should have been sent.
    void begin(std::string_view request, std::chrono::steady_clock::time_point due);
    bool flush();  // sends what is left; true once all is sent
    bool sent_all() const { return sent_ == request_.size(); }

    enum class Answer : std::uint8_t { incomplete, complete, broken };
    Answer receive();
    int status() const { return status_; }
    std::chrono::steady_clock::time_point began() const { return began_; }

private:
    Answer parse();

    int fd_ = -1;
    std::string request_;
    std::size_t sent_ = 0;
    std::string answer_;
    int status_ = 0;
    std::chrono::steady_clock::time_point began_{};
};

}  // namespace incidentd::bench
