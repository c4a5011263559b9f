// Sources and sinks: the keys every one has, then the options its type declares.
#include "adapters/registry.hpp"
#include "daemon/config_parts.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::size_t sources_max = 256;
constexpr std::size_t sinks_max = 32;  // the engine keeps no more per incident

template <class Spec>
std::string known_types(std::span<const Spec* const> specs, std::string_view found) {
    std::vector<std::string> names;
    std::string list;
    for (const Spec* spec : specs) {
        names.emplace_back(spec->name);
        list += (list.empty() ? "" : ", ") + std::string(spec->name);
    }
    const std::string near = nearest(found, names);
    return (near.empty() ? "" : "did you mean '" + near + "'? ") + std::string("known types: ") + list;
}

// `type` of one instance; nullptr after the problem was added.
template <class Spec>
const Spec* read_type(SettingsReader& reader, std::span<const Spec* const> specs) {
    if (!reader.has("type")) {
        reader.text("type");
        reader.problem("type", "is missing", known_types(specs, ""));
        return nullptr;
    }
    const std::optional<std::string> type = reader.text("type");
    if (!type.has_value()) return nullptr;
    for (const Spec* spec : specs) {
        if (spec->name == *type) return spec;
    }
    reader.problem("type", "there is no type " + shown(*type), known_types(specs, *type));
    return nullptr;
}

bool is_mount(std::string_view mount) {
    if (mount.empty()) return true;
    if (mount.front() != '/' || mount.back() == '/' || mount.find("//") != std::string_view::npos) return false;
    return std::all_of(mount.begin(), mount.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("/-._~").find(c) != std::string_view::npos;
    });
}

bool is_our_own(std::string_view mount) {
    return mount == "/-" || mount.starts_with("/-/") || mount == "/metrics" || mount.starts_with("/metrics/");
}

std::string default_mount(const SourceSpec& spec, const std::string& name) {
    constexpr std::string_view place = "{name}";
    std::string mount(spec.mount);
    if (const std::size_t at = mount.find(place); at != std::string::npos) mount.replace(at, place.size(), name);
    return mount;
}

void read_mount(SettingsReader& reader, SourceConfig& source) {
    source.mount = default_mount(*source.spec, source.name);
    std::optional<std::string> path = reader.text("path");
    if (!path.has_value()) return;
    if (*path == "/") path->clear();
    if (!is_mount(*path)) {
        reader.problem("path", "must be / or a path such as /v1/ingest/" + source.name +
                                   ", of letters, digits, '-', '.', '_' and '~', found " + shown(*path));
    } else if (is_our_own(*path)) {
        reader.problem("path", shown(*path) + " belongs to the daemon itself", "choose another path");
    }
    source.mount = *path;
}

void check_mounts(ConfigReading& reading) {
    const std::vector<SourceConfig>& all = reading.config.sources;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto same = std::find_if(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i),
                                       [&](const SourceConfig& other) { return other.mount == all[i].mount; });
        if (same == all.begin() + static_cast<std::ptrdiff_t>(i)) continue;
        const std::string mount = all[i].mount.empty() ? "/" : all[i].mount;
        reading.problems.add(all[i].where, "sources." + all[i].name + ".path",
                             "is " + mount + ", as that of source " + same->name, "give one of them another path");
    }
}

// Without a burst of its own a source may send ten seconds' worth at once: monitoring systems send in rounds.
void read_source_rate(const SettingsNode& node, ConfigReading& reading, SourceConfig& source) {
    SettingsReader rate(node, reading.problems);
    read_number(rate, "alerts_per_second", 1, 1'000'000, source.alerts_per_second);
    if (!rate.has("alerts_per_second")) rate.require_text("alerts_per_second");
    source.alerts_burst = source.alerts_per_second * 10;
    read_number(rate, "burst", 1, 10'000'000, source.alerts_burst);
    rate.finish();
}

