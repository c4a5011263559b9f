// What could break: a silence that amtool reports as made and that silences nothing, or one that a crash forgets.
#include "tests/e2e/daemon.hpp"

#include <doctest/doctest.h>

namespace incidentd::test {
namespace {

struct Amtool {
    explicit Amtool(const Daemon& daemon) : url("--alertmanager.url=" + daemon.url()) {}
    Run operator()(std::vector<std::string> arguments) const {
        std::vector<std::string> all{"amtool", url};
        all.insert(all.end(), arguments.begin(), arguments.end());
        return run(all);
    }
    // Ids of silences, without their line ends.
    std::string ids(std::vector<std::string> more = {}) const {
        std::vector<std::string> all{"silence", "query", "-q"};
        all.insert(all.end(), more.begin(), more.end());
        const Run run = (*this)(all);
        CHECK_MESSAGE(run.code == 0, run.out << run.err);
        std::string out = run.out;
        while (!out.empty() && out.back() == '\n') out.pop_back();
        return out;
    }
    std::string url;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("amtool adds, queries, updates and expires silences, and they do what they say") {
    Daemon daemon;
    daemon.start();
    const Amtool amtool(daemon);
    const Run added = amtool({"silence", "add", "host=db1", "severity=~crit.*", "--comment=disk swap", "--author=ann"});
    REQUIRE_MESSAGE(added.code == 0, added.out << added.err);
    const std::string id = added.out.substr(0, added.out.find('\n'));
    CHECK(id.size() == 36);
    const std::string table = amtool({"silence", "query"}).out;
    for (const char* word : {"host=\"db1\"", "severity=~\"crit.*\"", "ann", "disk swap"})
        CHECK_MESSAGE(has(table, word), table);
    CHECK(amtool.ids() == id);
    CHECK(amtool.ids({"host=db1"}) == id);
    CHECK(amtool.ids({"host=web1"}).empty());

    REQUIRE(amtool({"alert", "add", "DiskFull", "host=db1", "severity=critical"}).code == 0);
    REQUIRE(amtool({"alert", "add", "DiskFull", "host=db2", "severity=critical"}).code == 0);
    REQUIRE(eventually(std::chrono::seconds(10), [&] { return count_incidents(daemon, "open") == 1; }));
    CHECK_FALSE(has(amtool({"alert", "query", "host=db1"}).out, "DiskFull"));
    CHECK(has(amtool({"alert", "query", "--silenced", "host=db1"}).out, "DiskFull"));
    const Json alerts(daemon.client().get("/api/v2/alerts?filter=host%3Ddb1").body);
    CHECK(alerts.text("/0/status/state") == "suppressed");
    CHECK(alerts.text("/0/status/silencedBy/0") == id);
    CHECK(daemon.metric("incidentd_alerts_suppressed{reason=\"silence\"}") == 1);
    CHECK(daemon.metric("incidentd_silences{state=\"active\"}") == 1);

    const Run updated = amtool({"silence", "update", "--duration=2h", "--comment=takes longer", id});
    CHECK_MESSAGE(updated.code == 0, updated.out << updated.err);
    CHECK_MESSAGE(has(amtool({"silence", "query"}).out, "takes longer"), amtool({"silence", "query"}).out);
    const std::string now_id = amtool.ids();
    daemon.crash();
    daemon.start();
    CHECK(amtool.ids() == now_id);

    const Run expired = amtool({"silence", "expire", now_id});
    CHECK_MESSAGE(expired.code == 0, expired.out << expired.err);
    CHECK(amtool.ids().empty());
    CHECK(has(amtool.ids({"--expired"}), now_id));
    CHECK(eventually(std::chrono::seconds(10), [&] { return count_incidents(daemon, "open") == 2; }));
    CHECK(amtool({"silence", "expire", now_id}).code != 0);
}

TEST_CASE("silences and maintenance windows of rule files are listed, and amtool is told why it cannot end them") {
    DaemonSetup setup;
    setup.rules = R"(version: 1
silences:
  - {name: nightly-backup, match: ['team="db"', 'severity!="critical"'], comment: the dump, schedule: {at: '00:00', for: 24h}}
maintenance:
  - {name: dc2-power, match: ['site="dc2"'], from: 2099-12-01T20:00:00Z, to: 2099-12-02T04:00:00Z}
)";
    Daemon daemon(setup);
    daemon.start();
    const Amtool amtool(daemon);
    const std::string table = amtool({"silence", "query", "-o", "extended"}).out;
    for (const char* word : {"nightly-backup", "team=\"db\"", "silence of the rules: the dump", "dc2-power",
                             "site=\"dc2\"", "maintenance window of the rules", "rule file", "2099-12-01 20:00:00"})
        CHECK_MESSAGE(has(table, word), word << table);
    CHECK(amtool.ids({"team=db"}) == "nightly-backup");
    CHECK(amtool.ids({"site=dc1"}).empty());
    const Json one(daemon.client().get("/api/v2/silence/dc2-power").body);
    CHECK(one.text("/status/state") == "pending");
    CHECK(one.text("/endsAt") == "2099-12-02T04:00:00.000Z");

