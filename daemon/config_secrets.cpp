// Secrets and tokens: read from where the file says, never shown in a problem.
#include "daemon/config_parts.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace incidentd {
namespace {

constexpr std::size_t secret_bytes_max = 64 * 1024;
constexpr std::string_view token_form = "sha256: and 64 hex digits";

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<TokenHash> token_hash_from(std::string_view text) {
    constexpr std::string_view prefix = "sha256:";
    TokenHash hash{};
    if (!text.starts_with(prefix) || text.size() != prefix.size() + 2 * hash.size()) return std::nullopt;
    text.remove_prefix(prefix.size());
    for (std::size_t i = 0; i < hash.size(); ++i) {
        const int high = hex_value(text[2 * i]);
        const int low = hex_value(text[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        hash[i] = static_cast<std::uint8_t>(high * 16 + low);
    }
    return hash;
}

// The text, or what is wrong, in words that follow the key.
Result<std::string> read_secret(std::string_view kind, const std::string& name, const std::string& directory) {
    if (kind == "file") return read_regular_file(path_from(directory, name), secret_bytes_max);
    if (kind == "env") {
        const char* value = std::getenv(name.c_str());
        if (value == nullptr) return Error(ErrorCode::not_found, "the environment has no variable " + shown(name));
        return std::string(value);
    }
    if (name.empty() || name.find('/') != std::string::npos) {
        return Error(ErrorCode::invalid, "must be the name of a systemd credential, found " + shown(name));
    }
    const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
    if (credentials == nullptr) {
        return Error(ErrorCode::not_found, "there are no systemd credentials here: CREDENTIALS_DIRECTORY is not set");
    }
    return read_regular_file(std::string(credentials) + "/" + name, secret_bytes_max);
}

std::string_view remedy(std::string_view kind) {
    if (kind == "file") return "the file must be readable by the user incidentd runs as";
    if (kind == "env") return "set it in the unit, for example with EnvironmentFile=";
    return "add LoadCredential=NAME:/path to the unit";
}

// Reports a bad line by number only: it may be a token in clear.
void add_token_lines(const std::string& text, const SettingsNode& place, Problems& problems,
                     std::vector<TokenHash>& tokens) {
    std::size_t number = 0;
    std::string_view rest = text;
    while (!rest.empty()) {
        ++number;
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        std::string_view line = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
            line.remove_suffix(1);
        if (line.empty() || line.front() == '#') continue;
        if (const auto hash = token_hash_from(line)) {
            tokens.push_back(*hash);
        } else {
            problems.add(place.where, place.path,
                         "line " + std::to_string(number) + " there is not " + std::string(token_form),
                         "run `incidentd token` and keep the sha256 line it prints");
        }
    }
}

void add_token(const SettingsNode& item, const SecretResolver& secrets, Problems& problems,
               std::vector<TokenHash>& tokens) {
    if (item.kind == SettingsNode::Kind::scalar) {
        if (const auto hash = token_hash_from(item.scalar)) {
            tokens.push_back(*hash);
        } else {
            problems.add(item.where, item.path,
                         "must be " + std::string(token_form) + ": tokens are kept as hashes, never in clear",
                         "run `incidentd token`: it prints a new token and the line to put here");
        }
        return;
    }
    const std::size_t before = problems.items().size();
    SettingsReader place(item, problems);
    const int given = int{place.text("file").has_value()} + int{place.text("env").has_value()} +
                      int{place.text("credential").has_value()};
    place.finish();
    if (problems.items().size() != before) return;
    if (given != 1) {
        problems.add(item.where, item.path,
                     "must name exactly one place: {file: path}, {env: NAME} or {credential: name}");
        return;
    }
    const std::string text = secrets(item, problems);
    if (problems.items().size() != before) return;
    const std::size_t known = tokens.size();
    add_token_lines(text, item, problems, tokens);
    if (tokens.size() == known && problems.items().size() == before) {
        problems.add(item.where, item.path, "holds no token",
                     "run `incidentd token` and keep the sha256 line it prints");
    }
}

}  // namespace

std::string path_from(const std::string& directory, const std::string& path) {
    return path.starts_with('/') || directory.empty() ? path : directory + "/" + path;
}

Result<std::string> read_regular_file(const std::string& path, std::size_t bytes_max) {
    std::error_code error;
    const std::filesystem::file_status status = std::filesystem::status(path, error);
    if (error || !std::filesystem::exists(status)) {
        return Error(ErrorCode::io,
                     path + " cannot be read: " + (error ? error.message() : std::string(std::strerror(ENOENT))));
    }
    // A FIFO would block and a device may never end.
    if (!std::filesystem::is_regular_file(status)) return Error(ErrorCode::io, path + " is not a regular file");
    std::ifstream in(path, std::ios::binary);
    if (!in) return Error(ErrorCode::io, path + " cannot be read: " + std::strerror(errno));
    std::string text(bytes_max + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad()) return Error(ErrorCode::io, path + " cannot be read: " + std::strerror(errno));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > bytes_max) {
        return Error(ErrorCode::too_large, path + " is larger than " + std::to_string(bytes_max) + " bytes");
    }
    return text;
}

SecretResolver secret_resolver(std::string directory) {
    return [directory = std::move(directory)](const SettingsNode& node, Problems& problems) -> std::string {
        const SettingsNode::Member& place = node.members.front();
        Result<std::string> value = read_secret(place.key, place.value.scalar, directory);
        if (value.has_error()) {
            problems.add(place.value.where, place.value.path, value.error().message, std::string(remedy(place.key)));
            return "";
        }
        if (value->ends_with('\n')) value->pop_back();
        if (value->ends_with('\r')) value->pop_back();
        if (value->empty()) problems.add(place.value.where, place.value.path, "holds an empty secret");
        if (value->find('\0') != std::string::npos)
            problems.add(place.value.where, place.value.path, "holds a NUL byte");
        return std::move(*value);
    };
}

std::vector<TokenHash> read_tokens(SettingsReader& reader, const SecretResolver& secrets, Problems& problems) {
    std::vector<TokenHash> tokens;
    const SettingsNode* node = reader.any("tokens");
    if (node == nullptr) return tokens;
    const std::size_t before = problems.items().size();
    if (node->kind == SettingsNode::Kind::list) {
        for (const SettingsNode& item : node->items) add_token(item, secrets, problems, tokens);
    } else {
        add_token(*node, secrets, problems, tokens);
    }
    // One problem is enough: the exposure check need not miss tokens whose form was refused. The value is never used.
    if (tokens.empty() && problems.items().size() != before) tokens.emplace_back();
    return tokens;
}

}  // namespace incidentd
