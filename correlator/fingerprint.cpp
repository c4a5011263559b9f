#include "correlator/fingerprint.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <array>
#include <cstring>
#include <string>

namespace incidentd {
namespace {

// Collects the parts in a stack buffer, because one call of XXH3 over 300 bytes beats the streaming form several times
// over.
class Gather {
public:
    void add(std::string_view text) {
        // Lengths keep ("ab","c") apart from ("a","bc").
        const auto size = static_cast<std::uint32_t>(text.size());
        put(&size, sizeof size);
        put(text.data(), text.size());
    }
    Fingerprint finish() const {
        const XXH128_hash_t hash =
            spill_.empty() ? XXH3_128bits(fixed_.data(), used_) : XXH3_128bits(spill_.data(), spill_.size());
        return {hash.high64, hash.low64};
    }

private:
    void put(const void* data, std::size_t size) {
        if (spill_.empty() && used_ + size <= fixed_.size()) {
            if (size > 0) std::memcpy(fixed_.data() + used_, data, size);
            used_ += size;
            return;
        }
        if (spill_.empty()) spill_.assign(fixed_.data(), used_);
        spill_.append(static_cast<const char*>(data), size);
    }
    std::array<char, 2048> fixed_;
    std::size_t used_ = 0;
    std::string spill_;
};

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

Fingerprint fingerprint_of(std::string_view source, std::string_view key, LabelsView labels) {
    Gather gather;
    gather.add(source);
    gather.add(key);
    if (key.empty()) {
        for (const LabelView& label : labels) {
            gather.add(label.name);
            gather.add(label.value);
        }
    }
    return gather.finish();
}

std::optional<Fingerprint> fingerprint_from(std::string_view hex) {
    if (hex.size() != 32) return std::nullopt;
    Fingerprint result;
    for (std::size_t i = 0; i < 32; ++i) {
        const int digit = hex_digit(hex[i]);
        if (digit < 0) return std::nullopt;
        std::uint64_t& half = i < 16 ? result.high : result.low;
        half = (half << 4) | static_cast<std::uint64_t>(digit);
    }
    return result;
}

std::uint64_t alertmanager_fingerprint(LabelsView labels) {
    constexpr std::uint64_t prime = 1099511628211ULL;
    std::uint64_t hash = 14695981039346656037ULL;
    const auto byte = [&hash](unsigned char c) { hash = (hash ^ c) * prime; };
    const auto text = [&byte](std::string_view s) {
        for (const char c : s) byte(static_cast<unsigned char>(c));
        byte(0xFF);
    };
    for (const LabelView& label : labels) {
        text(label.name);
        text(label.value);
    }
    return hash;
}

}  // namespace incidentd
