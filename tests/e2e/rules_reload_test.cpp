// What could break: a reload that takes half of a change, that nobody hears of, that forgets incidents under way, or
// that misses how files are replaced.
#include "tests/e2e/daemon.hpp"

#include <doctest/doctest.h>

#include <filesystem>

namespace incidentd::test {
namespace {

std::string rules(std::string_view title, std::string_view more = "") {
    return "version: 1\ncorrelate:\n  - {name: per-host, by: [host], hold: 2s, incident: {title: '" +
           std::string(title) + "'}}\n" + std::string(more);
}

std::string alert_of(std::string_view host) {
    return json_array({alert_json({{"alertname", "Down"}, {"host", std::string(host)}})});
}

bool holds(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::string title_of(const Daemon& daemon, const std::string& id) {
    REQUIRE(eventually(std::chrono::seconds(10), [&] { return daemon.cli({"incidents", "show", id}).code == 0; }));
    return daemon.cli_json({"incidents", "show", id}).text("/title");
}

bool reloads(const Daemon& daemon, int times) {
    return eventually(std::chrono::seconds(20),
                      [&] { return daemon.metric("incidentd_config_reloads_total{result=\"success\"}") == times; });
}

}  // namespace

TEST_CASE("a reload over the API answers with what changed, or with every problem, and the metrics know") {
    DaemonSetup setup;
    setup.rules = rules("first {{host}}");
    Daemon daemon(setup);
    daemon.start();
    CHECK(daemon.metric("incidentd_config_last_reload_successful") == 1);

    daemon.write_rules(rules("second {{host}}", "  - {name: more, match: 'a=\"b\"', by: [x]}\n"));
    const HttpResponse taken = daemon.client().post("/-/reload", "");
    REQUIRE(taken.status == 200);
    const Json changes(taken.body);
    CHECK(changes.boolean("/reloaded"));
    CHECK(changes.text("/changed/0") == "correlate per-host");
    CHECK(changes.text("/added/0") == "correlate more");
    CHECK(changes.size("/removed") == 0);
    CHECK(eventually(std::chrono::seconds(5),
                     [&] { return holds(daemon.log(), "rules_changed=\"correlate per-host\""); }));
    CHECK(daemon.metric("incidentd_config_last_reload_success_timestamp_seconds") > 1'700'000'000);

    daemon.write_rules("version: 1\ncorrelate:\n  - {nmae: broken}\n  - {name: other, byy: [x]}\n");
    const HttpResponse refused = daemon.client().post("/-/reload", "");
    CHECK(refused.status == 422);
    const Json problems(refused.body);
    CHECK_FALSE(problems.boolean("/reloaded"));
    CHECK(problems.size("/problems") >= 3);
    CHECK(daemon.metric("incidentd_config_last_reload_successful") == 0);
    REQUIRE(daemon.send(alert_of("a")).status == 200);
    CHECK(title_of(daemon, "INC-1") == "second a");
    CHECK(daemon.stop().code == 0);
}

TEST_CASE("an incident in its hold outlives a reload") {
    DaemonSetup setup;
    setup.rules = rules("first {{host}}");
    Daemon daemon(setup);
    daemon.start();
    REQUIRE(daemon.send(alert_of("a")).status == 200);
    CHECK(title_of(daemon, "INC-1") == "first a");
    daemon.write_rules(rules("first {{host}}", "  - {name: more, match: 'a=\"b\"', by: [x]}\n"));
    REQUIRE(daemon.client().post("/-/reload", "").status == 200);
    REQUIRE(daemon.client().post("/-/reload", "").status == 200);
    CHECK(eventually(std::chrono::seconds(10), [&] { return count_incidents(daemon, "open") == 1; }));
    CHECK(count_incidents(daemon) == 1);
}

TEST_CASE("watched rule files are taken when they change: written, replaced, swapped by a symlink") {
    DaemonSetup setup;
    setup.extra = "watch_rules: true\nrules: [mounted/*.yaml]\n";
    Daemon daemon(setup);
    const std::filesystem::path place = daemon.directory().file("");
    for (const char* version : {"..1", "..2"}) std::filesystem::create_directories(place / "mounted" / version);
    daemon.directory().write("mounted/..1/rules.yaml", rules("one {{host}}"));
    daemon.directory().write("mounted/..2/rules.yaml", rules("two {{host}}"));
    std::filesystem::create_directory_symlink("..1", place / "mounted/..data");
    std::filesystem::create_symlink("..data/rules.yaml", place / "mounted/rules.yaml");
    daemon.start();
    REQUIRE(daemon.send(alert_of("a")).status == 200);
    CHECK(title_of(daemon, "INC-1") == "one a");

    std::filesystem::create_directory_symlink("..2", place / "mounted/..tmp");
    std::filesystem::rename(place / "mounted/..tmp", place / "mounted/..data");
    CHECK(reloads(daemon, 1));
    REQUIRE(daemon.send(alert_of("b")).status == 200);
    CHECK(title_of(daemon, "INC-2") == "two b");

    daemon.directory().write("mounted/..2/rules.yaml", rules("three {{host}}"));
    CHECK(reloads(daemon, 2));
    daemon.directory().write("mounted/more.yaml", "version: 1\ncorrelate: [{name: broken}]\n");
    CHECK(eventually(std::chrono::seconds(20),
                     [&] { return daemon.metric("incidentd_config_reloads_total{result=\"failure\"}") == 1; }));
    std::filesystem::remove(place / "mounted/more.yaml");
    CHECK(reloads(daemon, 3));
    REQUIRE(daemon.send(alert_of("c")).status == 200);
    CHECK(title_of(daemon, "INC-3") == "three c");
    CHECK(daemon.stop().code == 0);
}

}  // namespace incidentd::test