    const Run expired = amtool({"silence", "expire", "dc2-power"});
    CHECK(expired.code != 0);
    CHECK_MESSAGE(has(expired.err + expired.out, "maintenance window dc2-power is of a rule file"), expired.err);
    const HttpResponse changed = daemon.client().request(
        "POST", "/api/v2/silences",
        R"({"id":"nightly-backup","matchers":[{"name":"team","value":"db"}],"startsAt":"2026-01-01T00:00:00Z",)"
        R"("endsAt":"2099-01-01T00:00:00Z","createdBy":"ann","comment":"c"})",
        {{"Content-Type", "application/json"}});
    CHECK(changed.status == 400);
    CHECK_MESSAGE(has(changed.body, "silence nightly-backup is of a rule file"), changed.body);

    REQUIRE(amtool({"alert", "add", "Slow", "team=db", "severity=warning"}).code == 0);
    const Json alerts(daemon.client().get("/api/v2/alerts?filter=team%3Ddb").body);
    CHECK(alerts.text("/0/status/silencedBy/0") == "nightly-backup");
}

TEST_CASE("an incident shows which of its alerts a silence holds back and since when, over a crash, until it ends") {
    Daemon daemon;
    daemon.start();
    const Amtool amtool(daemon);
    REQUIRE(amtool({"alert", "add", "DiskFull", "host=db1"}).code == 0);
    REQUIRE(eventually(std::chrono::seconds(10), [&] { return count_incidents(daemon, "open") == 1; }));
    const std::string id = amtool({"silence", "add", "host=db1", "--comment=swap", "--author=ann"}).out.substr(0, 36);
    const auto reasons = [&] { return daemon.cli_json({"incidents", "show", "INC-1"}); };
    const auto is_silenced = [&] { return reasons().text("/alerts/0/held_back/0/by") == id; };
    REQUIRE(eventually(std::chrono::seconds(10), is_silenced));
    const Json shown = reasons();
    CHECK(shown.text("/alerts/0/held_back/0/kind") == "silence");
    const std::string since = shown.text("/alerts/0/held_back/0/since");
    CHECK(since.size() == 24);
    const Run text = daemon.cli({"incidents", "show", "INC-1"});
    CHECK_MESSAGE(has(text.out, "silenced by " + id + " since " + since), text.out);

    daemon.crash();
    daemon.start();
    REQUIRE(eventually(std::chrono::seconds(10), is_silenced));
    CHECK(reasons().text("/alerts/0/held_back/0/since") == since);
    CHECK(daemon.metric("incidentd_alerts_suppressed{reason=\"silence\"}") == 1);
    REQUIRE(amtool({"silence", "expire", id}).code == 0);
    daemon.crash();  // perhaps before the read model was told
    daemon.start();
    CHECK(eventually(std::chrono::seconds(10), [&] { return reasons().size("/alerts/0/held_back") == 0; }));
    CHECK(daemon.metric("incidentd_alerts_suppressed{reason=\"silence\"}") == 0);
}

TEST_CASE("what Alertmanager refuses is refused in its words") {
    Daemon daemon;
    daemon.start();
    const auto post = [&](const std::string& body) {
        return daemon.client().request("POST", "/api/v2/silences", body, {{"Content-Type", "application/json"}});
    };
    const auto silence = [](const std::string& matchers, const std::string& starts, const std::string& ends) {
        return R"({"matchers":)" + matchers + R"(,"startsAt":")" + starts + R"(","endsAt":")" + ends +
               R"(","createdBy":"ann","comment":"c"})";
    };
    const std::string host = R"([{"name":"host","value":"a","isRegex":false}])";
    struct Row {
        std::string body;
        int status;
        std::string says;
    };
    const Row rows[] = {
        {silence(host, "2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z"), 400,
         R"("Failed to create silence: end time can't be in the past")"},
        {silence(host, "2099-01-02T00:00:00Z", "2099-01-01T00:00:00Z"), 400,
         R"("Failed to create silence: start time must be before end time")"},
        {silence("[]", "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"), 422,
         R"({"code":612,"message":"matchers in body should have at least 1 items"})"},
        {silence(R"([{"name":"host","value":"","isRegex":false}])", "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
         400, R"("invalid silence: at least one matcher must not match the empty string")"},
        {silence(R"([{"name":"host","value":"(","isRegex":true}])", "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
         400, "invalid label matcher 0"},
        {R"({"matchers":)" + host + "}", 422, R"("comment in body is required")"},
        {"{", 400, "parsing silence body from"},
        {"", 422, "silence in body is required"}};
    for (const Row& row : rows) {
        const HttpResponse answer = post(row.body);
        CHECK_MESSAGE(answer.status == row.status, row.body << ": " << answer.body);
        CHECK_MESSAGE(has(answer.body, row.says), answer.body);
    }
    std::string with_id = silence(host, "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z");
    with_id.insert(1, R"("id":"00000000-0000-4000-8000-000000000000",)");
    CHECK(post(with_id).status == 404);
    CHECK(daemon.client().get("/api/v2/silence/xyz").status == 422);
    CHECK(daemon.client().get("/api/v2/silence/00000000-0000-4000-8000-000000000000").status == 404);
    const HttpResponse gone =
        daemon.client().request("DELETE", "/api/v2/silence/00000000-0000-4000-8000-000000000000", "", {});
    CHECK(gone.status == 500);
    CHECK(has(gone.body, "\"silence not found\""));
    CHECK(daemon.client().get("/api/v2/silences?filter=%7Bbad").status == 400);
}

}  // namespace incidentd::test
