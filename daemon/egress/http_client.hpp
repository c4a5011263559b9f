// HTTP requests to sinks over libcurl's multi interface. One thread at a time, but for wake(). Connections are kept and
// reused; certificates are always verified; redirects are never followed.
#pragma once

#include "adapters/http_message.hpp"
#include "adapters/sink.hpp"
#include "correlator/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace incidentd {

struct HttpClientOptions {
    std::string proxy;                           // "http://proxy:3128"; empty: none, whatever the environment says
    std::string ca_file;                         // trusted certificates in one PEM file; empty: the system's
    std::size_t answer_bytes_max = 1024 * 1024;  // of a body; the rest is not read, the answer counts
};

class HttpClient {
public:
    using Id = std::uint64_t;
    struct Done {
        Id id = 0;
        // NoAnswer::may_have_arrived is false only if not one byte of the request was sent.
        std::variant<HttpAnswer, NoAnswer> outcome;
    };

    explicit HttpClient(HttpClientOptions options);
    ~HttpClient();  // abandons what runs

    // `call.timeout` bounds it from now to the last byte.
    void start(Id id, HttpCall call);

    // Moves transfers on; waits at most `patience` for something to happen. Appends what ended to `out`.
    void poll(Duration patience, std::vector<Done>& out);

    void wake();  // any thread: poll() returns at once
    std::size_t active() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace incidentd
