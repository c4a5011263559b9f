#include "tests/support/http.hpp"

#include "tests/support/process.hpp"

#include <curl/curl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <algorithm>
#include <cctype>

namespace incidentd::test {
namespace {

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return result;
}

std::size_t take_body(const char* data, std::size_t size, std::size_t count, void* user) {
    static_cast<HttpResponse*>(user)->body.append(data, size * count);
    return size * count;
}

std::size_t take_header(const char* data, std::size_t size, std::size_t count, void* user) {
    auto& response = *static_cast<HttpResponse*>(user);
    const std::string_view line(data, size * count);
    const std::size_t colon = line.find(':');
    if (line.starts_with("HTTP/")) response.headers.clear();
    if (colon != std::string_view::npos) {
        std::string_view value = line.substr(colon + 1);
        while (!value.empty() && std::isspace(static_cast<unsigned char>(value.front())) != 0) value.remove_prefix(1);
        while (!value.empty() && std::isspace(static_cast<unsigned char>(value.back())) != 0) value.remove_suffix(1);
        response.headers[lower(line.substr(0, colon))] = value;
    }
    return size * count;
}

struct CurlGlobal {
    CurlGlobal() { curl_global_init(CURL_GLOBAL_DEFAULT); }
    ~CurlGlobal() { curl_global_cleanup(); }
};

}  // namespace

struct HttpClient::Handle {
    Handle() {
        static const CurlGlobal global;
        curl = curl_easy_init();
    }
    ~Handle() { curl_easy_cleanup(curl); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;
    CURL* curl = nullptr;
};

std::string HttpResponse::header(std::string_view name) const {
    const auto found = headers.find(lower(name));
    return found == headers.end() ? std::string() : found->second;
}

HttpClient::HttpClient(std::string base, std::string ca_file)
    : handle_(std::make_unique<Handle>()), base_(std::move(base)), ca_file_(std::move(ca_file)) {}
HttpClient::~HttpClient() = default;
HttpClient::HttpClient(HttpClient&&) noexcept = default;

HttpResponse HttpClient::get(std::string_view path, const HttpHeaders& headers) {
    return request("GET", path, {}, headers);
}

HttpResponse HttpClient::post(std::string_view path, std::string_view body, const HttpHeaders& headers) {
    HttpHeaders all = headers;
    const bool typed =
        std::any_of(all.begin(), all.end(), [](const auto& h) { return lower(h.first) == "content-type"; });
    if (!typed) all.emplace_back("Content-Type", "application/json");
    return request("POST", path, body, all);
}

HttpResponse HttpClient::request(std::string_view method, std::string_view path, std::string_view body,
                                 const HttpHeaders& headers) {
    CURL* curl = handle_->curl;
    curl_easy_reset(curl);
    HttpResponse response;
    const std::string url = base_ + std::string(path);
    const std::string verb(method);
    // Without "Expect:" libcurl waits for a 100-continue before larger bodies.
    curl_slist* lines = curl_slist_append(nullptr, "Expect:");
    for (const auto& [name, value] : headers) lines = curl_slist_append(lines, (name + ": " + value).c_str());
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, verb.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, lines);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(patient(timeout_).count()));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &response);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, &take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &response);
    if (!ca_file_.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, ca_file_.c_str());
    if (verb != "GET" && verb != "HEAD") {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
        if (body.empty()) curl_easy_setopt(curl, CURLOPT_POSTFIELDS, "");
    }
    const CURLcode code = curl_easy_perform(curl);
    if (code != CURLE_OK) response.error = curl_easy_strerror(code);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    response.status = static_cast<int>(status);
    curl_slist_free_all(lines);
    return response;
}

std::string raw_exchange(unsigned short port, std::string_view bytes, std::chrono::milliseconds silence) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    std::string answer;
    if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
        while (!bytes.empty()) {
            const ssize_t sent = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent <= 0) break;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        pollfd readable{fd, POLLIN, 0};
        char buffer[4096];
        while (poll(&readable, 1, static_cast<int>(patient(silence).count())) == 1) {
            const ssize_t got = recv(fd, buffer, sizeof buffer, 0);
            if (got <= 0) break;
            answer.append(buffer, static_cast<std::size_t>(got));
        }
    }
    close(fd);
    return answer;
}

}  // namespace incidentd::test
