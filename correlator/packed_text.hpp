// Several texts in one allocation: title, text, url, then name and value of each annotation.
#pragma once

#include "correlator/alert.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

struct UnpackedDetails {
    std::string_view title, text, url;
    std::vector<std::pair<std::string, std::string>> annotations;
};

std::string pack_details(const AlertEvent& event);
UnpackedDetails unpack_details(std::string_view packed);  // views into `packed`
bool is_packed(std::string_view bytes);                   // whether unpack_details() may read them
std::uint64_t hash_details(const AlertEvent& event);      // equal for equal details

}  // namespace incidentd
