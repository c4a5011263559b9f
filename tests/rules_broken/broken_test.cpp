// An error at the wrong line sends people looking in the wrong place. Each file beside this one is wrong in its own
// way; its first lines, `# LINE:COLUMN KEY`, say where. Nothing else may be found in it.
#include "rules/rules.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

using namespace incidentd;

namespace {

namespace fs = std::filesystem;

std::string read_file(const fs::path& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::vector<std::string> expected(const std::string& text) {
    std::vector<std::string> out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line) && line.starts_with("# ");) out.push_back(line.substr(2));
    return out;
}

std::vector<std::string> found(const Problems& problems) {
    std::vector<std::string> out;
    for (const Problem& problem : problems.items()) {
        std::string place = std::to_string(problem.where.line) + ":" + std::to_string(problem.where.column);
        out.push_back(problem.key.empty() ? place : place + " " + problem.key);
    }
    std::sort(out.begin(), out.end());
    return out;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += line + "\n";
    return out;
}

}  // namespace

TEST_CASE("every broken file is refused with the line and column of its fault, and no other") {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(fs::path(INCIDENTD_SOURCE_DIR) / "tests/rules_broken"))
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    REQUIRE(files.size() >= 100);
    for (const fs::path& path : files) {
        CAPTURE(path.filename().string());
        const std::string text = read_file(path);
        RuleBundle bundle;
        bundle.files.emplace_back(path.filename().string(), text);
        bundle.sinks = {"hook", "rt"};
        Problems problems;
        CHECK(compile(bundle, problems) == nullptr);
        std::vector<std::string> wanted = expected(text);
        REQUIRE_FALSE(wanted.empty());
        std::sort(wanted.begin(), wanted.end());
        CAPTURE(problems.text());
        CHECK(joined(found(problems)) == joined(wanted));
        for (const Problem& problem : problems.items()) CHECK(problem.where.file == path.filename().string());
    }
}
