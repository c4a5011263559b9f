// The table of keys as people read it: bounds in words, Markdown for docs/rules.md.
#include "rules/schema.hpp"

#include "correlator/time.hpp"

namespace incidentd {
namespace {

std::string type_text(const Field& field) {
    switch (field.type) {
        case FieldType::text:
            return "text";
        case FieldType::label:
            return "label";
        case FieldType::label_list:
            return "list of labels";
        case FieldType::text_list:
            return "list of texts";
        case FieldType::text_template:
            return "template";
        case FieldType::level:
        case FieldType::choice: {
            std::string out;
            for (const std::string_view word : field.choices)
                out += (out.empty() ? "`" : ", `") + std::string(word) + "`";
            return field.type == FieldType::level ? out + " or a template" : out;
        }
        case FieldType::matchers:
            return "matchers";
        case FieldType::matchers_list:
            return "list of matchers";
        case FieldType::duration:
            return "duration";
        case FieldType::integer:
            return "whole number";
        case FieldType::number:
            return "number";
        case FieldType::boolean:
            return "switch";
        case FieldType::instant:
            return "time";
        case FieldType::time_of_day:
            return "hh:mm";
        case FieldType::ranges:
            return "list of ranges";
        case FieldType::templates:
            return "map of labels to templates";
        case FieldType::map:
            return "map";
        case FieldType::map_list:
            return "list of maps";
        case FieldType::map_or_list:
            return "map, or list of them";
        case FieldType::refused:
            return "not in this version";
    }
    return "";
}

}  // namespace

std::string bounds_text(const Field& field) {
    if (field.least == 0 && field.most == 0) return "";
    const auto range = [&](const std::string& least, const std::string& most) { return least + " to " + most; };
    switch (field.type) {
        case FieldType::duration:
            return range(to_string(milliseconds(field.least)), to_string(milliseconds(field.most)));
        case FieldType::label_list:
        case FieldType::text_list:
        case FieldType::matchers_list:
        case FieldType::templates:
        case FieldType::map_or_list:
        case FieldType::map_list:
            if (field.least == 0) return "at most " + std::to_string(field.most);
            return range(std::to_string(field.least), std::to_string(field.most));
        default:
            return range(std::to_string(field.least), std::to_string(field.most));
    }
}

std::string markdown_table(const Shape& shape) {
    std::string out = "| key | type | default | notes |\n|---|---|---|---|\n";
    for (const Field& field : shape.fields) {
        std::string notes = bounds_text(field);
        if (!notes.empty() && !field.note.empty()) notes += ". ";
        if (!notes.empty() && notes[0] == 'a') notes[0] = 'A';
        notes += field.note;
        out += "| `" + std::string(field.key) + "` | " + type_text(field) + " | " +
               (field.required ? "required" : std::string(field.initial)) + " | " + notes + " |\n";
    }
    return out;
}

}  // namespace incidentd
