// Reading JSON with simdjson: one padded copy a request, bounded depth, faults in words. Of duplicate keys the last
// wins.
#pragma once

#include "adapters/source.hpp"
#include "correlator/alert.hpp"

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// Members of one label object. Above any sensible EventLimits::labels_max; keeps a hostile object from being sorted.
inline constexpr std::size_t json_labels_max = 4096;

// A text with the bytes behind it that simdjson may read. Reused from request to request; large ones are given back.
class PaddedText {
public:
    // Copies `text` without a leading byte order mark. The view is valid until the next call.
    simdjson::padded_string_view assign(std::string_view text);

private:
    std::vector<char> bytes_;
};

// Why simdjson refused `text`, for people and metrics. `error` is used when the second reading finds nothing.
ItemError explain_json(std::string_view text, simdjson::error_code error);

// One parsed text at a time; everything handed out is valid until the next parse().
class JsonReader {
public:
    // The root, or why there is none: empty, malformed or invalid_utf8.
    std::optional<ItemError> parse(std::string_view text);
    simdjson::dom::element root() const { return root_; }

    // Text of a string, number or boolean: 2 gives "2", 1.50 gives "1.5", true gives "true". nullopt for null, arrays,
    // objects.
    std::optional<std::string_view> text(simdjson::dom::element value);

    // The last member of that name as text; "" when it is absent, null, an array or an object.
    std::string_view text(const simdjson::dom::object& object, std::string_view name);

    // Appends every scalar member as a label; null, arrays and objects are left out. False, and nothing appended, when
    // the object has more than json_labels_max members.
    bool labels(const simdjson::dom::object& object, std::vector<LabelView>& out);

private:
    PaddedText padded_;
    std::optional<simdjson::dom::parser> parser_;
    simdjson::dom::element root_;
    EventArena numbers_;  // text made from numbers of the current request
};

// The last member of that name, null included.
std::optional<simdjson::dom::element> json_member(const simdjson::dom::object& object, std::string_view name);
std::optional<simdjson::dom::object> json_object(const simdjson::dom::object& object, std::string_view name);

// RFC 6901 from `root`: "" is the root, "/a/0/b" a place below it. nullopt when nothing is there.
// `pointer` must be well-formed: see split_json_pointer.
std::optional<simdjson::dom::element> json_at(simdjson::dom::element root, const std::vector<std::string>& pointer);

// The reference tokens of a JSON pointer, unescaped; nullopt unless it is "" or begins with "/" and its "~" are "~0" or
// "~1".
std::optional<std::vector<std::string>> split_json_pointer(std::string_view pointer);

// "an object", "a string" ... of a value, for messages.
std::string_view json_kind(simdjson::dom::element value);

}  // namespace incidentd
