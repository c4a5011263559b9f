#include "daemon/rule_sources.hpp"

#include "daemon/config_parts.hpp"

#include <algorithm>
#include <filesystem>

namespace incidentd {
namespace {

constexpr const char* zone_directory = "/usr/share/zoneinfo/";
constexpr std::size_t zone_bytes_max = 256 * 1024;  // the largest of today's has 4 KiB

bool is_zone_name(std::string_view name) {
    const auto is_part_of_name = [](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' || c == '_' ||
               c == '-' || c == '+';
    };
    return !name.empty() && name.front() != '/' && name.size() < 100 &&
           std::all_of(name.begin(), name.end(), is_part_of_name);
}

Result<std::string> read_zone(const std::string& name) {
    const std::string path = zone_directory + name;
    std::error_code error;
    if (is_zone_name(name) && std::filesystem::is_regular_file(path, error)) {
        return read_regular_file(path, zone_bytes_max);
    }
    if (!std::filesystem::is_directory(zone_directory, error)) {
        return Error(ErrorCode::not_found, "needs the time zone database: install the package tzdata");
    }
    return Error(ErrorCode::not_found, shown(name) + " is not a zone of the time zone database");
}

std::vector<std::string> zone_names() {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::recursive_directory_iterator at(zone_directory, error);
    const std::size_t head = std::string_view(zone_directory).size();
    for (; !error && at != std::filesystem::recursive_directory_iterator(); at.increment(error)) {
        const std::string name = at->path().string().substr(head);
        if (name == "posix" || name == "right") at.disable_recursion_pending();
        if (is_zone_name(name) && at->is_regular_file(error)) names.push_back(name);
    }
    std::sort(names.begin(), names.end());
    return names;
}

}  // namespace

RuleSources rule_sources() {
    return {[](const std::string& path) { return read_regular_file(path, lookup_bytes_max); }, read_zone, zone_names};
}

}  // namespace incidentd
