// The rule files incidentd.yaml names, read and compiled with it.
#include "daemon/clock.hpp"
#include "daemon/config_parts.hpp"
#include "daemon/rule_sources.hpp"

#include <glob.h>

#include <algorithm>

namespace incidentd {
namespace {

constexpr std::size_t rule_files_max = 1000;
constexpr std::size_t rule_bytes_max = 32 * 1024 * 1024;  // of all files: they are journaled as one record

std::vector<std::string> expand(const std::string& pattern) {
    std::vector<std::string> paths;
    glob_t found{};
    if (glob(pattern.c_str(), GLOB_ERR, nullptr, &found) == 0) {
        for (std::size_t i = 0; i < found.gl_pathc; ++i) paths.emplace_back(found.gl_pathv[i]);
    }
    globfree(&found);
    return paths;  // sorted by glob()
}

bool is_pattern(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

// Names of all files, in order, each once.
std::vector<std::string> find_files(ConfigReading& reading) {
    std::vector<std::string> files;
    for (const std::string& entry : reading.root.text_list("rules").value_or(std::vector<std::string>{})) {
        const std::string path = path_from(reading.directory, entry);
        std::vector<std::string> found = is_pattern(entry) ? expand(path) : std::vector<std::string>{path};
        if (found.empty())
            reading.root.problem("rules", "no file matches " + shown(entry) + " in " + reading.directory);
        for (std::string& file : found) {
            if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(std::move(file));
        }
    }
    return files;
}

}  // namespace

void read_rules(ConfigReading& reading) {
    const std::vector<std::string> files = find_files(reading);
    if (files.size() > rule_files_max) {
        reading.root.problem("rules", "name more than " + std::to_string(rule_files_max) + " files");
        return;
    }
    RuleBundle& bundle = reading.config.rules;
    for (const SinkConfig& sink : reading.config.sinks) bundle.sinks.push_back(sink.name);
    std::size_t bytes = 0;
    for (const std::string& file : files) {
        Result<std::string> text = read_regular_file(file, settings_bytes_max);
        if (text.has_error()) {
            reading.root.problem("rules", text.error().message);
            continue;
        }
        bytes += text->size();
        bundle.files.emplace_back(file, std::move(*text));
    }
    if (bytes > rule_bytes_max) {
        reading.root.problem("rules", "hold more than " + std::to_string(rule_bytes_max) + " bytes in all");
        return;
    }
    reading.config.compiled_rules = load_rules(bundle, rule_sources(), wall_clock_now(), reading.problems);
}

}  // namespace incidentd
