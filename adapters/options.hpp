// What an adapter may be told in incidentd.yaml: declared once, from which validation and documentation follow.
#pragma once

#include "correlator/time.hpp"
#include "rules/settings.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace incidentd {

enum class OptionType : std::uint8_t {
    text,
    url,      // http:// or https://, without a trailing slash once read
    integer,  // 0 to 2^53
    boolean,
    duration,
    text_list,
    text_map,
    secret,  // {file: path}, {env: NAME} or {credential: name}; never a value in the file, never printed
    tree,    // the adapter checks it itself
};

struct OptionSpec {
    std::string_view name;
    OptionType type = OptionType::text;
    bool required = false;
    std::string_view default_text;  // as written in YAML; empty: none
    std::string_view help;          // one sentence; becomes the documentation
};

// Secrets resolved by the shell: node -> value. Reports its own problems; returns "" then.
using SecretResolver = std::function<std::string(const SettingsNode&, Problems&)>;

// Checked values, defaults filled in. Getters assert the declared type; absent optional values are empty, 0 or false.
class Options {
public:
    const std::string& text(std::string_view name) const;  // text and url
    const std::string& secret(std::string_view name) const;
    std::int64_t integer(std::string_view name) const;
    bool boolean(std::string_view name) const;
    Duration duration(std::string_view name) const;
    const std::vector<std::string>& text_list(std::string_view name) const;
    const std::vector<std::pair<std::string, std::string>>& text_map(std::string_view name) const;
    const SettingsNode* tree(std::string_view name) const;  // nullptr when absent
    bool has(std::string_view name) const;                  // given, or it has a default

    using Value = std::variant<std::string, std::int64_t, bool, Duration, std::vector<std::string>,
                               std::vector<std::pair<std::string, std::string>>, SettingsNode>;
    void set(std::string_view name, Value value);

private:
    std::map<std::string, Value, std::less<>> values_;
};

// What is wrong with an http(s) URL, in words; "" when nothing is.
std::string check_url(std::string_view url);

// Reads the options an adapter declares out of `reader`, which the caller finish()es afterwards.
Options read_options(std::span<const OptionSpec> specs, SettingsReader& reader, const SecretResolver& secrets,
                     Problems& problems);

}  // namespace incidentd
