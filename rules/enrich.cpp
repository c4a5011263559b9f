// `enrich`: labels that rules add, by template or from a table.
#include "rules/compiler.hpp"

#include <re2/re2.h>

#include <algorithm>

namespace incidentd {
namespace {

// Groups of the rule's regexes become places of `set`; a name in two of them would be either's.
void check_groups(FieldReader& reader, const EnrichRule& rule) {
    std::map<std::string, bool> used;
    for (const Matcher& matcher : rule.match) {
        if (matcher.op() != MatchOp::regex) continue;
        const re2::RE2 regex(matcher.value(), re2::RE2::Quiet);
        for (const auto& [group, index] : regex.NamedCapturingGroups()) {
            if (used.try_emplace(group, false).second) continue;
            reader.problem("match", "names the group " + shown(group) + " in two regexes",
                           "give each group its own name");
        }
    }
    for (const auto& [label, value] : rule.set) {
        for (const Template::Part& part : value.parts()) {
            if (const auto group = used.find(part.text); part.is_place && group != used.end()) group->second = true;
        }
    }
    for (const auto& [group, is_used] : used) {
        if (is_used) continue;
        reader.problems().warn(reader.node().find("match")->where, reader.node().path + ".match",
                               "captures the group " + shown(group) + ", which `set` does not use",
                               "use {{" + group + "}} in `set`, or write (?:...)");
    }
}

std::string table_text(const Compilation& compilation, const std::string& path, std::string& problem) {
    for (const auto& [name, text] : compilation.bundle.tables) {
        if (name == path) return text;
    }
    if (compilation.sources == nullptr || !compilation.sources->table) {
        problem = "the table " + shown(path) + " is not among what was handed over";
        return "";
    }
    Result<std::string> text = compilation.sources->table(path);
    if (text.has_value() && text->size() <= lookup_bytes_max) return std::move(*text);
    problem = text.has_error() ? text.error().message
                               : path + " is larger than " + std::to_string(lookup_bytes_max) + " bytes";
    return "";
}

// nullptr: it cannot be used, which was reported where it was named first.
const CsvTable* table_of(Compilation& compilation, FieldReader& reader, const std::string& path) {
    const auto [table, is_new] = compilation.tables.try_emplace(path);
    if (is_new) {
        std::string problem;
        table->second.text = table_text(compilation, path, problem);
        if (problem.empty()) {
            compilation.problems.keep_source(path, table->second.text);
            table->second.csv = parse_csv(table->second.text, path, compilation.problems);
        } else {
            reader.problem("lookup", problem);
        }
    }
    return table->second.csv.has_value() ? &*table->second.csv : nullptr;
}

void check_column(Compilation& compilation, const CsvTable& table, const SettingsNode& item, const std::string& file) {
    if (table.find(item.scalar).has_value()) return;
    std::vector<std::string> columns;
    for (const CsvTable::Column& column : table.columns) columns.push_back(column.name);
    const std::string near = hint_of(item.scalar, columns);
    compilation.problems.add(item.where, item.path, "the table " + file + " has no column " + shown(item.scalar),
                             near + (near.empty() ? "" : " ") + "columns: " + list_of(columns));
}

void read_lookup(Compilation& compilation, FieldReader& reader, EnrichRule& rule) {
    const std::string name = reader.text("lookup");
    for (const char* needed : {"on", "take"}) {
        if (!reader.has(needed)) reader.problem(needed, "is missing, a lookup needs it");
    }
    if (reader.has("on")) rule.on = reader.text("on");
    if (name.empty() || rule.on.empty()) return;
    const std::string path = path_beside(reader.node().where.file, name);
    const CsvTable* table = table_of(compilation, reader, path);
    if (table == nullptr) return;
    const SettingsNode* key = reader.node().find(reader.has("key") ? "key" : "on");
    if (key->kind == SettingsNode::Kind::scalar) check_column(compilation, *table, *key, path);
    for (const SettingsNode* item : reader.scalars("take")) check_column(compilation, *table, *item, path);
    rule.take = reader.labels("take");
    compilation.lookups.push_back({compilation.set.enrich.size(), path, key->scalar});
}

// Only the columns any rule takes are kept.
std::shared_ptr<const LookupTable> build(Compilation& compilation, const Compilation::Lookup& lookup) {
    const CsvTable& csv = *compilation.tables.at(lookup.table).csv;
    std::vector<std::size_t> kept;
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < csv.columns.size(); ++i) {
        const auto takes = [&](const Compilation::Lookup& other) {
            const std::vector<std::string>& take = compilation.set.enrich[other.rule].take;
            return other.table == lookup.table && other.key == lookup.key &&
                   std::find(take.begin(), take.end(), csv.columns[i].name) != take.end();
        };
        if (std::none_of(compilation.lookups.begin(), compilation.lookups.end(), takes)) continue;
        kept.push_back(i);
        columns.push_back(csv.columns[i].name);
    }
    const std::size_t key = csv.find(lookup.key).value_or(0);
    auto table = std::make_shared<LookupTable>(lookup.table, std::move(columns));
    std::size_t doubled = 0, without = 0;
    int doubled_line = 0;
    for (const CsvTable::Row& row : csv.rows) {
        std::vector<std::string> cells;
        for (const std::size_t i : kept) cells.push_back(row.cells[i]);
        if (row.cells[key].empty()) {
            ++without;
        } else if (!table->add(row.cells[key], std::move(cells)) && ++doubled == 1) {
            doubled_line = row.line;
        }
    }
    if (doubled > 0) {
        compilation.problems.warn({lookup.table, doubled_line, 1}, "",
                                  std::to_string(doubled) + " rows have a " + shown(lookup.key) +
                                      " that a row before has, this one first; only the first row of a key counts");
    }
    if (without > 0) {
        compilation.problems.warn(
            {lookup.table, 0, 0}, "",
            std::to_string(without) + " rows have no " + shown(lookup.key) + " and are never found");
    }
    return table;
}

// In an export a column nobody takes is usual; in a table made for the rules it is a forgotten rule.
void warn_unused(Compilation& compilation, const std::string& path, const CsvTable& csv) {
    std::vector<std::string> unused;
    const CsvTable::Column* first = nullptr;
    for (const CsvTable::Column& column : csv.columns) {
        const auto uses = [&](const Compilation::Lookup& lookup) {
            const std::vector<std::string>& take = compilation.set.enrich[lookup.rule].take;
            return lookup.table == path &&
                   (lookup.key == column.name || std::find(take.begin(), take.end(), column.name) != take.end());
        };
        if (std::any_of(compilation.lookups.begin(), compilation.lookups.end(), uses)) continue;
        if (first == nullptr) first = &column;
        unused.push_back(column.name);
    }
    if (first == nullptr) return;
    compilation.problems.warn(first->where, "", "no rule takes the columns " + list_of(unused),
                              "take them, or leave them out of the file");
}

}  // namespace

