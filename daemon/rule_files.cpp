#include "daemon/rule_files.hpp"

#include "daemon/config_parts.hpp"
#include "rules/named_sinks.hpp"

#include <glob.h>

#include <algorithm>
#include <filesystem>

namespace incidentd {
namespace {

constexpr std::size_t rule_files_max = 1000;
constexpr std::size_t rule_bytes_max = 8 * 1024 * 1024;  // of all files: they are journaled as one record

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

std::vector<std::string> text_list(const SettingsNode* node) {
    std::vector<std::string> texts;
    if (node == nullptr) return texts;
    if (node->kind == SettingsNode::Kind::scalar) texts.push_back(node->scalar);
    for (const SettingsNode& item : node->items) texts.push_back(item.scalar);
    return texts;
}

}  // namespace

std::vector<std::string> find_rule_files(const std::vector<std::string>& patterns, const std::string& directory,
                                         const std::function<void(const std::string& message)>& fault) {
    std::vector<std::string> files;
    for (const std::string& entry : patterns) {
        const std::string path = path_from(directory, entry);
        std::vector<std::string> found = is_pattern(entry) ? expand(path) : std::vector<std::string>{path};
        if (found.empty()) fault("no file matches " + shown(entry) + " in " + directory);
        for (std::string& file : found) {
            if (std::find(files.begin(), files.end(), file) == files.end()) files.push_back(std::move(file));
        }
    }
    return files;
}

bool read_rule_files(const std::vector<std::string>& files, RuleBundle& bundle,
                     const std::function<void(const std::string& message)>& fault) {
    if (files.size() > rule_files_max) {
        fault("name more than " + std::to_string(rule_files_max) + " files");
        return false;
    }
    std::size_t bytes = 0;
    for (const std::string& file : files) {
        Result<std::string> text = read_regular_file(file, settings_bytes_max);
        if (text.has_error()) {
            fault(text.error().message);
            continue;
        }
        bytes += text->size();
        bundle.files.emplace_back(file, std::move(*text));
    }
    if (bytes <= rule_bytes_max) return true;
    fault("hold more than " + std::to_string(rule_bytes_max) + " bytes in all");
    return false;
}

RuleBundle rules_of_config(const std::string& config_file, Problems& problems) {
    RuleBundle bundle;
    const Result<std::string> text = read_regular_file(config_file, settings_bytes_max);
    if (text.has_error()) {
        problems.add({config_file, 0, 0}, "", text.error().message,
                     "name rule files, or the configuration with --config");
        return bundle;
    }
    const SettingsNode root = parse_settings(*text, config_file, problems);
    const auto fault = [&](const std::string& message) {
        const SettingsNode* node = root.find("rules");
        problems.add(node == nullptr ? Location{config_file, 0, 0} : node->where, "rules", message);
    };
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::absolute(config_file, error);
    if (const SettingsNode* sinks = root.find("sinks"); sinks != nullptr)
        for (const SettingsNode::Member& member : sinks->members) bundle.sinks.push_back(member.key);
    read_rule_files(find_rule_files(text_list(root.find("rules")), whole.parent_path().string(), fault), bundle, fault);
    return bundle;
}

RuleBundle rules_of_files(const std::vector<std::string>& patterns, Problems& problems) {
    RuleBundle bundle;
    const auto fault = [&problems](const std::string& message) { problems.add({"rules", 0, 0}, "", message); };
    read_rule_files(find_rule_files(patterns, ".", fault), bundle, fault);
    for (auto& [name, text] : bundle.files)
        if (name.starts_with("./")) name.erase(0, 2);
    bundle.sinks = named_sinks(bundle);
    return bundle;
}

}  // namespace incidentd
