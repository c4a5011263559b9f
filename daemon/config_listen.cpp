// Where the daemon listens, and small checks that several sections share.
#include "daemon/config_parts.hpp"
#include "daemon/ingest/tls.hpp"

#include <arpa/inet.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace incidentd {
namespace {

bool is_ipv4(const std::string& address, in_addr& out) { return inet_pton(AF_INET, address.c_str(), &out) == 1; }
bool is_ipv6(const std::string& address, in6_addr& out) { return inet_pton(AF_INET6, address.c_str(), &out) == 1; }

void read_tls(const SettingsNode& node, ConfigReading& reading, ListenConfig& listen) {
    const std::size_t before = reading.problems.items().size();
    SettingsReader tls(node, reading.problems);
    const std::pair<const char*, std::string*> files[] = {{"certificate", &listen.tls_certificate},
                                                          {"key", &listen.tls_key}};
    for (const auto& [key, file] : files) {
        const std::string path = tls.require_text(key);
        if (path.empty()) continue;
        *file = path_from(reading.directory, path);
        check_file_readable(tls, key, *file);
    }
    tls.finish();
    if (reading.problems.items().size() != before) return;
    const Result<TlsContextPtr> loaded = load_tls(listen.tls_certificate, listen.tls_key);
    if (loaded.has_error()) reading.problems.add(node.where, node.path, loaded.error().message);
}

ListenConfig read_one(const SettingsNode& node, ConfigReading& reading) {
    SettingsReader reader(node, reading.problems);
    ListenConfig listen;
    listen.where = node.where;
    listen.address = reader.text("address").value_or(listen.address);
    in_addr v4{};
    in6_addr v6{};
    if (!is_ipv4(listen.address, v4) && !is_ipv6(listen.address, v6)) {
        reader.problem("address", "must be an IP address, found " + shown(listen.address),
                       "127.0.0.1 serves this machine only, 0.0.0.0 or :: every network");
    }
    read_number(reader, "port", 0, 65535, listen.port);
    if (const SettingsNode* tls = reader.map("tls"); tls != nullptr) read_tls(*tls, reading, listen);
    listen.plain_http = reader.boolean("plain_http").value_or(false);
    reader.finish();
    return listen;
}

}  // namespace

bool ListenConfig::is_loopback() const {
    in_addr v4{};
    if (is_ipv4(address, v4)) return (ntohl(v4.s_addr) >> 24) == 127;
    in6_addr v6{};
    if (!is_ipv6(address, v6)) return false;
    const bool mapped = IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127;
    return IN6_IS_ADDR_LOOPBACK(&v6) || mapped;
}

std::string ListenConfig::text() const {
    const bool v6 = address.find(':') != std::string::npos;
    return (v6 ? "[" + address + "]" : address) + ":" + std::to_string(port);
}

void read_listen(ConfigReading& reading) {
    const SettingsNode* list = reading.root.list("listen");
    std::vector<ListenConfig>& all = reading.config.listen;
    if (list == nullptr) {
        all.emplace_back();
        all.back().where = reading.root.node().where;
        return;
    }
    if (list->items.empty())
        reading.root.problem("listen", "must hold at least one address", "- {address: 127.0.0.1, port: 9460}");
    for (const SettingsNode& item : list->items) {
        ListenConfig listen = read_one(item, reading);
        const auto same = std::find_if(all.begin(), all.end(), [&](const ListenConfig& other) {
            return listen.port != 0 && other.port == listen.port && other.address == listen.address;
        });
        if (same != all.end()) {
            reading.problems.add(
                item.where, item.path,
                "listens on " + listen.text() + " as line " + std::to_string(same->where.line) + " does");
        }
        all.push_back(std::move(listen));
    }
}

void check_file_readable(SettingsReader& reader, std::string_view key, const std::string& path) {
    if (access(path.c_str(), R_OK) == 0) return;
    const int error = errno;
    reader.problem(key, path + " cannot be read: " + std::strerror(error),
                   "it must be readable by the user incidentd runs as");
}

bool check_instance_name(const SettingsNode::Member& member, const std::string& section, Problems& problems) {
    const auto plain = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); };
    const std::string& name = member.key;
    const bool good = !name.empty() && name.size() <= 64 && plain(name.front()) &&
                      std::all_of(name.begin(), name.end(), [&](char c) { return plain(c) || c == '_' || c == '-'; });
    if (!good) {
        problems.add(member.key_where, section + "." + name,
                     "a name must be 1 to 64 of a-z, 0-9, '_' and '-', beginning with a letter or digit");
    }
    return good;
}

void read_span(SettingsReader& reader, std::string_view key, Duration least, Duration most, Duration& out) {
    const std::optional<Duration> value = reader.duration(key);
    if (!value.has_value()) return;
    if (*value < least || *value > most) {
        reader.problem(key,
                       "must be from " + to_string(least) + " to " + to_string(most) + ", found " + to_string(*value));
        return;
    }
    out = *value;
}

}  // namespace incidentd
