// What the commands need of a configuration whose secrets they may not be allowed to read.
#include "daemon/config_parts.hpp"

#include <filesystem>

namespace incidentd {
namespace {

std::string scalar_of(const SettingsNode* node, std::string_view key, std::string fallback) {
    const SettingsNode* found = node == nullptr ? nullptr : node->find(key);
    return found == nullptr || found->kind != SettingsNode::Kind::scalar ? std::move(fallback) : found->scalar;
}

}  // namespace

ApiPlace api_place_of(const std::string& file, Problems& problems) {
    const Result<std::string> text = read_regular_file(file, settings_bytes_max);
    if (text.has_error()) {
        problems.add({file, 0, 0}, "", text.error().message,
                     "name the configuration with --config, or the daemon with --url");
        return {};
    }
    const SettingsNode root = parse_settings(*text, file, problems);
    const SettingsNode* listen = root.find("listen");
    const bool listed = listen != nullptr && listen->kind == SettingsNode::Kind::list && !listen->items.empty();
    const SettingsNode* first = listed ? &listen->items.front() : nullptr;
    const ListenConfig standard;
    std::string address = scalar_of(first, "address", standard.address);
    if (address == "0.0.0.0") address = "127.0.0.1";
    if (address == "::") address = "::1";
    if (address.find(':') != std::string::npos) address = "[" + address + "]";
    const bool tls = first != nullptr && first->find("tls") != nullptr;
    ApiPlace place;
    place.url = std::string(tls ? "https" : "http") + "://" + address + ":" +
                scalar_of(first, "port", std::to_string(standard.port));
    const std::string token_file = scalar_of(root.find("api"), "token_file", "");
    std::error_code error;
    const std::string directory = std::filesystem::absolute(file, error).parent_path().string();
    if (!token_file.empty()) place.token_file = path_from(directory, token_file);
    return place;
}

}  // namespace incidentd
