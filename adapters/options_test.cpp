// An option read laxly turns a typing mistake into a sink that fails at night, or a secret into a log line.
#include "adapters/options.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

namespace {

const std::vector<OptionSpec> specs{
    {"name", OptionType::text, true, "", "what it is called"},
    {"url", OptionType::url, false, "http://localhost:1/", ""},
    {"count", OptionType::integer, false, "7", ""},
    {"flag", OptionType::boolean, false, "true", ""},
    {"wait", OptionType::duration, false, "10s", ""},
    {"list", OptionType::text_list, false, "[a, b]", ""},
    {"pairs", OptionType::text_map, false, "", ""},
    {"secret", OptionType::secret, false, "", ""},
    {"tree", OptionType::tree, false, "", ""},
    {"title", OptionType::text, false, "{{title}}: it's", ""},
};

struct Read {
    Options options;
    std::string problems;
};

Read read(std::string_view yaml) {
    Problems problems;
    const SettingsNode node = parse_settings(yaml, "f", problems);
    SettingsReader reader(node, problems);
    const SecretResolver secrets = [](const SettingsNode& form, Problems&) {
        return "resolved " + form.members.front().value.scalar;
    };
    Read result{read_options(specs, reader, secrets, problems), ""};
    reader.finish();
    result.problems = problems.text();
    return result;
}

}  // namespace

TEST_CASE("defaults fill what is absent, and absent options without one are empty") {
    const Read result = read("name: x\n");
    CHECK(result.problems == "");
    CHECK(result.options.text("name") == "x");
    CHECK(result.options.text("url") == "http://localhost:1");
    CHECK(result.options.integer("count") == 7);
    CHECK(result.options.boolean("flag"));
    CHECK(result.options.duration("wait") == seconds(10));
    CHECK(result.options.text_list("list") == std::vector<std::string>{"a", "b"});
    CHECK(result.options.text_map("pairs").empty());
    CHECK(result.options.secret("secret").empty());
    CHECK(result.options.tree("tree") == nullptr);
    CHECK_FALSE(result.options.has("tree"));
    CHECK(result.options.text("title") == "{{title}}: it's");
}

TEST_CASE("given values win over defaults") {
    const Read result = read(
        "name: x\nurl: https://h.example:8443/a/b//\ncount: 0\nflag: false\nwait: 1m\nlist: one\npairs: {k: v}\n"
        "secret: {env: TOKEN}\ntree: {any: [thing]}\n");
    CHECK(result.problems == "");
    CHECK(result.options.text("url") == "https://h.example:8443/a/b");
    CHECK(result.options.integer("count") == 0);
    CHECK_FALSE(result.options.boolean("flag"));
    CHECK(result.options.duration("wait") == minutes(1));
    CHECK(result.options.text_list("list") == std::vector<std::string>{"one"});
    CHECK(result.options.text_map("pairs").front().second == "v");
    CHECK(result.options.secret("secret") == "resolved TOKEN");
    REQUIRE(result.options.tree("tree") != nullptr);
    CHECK(result.options.tree("tree")->find("any")->items.size() == 1);
}

TEST_CASE("bad options are problems that never show a secret") {
    struct Row {
        std::string yaml;
        std::string expected;
    };
    static const Row rows[] = {
        {"count: 1\n", "f:1:1: name: is missing; what it is called\n"},
        {"name: ''\n", "f:1:7: name: must not be empty; what it is called\n"},
        {"name: x\ncount: -1\n", "f:2:8: count: must be a whole number from 0 to 9007199254740992, found '-1'\n"},
        {"name: x\nsecret: hunter2\n",
         "f:2:9: secret: secrets are not kept in the file, where backups and version control would spread them; write "
         "{file: path}, {env: NAME} or {credential: name}\n"},
        {"name: x\nsecret: {env: A, file: b}\n",
         "f:2:9: secret: must name exactly one place, found 2; write {file: path}, {env: NAME} or {credential: "
         "name}\n"},
        {"name: x\nsecret: {enf: A}\n",
         "f:2:10: secret.enf: unknown key; did you mean 'env'? allowed here: credential, env, file\n"},
        {"name: x\nurl: ftp://x\n",
         "f:2:6: url: must begin with http:// or https://; for example https://tickets.example.org/api\n"},
        {"name: x\nsercet: {env: A}\n",
         "f:2:1: sercet: unknown key; did you mean 'secret'? allowed here: count, flag, list, name, pairs, secret, "
         "title, "
         "tree, url, wait\n"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.yaml);
        CHECK(read(row.yaml).problems == row.expected);
        CHECK(read(row.yaml).problems.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("URLs") {
    for (const char* good : {"http://h", "https://h.example.org:443/x?y=z", "http://[::1]:80/", "http://10.0.0.1"}) {
        CAPTURE(good);
        CHECK(check_url(good) == "");
    }
    for (const char* bad :
         {"", "h", "http://", "http:///x", "http://h:0", "http://h:99999", "http://h:", "http://u:p@h", "http://h/#f",
          "http://h/a b", "http://[::1", "http://[]", "https:/h", "http://h\n"}) {
        CAPTURE(bad);
        CHECK(check_url(bad) != "");
    }
}
