// A forged or lost log line misleads the person who has to find out what happened.
#include "daemon/log.hpp"

#include "daemon/log_limiter.hpp"

#include <doctest/doctest.h>

#include <cmath>
#include <thread>

using namespace incidentd;

namespace {

struct Captured {
    std::vector<std::string> lines;
    Instant now{1'770'091'506'789};

    LogOptions options(LogFormat format = LogFormat::logfmt) {
        return {.format = format,
                .write = [this](std::string_view line) { lines.emplace_back(line); },
                .now = [this] { return now; }};
    }
};

}  // namespace

TEST_CASE("a line has time, level, message and typed fields") {
    Captured out;
    Log log(out.options());
    log.info("delivery failed", {{"incident", "INC-4"},
                                 {"sink", std::string("my rt")},
                                 {"attempt", 3},
                                 {"final", false},
                                 {"seconds", 0.5},
                                 {"bytes", std::size_t{7}}});
    REQUIRE(out.lines.size() == 1);
    CHECK(out.lines[0] ==
          "time=2026-02-03T04:05:06.789Z level=info msg=\"delivery failed\" incident=INC-4 sink=\"my rt\" attempt=3 "
          "final=false seconds=0.5 bytes=7");
}

TEST_CASE("the same as JSON") {
    Captured out;
    Log log(out.options(LogFormat::json));
    log.error("disk full", {{"file", "a b"}, {"free", -1}, {"ratio", std::nan("")}});
    REQUIRE(out.lines.size() == 1);
    CHECK(
        out.lines[0] ==
        R"({"time":"2026-02-03T04:05:06.789Z","level":"error","msg":"disk full","file":"a b","free":-1,"ratio":null})");
}

TEST_CASE("no value can forge a second line, a second field or a control sequence") {
    Captured out;
    Log log(out.options());
    log.warning("x", {{"v", "a\nlevel=error msg=\"pwned\""}});
    log.warning("x", {{"v", "a b=c"}});
    log.warning("x", {{"v", "\x1b[31mred\r\x07\x7f"}});
    log.warning("x", {{"v", "back\\slash"}});
    log.warning("x", {{"v", ""}});
    REQUIRE(out.lines.size() == 5);
    CHECK(out.lines[0].ends_with(R"( v="a\nlevel=error msg=\"pwned\"")"));
    CHECK(out.lines[1].ends_with(R"( v="a b=c")"));
    CHECK(out.lines[2].ends_with(R"( v="\u001b[31mred\r\u0007\u007f")"));
    CHECK(out.lines[3].ends_with(R"( v="back\\slash")"));
    CHECK(out.lines[4].ends_with(R"( v="")"));
}

TEST_CASE("good UTF-8 stays, broken UTF-8 and text-direction tricks are escaped") {
    Captured out;
    Log log(out.options());
    log.info("x", {{"v", "Grüße 火"}});
    log.info("x", {{"v", "bad \xff\xc3"}});
    log.info("x", {{"v", "a\u202egnp"}});
    log.info("x", {{"v", "c1 \u0085"}});
    REQUIRE(out.lines.size() == 4);
    CHECK(out.lines[0].ends_with(" v=\"Grüße 火\""));
    CHECK(out.lines[1].ends_with(R"( v="bad \u00ff\u00c3")"));
    CHECK(out.lines[2].ends_with(R"( v="a\u202egnp")"));
    CHECK(out.lines[3].ends_with(R"( v="c1 \u0085")"));
}

TEST_CASE("a huge value is cut") {
    Captured out;
    Log log(out.options());
    log.info("x", {{"v", std::string(1'000'000, 'a')}});
    REQUIRE(out.lines.size() == 1);
    CHECK(out.lines[0].size() < 2200);
    CHECK(out.lines[0].ends_with("aaa...\""));
}

TEST_CASE("lines below the level are not written, and the level can change") {
    Captured out;
    Log log(out.options());
    log.debug("quiet");
    log.set_level(LogLevel::debug);
    log.debug("loud");
    REQUIRE(out.lines.size() == 1);
    CHECK(out.lines[0].find("loud") != std::string::npos);
}

TEST_CASE("the journal gets its priorities") {
    Captured out;
    auto options = out.options();
    options.journal_priorities = true;
    Log log(options);
    log.error("a");
    log.warning("b");
    REQUIRE(out.lines.size() == 2);
    CHECK(out.lines[0].starts_with("<3>time="));
    CHECK(out.lines[1].starts_with("<4>time="));
}

TEST_CASE("repeats are limited, counted and told of when their window ends") {
    Captured out;
    Log log(out.options());
    std::uint64_t hooked = 0;
    log.on_suppressed([&](std::uint64_t n) { hooked += n; });
    for (int i = 0; i < 25; ++i) log.warning("noise", {{"i", i}});
    CHECK(out.lines.size() == 10);
    CHECK(log.suppressed() == 15);
    CHECK(hooked == 15);
    log.info("noise");  // another level is another key
    CHECK(out.lines.size() == 11);
    out.now = out.now + seconds(10);
    log.tick();
    REQUIRE(out.lines.size() == 12);
    CHECK(out.lines[11].find(R"(level=warning msg="15 more like this suppressed" like=noise lines=15)") !=
          std::string::npos);
    log.warning("noise");
    CHECK(out.lines.size() == 13);
}

TEST_CASE("what is still held back is told of at the end") {
    Captured out;
    {
        Log log(out.options());
        for (int i = 0; i < 11; ++i) log.error("noise");
    }
    REQUIRE(out.lines.size() == 11);
    CHECK(out.lines[10].find("1 more like this suppressed") != std::string::npos);
}

TEST_CASE("the table of messages is bounded, and a clock set back does not silence the log") {
    LogLimiter limiter;
    const Instant start{1'000'000};
    for (std::size_t i = 0; i < LogLimiter::keys_max; ++i)
        CHECK(limiter.allow(LogLevel::info, std::to_string(i), start));
    std::uint64_t allowed = 0;
    for (std::size_t i = 0; i < 100; ++i)
        allowed += limiter.allow(LogLevel::info, "n" + std::to_string(i), start) ? 1 : 0;
    CHECK(allowed == LogLimiter::lines_per_window_max);
    const auto told = limiter.collect(start - hours(1));
    REQUIRE(told.size() == 1);
    CHECK(told[0].lines == 90);
    CHECK(limiter.allow(LogLevel::info, "fresh", start - hours(1)));
}

TEST_CASE("many threads may log at once") {
    Captured out;
    Log log(out.options());
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t) {
        threads.emplace_back([&] {
            for (int i = 0; i < 500; ++i) log.info("same", {{"i", i}});
        });
    }
    for (auto& thread : threads) thread.join();
    CHECK(out.lines.size() == LogLimiter::lines_per_window_max);
    CHECK(log.suppressed() == 1500 - LogLimiter::lines_per_window_max);
}
