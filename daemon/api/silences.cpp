#include "daemon/api/silences.hpp"

#include "adapters/json.hpp"
#include "adapters/silence_json.hpp"
#include "adapters/source.hpp"
#include "daemon/clock.hpp"
#include "daemon/token.hpp"

#include <algorithm>
#include <cctype>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace incidentd {
namespace {

using SharedReply = std::shared_ptr<ReplyPtr>;

HttpReply json(int status, std::string body) { return {status, "application/json", std::move(body) + "\n", {}}; }

// Alertmanager says what is wrong as a bare JSON string, and amtool reads nothing else.
HttpReply words(int status, std::string_view message) {
    std::string body;
    append_json_string(body, message);
    return json(status, std::move(body));
}

HttpReply empty(int status) { return {status, "", "", {}}; }

HttpReply unavailable() {
    return words(503, "incidentd is busy or stopping, or its journal takes no writes; try again");
}

bool is_uuid(std::string_view text) {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : std::isxdigit(static_cast<unsigned char>(text[i])) == 0) return false;
    }
    return true;
}

// Version 4 of RFC 4122; "" when there is no randomness.
std::string new_uuid() {
    Result<std::string> hex = random_hex(16);
    if (!hex) return {};
    std::string& digits = *hex;
    digits[12] = '4';
    digits[16] = "89ab"[static_cast<unsigned char>(digits[16]) & 3U];
    for (const std::size_t at : {8U, 13U, 18U, 23U}) digits.insert(at, 1, '-');
    return digits;
}

std::string id_of(const HttpRequestView& request) {
    constexpr std::string_view prefix = "/api/v2/silence/";
    const std::string_view path = request.path;
    return percent_decode(path.starts_with(prefix) ? path.substr(prefix.size()) : std::string_view{}, false);
}

// Nothing is known under the id. Names of rules may be asked for, too; what is neither is no id.
HttpReply unknown(const std::string& id, HttpReply answer) {
    if (is_uuid(id)) return answer;
    std::string quoted;
    append_json_string(quoted, id);
    std::string message;
    append_json_string(message, "silenceID in path must be of type uuid: " + quoted);
    return json(422, "{\"code\":601,\"message\":" + message + "}");
}

std::string is_of_rules(const Silence& silence) {
    return std::string(silence.is_maintenance ? "maintenance window " : "silence ") + silence.id +
           " is of a rule file and ends as written there: change the file and reload the rules";
}

bool same_matchers(const Matchers& a, const Matchers& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Matcher& one, const Matcher& other) {
        return one.name() == other.name() && one.op() == other.op() && one.value() == other.value();
    });
}

// Whether the silence keeps its id: only its times change, and those that have passed do not.
bool can_update(const Silence& known, const PostedSilence& posted, Instant now) {
    if (!same_matchers(known.match, posted.match)) return false;
    switch (known.state) {
        case SilenceState::active:
            return known.starts_at.ms / 1000 == posted.starts_at.ms / 1000 && posted.ends_at >= now;
        case SilenceState::pending:
            return posted.starts_at >= now;
        case SilenceState::expired:
            return false;
    }
    return false;
}

void push(Inbox& inbox, Input input, const SharedReply& reply, HttpReply answer) {
    InboxItem item = InputItem{std::move(input), [reply, answer = std::move(answer)](bool durable) mutable {
                                   (*reply)->send(durable ? std::move(answer) : unavailable());
                               }};
    if (inbox.push(item, true) != Inbox::Push::taken) (*reply)->send(unavailable());
}

// On the shard's thread: what the engine knows of it decides whether it is changed, replaced or made.
void set(Inbox& inbox, const Correlator& engine, PostedSilence posted, std::string fresh_id, const SharedReply& reply) {
    const Instant now = wall_clock_now();
    SilenceSet input;
    input.id = std::move(fresh_id);
    input.starts_at = std::max(posted.starts_at, now);
    if (!posted.id.empty()) {
        const std::optional<Silence> known = engine.find_silence(posted.id);
        if (!known) return (*reply)->send(words(404, "silence not found"));
        if (known->is_of_rules) return (*reply)->send(words(400, is_of_rules(*known)));
        if (can_update(*known, posted, now)) {
            input.id = posted.id;
            input.starts_at = posted.starts_at;
        } else if (known->state != SilenceState::expired) {
            input.replaces = posted.id;
        }
    }
    if (input.id != posted.id && !engine.takes_silence())
        return (*reply)->send(words(400, "there are as many silences as are allowed, and none is expired"));
    input.match = std::move(posted.match);
    input.ends_at = posted.ends_at;
    input.created_by = std::move(posted.created_by);
    input.comment = std::move(posted.comment);
    HttpReply answer = json(200, "{\"silenceID\":\"" + input.id + "\"}");
    push(inbox, std::move(input), reply, std::move(answer));
}

}  // namespace

