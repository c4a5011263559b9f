// HTTP/1.x requests from bytes, one after the other on a connection. No socket here: bytes in, progress out.
// Framing is Beast's; this adds the bounds, keeps the text, and refuses what could be understood in two ways.
#pragma once

#include "adapters/http_message.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace incidentd {

struct RequestLimits {
    std::size_t request_line_bytes_max = 16 * 1024;  // longer: 414
    std::size_t header_bytes_max = 64 * 1024;        // request line included; longer: 431
    std::size_t body_bytes_max = 16 * 1024 * 1024;   // longer: 413, as soon as its length is known
};

class RequestParser {
public:
    explicit RequestParser(const RequestLimits& limits);
    ~RequestParser();

    void reset();  // before each request; keeps its memory, unless a body was unusually large

    enum class Progress : std::uint8_t {
        more,      // give it more bytes
        head,      // once, when a body is to follow: head() is valid; feed the rest
        complete,  // view() is valid; bytes not consumed belong to the next request
        failed,    // see failure(); the connection's framing is lost
    };
    struct Step {
        Progress progress = Progress::more;
        std::size_t consumed = 0;
    };
    // Bytes that were not consumed must be given again, with more behind them.
    Step feed(std::string_view bytes);

    struct Failure {
        int status = 400;
        std::string reason;
    };
    const Failure& failure() const { return failure_; }

    // Valid from `head` (without body) or `complete` on, until reset(). `peer` is the caller's.
    bool has_line() const;  // view() knows method and target
    HttpRequestView view(std::string_view peer) const;

    bool is_http_1_0() const;
    bool keep_alive() const;
    bool expects_continue() const;
    std::optional<std::uint64_t> content_length() const;  // nullopt: chunked, or no body
    std::size_t body_bytes() const;                       // received so far

private:
    class Core;
    Step fail(Failure failure, std::size_t consumed);

    const RequestLimits limits_;
    std::unique_ptr<Core> core_;
    Failure failure_;
};

}  // namespace incidentd
