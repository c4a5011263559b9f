#include "adapters/json_reader.hpp"

#include "adapters/json.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

namespace incidentd {
namespace {

constexpr std::size_t kept_bytes_max = std::size_t{1} << 20U;  // memory held between requests

template <class Number>
std::string_view number_text(EventArena& arena, Number value) {
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    return arena.copy({text.data(), static_cast<std::size_t>(end - text.data())});
}

// Array index of a reference token: decimal without leading zeros.
std::optional<std::size_t> index_from(std::string_view token) {
    if (token.empty() || (token.size() > 1 && token.front() == '0')) return std::nullopt;
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), index);
    if (error != std::errc() || end != token.data() + token.size()) return std::nullopt;
    return index;
}

}  // namespace

simdjson::padded_string_view PaddedText::assign(std::string_view text) {
    if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
    const std::size_t wanted = text.size() + simdjson::SIMDJSON_PADDING;
    if (bytes_.size() > kept_bytes_max && wanted <= kept_bytes_max) bytes_ = {};
    if (bytes_.size() < wanted) bytes_.resize(std::max(wanted, std::size_t{4096}));
    if (!text.empty()) std::memcpy(bytes_.data(), text.data(), text.size());
    std::memset(bytes_.data() + text.size(), 0, simdjson::SIMDJSON_PADDING);
    return simdjson::padded_string_view(bytes_.data(), text.size(), bytes_.size());
}

ItemError explain_json(std::string_view text, simdjson::error_code error) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
        return {0, RejectReason::empty, "the body is empty; JSON is expected"};
    }
    if (const auto fault = find_json_fault(text)) {
        return {0, fault->reason, "the body is not JSON that can be read: " + to_string(*fault)};
    }
    return {0, RejectReason::malformed,
            std::string("the body is not JSON that can be read: ") + simdjson::error_message(error)};
}

std::optional<ItemError> JsonReader::parse(std::string_view text) {
    numbers_ = EventArena();
    if (!parser_ || parser_->capacity() > kept_bytes_max) {
        parser_.emplace();
        if (const auto error = parser_->allocate(4096, json_depth_max + 1)) return explain_json(text, error);
    }
    const simdjson::padded_string_view padded = padded_.assign(text);
    const auto error = parser_->parse(padded.data(), padded.size(), false).get(root_);
    if (error) return explain_json(text, error);
    return std::nullopt;
}

std::optional<std::string_view> JsonReader::text(simdjson::dom::element value) {
    using simdjson::dom::element_type;
    switch (value.type()) {
        case element_type::STRING:
            return std::string_view(value);
        case element_type::INT64:
            return number_text(numbers_, std::int64_t(value));
        case element_type::UINT64:
            return number_text(numbers_, std::uint64_t(value));
        case element_type::DOUBLE:
            return number_text(numbers_, double(value));
        case element_type::BOOL:
            return bool(value) ? "true" : "false";
        default:
            return std::nullopt;
    }
}

std::string_view JsonReader::text(const simdjson::dom::object& object, std::string_view name) {
    const auto value = json_member(object, name);
    return value ? text(*value).value_or(std::string_view()) : std::string_view();
}

bool JsonReader::labels(const simdjson::dom::object& object, std::vector<LabelView>& out) {
    if (object.size() > json_labels_max) return false;
    for (const auto& member : object) {
        if (const auto value = text(member.value)) out.push_back({member.key, *value});
    }
    return true;
}

std::optional<simdjson::dom::element> json_member(const simdjson::dom::object& object, std::string_view name) {
    std::optional<simdjson::dom::element> found;
    for (const auto& member : object) {
        if (member.key == name) found = member.value;
    }
    return found;
}

std::optional<simdjson::dom::object> json_object(const simdjson::dom::object& object, std::string_view name) {
    const auto member = json_member(object, name);
    simdjson::dom::object out;
    if (!member || member->get(out)) return std::nullopt;
    return out;
}

std::optional<simdjson::dom::element> json_at(simdjson::dom::element root, const std::vector<std::string>& pointer) {
    for (const std::string& token : pointer) {
        simdjson::dom::object object;
        simdjson::dom::array array;
        if (!root.get(object)) {
            const auto member = json_member(object, token);
            if (!member) return std::nullopt;
            root = *member;
        } else if (!root.get(array)) {
            const auto index = index_from(token);
            if (!index || array.at(*index).get(root)) return std::nullopt;
        } else {
            return std::nullopt;
        }
    }
    return root;
}

std::optional<std::vector<std::string>> split_json_pointer(std::string_view pointer) {
    std::vector<std::string> tokens;
    if (pointer.empty()) return tokens;
    if (pointer.front() != '/') return std::nullopt;
    for (std::size_t i = 0; i < pointer.size(); ++i) {
        if (pointer[i] == '/') {
            tokens.emplace_back();
        } else if (pointer[i] != '~') {
            tokens.back() += pointer[i];
        } else {
            ++i;
            if (i >= pointer.size() || (pointer[i] != '0' && pointer[i] != '1')) return std::nullopt;
            tokens.back() += pointer[i] == '0' ? '~' : '/';
        }
    }
    return tokens;
}

std::string_view json_kind(simdjson::dom::element value) {
    using simdjson::dom::element_type;
    switch (value.type()) {
        case element_type::ARRAY:
            return "an array";
        case element_type::OBJECT:
            return "an object";
        case element_type::STRING:
            return "a string";
        case element_type::BOOL:
            return "a boolean";
        case element_type::NULL_VALUE:
            return "null";
        default:
            return "a number";
    }
}

}  // namespace incidentd
