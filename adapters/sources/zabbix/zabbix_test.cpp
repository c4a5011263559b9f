#include "adapters/sources/test_kit.hpp"

#include <doctest/doctest.h>

#include <map>

namespace incidentd::sources::zabbix {
const SourceSpec& spec();
}

using namespace incidentd;

namespace {

using Fields = std::map<std::string, std::string>;

// A problem message as Zabbix 6.0 sends it: every value a string, macros that mean nothing left as they stand.
test_kit::Driver::Done message(const Fields& changed) {
    Fields fields = {
        {"event_id", "90417"},
        {"event_value", "1"},
        {"event_source", "0"},
        {"event_update_status", "0"},
        {"event_nseverity", "4"},
        {"event_name", "Chiller loop pressure low"},
        {"event_tags",
         R"([{\"tag\":\"area\",\"value\":\"cooling\"},{\"tag\":\"area\",\"value\":\"roof\"},{\"tag\":\"vip\",\"value\":\"\"},{\"tag\":\"__incidentd_id\",\"value\":\"x\"}])"},
        {"event_at", "2026-02-03T04:00:00Z"},
        {"event_recovery_at", ""},
        {"event_recovery_id", "{EVENT.RECOVERY.ID}"},
        {"event_update_action", "{EVENT.UPDATE.ACTION}"},
        {"event_update_message", "{EVENT.UPDATE.MESSAGE}"},
        {"event_ack_status", "No"},
        {"user_fullname", "{USER.FULLNAME}"},
        {"host_host", "chl-02"},
        {"host_ip", "*UNKNOWN*"},
        {"trigger_id", "1312"},
        {"trigger_url", ""},
        {"zabbix_url", "{$ZABBIX.URL}"},
    };
    for (const auto& [name, value] : changed) fields[name] = value;
    std::string body = "{";
    for (const auto& [name, value] : fields) {
        if (body.size() > 1) body += ',';
        body += "\"" + name + "\":\"" + value + "\"";
    }
    test_kit::Driver d(sources::zabbix::spec());
    return d.post(body + "}");
}

std::vector<EventKind> kinds(const Fields& changed) {
    std::vector<EventKind> out;
    const auto done = message(changed);
    for (const AlertEvent& e : done.events()) out.push_back(e.kind);
    return out;
}

Fields update(const std::string& action, const std::string& value = "1") {
    return {{"event_update_status", "1"},
            {"event_value", value},
            {"event_update_action", action},
            {"event_update_message", "looking"},
            {"user_fullname", "Zabbix Administrator (Admin)"},
            {"event_ack_status", "Yes"}};
}

}  // namespace

// Could break: the identity that ties a recovery to its problem, and literal macros taken for values.
TEST_CASE("a problem message becomes a firing alert") {
    const auto done = message({{"zabbix_url", "https://zbx.example/"}});
    REQUIRE(done.events().size() == 1);
    const AlertEvent& e = done.events()[0];
    CHECK(e.kind == EventKind::firing);
    CHECK(e.key == "90417");
    CHECK(e.episode == "90417");
    CHECK(e.severity == Severity::error);
    CHECK(e.title == "Chiller loop pressure low");
    CHECK(to_rfc3339(e.starts_at) == "2026-02-03T04:00:00.000Z");
    CHECK(e.url == "https://zbx.example/tr_events.php?triggerid=1312&eventid=90417");
    CHECK(find_label(e.labels, "host") == "chl-02");
    CHECK(find_label(e.labels, "address").empty());
    CHECK(find_label(e.labels, "area") == "cooling,roof");
    CHECK(find_label(e.labels, "vip") == "true");
    CHECK(find_label(e.labels, "__incidentd_id").empty());
    CHECK(find_label(e.labels, "trigger_id") == "1312");
    CHECK(done.outcome.reply.status == 200);
    CHECK(done.outcome.reply.body == "{\"id\":\"" + to_string(e.fingerprint) + "\"}");
}

// Could break: a comment after the recovery taken for a recovery, or "unacknowledged" for "acknowledged".
TEST_CASE("every message becomes the events it means") {
    using K = EventKind;
    CHECK(kinds({{"event_value", "0"}}) == std::vector{K::resolved});
    CHECK(kinds(update("acknowledged and commented")) == std::vector{K::acknowledged});
    CHECK(kinds(update("unacknowledged")) == std::vector{K::unacknowledged});
    CHECK(kinds(update("commented")) == std::vector{K::note});
    CHECK(kinds(update("commented", "0")) == std::vector{K::note});
    CHECK(kinds(update("acknowledged", "0")) == std::vector{K::note});
    CHECK(kinds(update("closed")) == std::vector{K::resolved});
    CHECK(kinds(update("suppressed")) == std::vector{K::suppressed});
    CHECK(kinds(update("unsuppressed")) == std::vector{K::unsuppressed});
    CHECK(kinds(update("changed severity from High to Warning")) == std::vector{K::firing, K::note});
    CHECK(kinds(update("changed severity from High to Warning, acknowledged and commented")) ==
          std::vector{K::firing, K::acknowledged});
    CHECK(kinds(update("{EVENT.UPDATE.ACTION}")) == std::vector{K::acknowledged});
}

TEST_CASE("a recovery pairs with its problem and says when") {  // could break: incidents that never resolve
    const auto problem = message({});
    const auto recovery =
        message({{"event_value", "0"}, {"event_recovery_at", "2026-02-03T04:04:00Z"}, {"event_recovery_id", "90500"}});
    REQUIRE(recovery.events().size() == 1);
    CHECK(recovery.events()[0].fingerprint == problem.events()[0].fingerprint);
    CHECK(to_rfc3339(recovery.events()[0].ends_at) == "2026-02-03T04:04:00.000Z");
}

TEST_CASE("who acknowledged and what they said is kept") {  // could break: the incident would not say who
    const auto done = message(update("acknowledged and commented"));
    REQUIRE(done.events().size() == 1);
    CHECK(done.events()[0].actor == "Zabbix Administrator (Admin)");
    CHECK(done.events()[0].text == "looking");
}

// Could break: the Test button of Zabbix, which sends nothing but literal macros, must fail with a reason.
TEST_CASE("messages without an event are refused with a reason") {
    CHECK(message({{"event_id", "{EVENT.ID}"}}).outcome.reply.body.find("event_id is missing") != std::string::npos);
    CHECK(message({{"event_id", "{EVENT.ID}"}}).outcome.reply.status == 400);
    CHECK(message({{"event_value", "{EVENT.VALUE}"}}).outcome.reply.status == 400);
    CHECK(message({{"event_source", "1"}}).outcome.reply.status == 400);
    CHECK(message({{"event_source", "3"}}).outcome.reply.status == 200);
}
