// What could break: a layer that looks rightwards, a clock read where time should be passed in, files and functions
// that grow past reading. Each message says the fix.
#include <doctest/doctest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 5> layers{"correlator", "rules", "adapters", "simulator", "daemon"};
constexpr std::size_t file_lines_most = 500;
constexpr std::size_t function_lines_most = 70;

struct Source {
    std::string path;  // from the repository's root
    std::string layer;
    std::vector<std::string> lines;
    bool is_test() const { return path.ends_with("_test.cpp") || path.find("test_") != std::string::npos; }
};

std::vector<Source> all_sources() {
    const fs::path root = INCIDENTD_SOURCE_DIR;
    std::vector<Source> out;
    for (const char* top : {"correlator", "rules", "adapters", "simulator", "daemon", "tests", "bench"}) {
        if (!fs::exists(root / top)) continue;
        for (const auto& entry : fs::recursive_directory_iterator(root / top)) {
            const std::string extension = entry.path().extension().string();
            if (extension != ".cpp" && extension != ".hpp") continue;
            Source source{fs::relative(entry.path(), root).string(), top, {}};
            std::ifstream file(entry.path());
            for (std::string line; std::getline(file, line);) source.lines.push_back(line);
            out.push_back(std::move(source));
        }
    }
    return out;
}

std::size_t rank(std::string_view layer) {
    for (std::size_t i = 0; i < layers.size(); ++i)
        if (layers[i] == layer) return i;
    return layers.size();
}

std::string at(const Source& source, std::size_t line) { return source.path + ":" + std::to_string(line + 1) + ": "; }

struct Ban {
    const char* pattern;
    std::string_view where;   // a path's beginning
    std::string_view except;  // another one; empty: none
    const char* fix;
};

const std::vector<Ban>& bans() {
    static const std::vector<Ban> list{
        {R"(#include <(chrono|thread|mutex|condition_variable|atomic|fstream|iostream|cstdio|filesystem|random)>)",
         "correlator/", "", "the engine is pure: pass it in as a value, or do it in daemon/"},
        {R"((system_clock|steady_clock)::now|\btime\(nullptr\)|gettimeofday)", "", "daemon/clock.cpp",
         "take the time as an argument; only daemon/clock.cpp reads a clock"},
        {R"(#include <(thread|mutex|condition_variable|boost/asio.*|boost/beast.*|curl/.*|spdlog/.*)>)", "adapters/",
         "", "adapters translate; threads and sockets belong to daemon/"},
        {R"(#include <(fstream|fcntl\.h|sys/socket\.h)>)", "adapters/", "adapters/journals/",
         "adapters read and write nothing; only journals touch files"},
        {R"(#include <(chrono|thread|mutex|fstream|iostream|filesystem|random)>)", "simulator/", "",
         "the simulator is pure: what it makes depends on options and seed alone"},
        {R"(\b(TODO|FIXME)\b)", "", "tests/tidy/", "do it, or open an issue"},
        {R"(\busing namespace std;)", "", "tests/tidy/", "name what is used"},
    };
    return list;
}

}  // namespace

TEST_CASE("includes look to the left only") {
    const std::regex include(R"(^#include \"([a-z_]+)/([a-z_]+/)?)");
    for (const Source& source : all_sources()) {
        const std::size_t own = rank(source.layer);
        for (std::size_t i = 0; i < source.lines.size(); ++i) {
            std::smatch found;
            if (!std::regex_search(source.lines[i], found, include)) continue;
            if (source.is_test() || rank(found[1].str()) == layers.size()) continue;
            const std::string fix =
                "include only correlator <- rules <- adapters <- simulator <- daemon; move the shared part leftwards";
            CHECK_MESSAGE(rank(found[1].str()) <= own, at(source, i) << source.lines[i] << ": " << fix);
        }
    }
}

TEST_CASE("adapters do not know each other") {
    const std::regex include(R"(^#include \"adapters/(sources|sinks|knowledge)/([a-z0-9_]+)/)");
    for (const Source& source : all_sources()) {
        if (source.layer != "adapters" || source.is_test()) continue;
        for (std::size_t i = 0; i < source.lines.size(); ++i) {
            std::smatch found;
            if (!std::regex_search(source.lines[i], found, include)) continue;
            const std::string own = "adapters/" + found[1].str() + "/" + found[2].str() + "/";
            CHECK_MESSAGE(source.path.starts_with(own),
                          at(source, i) << "includes another adapter: move the shared part to adapters/");
        }
    }
}

TEST_CASE("nobody reads a clock, opens a file or starts a thread where the architecture forbids it") {
    for (const Ban& ban : bans()) {
        const std::regex pattern(ban.pattern);
        for (const Source& source : all_sources()) {
            if (!source.path.starts_with(ban.where)) continue;
            if (!ban.except.empty() && source.path.starts_with(ban.except)) continue;
            const bool measures = source.layer == "tests" || source.layer == "bench" || source.is_test();
            if (measures && std::string_view(ban.pattern).find("TODO") == std::string_view::npos) continue;
            for (std::size_t i = 0; i < source.lines.size(); ++i)
                CHECK_MESSAGE(!std::regex_search(source.lines[i], pattern),
                              at(source, i) << source.lines[i] << ": " << std::string(ban.fix));
        }
    }
}

TEST_CASE("files and functions stay readable") {
    for (const Source& source : all_sources()) {
        if (!source.is_test())
            CHECK_MESSAGE(source.lines.size() <= file_lines_most,
                          source.path << " has " << source.lines.size() << " lines: split it by job");
        std::size_t start = 0;
        bool inside = false;
        for (std::size_t i = 0; i < source.lines.size(); ++i) {
            const std::string& line = source.lines[i];
            const bool opens = !line.empty() && line.front() != ' ' && line.back() == '{';
            const bool is_body =
                opens && line.find('(') != std::string::npos && line.find("TEST_CASE") == std::string::npos;
            if (!inside && is_body) {
                inside = true;
                start = i;
            } else if (inside && line == "}") {
                inside = false;
                CHECK_MESSAGE(i - start + 1 <= function_lines_most,
                              at(source, start) << "a function of " << i - start + 1 << " lines: split it");
            }
        }
    }
}
