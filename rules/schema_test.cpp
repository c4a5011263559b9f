// What editors, the reference and the reader know must be one thing: a key that is only in one of them misleads.
#include "rules/schema.hpp"

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <set>
#include <string>

using namespace incidentd;

namespace {

std::string read(const std::string& path) {
    std::ifstream in(INCIDENTD_SOURCE_DIR "/" + path);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("docs/rules.md holds the table of every section as the reader knows it, and no other") {
    const std::string page = read("docs/rules.md");
    std::string tables;
    for (const Shape* shape : all_shapes()) {
        if (shape->name.starts_with("priority.")) continue;
        const std::string table = markdown_table(*shape);
        CAPTURE(table);
        CHECK_MESSAGE(page.find(table) != std::string::npos,
                      "put the table into docs/rules.md: incidentd rules schema --markdown prints it");
        tables += table;
    }
    std::size_t found = 0, known = 0;
    constexpr std::string_view head = "| key | type | default | notes |\n";
    for (std::size_t at = page.find(head); at != std::string::npos; at = page.find(head, at + 1)) ++found;
    for (std::size_t at = tables.find(head); at != std::string::npos; at = tables.find(head, at + 1)) ++known;
    CHECK(found >= known - 1);  // silences and maintenance have the same keys
}

TEST_CASE("docs/rules.schema.json is what `incidentd rules schema` prints") {
    CHECK_MESSAGE(read("docs/rules.schema.json") == json_schema(),
                  "renew it: incidentd rules schema > docs/rules.schema.json");
}

TEST_CASE("the table of keys is whole: no key twice, a shape where one is needed, a note") {
    for (const Shape* shape : all_shapes()) {
        std::set<std::string_view> keys;
        CHECK_FALSE(shape->fields.empty());
        for (const Field& field : shape->fields) {
            CAPTURE(field.key);
            CHECK(keys.insert(field.key).second);
            const bool nests = field.type == FieldType::map || field.type == FieldType::map_list ||
                               field.type == FieldType::map_or_list;
            CHECK(nests == (field.shape != nullptr));
            const bool chooses = field.type == FieldType::choice || field.type == FieldType::level;
            CHECK(chooses == !field.choices.empty());
            if (field.type == FieldType::duration || field.type == FieldType::integer) CHECK(field.most > 0);
        }
    }
}
