// Behaviour that operators rely on, as they would tell it; see cases/*.scenario and README.md.
#include "tests/scenario/stage.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

using namespace incidentd;
using namespace incidentd::scenario;

namespace {

std::vector<std::filesystem::path> scenario_files() {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(INCIDENTD_SOURCE_DIR "/tests/scenario/cases"))
        if (entry.path().extension() == ".scenario") files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    return files;
}

std::string content(const std::filesystem::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

// The differences a text of scenarios shows, one a line; empty: all as expected.
std::string differences(const std::string& file, const std::string& text, int* played = nullptr) {
    const Result<std::vector<Scenario>> scenarios = parse_scenarios(file, text);
    if (!scenarios) return scenarios.error().message + "\n";
    std::string all;
    for (const Scenario& scenario : *scenarios) {
        if (played != nullptr) ++*played;
        Stage(scenario, [&](int line, const std::string& message) {
            all += file + ":" + std::to_string(line) + ": (" + scenario.name + ")\n  " + message + "\n";
        }).play();
    }
    return all;
}

}  // namespace

TEST_CASE("every scenario file plays as written") {
    const std::vector<std::filesystem::path> files = scenario_files();
    int played = 0;
    for (const std::filesystem::path& path : files) {
        const std::string found =
            differences("tests/scenario/cases/" + path.filename().string(), content(path), &played);
        if (!found.empty()) FAIL_CHECK(found);
    }
    CHECK(played > 0);
}

TEST_CASE("a scenario that is wrong fails with its place, what it expected and what came") {
    const auto diff = [](std::string_view steps) { return differences("x", "scenario: s\n" + std::string(steps)); };
    CHECK(diff("+0s nagios a/b CRITICAL -> opened INC-1\n  open_ticket rt INC-1\n") == "");
    CHECK(diff("+0s nagios a/b CRITICAL -> opened INC-2\n")
              .starts_with("x:2: (s)\n  expected    opened INC-2\n  got         opened INC-1 alert=a/b"));
    CHECK(diff("+0s nagios a/b CRITICAL -> opened INC-1\n").find("expected    nothing more") != std::string::npos);
    CHECK(diff("+0s tick -> opened INC-1\n").find("got         nothing") != std::string::npos);
    CHECK(diff("+0s nagios a/b CRITICAL -> opened INC-1 rule=none\n").find("rule=default-topology") !=
          std::string::npos);
    CHECK(diff("+0s tick -> INC-1 is open\n") == "x:2: (s)\n  no such incident was told of\n");
    CHECK(diff("+0s tick\n  sizes firing=1\n")
              .starts_with("x:3: (s)\n  expected    sizes firing=1\n  got         sizes"));
    CHECK(diff("+0s dance\n").find("is not a step") != std::string::npos);
    CHECK(diff("dance\n").starts_with("x:2: expected '+<duration>"));
    CHECK(diff("+x tick\n").starts_with("x:2: a step is"));
    CHECK(diff("rules:\n  nonsense: 1\n+0s tick\n").find("its rules do not compile") != std::string::npos);
}
