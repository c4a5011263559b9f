// Requests of Alertmanager's API with about 540 bytes, 10 labels and 3 annotations an alert, whose identity is a serial
// number in one label: a fixed number of digits, so that a request is changed in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace incidentd::bench {

class AlertRequest {
public:
    AlertRequest(const std::string& host, const std::string& path, std::size_t alerts);

    // The whole request with these serials: first, first + 1, ... modulo `modulus` (0: none).
    const std::string& with_serials(std::uint64_t first, std::uint64_t modulus);
    std::size_t alerts() const { return serial_at_.size(); }
    std::size_t body_bytes() const { return body_bytes_; }

private:
    std::string text_;
    std::vector<std::size_t> serial_at_;
    std::size_t body_bytes_ = 0;
};

}  // namespace incidentd::bench
