// A configuration that is accepted with a mistake in it, or refused without saying where, is found out at night.
#include "daemon/config.hpp"

#include "daemon/token.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

using namespace incidentd;

namespace {

// A directory with rule, secret and token files, gone with the test.
class Directory {
public:
    Directory() {
        std::string name = "/tmp/incidentd-config-XXXXXX";
        path_ = mkdtemp(name.data());
    }
    ~Directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    void write(const std::string& name, const std::string& text) const {
        std::filesystem::create_directories(std::filesystem::path(path_ + "/" + name).parent_path());
        std::ofstream(path_ + "/" + name, std::ios::binary) << text;
    }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

const std::string good_token = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";  // of "foo"
const std::string one_source = "sources: {prometheus: {type: prometheus}}\n";

std::optional<Config> parse(const std::string& text, const std::string& directory, std::string& problems) {
    Problems found;
    std::optional<Config> config = parse_config(text, "c", directory, found);
    problems = found.text();
    CHECK(config.has_value() == found.empty());
    return config;
}

Config good(const std::string& text, const std::string& directory = "/nonexistent") {
    std::string problems;
    std::optional<Config> config = parse(text, directory, problems);
    CHECK(problems == "");
    REQUIRE(config.has_value());
    return std::move(*config);
}

std::string problems_of(const std::string& text, const std::string& directory = "/nonexistent") {
    std::string problems;
    parse(text, directory, problems);
    return problems;
}

}  // namespace

TEST_CASE("a source is enough: the rest has defaults") {
    const Config config = good(one_source);
    CHECK(config.state_directory == "/var/lib/incidentd");
    REQUIRE(config.listen.size() == 1);
    CHECK(config.listen[0].text() == "127.0.0.1:9460");
    REQUIRE(config.sources.size() == 1);
    CHECK(config.sources[0].name == "prometheus");
    CHECK(config.sources[0].mount == "");
    CHECK(config.sources[0].tokens.empty());
    CHECK(config.sources[0].options.duration("resolve_timeout") == minutes(5));
    REQUIRE(config.compiled_rules != nullptr);
    CHECK(config.compiled_rules->correlate.size() == 1);
}

TEST_CASE("every key arrives") {
    Directory files;
    files.write("rules/b.yaml", "version: 1\ncorrelate: [{name: b, by: [x]}]\n");
    files.write("rules/a.yaml", "version: 1\ncorrelate: [{name: a, by: [x]}]\n");
    files.write("tokens", "# the zabbix server\n" + good_token + "\n\n");
    const Config config = good(
        "state_directory: /srv/incidentd\n"
        "external_url: https://incidentd.example.org/\n"
        "listen: [{address: 127.0.0.1, port: 9461}, {address: '::1', port: 9461}]\n"
        "api: {tokens: ['" +
            good_token +
            "']}\n"
            "http: {max_connections: 10, max_header: 8KiB, max_body: 1MiB, idle_timeout: 10s, request_timeout: 5s}\n"
            "limits: {active_alerts: 1000, open_incidents: 100, inbox: 2MiB, labels: 20, label_value: 1KiB}\n"
            "journal: {segment: 1MiB, durability: relaxed, snapshot_every: 8MiB, snapshot_age: 1h}\n"
            "restart_grace: 1m\n"
            "read_model: {keep: 30d, queue: 1MiB}\n"
            "metrics: {services: 5}\n"
            "log: {level: warning, format: json}\n"
            "rules: ['rules/*.yaml', rules/a.yaml]\n"
            "sources:\n"
            "  prom: {type: prometheus, path: /prom, tokens: [{file: tokens}], resolve_timeout: 1m}\n"
            "  ops: {type: nagios, tokens: {file: tokens}}\n",
        files.path());
    CHECK(config.state_directory == "/srv/incidentd");
    CHECK(config.external_url == "https://incidentd.example.org");
    REQUIRE(config.listen.size() == 2);
    CHECK(config.listen[1].text() == "[::1]:9461");
    REQUIRE(config.api_tokens.size() == 1);
    CHECK(config.api_tokens[0] == sha256("foo"));
    CHECK(config.http.connections_max == 10);
    CHECK(config.http.header_bytes_max == 8192);
    CHECK(config.http.body_bytes_max == 1048576);
    CHECK(config.http.idle_timeout == seconds(10));
    CHECK(config.http.request_timeout == seconds(5));
    CHECK(config.engine.alerts_max == 1000);
    CHECK(config.engine.incidents_max == 100);
    CHECK(config.inbox_bytes_max == 2097152);
    CHECK(config.events.labels_max == 20);
    CHECK(config.events.label_value_bytes_max == 1024);
    CHECK(config.segment_bytes == 1048576);
    CHECK(config.durability == Durability::relaxed);
    CHECK(config.snapshot_every_bytes == 8 * 1024 * 1024);
    CHECK(config.snapshot_age == hours(1));
    CHECK(config.restart_grace == minutes(1));
    CHECK(config.read_model_keep == hours(24 * 30));
    CHECK(config.read_model_queue_bytes == 1048576);
    CHECK(config.metric_services_max == 5);
    CHECK(config.log_level == LogLevel::warning);
    CHECK(config.log_format == "json");
    REQUIRE(config.sources.size() == 2);
    CHECK(config.sources[0].mount == "/prom");
    CHECK(config.sources[0].options.duration("resolve_timeout") == minutes(1));
    REQUIRE(config.sources[0].tokens.size() == 1);
    CHECK(config.sources[0].tokens[0] == sha256("foo"));
    CHECK(config.sources[1].mount == "/v1/ingest/ops");
    CHECK(config.sources[1].tokens.size() == 1);
    REQUIRE(config.rules.files.size() == 2);
    CHECK(config.rules.files[0].first == files.path() + "/rules/a.yaml");
    CHECK(config.compiled_rules->correlate[1].name == "b");
    CHECK(config.compiled_rules->hash == config.rules.hash());
}

TEST_CASE("sinks, their secrets and retries") {
    Directory files;
    files.write("secret", "s3cret\r\n");
    files.write("credentials/bearer", "b3arer");
    setenv("CREDENTIALS_DIRECTORY", (files.path() + "/credentials").c_str(), 1);
    const Config config = good(one_source +
                                   "sinks:\n"
                                   "  hook:\n"
                                   "    type: webhook\n"
                                   "    url: https://hook.example.org/x/\n"
                                   "    secret: {file: secret}\n"
                                   "    bearer: {credential: bearer}\n"
                                   "    in_flight: 2\n"
                                   "    retry: {first: 2s, most: 1m, give_up_after: 1h}\n",
                               files.path());
    unsetenv("CREDENTIALS_DIRECTORY");
    REQUIRE(config.sinks.size() == 1);
    const SinkConfig& sink = config.sinks[0];
    CHECK(sink.name == "hook");
    CHECK(sink.options.text("url") == "https://hook.example.org/x");
    CHECK(sink.options.secret("secret") == "s3cret");
    CHECK(sink.options.secret("bearer") == "b3arer");
    CHECK(sink.in_flight_max == 2);
    CHECK(sink.retry_first == seconds(2));
    CHECK(sink.retry_most == minutes(1));
    CHECK(sink.give_up_after == hours(1));
    CHECK(config.compiled_rules->routes.at(0).to == std::vector<std::string>{"hook"});
}

TEST_CASE("broken files: each problem with its line, column and key") {
    struct Row {
        std::string text;
        std::string expected;  // how the first problem begins
    };
    const std::string sink = one_source + "sinks:\n  hook: {type: webhook, url: 'http://h/', ";
    const Row rows[] = {
        {"", "c: sources: there is none, so nothing could ever come in; for example sources: {prometheus: "},
        {"sources:\n", "c:1:1: sources: there is none"},
        {"sources: {}\n", "c:1:10: sources: there is none"},
        {"[]", "c:1:1: must be a map of keys and values, found a list"},
        {"sources: [a]\n", "c:1:10: sources: must be a map of keys and values, found a list"},
        {"sources: {a: {type: [}}\n", "c:1:22: is not valid YAML: "},
        {one_source + "snks: {}\n", "c:2:1: snks: unknown key; did you mean 'sinks'? allowed here: api, "},
        {one_source + one_source, "c:2:1: sources: is given twice; the first one is in line 1"},
        {"sources: {a: {}}\n", "c:1:14: sources.a.type: is missing; known types: "},
        {"sources: {a: {type: promotheus}}\n",
         "c:1:21: sources.a.type: there is no type 'promotheus'; did you mean 'prometheus'? known types: "},
        {"sources: {a: prometheus}\n", "c:1:14: sources.a: must be a map of keys and values, found 'prometheus'"},
        {"sources: {A b: {type: nagios}}\n", "c:1:11: sources.A b: a name must be 1 to 64 of a-z, 0-9, '_' and '-'"},
        {"sources: {a: {type: nagios, pth: /x}}\n", "c:1:29: sources.a.pth: unknown key; did you mean 'path'?"},
        {"sources: {a: {type: nagios, path: x}}\n", "c:1:35: sources.a.path: must be / or a path such as /v1/ingest/a"},
        {"sources: {a: {type: nagios, path: /x/}}\n", "c:1:35: sources.a.path: must be / or a path"},
        {"sources: {a: {type: nagios, path: /metrics}}\n",
         "c:1:35: sources.a.path: '/metrics' belongs to the daemon itself"},
        {"sources: {a: {type: prometheus, resolve_timeout: 5}}\n",
         "c:1:50: sources.a.resolve_timeout: must be a duration such as 90s, 5m, 2h or 1d, found '5'"},
        {"sources:\n  a: {type: nagios, path: /x}\n  b: {type: nagios, path: /x}\n",
         "c:3:3: sources.b.path: is /x, as that of source a; give one of them another path"},
        {"sources: {a: {type: nagios, tokens: [hunter2]}}\n",
         "c:1:38: sources.a.tokens[0]: must be sha256: and 64 hex digits: tokens are kept as hashes, never in clear; "
         "run "
         "`incidentd token`"},
        {"sources: {a: {type: nagios, tokens: hunter2}}\n",
         "c:1:37: sources.a.tokens: must be sha256: and 64 hex digits"},
        {"sources: {a: {type: nagios, tokens: [{file: x, env: y}]}}\n",
         "c:1:38: sources.a.tokens[0]: must name exactly one place"},
        {"sources: {a: {type: nagios, tokens: [{file: gone}]}}\n",
         "c:1:45: sources.a.tokens[0].file: /nonexistent/gone cannot be read: No such file or directory"},
        {one_source + "state_directory: state\n", "c:2:18: state_directory: must be an absolute path, found 'state'"},
        {one_source + "external_url: incidentd.example.org\n",
         "c:2:15: external_url: must begin with http:// or https://"},
        {one_source + "listen: []\n", "c:2:9: listen: must hold at least one address"},
        {one_source + "listen: {port: 1}\n", "c:2:9: listen: must be a list, found a map"},
        {one_source + "listen: [{address: localhost}]\n",
         "c:2:20: listen[0].address: must be an IP address, found 'localhost'"},
        {one_source + "listen: [{port: 70000}]\n", "c:2:17: listen[0].port: must be a whole number from 0 to 65535"},
        {one_source + "listen: [{port: 1}, {port: 1}]\n", "c:2:21: listen[1]: listens on 127.0.0.1:1 as line 2 does"},
        {one_source + "listen: [{tls: {certificate: c.pem}}]\n",
         "c:2:30: listen[0].tls.certificate: /nonexistent/c.pem cannot be read: No such file or directory"},
        {one_source + "listen: [{tls: {certificate: /etc/passwd, key: /etc/passwd}}]\n",
         "c:2:16: listen[0].tls: /etc/passwd: not a readable PEM certificate chain"},
        {one_source + "listen: [{address: 0.0.0.0}]\n",
         "c:2:10: listen: 0.0.0.0:9460 can be reached from other machines, and tokens and alerts would cross the "
         "network in "
         "clear; add tls"},
        {one_source + "listen: [{address: '::', plain_http: true}]\n",
         "c:1:11: sources.prometheus.tokens: is missing, while [::]:9460 can be reached from other machines; run "
         "`incidentd "
         "token`"},
        {"listen: [{address: 10.0.0.1, plain_http: true}]\nsources: {a: {type: nagios, tokens: ['" + good_token +
             "']}}\n",
         "c:1:10: api.tokens: is missing, while 10.0.0.1:9460 can be reached from other machines"},
        {one_source + "api: {tokens: [plain]}\n", "c:2:16: api.tokens[0]: must be sha256:"},
        {one_source + "api: {token: x}\n",
         "c:2:7: api.token: unknown key; did you mean 'tokens'? allowed here: token_file, tokens"},
        {one_source + "http: {max_connections: 0}\n",
         "c:2:25: http.max_connections: must be a whole number from 1 to 100000"},
        {one_source + "http: {max_body: 1}\n", "c:2:18: http.max_body: must be from 1024 to 1073741824 bytes, found 1"},
        {one_source + "http: {max_header: 64k}\n", "c:2:20: http.max_header: must be a size such as 4096, 64KiB"},
        {one_source + "http: {idle_timeout: 0s}\n", "c:2:22: http.idle_timeout: must be from 1s to 1h, found 0s"},
        {one_source + "limits: {inbox: 1MiB}\n",
         "c:2:9: limits: limits.inbox (1048576 bytes) is smaller than http.max_body (16777216): the largest request "
         "could "
         "never enter"},
        {one_source + "limits: {active_alerts: many}\n",
         "c:2:25: limits.active_alerts: must be a whole number from 1 to "},
        {one_source + "journal: {segment: 1KiB}\n", "c:2:20: journal.segment: must be from 1048576 to "},
        {one_source + "metrics: {services: -1}\n", "c:2:21: metrics.services: must be a whole number from 0 to 10000"},
        {one_source + "log: {level: warn}\n", "c:2:14: log.level: must be debug, info, warning or error, found 'warn'"},
        {one_source + "log: {format: xml}\n", "c:2:15: log.format: must be logfmt or json, found 'xml'"},
        {one_source + "rules: [gone.yaml]\n",
         "c:2:8: rules: /nonexistent/gone.yaml cannot be read: No such file or directory"},
        {one_source + "rules: ['gone/*.yaml']\n", "c:2:8: rules: no file matches 'gone/*.yaml' in /nonexistent"},
        {one_source + "rules: /tmp\n", "c:2:8: rules: /tmp is not a regular file"},
        {one_source + "sinks: {hook: {type: webhok}}\n",
         "c:2:22: sinks.hook.type: there is no type 'webhok'; did you mean 'webhook'? known types: "},
        {one_source + "sinks: {hook: {type: webhook}}\n", "c:2:15: sinks.hook.url: is missing; "},
        {sink + "ur1: x}\n", "c:3:43: sinks.hook.ur1: unknown key; did you mean 'url'? allowed here: "},
        {sink + "in_flight: 0}\n", "c:3:54: sinks.hook.in_flight: must be a whole number from 1 to 64"},
        {sink + "breaker: 1001}\n", "c:3:52: sinks.hook.breaker: must be a whole number from 0 to 1000"},
        {sink + "rate: {burst: 3}}\n", "c:3:49: sinks.hook.rate.per_minute: is missing"},
        {"sources: {a: {type: nagios, rate: {alerts_per_second: 0}}}\n",
         "c:1:55: sources.a.rate.alerts_per_second: must be a whole number from 1 to 1000000"},
        {one_source + "limits: {memory: 1MiB}\n", "c:2:18: limits.memory: must be from 67108864 to "},
        {sink + "retry: {first: 10m}}\n",
         "c:3:58: sinks.hook.retry.first: must not be longer than most, found 10m and 5m"},
        {sink + "secret: plain}\n", "c:3:51: sinks.hook.secret: secrets are not kept in the file"},
        {sink + "secret: {env: INCIDENTD_NOT_SET}}\n",
         "c:3:57: sinks.hook.secret.env: the environment has no variable 'INCIDENTD_NOT_SET'; set it in the unit"},
        {sink + "secret: {credential: x}}\n",
         "c:3:64: sinks.hook.secret.credential: there are no systemd credentials here"},
        {sink + "secret: {credential: ../x}}\n",
         "c:3:64: sinks.hook.secret.credential: must be the name of a systemd credential, found '../x'"},
        {sink + "secret: {file: /dev/null}}\n", "c:3:58: sinks.hook.secret.file: /dev/null is not a regular file"},
    };
    unsetenv("CREDENTIALS_DIRECTORY");
    for (const Row& row : rows) {
        CAPTURE(row.text);
        const std::string problems = problems_of(row.text);
        CHECK(problems.substr(0, row.expected.size()) == row.expected);
        CHECK(problems.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("one mistake gives one problem") {
    for (const char* text :
         {"listen: [{address: 0.0.0.0, plain_http: true}]\napi: {tokens: [bad]}\nsources: {a: {type: nagios, "
          "tokens: ['sha256:00']}}\n"}) {
        const std::string problems = problems_of(text);
        CAPTURE(problems);
        CHECK(problems.find("sources.a.tokens: is missing") == std::string::npos);
        CHECK(problems.find("api.tokens: is missing") == std::string::npos);
    }
}

TEST_CASE("problems of rule files stand beside those of the configuration") {
    Directory files;
    files.write("r.yaml", "version: 1\nroute: [{to: [tickts]}]\n");
    const std::string problems = problems_of(one_source + "rules: r.yaml\nlog: {level: x}\n", files.path());
    CHECK(problems.find("c:3:14: log.level:") != std::string::npos);
    CHECK(problems.find(files.path() + "/r.yaml:2:15: route[0].to: names the sink 'tickts'") != std::string::npos);
}

TEST_CASE("secrets and token files: bad lines are named by number, never shown") {
    Directory files;
    files.write("tokens", good_token + "\nhunter2\n");
    files.write("none", "# nothing\n");
    files.write("empty", "\n");
    std::string problems = problems_of("sources: {a: {type: nagios, tokens: {file: tokens}}}\n", files.path());
    CHECK(problems.find("sources.a.tokens: line 2 there is not sha256: and 64 hex digits") != std::string::npos);
    CHECK(problems.find("hunter2") == std::string::npos);
    problems = problems_of("sources: {a: {type: nagios, tokens: {file: none}}}\n", files.path());
    CHECK(problems.find("sources.a.tokens: holds no token") != std::string::npos);
    problems =
        problems_of(one_source + "sinks: {h: {type: webhook, url: 'http://h', secret: {file: empty}}}\n", files.path());
    CHECK(problems.find("sinks.h.secret.file: holds an empty secret") != std::string::npos);
}

TEST_CASE("exposure is judged again after the command line changed the address") {
    Config config = good(one_source);
    config.listen.front().address = "0.0.0.0";
    Problems problems;
    check_exposure(config, problems);
    CHECK(problems.items().size() == 3);
    for (const char* loopback : {"127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"}) {
        config.listen.front().address = loopback;
        CHECK(config.listen.front().is_loopback());
    }
    for (const char* open : {"0.0.0.0", "::", "10.1.2.3", "::ffff:10.0.0.1", "128.0.0.1", "nonsense"}) {
        config.listen.front().address = open;
        CHECK_FALSE(config.listen.front().is_loopback());
    }
}

TEST_CASE("with tokens and an explicit choice other networks may be served") {
    const Config config = good("listen: [{address: 0.0.0.0, plain_http: true}]\napi: {tokens: ['" + good_token +
                               "']}\nsources: {a: {type: nagios, tokens: ['" + good_token + "']}}\n");
    CHECK(config.listen[0].plain_http);
}

TEST_CASE("the example configuration is valid as it stands") {
    Problems problems;
    const std::optional<Config> config = load_config(INCIDENTD_SOURCE_DIR "/examples/incidentd.yaml", problems);
    CHECK(problems.text() == "");
    REQUIRE(config.has_value());
    CHECK(config->sources.size() >= 5);
    CHECK(config->listen.at(0).is_loopback());

    Problems missing;
    CHECK_FALSE(load_config("/nonexistent/incidentd.yaml", missing).has_value());
    CHECK(
        missing.text() ==
        "/nonexistent/incidentd.yaml: /nonexistent/incidentd.yaml cannot be read: No such file or directory; name the "
        "configuration with --config\n");
}

TEST_CASE("the example rules are valid as they stand") {
    std::ifstream in(INCIDENTD_SOURCE_DIR "/examples/rules/example.yaml");
    const std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    REQUIRE_FALSE(text.empty());
    Problems problems;
    CHECK(compile({{{"example.yaml", text}}, {}}, problems) != nullptr);
    CHECK(problems.text() == "");
}

TEST_CASE("rates, breaker and the memory ceiling are off or mild unless asked for") {
    const Config plain = good(one_source + "sinks: {hook: {type: webhook, url: 'http://127.0.0.1/'}}\n");
    CHECK(plain.sources.at(0).alerts_per_second == 0);
    CHECK(plain.memory_bytes_max == 0);
    CHECK(plain.sinks.at(0).breaker_failures == 5);
    CHECK(plain.sinks.at(0).rate_per_minute == 0);

    const Config set = good(
        "limits: {memory: 1GiB}\nsources: {a: {type: nagios, rate: {alerts_per_second: 50}}}\n"
        "sinks: {hook: {type: webhook, url: 'http://127.0.0.1/', breaker: 0, rate: {per_minute: 30, burst: 4}}}\n");
    CHECK(set.sources.at(0).alerts_per_second == 50);
    CHECK(set.sources.at(0).alerts_burst == 500);
    CHECK(set.memory_bytes_max == std::uint64_t{1} << 30);
    CHECK(set.sinks.at(0).breaker_failures == 0);
    CHECK(set.sinks.at(0).rate_per_minute == 30);
    CHECK(set.sinks.at(0).rate_burst == 4);
}

TEST_CASE("commands find the daemon by the configuration without reading a secret") {
    const Directory directory;
    const auto place = [&](const std::string& text) {
        directory.write("c.yaml", text);
        Problems problems;
        const ApiPlace found = api_place_of(directory.path() + "/c.yaml", problems);
        CHECK(problems.empty());
        return found;
    };
    CHECK(place(one_source).url == "http://127.0.0.1:9460");
    CHECK(place("listen: [{address: 0.0.0.0, port: 80}, {port: 81}]\n").url == "http://127.0.0.1:80");
    CHECK(place("listen: [{address: '::', tls: {certificate: gone, key: gone}}]\n").url == "https://[::1]:9460");
    CHECK(place("api: {tokens: [{file: gone}], token_file: mine}\n").token_file == directory.path() + "/mine");
    Problems problems;
    api_place_of(directory.path() + "/gone.yaml", problems);
    CHECK(problems.text().find("--url") != std::string::npos);
}
