// CRC-32C (Castagnoli), as in iSCSI and ext4. The CPU's instruction where there is one, tables elsewhere: same results.
#pragma once

#include <cstdint>
#include <string_view>

namespace incidentd::segments {

// Continues `crc`; start with 0. crc32c(crc32c(0, a), b) == crc32c(0, ab).
std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes);

// The portable path alone, so that tests can compare the two.
std::uint32_t crc32c_by_tables(std::uint32_t crc, std::string_view bytes);

}  // namespace incidentd::segments
