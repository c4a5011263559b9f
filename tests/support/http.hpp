// A small HTTP client for tests, over libcurl. Blocking; one connection kept alive; one thread at a time.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd::test {

struct HttpResponse {
    int status = 0;                              // 0: no answer, see `error`
    std::map<std::string, std::string> headers;  // names in lower case
    std::string body;
    std::string error;

    std::string header(std::string_view name) const;
};

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

class HttpClient {
public:
    // `base` has no trailing slash. `ca_file`: trusted certificates for https; empty: the system's.
    explicit HttpClient(std::string base, std::string ca_file = {});
    ~HttpClient();
    HttpClient(HttpClient&&) noexcept;

    HttpResponse get(std::string_view path, const HttpHeaders& headers = {});
    // Content-Type is application/json unless `headers` has one.
    HttpResponse post(std::string_view path, std::string_view body, const HttpHeaders& headers = {});
    HttpResponse request(std::string_view method, std::string_view path, std::string_view body,
                         const HttpHeaders& headers);

    void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

private:
    struct Handle;
    std::unique_ptr<Handle> handle_;
    std::string base_;
    std::string ca_file_;
    std::chrono::milliseconds timeout_ = std::chrono::seconds(30);
};

// Sends bytes as they are to a loopback port and returns what came back until the peer closed or fell silent.
std::string raw_exchange(unsigned short port, std::string_view bytes,
                         std::chrono::milliseconds silence = std::chrono::seconds(2));

}  // namespace incidentd::test
