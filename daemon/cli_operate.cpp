// The commands that change something: they ask the running daemon over its API, because every change goes through its
// journal.
#include "daemon/cli_text.hpp"
#include "daemon/config_parts.hpp"
#include "daemon/egress/http_client.hpp"

namespace incidentd {
namespace {

constexpr Duration answer_wait = seconds(30);
constexpr std::size_t token_bytes_max = 4096;

std::string request_body(const OperateOptions& options) {
    std::string body;
    JsonObject object(body);
    object.text("actor", options.actor);
    if (!options.comment.empty()) object.text("comment", options.comment);
    object.end();
    return body;
}

std::string without_line_end(std::string text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
}

std::variant<HttpAnswer, NoAnswer> perform(HttpCall call, const std::string& ca_file) {
    HttpClientOptions settings;
    settings.ca_file = ca_file;
    HttpClient client(settings);
    client.start(1, std::move(call));
    std::vector<HttpClient::Done> done;
    while (done.empty()) client.poll(seconds(1), done);
    return std::move(done.front().outcome);
}

int judge(const HttpAnswer& answer, const OperateOptions& options, const std::string& what, bool is_reading) {
    if (answer.status == 200 && is_reading) {
        fmt::print("{}\n", without_line_end(answer.body));
        return exit_ok;
    }
    const std::string said = clean(without_line_end(answer.body));
    if (answer.status == 200) {
        fmt::print("{}\n", options.json ? said : what + ": done");
        return exit_ok;
    }
    if (answer.status == 401)
        return fail(options.url + " wants a token: name a file that holds one with --token-file or api.token_file" +
                    (options.token_file.empty() ? "" : "; the one in " + options.token_file + " is not accepted"));
    return fail(what + ": " + options.url + " answered " + std::to_string(answer.status) + ": " + said);
}

int call_daemon(HttpCall call, const OperateOptions& options, const std::string& what) {
    call.timeout = answer_wait;
    if (!options.token_file.empty()) {
        const Result<std::string> token = read_regular_file(options.token_file, token_bytes_max);
        if (!token) return fail("the token of --token-file or api.token_file: " + token.error().message);
        call.headers.emplace_back("Authorization", "Bearer " + without_line_end(*token));
    }
    const bool is_reading = call.method == "GET";
    const auto outcome = perform(std::move(call), options.ca_file);
    if (const auto* answer = std::get_if<HttpAnswer>(&outcome)) return judge(*answer, options, what, is_reading);
    const NoAnswer& none = std::get<NoAnswer>(outcome);
    return fail(what + ": the daemon at " + options.url + " does not answer: " + none.reason +
                (none.may_have_arrived ? "; it may have been done, look before you repeat it"
                                       : "; changes need the running daemon (--url names another)"));
}

int post(const OperateOptions& options, const std::string& path, const std::string& what) {
    HttpCall call;
    call.url = options.url + path;
    call.headers.emplace_back("Content-Type", "application/json");
    call.body = request_body(options);
    return call_daemon(std::move(call), options, what);
}

}  // namespace

int show_topology(const OperateOptions& options, const std::string& name) {
    HttpCall call;
    call.method = "GET";
    call.url = options.url + "/api/v1/topology";
    if (!name.empty()) call.url += "?find=" + percent_encode(name);
    if (!options.json) call.url += std::string(name.empty() ? "?" : "&") + "output=text";
    return call_daemon(std::move(call), options, name.empty() ? "topology" : "topology of " + name);
}

int show_learned(const OperateOptions& options) {
    HttpCall call;
    call.method = "GET";
    call.url = options.url + "/api/v1/learned" + (options.json ? "" : "?output=text");
    return call_daemon(std::move(call), options, "topology learned");
}

int operate_delivery(const OperateOptions& options, const std::string& verb, const std::string& incident,
                     const std::string& sink) {
    const std::optional<IncidentId> id = incident_from(incident);
    if (!id) return fail("'" + incident + "' is not an incident; expected something like INC-42");
    const std::string to = sink.empty() ? std::string() : "/" + percent_encode(sink);
    return post(options, "/api/v1/deliveries/" + to_string(*id) + to + "/" + verb,
                verb + " " + to_string(*id) + (sink.empty() ? "" : " " + sink));
}

int operate_incident(const OperateOptions& options, const std::string& verb, const std::string& incident) {
    const std::optional<IncidentId> id = incident_from(incident);
    if (!id) return fail("'" + incident + "' is not an incident; expected something like INC-42");
    return post(options, "/api/v1/incidents/" + to_string(*id) + "/" + verb, verb + " " + to_string(*id));
}

}  // namespace incidentd
