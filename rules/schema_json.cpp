// The table of keys as JSON Schema (draft 2020-12), for editors that complete and check rule files while they are
// written.
#include "rules/schema.hpp"

#include <algorithm>

namespace incidentd {
namespace {

// Two spaces a level; texts of the table hold no control characters.
class JsonWriter {
public:
    void open(char bracket) {
        value();
        out_ += bracket;
        is_first_ = true;
        ++depth_;
    }
    void close(char bracket) {
        --depth_;
        if (!is_first_) line();
        out_ += bracket;
        is_first_ = false;
    }
    void key(std::string_view name) {
        next();
        quoted(name);
        out_ += ": ";
        has_key_ = true;
    }
    void text(std::string_view text) {
        value();
        quoted(text);
    }
    void number(std::int64_t number) {
        value();
        out_ += std::to_string(number);
    }
    void boolean(bool is_true) {
        value();
        out_ += is_true ? "true" : "false";
    }
    void member(std::string_view name, std::string_view value) {
        key(name);
        text(value);
    }
    std::string take() { return std::move(out_) + "\n"; }

private:
    void line() {
        out_ += '\n';
        out_.append(depth_ * 2, ' ');
    }
    void next() {
        if (!is_first_) out_ += ',';
        if (depth_ > 0) line();
        is_first_ = false;
    }
    void value() {
        if (!has_key_) next();
        has_key_ = false;
    }
    void quoted(std::string_view text) {
        out_ += '"';
        for (const char c : text) {
            if (c == '"' || c == '\\') out_ += '\\';
            out_ += c;
        }
        out_ += '"';
    }

