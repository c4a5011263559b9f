// How the regexes of matchers are read: RE2's syntax, in silence, within bounds. One by one and in sets alike.
#pragma once

#include <re2/re2.h>

#include <cstddef>
#include <cstdint>

namespace incidentd {

constexpr std::size_t regex_bytes_max = 4096;           // of one pattern's text; longer: refused
constexpr std::int64_t regex_memory_max = 1024 * 1024;  // of one pattern's program and states; a larger one is refused

inline re2::RE2::Options regex_options(std::int64_t memory_max) {
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(memory_max);
    return options;
}

}  // namespace incidentd
