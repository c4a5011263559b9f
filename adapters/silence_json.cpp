#include "adapters/silence_json.hpp"

#include "adapters/json.hpp"
#include "adapters/json_reader.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace incidentd {
namespace {

constexpr Instant last_time{253'402'300'799'000};  // 9999-12-31T23:59:59Z

using simdjson::dom::element;
using simdjson::dom::object;

std::string as_json(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

SilenceFault validation(std::string_view message) { return {400, as_json(message)}; }

SilenceFault schema(int code, std::string_view message) {
    return {422, "{\"code\":" + std::to_string(code) + ",\"message\":" + as_json(message) + "}"};
}

std::optional<std::string_view> string_of(const object& from, std::string_view name) {
    const std::optional<element> member = json_member(from, name);
    std::string_view text;
    if (!member || member->get_string().get(text) != simdjson::SUCCESS) return std::nullopt;
    return text;
}

bool flag_of(const object& from, std::string_view name, bool fallback) {
    const std::optional<element> member = json_member(from, name);
    bool value = fallback;
    if (member && member->get_bool().get(value) != simdjson::SUCCESS) return fallback;
    return value;
}

// As Prometheus's label names before UTF-8 names: what 0.25 takes.
bool is_label_name(std::string_view name) {
    const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    return !name.empty() && is_letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) { return is_letter(c) || (c >= '0' && c <= '9'); });
}

bool read_matcher(element value, std::size_t index, Matchers& out, SilenceFault& fault) {
    const std::string place = "invalid silence: invalid label matcher " + std::to_string(index) + ": ";
    object from;
    if (value.get_object().get(from) != simdjson::SUCCESS)
        return fault = schema(601, "matchers." + std::to_string(index) + " in body must be of type object"), false;
    const std::optional<std::string_view> name = string_of(from, "name"), pattern = string_of(from, "value");
    for (const auto& [key, text] : {std::pair("name", name), std::pair("value", pattern)})
        if (!text)
            return fault = schema(602, "matchers." + std::to_string(index) + "." + key + " in body is required"), false;
    if (!is_label_name(*name))
        return fault = validation(place + "invalid label name \"" + std::string(*name) + "\""), false;
    const bool is_regex = flag_of(from, "isRegex", false), is_equal = flag_of(from, "isEqual", true);
    const MatchOp op =
        is_regex ? (is_equal ? MatchOp::regex : MatchOp::not_regex) : (is_equal ? MatchOp::equal : MatchOp::not_equal);
    Result<Matcher> matcher = Matcher::make(std::string(*name), op, std::string(*pattern));
    if (!matcher) return fault = validation(place + matcher.error().message), false;
    out.push_back(std::move(*matcher));
    return true;
}

bool read_matchers(const object& from, Matchers& out, SilenceFault& fault) {
    const std::optional<element> member = json_member(from, "matchers");
    simdjson::dom::array list;
    if (!member || member->get_array().get(list) != simdjson::SUCCESS)
        return fault = schema(602, "matchers in body is required"), false;
    if (list.size() == 0) return fault = schema(612, "matchers in body should have at least 1 items"), false;
    if (list.size() > silence_matchers_max)
        return fault = validation("invalid silence: more than " + std::to_string(silence_matchers_max) + " matchers"),
               false;
    std::size_t index = 0;
    for (const element value : list)
        if (!read_matcher(value, index++, out, fault)) return false;
    const bool any =
        std::any_of(out.begin(), out.end(), [](const Matcher& one) { return !one.matches(std::string_view{}); });
    if (!any) return fault = validation("invalid silence: at least one matcher must not match the empty string"), false;
    return true;
}

bool read_time(const object& from, std::string_view name, Instant& out, SilenceFault& fault) {
    const std::optional<std::string_view> text = string_of(from, name);
    if (!text) return fault = schema(602, std::string(name) + " in body is required"), false;
    const Result<Instant> at = parse_rfc3339(*text);
    if (!at)
        return fault = schema(601, std::string(name) + " in body must be of type date-time: " + as_json(*text)), false;
    out = *at;
    return true;
}

