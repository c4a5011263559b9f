// Hash of text for tables that are asked with string views.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace incidentd {

std::uint64_t hash_text(std::string_view text, std::uint64_t seed = 0);  // XXH3

struct StringHash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(std::string_view text) const { return hash_text(text); }
};

}  // namespace incidentd
