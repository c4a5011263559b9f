#include "rules/topology_files.hpp"

#include "rules/compiler.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

namespace incidentd {
namespace {

const Shape& links_shape() { return *topology_file_shape().find("links")->shape; }
const Shape& groups_shape() { return *topology_file_shape().find("groups")->shape; }
const Shape& aliases_shape() { return *topology_file_shape().find("aliases")->shape; }

void read_link(const SettingsNode& node, TopologyDraft& draft, Problems& problems) {
    FieldReader reader(node, links_shape(), problems);
    std::string kind = reader.has("kind") ? reader.text("kind") : "depends";
    const auto uppers = reader.scalars("upper"), lowers = reader.scalars("lower");
    if (kind.size() > topology_name_bytes_max) reader.problem("kind", "is too long for a word");
    for (const SettingsNode* upper : uppers)
        for (const SettingsNode* lower : lowers) {
            const SettingsNode* place = lowers.size() == 1 ? upper : lower;
            draft.add_link(place->where, place->path, {upper->scalar, lower->scalar, kind}, problems);
        }
}

void read_alias(const SettingsNode& node, TopologyDraft& draft, Problems& problems) {
    FieldReader reader(node, aliases_shape(), problems);
    const std::string entity = reader.text("entity");
    if (entity.empty()) return;
    for (const SettingsNode* name : reader.scalars("names"))
        draft.add_alias(name->where, name->path, name->scalar, entity, problems);
}

void read_group(const SettingsNode& node, TopologyDraft& draft, Problems& problems) {
    FieldReader reader(node, groups_shape(), problems);
    const std::string name = reader.text("name");
    std::uint32_t needs = 0;
    reader.read("needs", needs);
    const auto members = reader.scalars("members");
    if (!reader.has("members") && !reader.has("needs"))
        reader.problem("members", "is missing, and so is needs", "list the members, say how many it needs, or both");
    if (name.empty()) return;
    for (const SettingsNode* member : members)
        draft.add_link(member->where, member->path, {member->scalar, name, "member"}, problems);
    if (needs > 0) draft.add_need(node.where, node.path, name, needs, problems);
}

void read_yaml(std::string_view text, const std::string& file, TopologyDraft& draft, Problems& problems) {
    const std::size_t before = problems.items().size();
    const SettingsNode root = parse_settings(text, file, problems);
    if (problems.items().size() != before) return;
    FieldReader reader(root, topology_file_shape(), problems);
    std::uint32_t version = 1;
    reader.read("version", version);
    read_topology_links(root, draft, problems);
}

std::optional<std::size_t> find_column(const CsvTable& table, std::string_view name, std::string_view also) {
    const auto found = table.find(name);
    return found.has_value() || also.empty() ? found : table.find(also);
}

// A cell that is empty says nothing.
void read_group_row(const CsvTable& table, const CsvTable::Row& row, const std::string& file, TopologyDraft& draft,
                    Problems& problems) {
    const Location where{file, row.line, 1};
    const auto cell = [&](std::string_view column) {
        const auto at = table.find(column);
        return at.has_value() ? row.cells[*at] : std::string();
    };
    const std::string group = cell("group"), member = cell("member"), needs = cell("needs");
    if (!member.empty()) draft.add_link(where, "", {member, group, "member"}, problems);
    if (needs.empty()) return;
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(needs.data(), needs.data() + needs.size(), number);
    if (error != std::errc() || end != needs.data() + needs.size() || number < 1 || number > 10'000)
        return problems.add(where, "needs", "must be a whole number from 1 to 10000, found " + shown(needs));
    draft.add_need(where, "", group, number, problems);
}

void read_table(std::string_view text, const std::string& file, TopologyDraft& draft, Problems& problems) {
    problems.keep_source(file, text);
    const std::optional<CsvTable> table = parse_csv(text, file, problems);
    if (!table.has_value()) return;
    const auto upper = find_column(*table, "upper", "parent"), lower = find_column(*table, "lower", "child");
    const auto kind = table->find("kind"), alias = table->find("alias"), entity = table->find("entity");
    if (upper.has_value() && lower.has_value()) {
        for (const CsvTable::Row& row : table->rows) {
            const std::string word = kind.has_value() && !row.cells[*kind].empty() ? row.cells[*kind] : "depends";
            draft.add_link({file, row.line, 1}, "", {row.cells[*upper], row.cells[*lower], word}, problems);
        }
    } else if (alias.has_value() && entity.has_value()) {
        for (const CsvTable::Row& row : table->rows)
            draft.add_alias({file, row.line, 1}, "", row.cells[*alias], row.cells[*entity], problems);
    } else if (table->find("group").has_value() &&
               (table->find("member").has_value() || table->find("needs").has_value())) {
        for (const CsvTable::Row& row : table->rows) read_group_row(*table, row, file, draft, problems);
    } else {
        std::vector<std::string> columns;
        for (const CsvTable::Column& column : table->columns) columns.push_back(column.name);
        problems.add({file, 1, 1}, "",
                     "is no topology: a table of links has the columns upper and lower, and perhaps kind; one of "
                     "aliases has alias and entity; one of groups has group, and member, needs or both",
                     "its columns are: " + list_of(columns));
    }
}

std::optional<std::string> text_of_file(const Compilation& compilation, const std::string& path, std::string& problem) {
    for (const auto& [name, text] : compilation.bundle.tables)
        if (name == path) return text;
    if (compilation.sources == nullptr || !compilation.sources->table) {
        problem = "the file " + shown(path) + " is not among what was handed over";
        return std::nullopt;
    }
    Result<std::string> text = compilation.sources->table(path);
    if (text.has_error()) {
        problem = text.error().message;
    } else if (text->size() > topology_file_bytes_max) {
        problem = path + " is larger than " + std::to_string(topology_file_bytes_max) + " bytes";
    } else {
        return std::move(*text);
    }
    return std::nullopt;
}

bool ends_with_one_of(std::string_view name, std::initializer_list<std::string_view> ends) {
    return std::any_of(ends.begin(), ends.end(), [name](std::string_view end) { return name.ends_with(end); });
}

}  // namespace

void read_topology_links(const SettingsNode& node, TopologyDraft& draft, Problems& problems) {
    draft.give(node.where);
    if (const SettingsNode* links = node.find("links"); links != nullptr)
        for (const SettingsNode& link : links->items) read_link(link, draft, problems);
    if (const SettingsNode* aliases = node.find("aliases"); aliases != nullptr)
        for (const SettingsNode& alias : aliases->items) read_alias(alias, draft, problems);
    if (const SettingsNode* groups = node.find("groups"); groups != nullptr)
        for (const SettingsNode& group : groups->items) read_group(group, draft, problems);
}

void read_topology_file(std::string_view text, const std::string& file, TopologyDraft& draft, Problems& problems) {
    draft.give({file, 1, 1});
    if (ends_with_one_of(file, {".yaml", ".yml"})) return read_yaml(text, file, draft, problems);
    if (ends_with_one_of(file, {".csv", ".tsv", ".txt"})) return read_table(text, file, draft, problems);
    problems.add({file, 0, 0}, "", "is no topology file by its name",
                 "end it with .yaml, or with .csv or .tsv for a table of links or aliases");
}

TopologySpec parse_topology(std::string_view text, const std::string& file, Problems& problems) {
    TopologyDraft draft;
    const std::size_t before = problems.items().size();
    read_topology_file(text, file, draft, problems);
    return problems.items().size() == before ? draft.spec() : TopologySpec{};
}

namespace {

void read_learn(Compilation& compilation, FieldReader& topology, const Shape& shape) {
    const SettingsNode* node = topology.map("learn");
    if (node == nullptr) return;
    if (compilation.learn_at.has_value()) {
        const Location& first = compilation.learn_at->where;
        topology.problem("learn",
                         "is given in another file already, in " + first.file + " line " + std::to_string(first.line),
                         "give it once: it holds for all files");
    }
    compilation.learn_at = place_of(*node);
    FieldReader reader(*node, shape, compilation.problems);
    LearnSettings& learn = compilation.set.learn;
    reader.read("similarity", learn.similarity);
    reader.read("co_occurrence", learn.co_occurrence);
    reader.read("habits", learn.habits);
    reader.read("labels", learn.labels);
    reader.read("recurrence", learn.recurrence);
}

}  // namespace

void compile_topology(Compilation& compilation, const SettingsNode& node) {
    static const Shape& shape = *rule_file_shape().find("topology")->shape;
    FieldReader reader(node, shape, compilation.problems);
    for (const char* list : {"links", "aliases", "groups"}) reader.items(list);  // that they are lists
    read_learn(compilation, reader, *shape.find("learn")->shape);
    for (const SettingsNode* item : reader.scalars("files")) {
        if (item->scalar.empty()) {
            compilation.problems.add(item->where, item->path, "must not be empty");
            continue;
        }
        const std::string path = path_beside(node.where.file, item->scalar);
        const auto [known, is_new] = compilation.topology_files.try_emplace(path);
        if (!is_new) continue;
        std::string problem;
        std::optional<std::string> text = text_of_file(compilation, path, problem);
        if (!text.has_value()) {
            compilation.problems.add(item->where, item->path, problem);
            continue;
        }
        read_topology_file(*text, path, compilation.topology, compilation.problems);
        known->second = std::move(*text);
    }
    read_topology_links(node, compilation.topology, compilation.problems);
}

void build_topology(Compilation& compilation) {
    if (compilation.topology.is_given())
        compilation.set.topology = std::make_shared<const Topology>(compilation.topology.spec());
}

}  // namespace incidentd