void read_source(const SettingsNode::Member& member, ConfigReading& reading) {
    if (!check_instance_name(member, "sources", reading.problems)) return;
    const std::size_t before = reading.problems.items().size();
    SettingsReader reader(member.value, reading.problems);
    if (reading.problems.items().size() != before) return;
    SourceConfig source;
    source.name = member.key;
    source.where = member.key_where;
    source.spec = read_type(reader, source_specs());
    if (source.spec == nullptr) return;  // its options cannot be judged
    read_mount(reader, source);
    source.tokens = read_tokens(reader, reading.secrets, reading.problems);
    if (const SettingsNode* rate = reader.map("rate"); rate != nullptr) read_source_rate(*rate, reading, source);
    source.options = read_options(source.spec->options, reader, reading.secrets, reading.problems);
    reader.finish();
    if (reading.problems.items().size() == before) {
        const SourceSetup setup{source.name, source.options, reading.config.events};
        source.spec->make(setup, reading.problems);
    }
    reading.config.sources.push_back(std::move(source));
}

void read_sink_rate(const SettingsNode& node, ConfigReading& reading, SinkConfig& sink) {
    SettingsReader rate(node, reading.problems);
    read_number(rate, "per_minute", 1, 1'000'000, sink.rate_per_minute);
    if (!rate.has("per_minute")) rate.require_text("per_minute");
    read_number(rate, "burst", 1, 1'000'000, sink.rate_burst);
    rate.finish();
}

void read_retry(const SettingsNode& node, ConfigReading& reading, SinkConfig& sink) {
    SettingsReader retry(node, reading.problems);
    read_span(retry, "first", milliseconds(100), hours(1), sink.retry_first);
    read_span(retry, "most", seconds(1), hours(24), sink.retry_most);
    read_span(retry, "give_up_after", minutes(1), hours(24 * 30), sink.give_up_after);
    if (sink.retry_first > sink.retry_most) {
        retry.problem("first", "must not be longer than most, found " + to_string(sink.retry_first) + " and " +
                                   to_string(sink.retry_most));
    }
    retry.finish();
}

void read_sink(const SettingsNode::Member& member, ConfigReading& reading) {
    if (!check_instance_name(member, "sinks", reading.problems)) return;
    SinkConfig sink;
    sink.name = member.key;
    sink.where = member.key_where;
    const std::size_t before = reading.problems.items().size();
    SettingsReader reader(member.value, reading.problems);
    if (reading.problems.items().size() != before) return;
    sink.spec = read_type(reader, sink_specs());
    if (sink.spec != nullptr) {
        read_number(reader, "in_flight", 1, 64, sink.in_flight_max);
        read_number(reader, "breaker", 0, 1000, sink.breaker_failures);
        if (const SettingsNode* rate = reader.map("rate"); rate != nullptr) read_sink_rate(*rate, reading, sink);
        if (const SettingsNode* retry = reader.map("retry"); retry != nullptr) read_retry(*retry, reading, sink);
        sink.options = read_options(sink.spec->options, reader, reading.secrets, reading.problems);
        reader.finish();
    }
    if (reading.problems.items().size() == before) {
        const SinkSetup setup{sink.name, sink.options, reading.config.external_url, "incidentd/" INCIDENTD_VERSION};
        sink.spec->make(setup, reading.problems);
    }
    reading.config.sinks.push_back(std::move(sink));
}

}  // namespace

void read_sources(ConfigReading& reading) {
    const SettingsNode* node = reading.root.map("sources");
    if (node == nullptr || node->members.empty()) {
        const SettingsNode* given = reading.root.node().find("sources");
        const bool wrong_kind =
            given != nullptr && (given->kind == SettingsNode::Kind::scalar || given->kind == SettingsNode::Kind::list);
        if (!wrong_kind) {
            reading.root.problem("sources", "there is none, so nothing could ever come in",
                                 "for example sources: {prometheus: {type: prometheus}}");
        }
        return;
    }
    if (node->members.size() > sources_max) {
        reading.root.problem("sources", "has more than " + std::to_string(sources_max) + " sources");
    }
    for (const SettingsNode::Member& member : node->members) read_source(member, reading);
    check_mounts(reading);
}

void read_sinks(ConfigReading& reading) {
    const SettingsNode* node = reading.root.map("sinks");
    if (node == nullptr) return;
    if (node->members.size() > sinks_max) {
        reading.root.problem("sinks", "has more than " + std::to_string(sinks_max) + " sinks");
    }
    for (const SettingsNode::Member& member : node->members) read_sink(member, reading);
}

}  // namespace incidentd
