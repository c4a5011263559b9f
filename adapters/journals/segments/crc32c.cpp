#include "adapters/journals/segments/crc32c.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace incidentd::segments {
namespace {

static_assert(std::endian::native == std::endian::little, "the on-disk format and this code are little-endian");

using Tables = std::array<std::array<std::uint32_t, 256>, 8>;

constexpr Tables make_tables() {
    Tables tables{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t crc = byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82F63B78U : crc >> 1;
        tables[0][byte] = crc;
    }
    for (std::size_t slice = 1; slice < 8; ++slice)
        for (std::size_t byte = 0; byte < 256; ++byte) {
            const std::uint32_t before = tables[slice - 1][byte];
            tables[slice][byte] = (before >> 8) ^ tables[0][before & 0xFF];
        }
    return tables;
}

constexpr Tables tables = make_tables();

std::uint64_t load64(const char* at) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    return word;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) std::uint32_t crc32c_by_cpu(std::uint32_t crc, std::string_view bytes) {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint64_t state = static_cast<std::uint32_t>(~crc);
    for (; left >= 8; at += 8, left -= 8) state = __builtin_ia32_crc32di(state, load64(at));
    auto narrow = static_cast<std::uint32_t>(state);
    for (; left > 0; ++at, --left) narrow = __builtin_ia32_crc32qi(narrow, static_cast<unsigned char>(*at));
    return ~narrow;
}
#endif

}  // namespace

std::uint32_t crc32c_by_tables(std::uint32_t crc, std::string_view bytes) {
    const char* at = bytes.data();
    std::size_t left = bytes.size();
    std::uint32_t state = ~crc;
    for (; left >= 8; at += 8, left -= 8) {
        const std::uint64_t word = load64(at) ^ state;
        state = 0;
        for (std::size_t i = 0; i < 8; ++i) state ^= tables[7 - i][(word >> (8 * i)) & 0xFF];
    }
    for (; left > 0; ++at, --left) state = (state >> 8) ^ tables[0][(state ^ static_cast<unsigned char>(*at)) & 0xFF];
    return ~state;
}

std::uint32_t crc32c(std::uint32_t crc, std::string_view bytes) {
#if defined(__x86_64__)
    static const bool has_instruction = __builtin_cpu_supports("sse4.2") != 0;
    if (has_instruction) return crc32c_by_cpu(crc, bytes);
#endif
    return crc32c_by_tables(crc, bytes);
}

}  // namespace incidentd::segments
