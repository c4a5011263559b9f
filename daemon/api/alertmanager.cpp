#include "daemon/api/alertmanager.hpp"

#include "adapters/json.hpp"
#include "daemon/api/alert_query.hpp"

#include <fmt/format.h>

namespace incidentd {
namespace {

HttpReply json(int status, std::string body) { return {status, "application/json", std::move(body), {}}; }

// Alertmanager answers bad filters with a bare JSON string, and amtool reads nothing else.
HttpReply bad_request(const std::string& message) {
    std::string body;
    append_json_string(body, message);
    return json(400, body + "\n");
}

bool flag(std::string_view query, std::string_view name) {
    std::string value;
    return !form_value(query, name, value) || value == "true";
}

}  // namespace

AlertmanagerApi::AlertmanagerApi(Inbox& inbox, std::vector<std::string> receivers, Instant started)
    : inbox_(inbox),
      receivers_(receivers.empty() ? std::vector<std::string>{"incidentd"} : std::move(receivers)),
      started_(started) {}

void AlertmanagerApi::alerts(const HttpRequestView& request, ReplyPtr reply) const {
    ask(request, std::move(reply), false);
}
void AlertmanagerApi::groups(const HttpRequestView& request, ReplyPtr reply) const {
    ask(request, std::move(reply), true);
}

void AlertmanagerApi::ask(const HttpRequestView& request, ReplyPtr reply, bool grouped) const {
    AlertFilter filter;
    filter.grouped = grouped;
    filter.active = flag(request.query, "active");
    filter.silenced = flag(request.query, "silenced");
    filter.inhibited = flag(request.query, "inhibited");
    for (const std::string& text : form_values(request.query, "filter")) {
        Result<Matcher> parsed = parse_matcher(text);
        if (!parsed) return reply->send(bad_request("bad matcher format: " + text + ": " + parsed.error().message));
        filter.match.push_back(std::move(*parsed));
    }
    AlertQuery::start(inbox_, std::move(filter), receivers_, std::move(reply));
}

void AlertmanagerApi::status(const HttpRequestView&, ReplyPtr reply) const {
    // amtool compares the version with its own; 0.25.0 is the API this follows.
    reply->send(
        json(200, fmt::format(R"({{"cluster":{{"peers":[],"status":"disabled"}},"config":{{"original":)"
                              R"("route:\n  receiver: incidentd\nreceivers:\n- name: incidentd\n"}},"uptime":"{}",)"
                              R"("versionInfo":{{"branch":"","buildDate":"","buildUser":"","goVersion":"",)"
                              R"("revision":"incidentd {}","version":"0.25.0"}}}})"
                              "\n",
                              to_rfc3339(started_), INCIDENTD_VERSION)));
}

void AlertmanagerApi::receivers(const HttpRequestView&, ReplyPtr reply) const {
    std::string body = "[";
    for (const std::string& name : receivers_) {
        if (body.size() > 1) body += ',';
        body += "{\"name\":";
        append_json_string(body, name);
        body += '}';
    }
    reply->send(json(200, body + "]\n"));
}

}  // namespace incidentd