void SilenceApi::ask(std::function<void(const Correlator&)> question, const SharedReply& reply) const {
    InboxItem item = QueryItem{std::move(question)};
    if (inbox_.push(item, true) != Inbox::Push::taken) (*reply)->send(unavailable());
}

void SilenceApi::list(const HttpRequestView& request, ReplyPtr reply) const {
    Matchers filter;
    for (const std::string& text : form_values(request.query, "filter")) {
        Result<Matcher> parsed = parse_matcher(text);
        if (!parsed) return reply->send(words(400, "bad matcher format: " + text + ": " + parsed.error().message));
        filter.push_back(std::move(*parsed));
    }
    const auto open = std::make_shared<ReplyPtr>(std::move(reply));
    ask(
        [open, filter = std::move(filter)](const Correlator& engine) {
            std::string body = "[";
            for (const Silence& silence : engine.silences()) {
                if (!is_chosen(silence, filter)) continue;
                if (body.size() > 1) body += ',';
                append_silence(body, silence);
            }
            (*open)->send(json(200, body + "]"));
        },
        open);
}

void SilenceApi::post(const HttpRequestView& request, ReplyPtr reply) const {
    if (!is_json_media_type(request.media_type())) {
        std::string message;
        append_json_string(message, "unsupported media type \"" + std::string(request.media_type()) +
                                        "\", only [application/json] are allowed");
        return reply->send(json(415, "{\"code\":415,\"message\":" + message + "}"));
    }
    PostedSilence posted;
    SilenceFault fault;
    if (!read_posted_silence(request.body, posted, fault)) return reply->send(json(fault.status, fault.json));
    if (posted.starts_at >= posted.ends_at)
        return reply->send(words(400, "Failed to create silence: start time must be before end time"));
    if (posted.ends_at < wall_clock_now())
        return reply->send(words(400, "Failed to create silence: end time can't be in the past"));
    std::string fresh_id = new_uuid();
    if (fresh_id.empty() || (stalled_ && stalled_())) return reply->send(unavailable());
    const auto open = std::make_shared<ReplyPtr>(std::move(reply));
    ask([&inbox = inbox_, posted = std::move(posted), fresh_id = std::move(fresh_id),
         open](const Correlator& engine) { set(inbox, engine, posted, fresh_id, open); },
        open);
}

void SilenceApi::get(const HttpRequestView& request, ReplyPtr reply) const {
    const auto open = std::make_shared<ReplyPtr>(std::move(reply));
    ask(
        [open, id = id_of(request)](const Correlator& engine) {
            const std::optional<Silence> silence = engine.find_silence(id);
            if (!silence) return (*open)->send(unknown(id, empty(404)));
            std::string body;
            append_silence(body, *silence);
            (*open)->send(json(200, std::move(body)));
        },
        open);
}

void SilenceApi::expire(const HttpRequestView& request, ReplyPtr reply) const {
    if (stalled_ && stalled_()) return reply->send(unavailable());
    const auto open = std::make_shared<ReplyPtr>(std::move(reply));
    ask(
        [&inbox = inbox_, open, id = id_of(request)](const Correlator& engine) {
            const std::optional<Silence> silence = engine.find_silence(id);
            if (!silence) return (*open)->send(unknown(id, words(500, "silence not found")));
            if (silence->is_of_rules) return (*open)->send(words(500, is_of_rules(*silence)));
            if (silence->state == SilenceState::expired)
                return (*open)->send(words(500, "silence " + id + " already expired"));
            push(inbox, SilenceExpired{id, "the API"}, open, empty(200));
        },
        open);
}

}  // namespace incidentd