bool read_text(const object& from, std::string_view name, std::string& out, SilenceFault& fault) {
    const std::optional<std::string_view> text = string_of(from, name);
    if (!text) return fault = schema(602, std::string(name) + " in body is required"), false;
    if (text->size() > silence_text_bytes_max)
        return fault = validation("invalid silence: " + std::string(name) + " is longer than " +
                                  std::to_string(silence_text_bytes_max) + " bytes"),
               false;
    out = *text;
    return true;
}

void append_matchers(std::string& out, const Matchers& matchers) {
    out += '[';
    for (const Matcher& matcher : matchers) {
        if (out.back() == '}') out += ',';
        const bool is_equal = matcher.op() == MatchOp::equal || matcher.op() == MatchOp::regex;
        const bool is_regex = matcher.op() == MatchOp::regex || matcher.op() == MatchOp::not_regex;
        out += std::string("{\"isEqual\":") + (is_equal ? "true" : "false") +
               ",\"isRegex\":" + (is_regex ? "true" : "false") + ",\"name\":";
        append_json_string(out, matcher.name());
        out += ",\"value\":";
        append_json_string(out, matcher.value());
        out += '}';
    }
    out += ']';
}

}  // namespace

bool read_posted_silence(std::string_view body, PostedSilence& out, SilenceFault& fault) {
    JsonReader reader;
    if (body.empty()) return fault = schema(602, "silence in body is required"), false;
    if (const std::optional<ItemError> error = reader.parse(body)) {
        fault = {400, "{\"code\":400,\"message\":" +
                          as_json("parsing silence body from \"\" failed, because " + error->message) + "}"};
        return false;
    }
    object from;
    if (reader.root().get_object().get(from) != simdjson::SUCCESS)
        return fault = schema(601, "silence in body must be of type object"), false;
    out.id = string_of(from, "id").value_or("");
    return read_text(from, "comment", out.comment, fault) && read_text(from, "createdBy", out.created_by, fault) &&
           read_time(from, "endsAt", out.ends_at, fault) && read_matchers(from, out.match, fault) &&
           read_time(from, "startsAt", out.starts_at, fault);
}

void append_silence(std::string& out, const Silence& silence) {
    const std::string kind = silence.is_maintenance ? "maintenance window of the rules" : "silence of the rules";
    const std::string comment =
        silence.is_of_rules ? kind + (silence.comment.empty() ? "" : ": " + silence.comment) : silence.comment;
    // A silence without an end is unknown to Alertmanager.
    const Instant ends_at = silence.ends_at.is_set() ? silence.ends_at : last_time;
    const Instant updated_at = silence.updated_at.is_set() ? silence.updated_at : silence.starts_at;
    out += "{\"id\":";
    append_json_string(out, silence.id);
    out += ",\"status\":{\"state\":";
    append_json_string(out, to_string(silence.state));
    out += "},\"updatedAt\":\"" + to_rfc3339(updated_at) + "\",\"comment\":";
    append_json_string(out, comment);
    out += ",\"createdBy\":";
    append_json_string(out, silence.is_of_rules ? silence_of_rules : std::string_view(silence.created_by));
    out += ",\"endsAt\":\"" + to_rfc3339(ends_at) + "\",\"matchers\":";
    append_matchers(out, silence.match);
    out += ",\"startsAt\":\"" + to_rfc3339(silence.starts_at) + "\"}";
}

bool is_chosen(const Silence& silence, const Matchers& filter) {
    return std::all_of(filter.begin(), filter.end(), [&silence](const Matcher& wanted) {
        // Of several matchers of one name the last counts, as in Alertmanager.
        const auto found = std::find_if(silence.match.rbegin(), silence.match.rend(),
                                        [&](const Matcher& own) { return own.name() == wanted.name(); });
        const bool is_there = found != silence.match.rend();
        const bool negative = wanted.op() == MatchOp::not_equal || wanted.op() == MatchOp::not_regex;
        if (wanted.value().empty() && is_there == negative) return true;
        return wanted.matches(is_there ? std::string_view(found->value()) : std::string_view{});
    });
}

}  // namespace incidentd
