#include "adapters/options.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <charconv>

namespace incidentd {
namespace {

constexpr std::int64_t integer_most = std::int64_t{1} << 53;

bool is_port(std::string_view text) {
    unsigned port = 0;
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    return error == std::errc() && stop == text.data() + text.size() && port >= 1 && port <= 65535;
}

// What is wrong with host and port; "" when nothing is.
std::string authority_fault(std::string_view authority) {
    if (authority.find('@') != std::string_view::npos) {
        return "must not hold a user or password; give them in options of their own";
    }
    std::string_view host = authority;
    std::string_view rest;
    if (!authority.empty() && authority.front() == '[') {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) return "has an IPv6 address without its closing ']'";
        host = authority.substr(1, close - 1);
        rest = authority.substr(close + 1);
    } else if (const std::size_t colon = authority.find(':'); colon != std::string_view::npos) {
        host = authority.substr(0, colon);
        rest = authority.substr(colon);
    }
    if (host.empty()) return "has no host name";
    if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return "has a port that is not 1 to 65535";
    return "";
}

// What is wrong with an http(s) URL; "" when nothing is.
std::string url_fault(std::string_view url) {
    std::size_t scheme = 0;
    if (url.starts_with("http://")) scheme = 7;
    if (url.starts_with("https://")) scheme = 8;
    if (scheme == 0) return "must begin with http:// or https://";
    for (const char c : url) {
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F) return "must not hold spaces or control characters";
    }
    if (url.find('#') != std::string_view::npos) return "must not have a #fragment";
    const std::string_view after = url.substr(scheme);
    return authority_fault(after.substr(0, after.find_first_of("/?")));
}

std::optional<std::string> read_url(std::string_view name, SettingsReader& reader) {
    std::optional<std::string> url = reader.text(name);
    if (!url.has_value()) return std::nullopt;
    const std::string fault = url_fault(*url);
    if (!fault.empty()) {
        reader.problem(name, fault, "for example https://tickets.example.org/api");
        return std::nullopt;
    }
    if (url->find('?') == std::string::npos) {
        while (url->back() == '/') url->pop_back();
    }
    return url;
}

std::optional<std::string> read_secret(std::string_view name, SettingsReader& reader, const SecretResolver& secrets,
                                       Problems& problems) {
    static constexpr std::string_view forms = "write {file: path}, {env: NAME} or {credential: name}";
    const SettingsNode* node = reader.any(name);
    if (node == nullptr) return std::nullopt;
    if (node->kind != SettingsNode::Kind::map) {
        reader.problem(name, "secrets are not kept in the file, where backups and version control would spread them",
                       std::string(forms));
        return std::nullopt;
    }
    const std::size_t before = problems.items().size();
    SettingsReader form(*node, problems);
    const std::size_t given = std::size_t{form.text("file").has_value()} + std::size_t{form.text("env").has_value()} +
                              std::size_t{form.text("credential").has_value()};
    form.finish();
    if (problems.items().size() != before) return std::nullopt;
    if (given != 1) {
        reader.problem(name, "must name exactly one place, found " + std::to_string(given), std::string(forms));
        return std::nullopt;
    }
    std::string value = secrets(*node, problems);
    if (problems.items().size() != before) return std::nullopt;
    return value;
}

template <class Read>
void set_if(Options& options, std::string_view name, std::optional<Read> value) {
    if (value.has_value()) options.set(name, Options::Value(std::move(*value)));
}

