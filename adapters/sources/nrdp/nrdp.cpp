// The server side of NRDP, the protocol of Nagios's passive check results (send_nrdp.sh, .py, .php, NCPA).
#include "adapters/alert_convention.hpp"
#include "adapters/json.hpp"
#include "adapters/json_reader.hpp"
#include "adapters/sources/nrdp/parameters.hpp"

#include <pugixml.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace incidentd::sources::nrdp {
namespace {

// Bounds the memory that a hostile document can claim: pugixml needs about 60 bytes an element.
constexpr std::ptrdiff_t xml_tags_max = 1'500'000;

struct CheckResult {
    std::string_view type, host, service, state, output, time;
};

std::string escape_xml(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else {
            out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
        }
    }
    return out;
}

// NRDP's own answer, HTTP 200 whatever the status. `detail_name`: "output" of a success, "information" of an error.
HttpReply result(bool json, int status, std::string_view message, std::string_view detail) {
    HttpReply reply;
    if (json) {
        reply.content_type = "application/json";
        reply.body = "{\"result\":{\"status\":" + std::to_string(status) + ",\"message\":";
        append_json_string(reply.body, message);
        if (!detail.empty()) {
            reply.body += status == 0 ? ",\"meta\":{\"output\":" : ",\"information\":";
            append_json_string(reply.body, detail);
            if (status == 0) reply.body += '}';
        }
        reply.body += "}}";
        return reply;
    }
    reply.content_type = "text/xml";
    reply.body = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<result>\n    <status>" + std::to_string(status) +
                 "</status>\n    <message>" + escape_xml(message) + "</message>\n";
    if (!detail.empty() && status == 0) {
        reply.body += "    <meta>\n        <output>" + escape_xml(detail) + "</output>\n    </meta>\n";
    } else if (!detail.empty()) {
        reply.body += "    <information>" + escape_xml(detail) + "</information>\n";
    }
    reply.body += "</result>\n";
    return reply;
}

ParseOutcome refusal(bool json, std::string_view nrdp_message, RejectReason reason, std::string detail) {
    ParseOutcome outcome;
    outcome.reply = result(json, -1, nrdp_message, detail);
    outcome.refused = ItemError{0, reason, std::move(detail)};
    return outcome;
}

HttpReply hello(bool json) {
    HttpReply reply;
    reply.content_type = json ? "application/json" : "text/xml";
    reply.body =
        json ? R"({"response":{"status":0,"message":"OK","product":"nrdp","version":"2.0.5"}})"
             : "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<response>\n    <status>0</status>\n    "
               "<message>OK</message>\n    <product>nrdp</product>\n    <version>2.0.5</version>\n</response>\n";
    return reply;
}

class NrdpSource final : public Source {
public:
    NrdpSource(Duration expire_after, EventLimits limits) : expire_after_(expire_after), limits_(limits) {}

    std::vector<SourceRoute> routes() const override { return {{"POST", "/"}, {"GET", "/"}}; }

    std::optional<std::string> credential(const HttpRequestView& request) const override {
        Parameters parameters = parameters_of(request);
        if (!parameters.token.empty()) return std::move(parameters.token);
        return Source::credential(request);
    }

    // Clients read the status in the body; from HTTP 400 on they keep the results for later, where they can.
    HttpReply refuse(RejectReason reason, std::string_view message) const override {
        switch (reason) {
            case RejectReason::unauthorized:
                return result(false, -1, "BAD TOKEN", {});
            case RejectReason::malformed:
            case RejectReason::invalid_field:
            case RejectReason::invalid_utf8:
                return result(false, -1, "BAD XML", message);
            case RejectReason::empty:
                return result(false, -1, "NO DATA", message);
            case RejectReason::overloaded:
                return Source::refuse(RejectReason::unavailable, message);
            default:
                return Source::refuse(reason, message);
        }
    }

    ParseOutcome parse(const HttpRequestView& request, Instant received_at, AlertBatch& out) override {
        const Parameters parameters = parameters_of(request);
        const bool json = parameters.wants_json();
        received_at_ = received_at;
        if (parameters.cmd == "hello") {
            ParseOutcome outcome;
            outcome.reply = hello(json);
            return outcome;
        }
        if (parameters.cmd != "submitcheck") {
            return refusal(json, "COMMAND NOT SUPPORTED", RejectReason::invalid_field,
                           "cmd must be submitcheck or hello, found \"" + parameters.cmd.substr(0, 40) + "\"");
        }
        if (!parameters.xml.empty()) return read_xml(parameters, out);
        if (!parameters.json.empty()) return read_json(parameters, out);
        return refusal(json, "NO DATA", RejectReason::empty, "neither XMLDATA nor JSONDATA is there");
    }

private:
    ParseOutcome read_xml(const Parameters& parameters, AlertBatch& out) {
        const bool json = parameters.wants_json();
        if (std::count(parameters.xml.begin(), parameters.xml.end(), '<') > xml_tags_max) {
            return refusal(json, "BAD XML", RejectReason::too_large, "too many elements in one request");
        }
        // pugixml skips document types and knows the five predefined entities only, so nothing can expand or be
        // fetched.
        pugi::xml_document document;
        const auto parsed = document.load_buffer(parameters.xml.data(), parameters.xml.size(), pugi::parse_default,
                                                 pugi::encoding_utf8);
        if (!parsed) {
            return refusal(json, "BAD XML", RejectReason::malformed,
                           "at byte " + std::to_string(parsed.offset) + ": " + parsed.description());
        }
        const pugi::xml_node list = document.child("checkresults");
        if (!list) return refusal(json, "BAD XML", RejectReason::malformed, "the element checkresults is missing");
        ParseOutcome outcome;
        std::size_t count = 0;
        for (const pugi::xml_node node : list.children("checkresult")) {
            if (count >= alerts_per_request_max) return too_many(json, "BAD XML");
            take({node.attribute("type").value(), node.child_value("hostname"), node.child_value("servicename"),
                  node.child_value("state"), node.child_value("output"), node.child_value("time")},
                 count++, out, outcome.rejected);
        }
        return finish(std::move(outcome), count, json);
    }

