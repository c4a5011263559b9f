#include "daemon/config.hpp"

#include "daemon/config_parts.hpp"

#include <filesystem>

namespace incidentd {
namespace {

constexpr std::uint64_t KiB = 1024, MiB = 1024 * KiB, GiB = 1024 * MiB;

void read_places(ConfigReading& reading) {
    Config& config = reading.config;
    if (const auto directory = reading.root.text("state_directory")) {
        config.state_directory = *directory;
        if (!directory->starts_with('/')) {
            reading.root.problem("state_directory", "must be an absolute path, found " + shown(*directory),
                                 "for example /var/lib/incidentd");
        }
    }
    if (const auto url = reading.root.text("external_url")) {
        config.external_url = *url;
        while (config.external_url.ends_with('/')) config.external_url.pop_back();
        const std::string fault = check_url(*url);
        if (!fault.empty()) {
            reading.root.problem("external_url", fault, "for example https://incidentd.example.org");
        }
    }
}

void read_api(ConfigReading& reading) {
    const SettingsNode* node = reading.root.map("api");
    if (node == nullptr) return;
    SettingsReader api(*node, reading.problems);
    reading.config.api_tokens = read_tokens(api, reading.secrets, reading.problems);
    if (const auto file = api.text("token_file")) reading.config.api_token_file = path_from(reading.directory, *file);
    api.finish();
}

void read_http(ConfigReading& reading) {
    const SettingsNode* node = reading.root.map("http");
    if (node == nullptr) return;
    SettingsReader http(*node, reading.problems);
    HttpLimits& limits = reading.config.http;
    read_number(http, "max_connections", 1, 100'000, limits.connections_max);
    read_size(http, "max_header", KiB, MiB, limits.header_bytes_max);
    read_size(http, "max_body", KiB, GiB, limits.body_bytes_max);
    read_span(http, "idle_timeout", seconds(1), hours(1), limits.idle_timeout);
    read_span(http, "request_timeout", seconds(1), hours(1), limits.request_timeout);
    http.finish();
}

void read_limits(ConfigReading& reading) {
    if (const SettingsNode* node = reading.root.map("limits"); node != nullptr) {
        SettingsReader limits(*node, reading.problems);
        read_number(limits, "active_alerts", 1, 100'000'000, reading.config.engine.alerts_max);
        read_number(limits, "open_incidents", 1, 10'000'000, reading.config.engine.incidents_max);
        read_size(limits, "inbox", MiB, 64 * GiB, reading.config.inbox_bytes_max);
        read_size(limits, "memory", 64 * MiB, 1024 * GiB, reading.config.memory_bytes_max);
        read_number(limits, "labels", 1, 1024, reading.config.events.labels_max);
        read_size(limits, "label_value", 16, MiB, reading.config.events.label_value_bytes_max);
        limits.finish();
    }
    if (reading.config.inbox_bytes_max >= reading.config.http.body_bytes_max) return;
    reading.root.problem(
        "limits",
        "limits.inbox (" + std::to_string(reading.config.inbox_bytes_max) + " bytes) is smaller than http.max_body (" +
            std::to_string(reading.config.http.body_bytes_max) + "): the largest request could never enter",
        "raise the first or lower the second");
}

void read_durability(SettingsReader& journal, ConfigReading& reading) {
    const auto name = journal.text("durability");
    if (!name || *name == "synced") return;
    if (*name == "relaxed") {
        reading.config.durability = Durability::relaxed;
        return;
    }
    journal.problem("durability", "must be synced or relaxed, found " + shown(*name),
                    "with synced senders are answered when their alerts are on the disk");
}

void read_observation(ConfigReading& reading) {
    if (const SettingsNode* node = reading.root.map("journal"); node != nullptr) {
        SettingsReader journal(*node, reading.problems);
        read_durability(journal, reading);
        read_size(journal, "segment", MiB, 4 * GiB, reading.config.segment_bytes);
        read_size(journal, "snapshot_every", MiB, 1024 * GiB, reading.config.snapshot_every_bytes);
        read_span(journal, "snapshot_age", seconds(1), hours(24 * 365), reading.config.snapshot_age);
        read_span(journal, "keep", Duration{0}, hours(24 * 3650), reading.config.journal_keep);
        read_size(journal, "keep_size", 0, 1024 * 1024 * GiB, reading.config.journal_keep_bytes);
        journal.finish();
    }
    if (const SettingsNode* node = reading.root.map("read_model"); node != nullptr) {
        SettingsReader read_model(*node, reading.problems);
        read_size(read_model, "queue", 64 * KiB, 4 * GiB, reading.config.read_model_queue_bytes);
        read_span(read_model, "keep", Duration{0}, hours(24 * 3650), reading.config.read_model_keep);
        read_model.finish();
    }
    read_span(reading.root, "restart_grace", Duration{0}, hours(24), reading.config.restart_grace);
    if (const SettingsNode* node = reading.root.map("metrics"); node != nullptr) {
        SettingsReader metrics(*node, reading.problems);
        read_number(metrics, "services", 0, 10'000, reading.config.metric_services_max);
        metrics.finish();
    }
    const SettingsNode* node = reading.root.map("log");
    if (node == nullptr) return;
    SettingsReader log(*node, reading.problems);
    static const std::vector<std::string> levels{"debug", "info", "warning", "error"};
    if (const auto level = log.text("level")) {
        std::size_t index = 0;
        while (index < levels.size() && levels[index] != *level) ++index;
        const std::string near = nearest(*level, levels);
        if (index == levels.size()) {
            log.problem("level", "must be debug, info, warning or error, found " + shown(*level),
                        near.empty() ? "" : "did you mean '" + near + "'?");
        } else {
            reading.config.log_level = static_cast<LogLevel>(index);
        }
    }
    if (const auto format = log.text("format")) {
        if (*format != "logfmt" && *format != "json") {
            log.problem("format", "must be logfmt or json, found " + shown(*format));
        }
        reading.config.log_format = *format;
    }
    log.finish();
}

}  // namespace

void check_exposure(const Config& config, Problems& problems) {
    for (const ListenConfig& listen : config.listen) {
        if (listen.is_loopback()) continue;
        if (listen.tls_certificate.empty() && !listen.plain_http) {
            problems.add(listen.where, "listen",
                         listen.text() +
                             " can be reached from other machines, and tokens and alerts would cross the network "
                             "in clear",
                         "add tls: {certificate: ..., key: ...}, or plain_http: true where something else encrypts");
        }
        const std::string open = "is missing, while " + listen.text() + " can be reached from other machines";
        const std::string remedy =
            "run `incidentd token` and put the sha256 line it prints here, or listen on 127.0.0.1 only";
        for (const SourceConfig& source : config.sources) {
            if (source.tokens.empty()) problems.add(source.where, "sources." + source.name + ".tokens", open, remedy);
        }
        if (config.api_tokens.empty()) problems.add(listen.where, "api.tokens", open, remedy);
        return;  // one open listener says it all
    }
}

std::optional<Config> parse_config(std::string_view text, const std::string& file, const std::string& directory,
                                   Problems& problems) {
    const std::size_t before = problems.items().size();
    const SettingsNode node = parse_settings(text, file, problems);
    if (problems.items().size() != before && node.kind == SettingsNode::Kind::null) return std::nullopt;
    Config config;
    config.file = file;
    SettingsReader root(node, problems);
    if (problems.items().size() != before && node.kind != SettingsNode::Kind::map) return std::nullopt;
    const SecretResolver secrets = secret_resolver(directory);
    ConfigReading reading{root, config, directory, secrets, problems};
    read_places(reading);
    read_listen(reading);
    read_api(reading);
    read_http(reading);
    read_limits(reading);
    read_observation(reading);
    read_sources(reading);
    read_sinks(reading);
    read_rules(reading);
    root.finish();
    check_exposure(config, problems);
    if (problems.items().size() != before) return std::nullopt;
    return config;
}

std::string state_directory_of(const std::string& file, Problems& problems) {
    const Result<std::string> text = read_regular_file(file, settings_bytes_max);
    if (text.has_error()) {
        problems.add({file, 0, 0}, "", text.error().message,
                     "name the configuration with --config, or the state with --state-directory");
        return {};
    }
    const SettingsNode node = parse_settings(*text, file, problems);
    const SettingsNode* directory = node.find("state_directory");
    return directory == nullptr ? Config{}.state_directory : directory->scalar;
}

std::optional<Config> load_config(const std::string& file, Problems& problems) {
    const Result<std::string> text = read_regular_file(file, settings_bytes_max);
    if (text.has_error()) {
        problems.add({file, 0, 0}, "", text.error().message, "name the configuration with --config");
        return std::nullopt;
    }
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::absolute(file, error);
    return parse_config(*text, file, whole.parent_path().string(), problems);
}

}  // namespace incidentd