std::string path_beside(const std::string& rule_file, const std::string& path) {
    const std::size_t slash = rule_file.rfind('/');
    std::string whole =
        path.starts_with('/') || slash == std::string::npos ? path : rule_file.substr(0, slash + 1) + path;
    const bool is_absolute = whole.starts_with('/');
    std::vector<std::string> parts;
    std::size_t at = 0;
    while (at <= whole.size()) {
        const std::size_t end = std::min(whole.find('/', at), whole.size());
        std::string part = whole.substr(at, end - at);
        at = end + 1;
        if (part == ".." && (is_absolute || (!parts.empty() && parts.back() != ".."))) {
            if (!parts.empty()) parts.pop_back();
        } else if (part != "." && !part.empty()) {
            parts.push_back(std::move(part));
        }
    }
    std::string out = is_absolute ? "/" : "";
    for (std::size_t i = 0; i < parts.size(); ++i) out += (i == 0 ? "" : "/") + parts[i];
    return out;
}

void compile_enrich(Compilation& compilation, const SettingsNode& node) {
    static const Shape& shape = *rule_file_shape().find("enrich")->shape;
    FieldReader reader(node, shape, compilation.problems);
    EnrichRule rule;
    rule.match = reader.matchers("match");
    rule.set = reader.templates("set");
    check_groups(reader, rule);
    if (reader.has("lookup")) {
        read_lookup(compilation, reader, rule);
    } else {
        for (const char* part : {"on", "key", "take"}) {
            if (reader.has(part))
                reader.problem(part, "belongs to a lookup, and there is none", "name the CSV file: lookup: cmdb.csv");
        }
        if (!reader.has("set")) {
            compilation.problems.add(node.where, node.path, "changes nothing", "give it `set` or `lookup`");
        }
    }
    compilation.set.enrich.push_back(std::move(rule));
    compilation.places.enrich.push_back(place_of(node));
}

void build_lookups(Compilation& compilation) {
    std::map<std::pair<std::string, std::string>, std::shared_ptr<const LookupTable>> built;
    for (const Compilation::Lookup& lookup : compilation.lookups) {
        std::shared_ptr<const LookupTable>& table = built[{lookup.table, lookup.key}];
        if (table == nullptr) table = build(compilation, lookup);
        compilation.set.enrich[lookup.rule].lookup = table;
    }
    for (const auto& [path, table] : compilation.tables) {
        if (table.csv.has_value()) warn_unused(compilation, path, *table.csv);
    }
}

}  // namespace incidentd
