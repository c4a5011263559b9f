#include "correlator/entity_name.hpp"

#include <algorithm>
#include <array>

namespace incidentd {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view without_url(std::string_view name) {
    const std::size_t scheme = name.find("://");
    if (scheme == std::string_view::npos) return name;
    name.remove_prefix(scheme + 3);
    name = name.substr(0, name.find_first_of("/?#"));
    if (const std::size_t user = name.rfind('@'); user != std::string_view::npos) name.remove_prefix(user + 1);
    return name;
}

std::string_view without_port(std::string_view name) {
    if (!name.empty() && name.front() == '[') {
        const std::size_t close = name.find(']');
        return close == std::string_view::npos ? name : name.substr(1, close - 1);
    }
    const std::size_t colon = name.rfind(':');
    if (colon == std::string_view::npos || colon + 1 == name.size() || name.find(':') != colon) return name;
    const std::string_view port = name.substr(colon + 1);
    return port.size() <= 5 && std::all_of(port.begin(), port.end(), is_digit) ? name.substr(0, colon) : name;
}

bool is_address(std::string_view name) {
    if (name.find(':') != std::string_view::npos) return true;
    return std::all_of(name.begin(), name.end(), [](char c) { return is_digit(c) || c == '.'; });
}

}  // namespace

std::string_view canonical_name(std::string_view name, std::string& scratch) {
    std::string_view rest = without_port(without_url(name));
    if (rest.size() > 1 && rest.back() == '.') rest.remove_suffix(1);
    if (rest.empty()) rest = name;
    if (std::none_of(rest.begin(), rest.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; })) return rest;
    scratch.assign(rest);
    for (char& c : scratch) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '_') c = '-';
    }
    return scratch;
}

std::string canonical_name(std::string_view name) {
    std::string scratch;
    return std::string(canonical_name(name, scratch));
}

std::string_view short_name(std::string_view canonical) {
    const std::size_t dot = canonical.find('.');
    if (dot == std::string_view::npos || is_address(canonical)) return canonical;
    const std::string_view first = canonical.substr(0, dot);
    constexpr std::array<std::string_view, 6> common{"www", "api", "mail", "localhost", "node", "server"};
    const bool says_little = first.size() < 2 || std::find(common.begin(), common.end(), first) != common.end();
    return says_little ? canonical : first;
}

}  // namespace incidentd