    std::string out_;
    std::size_t depth_ = 0;
    bool is_first_ = true;
    bool has_key_ = false;
};

std::string definition_of(const Shape& shape) {
    std::string name(shape.name);
    std::replace(name.begin(), name.end(), '.', '_');
    std::replace(name.begin(), name.end(), ' ', '_');
    return name;
}

void reference(JsonWriter& out, std::string_view definition) {
    out.member("$ref", "#/$defs/" + std::string(definition));
}

void bounds(JsonWriter& out, const Field& field, std::string_view least, std::string_view most) {
    if (field.least == 0 && field.most == 0) return;
    out.key(least);
    out.number(field.least);
    out.key(most);
    out.number(field.most);
}

// One of what `item` writes, or a list of it.
template <class Item>
void one_or_list(JsonWriter& out, const Field& field, const Item& item) {
    out.key("anyOf");
    out.open('[');
    out.open('{');
    item();
    out.close('}');
    out.open('{');
    out.member("type", "array");
    bounds(out, field, "minItems", "maxItems");
    out.key("items");
    out.open('{');
    item();
    out.close('}');
    out.close('}');
    out.close(']');
}

void list_of_shape(JsonWriter& out, const Field& field) {
    out.key("type");
    out.open('[');
    out.text("array");
    out.text("null");
    out.close(']');
    bounds(out, field, "minItems", "maxItems");
    out.key("items");
    out.open('{');
    reference(out, definition_of(*field.shape));
    out.close('}');
}

void choices(JsonWriter& out, const Field& field) {
    out.key("enum");
    out.open('[');
    for (const std::string_view word : field.choices) out.text(word);
    out.close(']');
}

void level(JsonWriter& out, const Field& field) {
    out.key("anyOf");
    out.open('[');
    out.open('{');
    choices(out, field);
    out.close('}');
    out.open('{');
    out.member("type", "string");
    out.member("pattern", "\\{\\{.+\\}\\}");
    out.close('}');
    out.close(']');
}

void list_of(JsonWriter& out, const Field& field, std::string_view definition) {
    out.member("type", "array");
    bounds(out, field, "minItems", "maxItems");
    out.key("items");
    out.open('{');
    reference(out, definition);
    out.close('}');
}

void type_of(JsonWriter& out, const Field& field) {
    switch (field.type) {
        case FieldType::text:
        case FieldType::label:
            out.member("type", "string");
            out.key("minLength");
            return out.number(1);
        case FieldType::text_template:
            return out.member("type", "string");
        case FieldType::label_list:
        case FieldType::text_list:
            return one_or_list(out, field, [&] { out.member("type", "string"); });
        case FieldType::level:
            return level(out, field);
        case FieldType::choice:
            return choices(out, field);
        case FieldType::matchers:
            return reference(out, "matchers");
        case FieldType::matchers_list:
            return list_of(out, field, "matchers");
        case FieldType::duration:
            return reference(out, "duration");
        case FieldType::integer:
            out.member("type", "integer");
            return bounds(out, field, "minimum", "maximum");
        case FieldType::number:
            out.member("type", "number");
            return bounds(out, field, "minimum", "maximum");
        case FieldType::boolean:
            return out.member("type", "boolean");
        case FieldType::instant:
            out.member("type", "string");
            return out.member("format", "date-time");
        case FieldType::time_of_day:
            out.member("type", "string");
            return out.member("pattern", "^([01][0-9]|2[0-3]):[0-5][0-9]$");
        case FieldType::ranges:
            return reference(out, "ranges");
        case FieldType::templates:
            out.member("type", "object");
            bounds(out, field, "minProperties", "maxProperties");
            out.key("additionalProperties");
            out.open('{');
            out.member("type", "string");
            return out.close('}');
        case FieldType::map:
            return reference(out, definition_of(*field.shape));
        case FieldType::map_list:
            return list_of_shape(out, field);
        case FieldType::map_or_list:
            return one_or_list(out, field, [&] { reference(out, definition_of(*field.shape)); });
        case FieldType::refused:
            return;
    }
}

void describe(JsonWriter& out, const Field& field) {
    std::string text(field.note);
    if (const std::string most = bounds_text(field); !most.empty()) text += (text.empty() ? "" : "; ") + most;
    if (!field.initial.empty()) text += (text.empty() ? "default: " : "; default: ") + std::string(field.initial);
    if (!text.empty()) out.member("description", text);
}

void members(JsonWriter& out, const Shape& shape) {
    out.member("type", "object");
    out.key("additionalProperties");
    out.boolean(false);
    const bool has_required =
        std::any_of(shape.fields.begin(), shape.fields.end(), [](const Field& f) { return f.required; });
    if (has_required) {
        out.key("required");
        out.open('[');
        for (const Field& field : shape.fields) {
            if (field.required) out.text(field.key);
        }
        out.close(']');
    }
    out.key("properties");
    out.open('{');
    for (const Field& field : shape.fields) {
        if (field.type == FieldType::refused) continue;
        out.key(field.key);
        out.open('{');
        describe(out, field);
        type_of(out, field);
        out.close('}');
    }
    out.close('}');
}

// Types that are no shape.
void common_definitions(JsonWriter& out) {
    out.key("duration");
    out.open('{');
    out.member("description", "such as 90s, 5m, 2h, 1d, 1h30m");
    out.member("type", "string");
    out.member("pattern", "^(0|([0-9]+(ms|s|m|h|d|w))+)$");
    out.close('}');
    out.key("matchers");
    out.open('{');
    out.member("description", "one matcher such as 'severity=\"critical\"', or a list of them; all must match");
    out.key("anyOf");
    out.open('[');
    out.open('{');
    out.member("type", "string");
    out.close('}');
    out.open('{');
    out.member("type", "array");
    out.key("items");
    out.open('{');
    out.member("type", "string");
    out.close('}');
    out.close('}');
    out.close(']');
    out.close('}');
    out.key("ranges");
    out.open('{');
    Field any{.key = "ranges"};
    one_or_list(out, any, [&] {
        out.key("type");
        out.open('[');
        out.text("string");
        out.text("integer");
        out.close(']');
    });
    out.close('}');
}

}  // namespace

std::string json_schema() {
    JsonWriter out;
    out.open('{');
    out.member("$schema", "https://json-schema.org/draft/2020-12/schema");
    out.member("title", "incidentd rules");
    members(out, rule_file_shape());
    out.key("$defs");
    out.open('{');
    common_definitions(out);
    for (const Shape* shape : all_shapes()) {
        if (shape == &rule_file_shape()) continue;
        out.key(definition_of(*shape));
        out.open('{');
        members(out, *shape);
        out.close('}');
    }
    out.close('}');
    out.close('}');
    return out.take();
}

}  // namespace incidentd
