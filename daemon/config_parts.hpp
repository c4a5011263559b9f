// The sections of incidentd.yaml, one function each. Private to config*.cpp.
#pragma once

#include "daemon/config.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

struct ConfigReading {
    SettingsReader& root;
    Config& config;
    const std::string& directory;  // relative paths start here
    const SecretResolver& secrets;
    Problems& problems;
};

void read_listen(ConfigReading& reading);
void read_sources(ConfigReading& reading);  // after the limits: sources are made to check their options
void read_sinks(ConfigReading& reading);
void read_rules(ConfigReading& reading);  // after the sinks: routes name them

// `tokens` of `reader`: "sha256:..." or places that hold such lines.
std::vector<TokenHash> read_tokens(SettingsReader& reader, const SecretResolver& secrets, Problems& problems);

SecretResolver secret_resolver(std::string directory);

// Errors: io with errno's words, too_large.
Result<std::string> read_regular_file(const std::string& path, std::size_t bytes_max);

std::string path_from(const std::string& directory, const std::string& path);
void check_file_readable(SettingsReader& reader, std::string_view key, const std::string& path);

// Instance names: [a-z0-9][a-z0-9_-]{0,63}.
bool check_instance_name(const SettingsNode::Member& member, const std::string& section, Problems& problems);

// Bounded numbers and sizes; `out` stays as it is when the key is absent or wrong.
template <class Number>
void read_number(SettingsReader& reader, std::string_view key, std::int64_t least, std::int64_t most, Number& out) {
    if (const auto value = reader.integer(key, least, most)) out = static_cast<Number>(*value);
}
void read_span(SettingsReader& reader, std::string_view key, Duration least, Duration most, Duration& out);

template <class Number>
void read_size(SettingsReader& reader, std::string_view key, std::uint64_t least, std::uint64_t most, Number& out) {
    const auto value = reader.bytes(key);
    if (!value.has_value()) return;
    if (*value < least || *value > most) {
        reader.problem(key, "must be from " + std::to_string(least) + " to " + std::to_string(most) + " bytes, found " +
                                std::to_string(*value));
        return;
    }
    out = static_cast<Number>(*value);
}

}  // namespace incidentd