void read_one(const OptionSpec& spec, SettingsReader& reader, const SecretResolver& secrets, Problems& problems,
              Options& options) {
    switch (spec.type) {
        case OptionType::text:
            return set_if(options, spec.name, reader.text(spec.name));
        case OptionType::url:
            return set_if(options, spec.name, read_url(spec.name, reader));
        case OptionType::integer:
            return set_if(options, spec.name, reader.integer(spec.name, 0, integer_most));
        case OptionType::boolean:
            return set_if(options, spec.name, reader.boolean(spec.name));
        case OptionType::duration:
            return set_if(options, spec.name, reader.duration(spec.name));
        case OptionType::text_list:
            return set_if(options, spec.name, reader.text_list(spec.name));
        case OptionType::text_map:
            return set_if(options, spec.name, reader.text_map(spec.name));
        case OptionType::secret:
            return set_if(options, spec.name, read_secret(spec.name, reader, secrets, problems));
        case OptionType::tree:
            if (const SettingsNode* node = reader.any(spec.name); node != nullptr) options.set(spec.name, *node);
            return;
    }
}

// A text's default may hold what YAML would read otherwise ("{{title}}"): it is quoted here unless it is already.
std::string default_yaml(const OptionSpec& spec) {
    std::string value(spec.default_text);
    const bool is_text = spec.type == OptionType::text || spec.type == OptionType::url;
    if (is_text && value.front() != '\'' && value.front() != '"') {
        std::string quoted = "'";
        for (const char c : value) quoted += c == '\'' ? std::string("''") : std::string(1, c);
        value = quoted + "'";
    }
    return std::string(spec.name) + ": " + value + "\n";
}

void read_default(const OptionSpec& spec, const SecretResolver& secrets, Problems& problems, Options& options) {
    const SettingsNode node = parse_settings(default_yaml(spec), "default of " + std::string(spec.name), problems);
    SettingsReader reader(node, problems);
    read_one(spec, reader, secrets, problems, options);
}

template <class T>
const T& value_or_empty(const std::map<std::string, Options::Value, std::less<>>& values, std::string_view name) {
    static const T empty{};
    const auto at = values.find(name);
    if (at == values.end()) return empty;
    BOOST_ASSERT_MSG(std::holds_alternative<T>(at->second), "option read with another type than declared");
    const T* value = std::get_if<T>(&at->second);
    return value != nullptr ? *value : empty;
}

}  // namespace

const std::string& Options::text(std::string_view name) const { return value_or_empty<std::string>(values_, name); }
const std::string& Options::secret(std::string_view name) const { return value_or_empty<std::string>(values_, name); }
std::int64_t Options::integer(std::string_view name) const { return value_or_empty<std::int64_t>(values_, name); }
bool Options::boolean(std::string_view name) const { return value_or_empty<bool>(values_, name); }
Duration Options::duration(std::string_view name) const { return value_or_empty<Duration>(values_, name); }

const std::vector<std::string>& Options::text_list(std::string_view name) const {
    return value_or_empty<std::vector<std::string>>(values_, name);
}

const std::vector<std::pair<std::string, std::string>>& Options::text_map(std::string_view name) const {
    return value_or_empty<std::vector<std::pair<std::string, std::string>>>(values_, name);
}

const SettingsNode* Options::tree(std::string_view name) const {
    const auto at = values_.find(name);
    return at == values_.end() ? nullptr : std::get_if<SettingsNode>(&at->second);
}

bool Options::has(std::string_view name) const { return values_.find(name) != values_.end(); }

void Options::set(std::string_view name, Value value) { values_.insert_or_assign(std::string(name), std::move(value)); }

std::string check_url(std::string_view url) { return url_fault(url); }

Options read_options(std::span<const OptionSpec> specs, SettingsReader& reader, const SecretResolver& secrets,
                     Problems& problems) {
    Options options;
    for (const OptionSpec& spec : specs) {
        const std::size_t before = problems.items().size();
        read_one(spec, reader, secrets, problems, options);
        if (problems.items().size() != before) continue;
        const bool empty_text = spec.type == OptionType::text && options.text(spec.name).empty();
        if (spec.required && (!options.has(spec.name) || empty_text)) {
            reader.problem(spec.name, reader.has(spec.name) ? "must not be empty" : "is missing",
                           std::string(spec.help));
        } else if (!options.has(spec.name) && !spec.default_text.empty()) {
            read_default(spec, secrets, problems, options);
        }
    }
    return options;
}

}  // namespace incidentd