    ParseOutcome read_json(const Parameters& parameters, AlertBatch& out) {
        const bool json = parameters.wants_json();
        if (auto fault = reader_.parse(parameters.json)) {
            return refusal(json, "BAD JSON", fault->reason, std::move(fault->message));
        }
        simdjson::dom::object root;
        simdjson::dom::array list;
        const auto member = reader_.root().get(root) ? std::nullopt : json_member(root, "checkresults");
        if (!member || member->get(list)) {
            return refusal(json, "BAD JSON", RejectReason::malformed,
                           "an object with the array \"checkresults\" is expected");
        }
        ParseOutcome outcome;
        std::size_t count = 0;
        for (const auto item : list) {
            if (count >= alerts_per_request_max) return too_many(json, "BAD JSON");
            simdjson::dom::object fields;
            if (item.get(fields)) {
                outcome.rejected.push_back({count++, RejectReason::invalid_field, "a check result must be an object"});
                continue;
            }
            const auto kind = json_object(fields, "checkresult");
            take({kind ? reader_.text(*kind, "type") : std::string_view(), reader_.text(fields, "hostname"),
                  reader_.text(fields, "servicename"), reader_.text(fields, "state"), reader_.text(fields, "output"),
                  reader_.text(fields, "time")},
                 count++, out, outcome.rejected);
        }
        return finish(std::move(outcome), count, json);
    }

    static ParseOutcome too_many(bool json, std::string_view nrdp_message) {
        return refusal(json, nrdp_message, RejectReason::too_large,
                       "more than " + std::to_string(alerts_per_request_max) + " check results in one request");
    }

    // NRDP knows no errors of single results: the reply's text tells of the first.
    static ParseOutcome finish(ParseOutcome outcome, std::size_t count, bool json) {
        const std::size_t taken = count - outcome.rejected.size();
        std::string text = std::to_string(taken) + " checks processed";
        if (!outcome.rejected.empty()) {
            const ItemError& first = outcome.rejected.front();
            text += ", " + std::to_string(outcome.rejected.size()) + " rejected; number " +
                    std::to_string(first.index + 1) + ": " + first.message;
        }
        const bool failed = taken == 0 && !outcome.rejected.empty();
        outcome.reply = failed ? result(json, -1, "BAD DATA", text) : result(json, 0, "OK", text);
        return outcome;
    }

    void take(const CheckResult& check, std::size_t index, AlertBatch& out, std::vector<ItemError>& rejected) {
        const auto reject = [&](std::string message) {
            rejected.push_back({index, RejectReason::invalid_field, std::move(message)});
        };
        // The reference server takes everything that is not a service for a host.
        const bool is_service = check.type == "service";
        if (check.host.empty()) return reject("hostname is missing or empty");
        if (is_service && check.service.empty()) return reject("servicename is missing or empty");
        const auto state = nagios_state(check.state, is_service);
        if (!state) {
            return reject("state must be 0 to " + std::string(is_service ? "3" : "2") + ", found \"" +
                          std::string(check.state.substr(0, 40)) + "\"");
        }
        draft_.clear();
        describe_nagios_check(draft_, text_, check.host, is_service ? check.service : std::string_view(), state->name);
        text_.text = nagios_output(check.output, {});
        draft_.text = text_.text;
        draft_.severity = state->severity;
        const std::size_t bar = check.output.find('|');
        if (bar != std::string_view::npos) draft_.annotations.push_back({"perfdata", check.output.substr(bar + 1)});
        const Instant at = checked_at(check.time);
        draft_.kind = state->problem ? EventKind::firing : EventKind::resolved;
        (state->problem ? draft_.starts_at : draft_.ends_at) = at;
        if (state->problem && expire_after_.ms > 0) draft_.expires_at = received_at_ + expire_after_;
        add_alert(out, draft_, limits_, index, rejected);
    }

    // Epoch seconds of the check; absent when it is no number or not in the past.
    Instant checked_at(std::string_view text) const {
        std::int64_t value = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
        if (error != std::errc() || end != text.data() + text.size() || value <= 0) return {};
        return value > received_at_.ms / 1000 ? Instant{} : Instant{value * 1000};
    }

    const Duration expire_after_;
    const EventLimits limits_;
    JsonReader reader_;
    AlertDraft draft_;
    NagiosText text_;
    Instant received_at_;
};

std::unique_ptr<Source> make(const SourceSetup& setup, Problems&) {
    return std::make_unique<NrdpSource>(setup.options.duration("expire_after"), setup.limits);
}

}  // namespace

const SourceSpec& spec() {
    static const SourceSpec value{
        "nrdp",
        "Passive check results of Nagios's NRDP clients (send_nrdp, NCPA); this daemon plays the NRDP server.",
        "/nrdp",
        {{"expire_after", OptionType::duration, false, "0s",
          "Resolve a problem whose check was not reported again for so long; a few check intervals. 0s: never."}},
        "expire_after: 30m\n",
        make};
    return value;
}

}  // namespace incidentd::sources::nrdp
