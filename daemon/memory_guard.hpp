// Resident memory of this process against a configured ceiling. Reads /proc/self/statm about once a second.
#pragma once

#include <chrono>
#include <cstdint>

namespace incidentd {

// Bytes; 0 when /proc does not say.
std::uint64_t resident_memory();

// One thread.
class MemoryGuard {
public:
    explicit MemoryGuard(std::uint64_t bytes_max) : bytes_max_(bytes_max) {}  // 0: no ceiling
    // As of the last look, at most a second ago. While over it, memory that the allocator holds back is given to the
    // system now and then: otherwise what was once used would count for ever.
    bool over();

private:
    const std::uint64_t bytes_max_;
    std::chrono::steady_clock::time_point looked_at_{}, trimmed_at_{};
    bool over_ = false;
};

}  // namespace incidentd
