#include "adapters/sources/prometheus/postable_alerts.hpp"

#include "adapters/alert_convention.hpp"
#include "adapters/json.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace incidentd::sources::prometheus {
namespace {

using simdjson::error_code;
using simdjson::ondemand::json_type;

constexpr std::size_t kept_bytes_max = std::size_t{1} << 20U;  // parser memory held between requests

constexpr std::array<bool, 256> label_characters = [] {
    std::array<bool, 256> table{};
    for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = table[c - 'a' + 'A'] = true;
    for (unsigned c = '0'; c <= '9'; ++c) table[c] = true;
    table['_'] = true;
    return table;
}();

bool is_label_name(std::string_view name) {
    if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
    for (const char c : name) {
        if (!label_characters[static_cast<unsigned char>(c)]) return false;
    }
    return true;
}

// What Go's url.ParseRequestURI takes: an absolute path, or a scheme and a colon; no control characters.
bool is_request_uri(std::string_view text) {
    if (std::any_of(text.begin(), text.end(),
                    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; })) {
        return false;
    }
    if (text.starts_with('/')) return true;
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    const std::size_t colon = text.find(':');
    if (colon == std::string_view::npos || colon == 0 || !letter(text.front())) return false;
    const std::string_view scheme = text.substr(0, colon);
    return std::all_of(scheme.begin(), scheme.end(),
                       [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'; });
}

std::string_view kind_name(json_type type) {
    switch (type) {
        case json_type::array:
            return "array";
        case json_type::object:
            return "object";
        case json_type::number:
            return "number";
        case json_type::string:
            return "string";
        case json_type::boolean:
            return "bool";
        case json_type::null:
            return "null";
    }
    return "value";
}

// The text of a string that has no escapes; empty for anything else, and for "".
std::string_view plain_text(std::string_view token) {
    const std::size_t end = token.find_last_not_of(" \t\r\n");
    if (end == token.npos || end == 0 || token.front() != '"' || token[end] != '"') return {};
    const std::string_view text = token.substr(1, end - 1);
    return text.find('\\') == text.npos ? text : std::string_view();
}

// Likewise of a key. It ends at a quote: On-Demand has checked that every string does.
std::string_view plain_key(simdjson::ondemand::raw_json_string key) {
    const char* const begin = key.raw();
    const char* end = begin;
    for (; *end != '"'; ++end)
        if (*end == '\\') return {};
    return {begin, static_cast<std::size_t>(end - begin)};
}

std::string quoted(std::string_view text) {
    std::string out;
    append_json_string(out, text);
    return out;
}

}  // namespace

void PostableAlertsReader::fault(PostableFault::Step step, int code, std::string message, RejectReason reason) {
    // The earliest step wins, and within a step the first.
    if (fault_ && fault_->step <= step) return;
    fault_ = PostableFault{step, code, reason, std::move(message)};
}

PostableOutcome PostableAlertsReader::read(std::string_view body, Instant received_at, AlertBatch& out) {
    PostableOutcome outcome;
    received_at_ = received_at;
    if (!parser_ || parser_->capacity() > kept_bytes_max) parser_.emplace();
    const error_code error = read_all(padded_.assign(body), out, outcome);
    if (error && !outcome.refused) outcome.refused = explain_json(body, error);
    return outcome;
}

error_code PostableAlertsReader::read_all(simdjson::padded_string_view text, AlertBatch& out,
                                          PostableOutcome& outcome) {
    simdjson::ondemand::document document;
    if (const auto error = parser_->iterate(text).get(document)) return error;
    json_type type{};
    if (const auto error = document.type().get(type)) return error;
    if (type == json_type::null) {
        outcome.refused = ItemError{0, RejectReason::empty, "alerts in body is required"};
        return simdjson::SUCCESS;
    }
    if (type != json_type::array) {
        outcome.refused = ItemError{0, RejectReason::malformed,
                                    "an array of alerts is expected, found a JSON " + std::string(kind_name(type))};
        return simdjson::SUCCESS;
    }
    simdjson::ondemand::array array;
    if (const auto error = document.get_array().get(array)) return error;
    index_ = 0;
    for (auto element : array) {
        simdjson::ondemand::value value;
        if (const auto error = std::move(element).get(value)) return error;
        if (index_ >= alerts_per_request_max) {
            outcome.refused =
                ItemError{index_, RejectReason::too_large,
                          "more than " + std::to_string(alerts_per_request_max) + " alerts in one request"};
            return simdjson::SUCCESS;
        }
        if (const auto error = take_alert(value, out, outcome)) return error;
        ++index_;
    }
    // On-Demand stops at the array's end; whatever follows it would go unread.
    return document.current_location().error() == simdjson::OUT_OF_BOUNDS ? simdjson::SUCCESS
                                                                          : simdjson::TRAILING_CONTENT;
}

error_code PostableAlertsReader::take_alert(simdjson::ondemand::value value, AlertBatch& out,
                                            PostableOutcome& outcome) {
    draft_.clear();
    fault_.reset();
    json_type type{};
    if (const auto error = value.type().get(type)) return error;
    Glance at;
    std::uint64_t hash = 0;
    if (type == json_type::object) {
        simdjson::ondemand::object object;
        if (const auto error = value.get_object().get(object)) return error;
        if (const auto error = glance(object, at)) return error;
        if (at.is_usual) hash = at.bytes.hash();
        if (at.is_usual && add_known(at, hash, out)) return simdjson::SUCCESS;
        if (const auto error = object.reset().error()) return error;
        if (const auto error = read_alert(object)) return error;
    } else {
        fault(PostableFault::Step::decode, 0,
              std::to_string(index_) + ": an alert must be an object, found " + std::string(kind_name(type)));
    }
    if (!fault_) interpret();
    if (!fault_) {
        if (const auto added = out.add(draft_, limits_); !added)
            fault(PostableFault::Step::validation, 0, added.error().message, reject_reason(added.error()));
    }
    if (fault_) {
        outcome.rejected.push_back({index_, fault_->reason, fault_->message});
        if (outcome.rejected.size() == 1 || fault_->step < outcome.worst.step) outcome.worst = std::move(*fault_);
    } else if (at.is_usual) {
        known_.remember(at.bytes, hash, out.events().back());
    }
    return simdjson::SUCCESS;
}

// Unescapes nothing: On-Demand has room to do that once for each string, and read_alert() may follow.
error_code PostableAlertsReader::glance(simdjson::ondemand::object& object, Glance& at) {
    const auto raw_object = [&at](simdjson::ondemand::value value, std::string_view& into) -> error_code {
        json_type type{};
        if (const auto error = value.type().get(type)) return error;
        at.is_usual = type == json_type::object && into.empty();
        if (!at.is_usual) return simdjson::SUCCESS;
        simdjson::ondemand::object inner;
        if (const auto error = value.get_object().get(inner)) return error;
        return inner.raw_json().get(into);
    };
    const auto raw_time = [&at](simdjson::ondemand::value value, Instant& into) {
        const auto time = parse_rfc3339(plain_text(value.raw_json_token()));
        at.is_usual = time.has_value() && !into.is_set();
        if (at.is_usual) into = *time;
    };
    for (auto member : object) {
        simdjson::ondemand::field field;
        if (const auto error = std::move(member).get(field)) return error;
        const std::string_view key = plain_key(field.key());
        auto error = simdjson::SUCCESS;
        if (key == "labels") {
            error = raw_object(field.value(), at.bytes.labels);
        } else if (key == "annotations") {
            error = raw_object(field.value(), at.bytes.annotations);
        } else if (key == "startsAt") {
            raw_time(field.value(), at.starts_at);
        } else if (key == "endsAt") {
            raw_time(field.value(), at.ends_at);
        } else if (key == "generatorURL") {
            at.is_usual = at.bytes.url.empty();
            at.bytes.url = plain_text(field.value().raw_json_token());
            at.is_usual = at.is_usual && !at.bytes.url.empty();
        } else {
            at.is_usual = !key.empty();
        }
        if (error || !at.is_usual) return error;
    }
    at.is_usual = !at.bytes.labels.empty();
    return simdjson::SUCCESS;
}

bool PostableAlertsReader::add_known(const Glance& at, std::uint64_t hash, AlertBatch& out) {
    auto alert = known_.find(at.bytes, hash);
    if (alert == nullptr) return false;
    draft_.starts_at = at.starts_at;
    draft_.ends_at = at.ends_at;
    settle_times();
    if (fault_) {
        draft_.clear();
        fault_.reset();
        return false;
    }
    AlertEvent& event = out.add(std::move(alert));
    event.kind = draft_.kind;
    event.starts_at = draft_.starts_at;
    event.ends_at = draft_.ends_at;
    event.expires_at = draft_.expires_at;
    return true;
}

error_code PostableAlertsReader::read_alert(simdjson::ondemand::object object) {
    has_labels_ = false;
    for (auto member : object) {
        simdjson::ondemand::field field;
        std::string_view key;
        if (const auto error = std::move(member).get(field)) return error;
        if (const auto error = field.unescaped_key().get(key)) return error;
        if (const auto error = read_member(key, field.value())) return error;
    }
    return simdjson::SUCCESS;
}

error_code PostableAlertsReader::read_member(std::string_view key, simdjson::ondemand::value value) {
    if (key == "labels") {
        json_type type{};
        if (const auto error = value.type().get(type)) return error;
        has_labels_ = type != json_type::null;
        return read_set(key, value, draft_.labels);
    }
    if (key == "annotations") return read_set(key, value, draft_.annotations);
    if (key == "startsAt") return read_time(key, value, draft_.starts_at);
    if (key == "endsAt") return read_time(key, value, draft_.ends_at);
    if (key == "generatorURL") return read_text(key, value, draft_.url);
    return simdjson::SUCCESS;  // unknown members are none of our business; iteration skips the value
}

error_code PostableAlertsReader::read_set(std::string_view name, simdjson::ondemand::value value,
                                          std::vector<LabelView>& into) {
    into.clear();
    json_type type{};
    if (const auto error = value.type().get(type)) return error;
    if (type == json_type::null) return simdjson::SUCCESS;
    if (type != json_type::object) {
        fault(PostableFault::Step::decode, 0,
              std::to_string(index_) + "." + std::string(name) + " must be an object, found " +
                  std::string(kind_name(type)));
        return simdjson::SUCCESS;
    }
    simdjson::ondemand::object object;
    if (const auto error = value.get_object().get(object)) return error;
    for (auto member : object) {
        simdjson::ondemand::field field;
        LabelView label;
        if (const auto error = std::move(member).get(field)) return error;
        if (const auto error = field.unescaped_key().get(label.name)) return error;
        // The plain string is written out here: one call less for each label.
        if (auto error = field.value().get_string().get(label.value)) {
            if (error != simdjson::INCORRECT_TYPE) return error;
            error = read_text(name, field.value(), label.value);
            if (error) return error;
        }
        if (into.size() < json_labels_max) {
            into.push_back(label);
        } else {
            fault(PostableFault::Step::validation, 0,
                  "more than " + std::to_string(json_labels_max) + " " + std::string(name) + " in one alert");
        }
    }
    return simdjson::SUCCESS;
}

error_code PostableAlertsReader::read_text(std::string_view name, simdjson::ondemand::value value,
                                           std::string_view& into) {
    const auto error = value.get_string().get(into);
    if (error != simdjson::INCORRECT_TYPE) return error;
    into = {};
    json_type type{};
    if (const auto type_error = value.type().get(type)) return type_error;
    // Go reads null into a string as "".
    if (type != json_type::null) {
        fault(PostableFault::Step::decode, 0,
              std::to_string(index_) + "." + std::string(name) + " must hold strings, found a " +
                  std::string(kind_name(type)));
    }
    return simdjson::SUCCESS;
}

error_code PostableAlertsReader::read_time(std::string_view name, simdjson::ondemand::value value, Instant& into) {
    std::string_view text;
    into = {};
    if (const auto error = read_text(name, value, text)) return error;
    if (text.empty()) return simdjson::SUCCESS;
    const auto at = parse_rfc3339(text);
    if (at) {
        into = *at;
    } else {
        fault(PostableFault::Step::decode, 0,
              std::to_string(index_) + "." + std::string(name) + ": " + at.error().message);
    }
    return simdjson::SUCCESS;
}

void PostableAlertsReader::check_labels() {
    using Step = PostableFault::Step;
    if (!has_labels_) fault(Step::schema, 602, std::to_string(index_) + ".labels in body is required");
    if (!draft_.url.empty() && !is_request_uri(draft_.url)) {
        fault(Step::schema, 601,
              std::to_string(index_) + ".generatorURL in body must be of type uri: " + quoted(draft_.url));
    }
    const auto check_names = [&](const std::vector<LabelView>& set, std::string_view what) {
        for (const LabelView& label : set) {
            if (is_label_name(label.name)) continue;
            fault(Step::validation, 0, "invalid " + std::string(what) + ": invalid name " + quoted(label.name));
            return;
        }
    };
    if (std::all_of(draft_.labels.begin(), draft_.labels.end(), [](const LabelView& l) { return l.value.empty(); })) {
        fault(Step::validation, 0, "at least one label pair required");
    }
    check_names(draft_.labels, "label set");
    check_names(draft_.annotations, "annotations");
}

void PostableAlertsReader::interpret() {
    check_labels();
    settle_times();
    if (!fault_) apply_prometheus_convention(draft_, title_);
}

void PostableAlertsReader::settle_times() {
    if (!draft_.starts_at.is_set()) draft_.starts_at = draft_.ends_at;
    if (draft_.ends_at.is_set() && draft_.ends_at < draft_.starts_at) {
        fault(PostableFault::Step::validation, 0, "start time must be before end time");
    }
    if (fault_) return;

    if (draft_.ends_at.is_set() && draft_.ends_at <= received_at_) {
        draft_.kind = EventKind::resolved;
    } else {
        draft_.expires_at = draft_.ends_at.is_set() ? draft_.ends_at : received_at_ + resolve_timeout_;
        // An alert that begins in the future is firing now: what it says about its start cannot be right.
        if (draft_.starts_at > received_at_) draft_.starts_at = received_at_;
        draft_.ends_at = {};
    }
}

}  // namespace incidentd::sources::prometheus
