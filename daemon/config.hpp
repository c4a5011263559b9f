// incidentd.yaml as a checked value. Loading is the only thing here that reads files (secrets, rules).
#pragma once

#include "adapters/options.hpp"
#include "adapters/sink.hpp"
#include "adapters/source.hpp"
#include "correlator/limits.hpp"
#include "correlator/time.hpp"
#include "daemon/durability.hpp"
#include "rules/rules.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

struct ListenConfig {
    std::string address = "127.0.0.1";
    std::uint16_t port = 9460;
    std::string tls_certificate;  // files; empty: plain HTTP
    std::string tls_key;
    bool plain_http = false;  // plain HTTP off loopback is wanted
    Location where{};         // in the file; line 0: not from a file
    bool is_loopback() const;
    std::string text() const;  // "127.0.0.1:9460", "[::1]:9460"
};

// SHA-256 of a token; the token itself is never kept.
using TokenHash = std::array<std::uint8_t, 32>;

struct SourceConfig {
    std::string name;
    const SourceSpec* spec = nullptr;
    std::string mount;                    // "/v1/ingest/zabbix"; "" is the root
    std::vector<TokenHash> tokens;        // empty: no token asked (loopback only)
    std::uint32_t alerts_per_second = 0;  // 0: no limit
    std::uint32_t alerts_burst = 0;
    Options options;
    Location where{};
};

struct SinkConfig {
    std::string name;
    const SinkSpec* spec = nullptr;
    Options options;
    Location where{};
    std::uint32_t in_flight_max = 4;    // deliveries at once; per incident always one
    Duration retry_first = seconds(1);  // doubles with each failure, with jitter
    Duration retry_most = minutes(5);
    Duration give_up_after = hours(24);  // then a dead letter
    std::uint32_t breaker_failures = 5;  // in a row; 0: no breaker
    std::uint32_t rate_per_minute = 0;   // 0: no limit
    std::uint32_t rate_burst = 1;
};

struct HttpLimits {
    std::uint32_t connections_max = 1024;
    std::size_t request_line_bytes_max = 16 * 1024;
    std::size_t header_bytes_max = 64 * 1024;  // request line included
    std::size_t body_bytes_max = 16 * 1024 * 1024;
    std::size_t bodies_bytes_max = 256 * 1024 * 1024;  // of all connections together; more: 503
    Duration idle_timeout = seconds(75);
    Duration request_timeout = seconds(30);  // first byte to last byte of one request
};

enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct Config {
    std::string file;
    std::string state_directory = "/var/lib/incidentd";
    std::string external_url;  // for links in tickets
    std::vector<ListenConfig> listen;
    std::vector<TokenHash> api_tokens;  // for /api of the daemon itself and /metrics off loopback
    std::string api_token_file;         // where the commands find a token, unless --token-file says otherwise
    std::vector<SourceConfig> sources;
    std::vector<SinkConfig> sinks;
    HttpLimits http;
    EngineLimits engine;
    EventLimits events;
    std::size_t inbox_bytes_max = 64 * 1024 * 1024;
    std::uint64_t memory_bytes_max = 0;  // resident; more: requests without a recovery are refused. 0: no limit
    std::uint64_t segment_bytes = 64 * 1024 * 1024;
    Durability durability = Durability::synced;
    std::uint64_t snapshot_every_bytes = 64 * 1024 * 1024;                     // of journaled records
    Duration snapshot_age = minutes(15);                                       // the newest one's, at most
    Duration journal_keep = hours(24 * 7);                                     // beyond what recovery needs
    std::uint64_t journal_keep_bytes = std::uint64_t{4} * 1024 * 1024 * 1024;  // likewise; whichever is met first
    std::uint32_t metric_services_max = 200;
    Duration restart_grace = minutes(5);  // after a restart no alert expires for so long
    std::uint64_t read_model_queue_bytes = 64 * 1024 * 1024;
    Duration read_model_keep = hours(24 * 90);  // what is over leaves the read model then; 0: never
    LogLevel log_level = LogLevel::info;
    std::string log_format = "logfmt";       // or "json"
    std::vector<std::string> rule_patterns;  // absolute: files and patterns of `rules`
    bool watch_rules = false;                // reload when they change
    RuleBundle rules;
    std::shared_ptr<const RuleSet> compiled_rules;
};

// Reads and checks incidentd.yaml, the rule files it names and every secret. All problems at once; nullopt when there
// are any.
std::optional<Config> load_config(const std::string& file, Problems& problems);

// Only where the state is: for commands that read it and may not be allowed to read the secrets. Adds a problem when
// the file cannot be read or parsed.
std::string state_directory_of(const std::string& file, Problems& problems);

// Where commands reach the running daemon: its first listener (0.0.0.0 and :: become loopback) and api.token_file.
// Reads no secret. Adds a problem when the file cannot be read.
struct ApiPlace {
    std::string url;
    std::string token_file;  // empty: none named
};
ApiPlace api_place_of(const std::string& file, Problems& problems);

// The same from text, for tests; relative paths are taken from `directory`.
std::optional<Config> parse_config(std::string_view text, const std::string& file, const std::string& directory,
                                   Problems& problems);

// Listening where other machines reach it needs a token on every source and on the API, and TLS or `plain_http: true`.
// parse_config() checks this; check again after the command line changed `listen`.
void check_exposure(const Config& config, Problems& problems);

}  // namespace incidentd
