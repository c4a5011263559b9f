#include "adapters/sinks/request_tracker/session.hpp"

#include "adapters/action_places.hpp"
#include "adapters/json.hpp"

#include <algorithm>
#include <utility>

namespace incidentd::sinks::request_tracker {
namespace {

constexpr std::size_t subject_bytes_max = 200;  // RT's column; some databases refuse more
constexpr int candidates_max = 5;               // tickets compared in a look-up

// RT's numbers: Debian's RT shows 0, 50 and 100 as Low, Medium and High.
std::string_view priority_number(Priority priority) {
    switch (priority) {
        case Priority::p1:
            return "100";
        case Priority::p2:
            return "80";
        case Priority::p3:
            return "50";
        case Priority::p4:
            return "20";
        case Priority::p5:
            return "0";
    }
    return "50";
}

std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
    return line;
}

std::string sql_quoted(std::string_view text) {
    std::string out = "'";
    for (const char c : text) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

void add_member(std::string& object, std::string_view name, std::string_view value) {
    object += object.empty() ? '{' : ',';
    append_json_string(object, name);
    object += ':';
    append_json_string(object, value);
}

}  // namespace

// A link, because it needs no set-up in RT; a custom field that does not exist would be ignored without a word.
std::string Session::look_up_key() const {
    const std::string url = incident_url(action_.incident, settings_.external_url);
    return url.empty() ? "urn:incidentd:" + action_.incident.key : url;
}

HttpCall Session::call(Waiting next, std::string method, std::string_view path, std::string body) {
    waiting_ = next;
    HttpCall request;
    request.method = std::move(method);
    request.url = settings_.url + "/REST/2.0" + std::string(path);
    request.timeout = settings_.timeout;
    request.headers = {{"Authorization", "token " + settings_.token},
                       {"Accept", "application/json"},
                       {"User-Agent", settings_.user_agent}};
    if (!body.empty()) request.headers.emplace_back("Content-Type", "application/json");
    request.body = std::move(body);
    return request;
}

HttpCall Session::create() {
    const IncidentView& incident = action_.incident;
    std::string body;
    add_member(body, "Queue", settings_.queue);
    add_member(
        body, "Subject",
        cut_text("[" + std::string(to_string(incident.priority)) + "] " + one_line(incident.title), subject_bytes_max));
    add_member(body, "Content", render_text(action_, settings_.external_url));
    add_member(body, "ContentType", "text/plain");
    add_member(body, "Priority", priority_number(incident.priority));
    add_member(body, "RefersTo", look_up_key());
    if (!settings_.requestor.empty()) add_member(body, "Requestor", settings_.requestor);
    std::string fields;
    for (const auto& [name, text] : settings_.custom_fields)
        add_member(fields, name, fill_places(text, action_, settings_.external_url));
    if (!fields.empty()) body += ",\"CustomFields\":" + fields + "}";
    return call(Waiting::create, "POST", "/ticket", body + "}");
}

// `status` empty: the ticket keeps its own.
HttpCall Session::comment(Waiting next, std::string_view status) {
    std::string body;
    add_member(body, "Content", render_text(action_, settings_.external_url));
    add_member(body, "ContentType", "text/plain");
    if (!status.empty()) add_member(body, "Status", status);
    // A correspondence would reopen a ticket that a person resolved, so the last word is always a comment.
    const std::string_view kind = next == Waiting::comment ? std::string_view(settings_.update_as) : "comment";
    return call(next, "POST", "/ticket/" + action_.ticket + "/" + std::string(kind), body + "}");
}

HttpCall Session::read_ticket(Waiting next, std::string_view ticket) {
    return call(next, "GET", "/ticket/" + std::string(ticket), "");
}

SinkVerdict Session::done(std::string ticket) const {
    std::string url = settings_.url + "/Ticket/Display.html?id=" + ticket;
    return delivered(std::move(ticket), std::move(url));
}

SinkVerdict Session::gone() const { return rejected("RT has no ticket " + action_.ticket + " any more"); }

// Rights and tokens are mended by people while the incident lasts: those are tried again.
SinkVerdict Session::failure(const HttpAnswer& answer, std::string_view what) const {
    SinkVerdict verdict = verdict_of_failure(answer, "RT: " + std::string(what));
    if (answer.status == 401) return retry(verdict.reason + "; check the token of this sink", false);
    if (answer.status == 403)
        return retry(verdict.reason + "; check the rights of the token's user and the name of the queue", false);
    return verdict;
}

SinkStep Session::start() {
    if (action_.kind == ActionKind::open_ticket) {
        if (!look_up_first_) return create();
        const std::string query = "RefersTo=" + sql_quoted(look_up_key());
        return call(
            Waiting::look_up, "GET",
            "/tickets?query=" + percent_encode(query) + "&orderby=id&per_page=" + std::to_string(candidates_max), "");
    }
    const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
    if (action_.ticket.empty() || !std::all_of(action_.ticket.begin(), action_.ticket.end(), is_digit))
        return rejected("'" + action_.ticket + "' is not the number of an RT ticket");
    if (action_.kind == ActionKind::update_ticket) return comment(Waiting::comment, "");
    return read_ticket(Waiting::before_resolve, action_.ticket);
}

SinkStep Session::resume(const HttpAnswer& answer) {
    switch (waiting_) {
        case Waiting::look_up:
            return looked_up(answer);
        case Waiting::compare:
            return compared(answer);
        case Waiting::create:
            return created(answer);
        case Waiting::comment:
            return commented(answer);
        case Waiting::missing:
            if (answer.status == 404) return gone();
            return rejected("RT: comment on ticket " + action_.ticket + ": " + complaints_);
        case Waiting::before_resolve:
            return found_before_resolve(answer);
        case Waiting::resolve:
            return resolved(answer);
        case Waiting::confirm:
            return confirmed(answer);
    }
    return rejected("RT: answer out of turn");
}

SinkStep Session::looked_up(const HttpAnswer& answer) {
    if (answer.status != 200) return failure(answer, "look-up of an earlier ticket");
    simdjson::dom::array items;
    if (reader_.parse(answer.body) || reader_.root()["items"].get_array().get(items) != simdjson::SUCCESS)
        return retry("RT: look-up of an earlier ticket: the answer is not RT's JSON", true);
    for (const simdjson::dom::element item : items) {
        simdjson::dom::object ticket;
        if (item.get_object().get(ticket) != simdjson::SUCCESS) continue;
        if (const std::string_view id = reader_.text(ticket, "id"); !id.empty()) candidates_.emplace_back(id);
    }
    std::reverse(candidates_.begin(), candidates_.end());
    if (candidates_.empty()) return create();
    return read_ticket(Waiting::compare, candidates_.back());
}

// Believing a search alone would attach this incident to a stranger's ticket if RT ever ignored the condition.
SinkStep Session::compared(const HttpAnswer& answer) {
    if (answer.status != 200 && answer.status != 404) return failure(answer, "reading an earlier ticket");
    simdjson::dom::array links;
    if (answer.status == 200 && !reader_.parse(answer.body) &&
        reader_.root()["_hyperlinks"].get_array().get(links) == simdjson::SUCCESS) {
        const std::string key = look_up_key();
        for (const simdjson::dom::element link : links) {
            simdjson::dom::object fields;
            if (link.get_object().get(fields) != simdjson::SUCCESS) continue;
            if (reader_.text(fields, "ref") == "refers-to" && reader_.text(fields, "_url") == key)
                return done(candidates_.back());
        }
    }
    candidates_.pop_back();
    if (candidates_.empty()) return create();
    return read_ticket(Waiting::compare, candidates_.back());
}

SinkStep Session::created(const HttpAnswer& answer) {
    if (answer.status != 201 && answer.status != 200) return failure(answer, "create in queue " + settings_.queue);
    simdjson::dom::object ticket;
    if (!reader_.parse(answer.body) && reader_.root().get_object().get(ticket) == simdjson::SUCCESS)
        if (const std::string_view id = reader_.text(ticket, "id"); !id.empty()) return done(std::string(id));
    // A log-in page or a proxy's greeting; or RT, cut short.
    return retry("RT: create: the answer has no ticket number", true);
}

SinkStep Session::commented(const HttpAnswer& answer) {
    if (answer.status == 201 || answer.status == 200) return done(action_.ticket);
    if (answer.status == 404) return gone();
    const SinkVerdict verdict = failure(answer, settings_.update_as);
    // RT says 400 "Message could not be recorded" for a missing ticket, too.
    if (answer.status != 400) return verdict;
    complaints_ = verdict.reason;
    return read_ticket(Waiting::missing, action_.ticket);
}

SinkStep Session::found_before_resolve(const HttpAnswer& answer) {
    if (answer.status == 404) return gone();
    if (answer.status != 200) return failure(answer, "reading ticket " + action_.ticket);
    simdjson::dom::object ticket;
    if (reader_.parse(answer.body) || reader_.root().get_object().get(ticket) != simdjson::SUCCESS)
        return retry("RT: reading ticket " + action_.ticket + ": the answer is not RT's JSON", false);
    const std::string_view status = reader_.text(ticket, "Status");
    if (status == "deleted") return done(action_.ticket);  // a person's decision; resolving would bring it back
    if (status != settings_.status_resolved) return comment(Waiting::resolve, settings_.status_resolved);
    if (look_up_first_) return done(action_.ticket);  // the earlier attempt arrived
    return comment(Waiting::comment, "");
}

SinkStep Session::resolved(const HttpAnswer& answer) {
    if (answer.status == 404) return gone();
    if (answer.status != 201 && answer.status != 200) return failure(answer, "resolve ticket " + action_.ticket);
    // The rest of the answer is prose, in the language of the token's user: the ticket itself tells.
    complaints_ = one_line(cut_text(answer.body, 300));
    return read_ticket(Waiting::confirm, action_.ticket);
}

SinkStep Session::confirmed(const HttpAnswer& answer) {
    if (answer.status == 404) return gone();
    if (answer.status != 200) return failure(answer, "reading ticket " + action_.ticket);
    simdjson::dom::object ticket;
    if (!reader_.parse(answer.body) && reader_.root().get_object().get(ticket) == simdjson::SUCCESS &&
        reader_.text(ticket, "Status") == settings_.status_resolved)
        return done(action_.ticket);
    return rejected("RT did not set ticket " + action_.ticket + " to status '" + settings_.status_resolved +
                    "'; it said: " + complaints_);
}

}  // namespace incidentd::sinks::request_tracker
