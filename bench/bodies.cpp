#include "bench/bodies.hpp"

#include <ctime>

namespace incidentd::bench {
namespace {

constexpr std::size_t serial_digits = 10;

// Alertmanager notifies at once about alerts older than its group_wait, so the start is now.
std::string now_text() {
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char text[32];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &utc);
    return {text, length};
}

constexpr const char* before_serial =
    R"({"labels":{"alertname":"HighRequestLatency","cluster":"eu-west-1","environment":"production","instance":")";
constexpr const char* after_serial =
    R"(","job":"api-server","namespace":"checkout","pod":"checkout-7d9f6c5b44-x2x9p","service":"checkout",)"
    R"("severity":"critical","team":"payments"},)"
    R"("annotations":{"summary":"High request latency","description":"The 99th percentile is above 500 ms for 5 minutes",)"
    R"("runbook_url":"https://runbooks.example.com/HighRequestLatency"},)"
    R"("generatorURL":"http://prometheus.example.com/graph?g0.expr=latency","startsAt":")";

}  // namespace

AlertRequest::AlertRequest(const std::string& host, const std::string& path, std::size_t alerts) {
    const std::string start = now_text();
    std::string body = "[";
    for (std::size_t i = 0; i < alerts; ++i) {
        if (i > 0) body += ',';
        body += before_serial;
        serial_at_.push_back(body.size());
        body += std::string(serial_digits, '0') + after_serial + start + "\"}";
    }
    body += ']';
    body_bytes_ = body.size();
    text_ = "POST " + path + " HTTP/1.1\r\nHost: " + host +
            "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    for (std::size_t& at : serial_at_) at += text_.size();
    text_ += body;
}

const std::string& AlertRequest::with_serials(std::uint64_t first, std::uint64_t modulus) {
    for (std::size_t i = 0; i < serial_at_.size(); ++i) {
        std::uint64_t serial = modulus == 0 ? first + i : (first + i) % modulus;
        for (std::size_t digit = serial_digits; digit > 0; --digit, serial /= 10) {
            text_[serial_at_[i] + digit - 1] = static_cast<char>('0' + serial % 10);
        }
    }
    return text_;
}

}  // namespace incidentd::bench
