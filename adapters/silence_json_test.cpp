// amtool that cannot read a list of silences shows none; one that is taken wrongly silences the wrong alerts.
#include "adapters/silence_json.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

namespace {

Silence silence() {
    Silence out;
    out.id = "11111111-2222-4333-8444-555555555555";
    out.match = parse_matchers(R"(host="a\"b",team=~"x|y",env!="prod",job!~"n.*")").value();
    out.created_by = "ann";
    out.comment = "disk \"swap\"";
    out.starts_at = Instant{1'767'225'600'000};
    out.ends_at = Instant{1'767'229'200'000};
    out.updated_at = Instant{1'767'225'601'500};
    out.state = SilenceState::active;
    return out;
}

std::string text_of(const Silence& silence) {
    std::string out;
    append_silence(out, silence);
    return out;
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::string posted(const std::string& matchers, const std::string& more = "") {
    return R"({"matchers":)" + matchers +
           R"(,"startsAt":"2026-01-01T00:00:00Z","endsAt":"2026-01-01T01:00:00+01:00",)" +
           R"("createdBy":"ann","comment":"c")" + more + "}";
}

Matchers filter(std::string_view text) { return parse_matchers(text).value(); }

}  // namespace

TEST_CASE("a silence of the API is written as Alertmanager writes it") {
    CHECK(text_of(silence()) ==
          R"({"id":"11111111-2222-4333-8444-555555555555","status":{"state":"active"},)"
          R"("updatedAt":"2026-01-01T00:00:01.500Z","comment":"disk \"swap\"","createdBy":"ann",)"
          R"("endsAt":"2026-01-01T01:00:00.000Z","matchers":[)"
          R"({"isEqual":true,"isRegex":false,"name":"host","value":"a\"b"},)"
          R"({"isEqual":true,"isRegex":true,"name":"team","value":"x|y"},)"
          R"({"isEqual":false,"isRegex":false,"name":"env","value":"prod"},)"
          R"({"isEqual":false,"isRegex":true,"name":"job","value":"n.*"}],"startsAt":"2026-01-01T00:00:00.000Z"})");
}

TEST_CASE("one of the rules is marked, and has an end even where its calendar has none") {
    Silence rule = silence();
    rule.id = "weekly-reboot";
    rule.is_of_rules = true;
    rule.created_by.clear();
    rule.comment = "kernel";
    rule.ends_at = rule.updated_at = {};
    const std::string text = text_of(rule);
    CHECK(has(text, R"("id":"weekly-reboot")"));
    CHECK(has(text, R"("createdBy":"rule file")"));
    CHECK(has(text, R"("comment":"silence of the rules: kernel")"));
    CHECK(has(text, R"("endsAt":"9999-12-31T23:59:59.000Z")"));
    CHECK(has(text, R"("updatedAt":"2026-01-01T00:00:00.000Z")"));
    rule.is_maintenance = true;
    rule.comment.clear();
    CHECK(has(text_of(rule), R"("comment":"maintenance window of the rules")"));
}

TEST_CASE("what amtool posts is read whole") {
    PostedSilence out;
    SilenceFault fault;
    REQUIRE(read_posted_silence(posted(R"([{"name":"host","value":"a","isRegex":true,"isEqual":false},)"
                                       R"({"name":"team","value":"x"}])",
                                       R"(,"id":"i")"),
                                out, fault));
    CHECK(out.id == "i");
    CHECK(out.created_by == "ann");
    CHECK(out.starts_at == Instant{1'767'225'600'000});
    CHECK(out.ends_at == Instant{1'767'225'600'000});
    REQUIRE(out.match.size() == 2);
    CHECK(out.match[0].text() == R"(host!~"a")");
    CHECK(out.match[1].text() == R"(team="x")");
}

TEST_CASE("what Alertmanager refuses is refused with its status") {
    struct Row {
        std::string body;
        int status;
        std::string says;
    };
    const Row rows[] = {{posted("[]"), 422, "should have at least 1 items"},
                        {posted(R"([{"name":"a","value":""}])"), 400, "must not match the empty string"},
                        {posted(R"([{"name":"a-b","value":"x"}])"), 400, "invalid label name"},
                        {posted(R"([{"name":"a"}])"), 422, "matchers.0.value in body is required"},
                        {posted(R"([7])"), 422, "matchers.0 in body must be of type object"},
                        {posted(R"([{"name":"a","value":"(","isRegex":true}])"), 400, "invalid label matcher 0"},
                        {R"({"comment":"c"})", 422, "createdBy in body is required"},
                        {"[]", 422, "must be of type object"},
                        {"nonsense", 400, "parsing silence body"},
                        {"", 422, "silence in body is required"}};
    for (const Row& row : rows) {
        CAPTURE(row.body);
        PostedSilence out;
        SilenceFault fault;
        REQUIRE_FALSE(read_posted_silence(row.body, out, fault));
        CHECK(fault.status == row.status);
        CHECK_MESSAGE(has(fault.json, row.says), fault.json);
    }
}

TEST_CASE("filters are held against a silence's own matchers") {
    const Silence one = silence();
    CHECK(is_chosen(one, {}));
    CHECK(is_chosen(one, filter(R"(team="x|y")")));
    CHECK_FALSE(is_chosen(one, filter(R"(team="x")")));
    CHECK(is_chosen(one, filter(R"(env=~"p.*")")));
    CHECK(is_chosen(one, filter(R"(absent="")")));
    CHECK_FALSE(is_chosen(one, filter(R"(absent="x")")));
    CHECK_FALSE(is_chosen(one, filter(R"(team="")")));
}
