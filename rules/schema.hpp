// Every key of a rule file as one table: the reader takes types and bounds from it, docs/rules.md and the JSON Schema
// for editors are checked against it. A key that is not here cannot be read.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

struct Shape;

enum class FieldType : std::uint8_t {
    text,
    label,          // a label's name
    label_list,     // one or several
    text_list,      // likewise
    text_template,  // with {{label}} places
    level,          // one of `choices`, or a template
    choice,         // one of `choices`
    matchers,       // one text or a list of them; all must match
    matchers_list,  // a list of such
    duration,
    integer,
    number,
    boolean,
    instant,      // RFC 3339
    time_of_day,  // hh:mm
    ranges,       // 'monday:friday', 1, '-3:-1'; one or several
    templates,    // a map of label names to templates
    map,          // `shape`
    map_list,     // a list of `shape`
    map_or_list,  // one `shape` or a list of them
    refused,      // known, and not in this version; `note` says why
};

struct Field {
    std::string_view key;
    FieldType type = FieldType::text;
    bool required = false;
    std::string_view initial{};  // the default, as docs/rules.md shows it
    // Durations in ms, numbers, lengths of lists. Both zero: no bound.
    std::int64_t least = 0, most = 0;
    std::span<const std::string_view> choices{};
    const Shape* shape = nullptr;
    std::string_view remedy{};  // the hint where a required key is missing
    std::string_view note{};    // one line of Markdown: what it does
};

// The keys of one map.
struct Shape {
    std::string_view name;  // a section of docs/rules.md
    std::span<const Field> fields;
    const Field* find(std::string_view key) const;
};

constexpr Field rule_file_version{.key = "version",
                                  .type = FieldType::integer,
                                  .required = true,
                                  .least = 1,
                                  .most = 1,
                                  .remedy = "begin the file with 'version: 1'",
                                  .note = "of the language"};

extern const Shape topology_shape;  // of the section `topology`
// The whole file; every other shape hangs below it.
const Shape& rule_file_shape();
// A file named under `topology.files`; `links` and `aliases` have the same keys as in the section.
const Shape& topology_file_shape();
// Each shape once, the file's first, in the order of its keys.
std::vector<const Shape*> all_shapes();

// "0s to 30d", "1 to 16 labels"; "" without bounds.
std::string bounds_text(const Field& field);
// The keys of a shape as the Markdown table docs/rules.md holds.
std::string markdown_table(const Shape& shape);
// All of them, each under its name.
std::string markdown_tables();
// JSON Schema (draft 2020-12) of a rule file.
std::string json_schema();

}  // namespace incidentd
