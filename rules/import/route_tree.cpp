#include "rules/import/route_tree.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace incidentd::importing {
namespace {

constexpr std::size_t depth_max = 30;

std::string text_of(const SettingsNode& node, std::string_view key, std::string fallback) {
    const SettingsNode* value = node.find(key);
    return value == nullptr || value->kind != SettingsNode::Kind::scalar ? fallback : value->scalar;
}

void add(Matchers& matchers, const SettingsNode& node, const std::string& text, Problems& problems) {
    Result<Matchers> parsed = parse_matchers(text);
    if (!parsed) {
        problems.add(node.where, node.path, "is not a matcher: " + parsed.error().message);
        return;
    }
    std::move(parsed->begin(), parsed->end(), std::back_inserter(matchers));
}

void add(Matchers& matchers, const SettingsNode::Member& member, MatchOp op, Problems& problems) {
    Result<Matcher> made = Matcher::make(member.key, op, member.value.scalar);
    if (!made) {
        problems.add(member.value.where, member.value.path, made.error().message);
        return;
    }
    matchers.push_back(std::move(*made));
}

class TreeReader {
public:
    TreeReader(std::vector<ImportNote>& notes, Problems& problems) : notes_(notes), problems_(problems) {}

    Node read(const SettingsNode& node, const Node* parent, std::size_t depth) {
        Node out;
        out.where = node.where;
        out.matchers = read_matchers(node, "", problems_);
        out.receiver = text_of(node, "receiver", parent == nullptr ? "" : parent->receiver);
        if (out.receiver.empty()) problems_.add(node.where, node.path, "the root route must name a receiver");
        out.group_by = parent == nullptr ? std::vector<std::string>{} : parent->group_by;
        if (const SettingsNode* by = node.find("group_by"); by != nullptr) out.group_by = texts_of(by);
        out.group_wait = text_of(node, "group_wait", parent == nullptr ? "30s" : parent->group_wait);
        out.group_interval = text_of(node, "group_interval", parent == nullptr ? "5m" : parent->group_interval);
        out.proceed = text_of(node, "continue", "false") == "true";
        out.mute = texts_of(node.find("mute_time_intervals"));
        out.active = texts_of(node.find("active_time_intervals"));
        if (parent == nullptr) refuse_times_of_root(node);
        note_what_is_left_out(node);
        const SettingsNode* children = node.find("routes");
        if (children == nullptr || children->items.empty()) return out;
        if (depth == depth_max) {
            notes_.push_back({children->where, "routes nested deeper than 30 are left out"});
            return out;
        }
        for (const SettingsNode& child : children->items) out.children.push_back(read(child, &out, depth + 1));
        return out;
    }

private:
    void refuse_times_of_root(const SettingsNode& root) {
        for (const char* key : {"mute_time_intervals", "active_time_intervals"})
            if (const SettingsNode* given = root.find(key); given != nullptr)
                problems_.add(given->where, given->path, "may not stand at the root route, which Alertmanager refuses",
                              "put it at the routes below");
    }

    void note_what_is_left_out(const SettingsNode& node) {
        if (const SettingsNode* repeat = node.find("repeat_interval"); repeat != nullptr)
            notes_.push_back({repeat->where,
                              "repeat_interval is left out: a ticket is opened once and updated, it need "
                              "not be repeated"});
        static const std::set<std::string, std::less<>> known{
            "receiver", "group_by", "group_wait", "group_interval",      "repeat_interval",       "matchers",
            "match",    "match_re", "continue",   "mute_time_intervals", "active_time_intervals", "routes"};
        for (const SettingsNode::Member& member : node.members)
            if (!known.contains(member.key))
                notes_.push_back(
                    {member.key_where, "the key " + shown(member.key) + " of a route is not known and left out"});
    }

    std::vector<ImportNote>& notes_;
    Problems& problems_;
};

// An alert cannot have two values of one label.
bool contradict(const Matchers& a, const Matchers& b) {
    for (const Matcher& one : a)
        for (const Matcher& other : b) {
            if (one.name() != other.name()) continue;
            if (one.op() == MatchOp::equal && !other.matches(one.value())) return true;
            if (other.op() == MatchOp::equal && !one.matches(other.value())) return true;
        }
    return false;
}

void join(Matchers& into, const Matchers& more) {
    for (const Matcher& matcher : more) {
        const bool known =
            std::any_of(into.begin(), into.end(), [&matcher](const Matcher& m) { return m.text() == matcher.text(); });
        if (!known) into.push_back(matcher);
    }
}

class Flattener {
public:
    explicit Flattener(std::vector<ImportNote>& notes) : notes_(notes) {}

    // Rows for every alert that the node's own matchers let in: its children first, itself last.
    std::vector<FlatRoute> node(const Node& at) {
        std::vector<FlatRoute> rows = children(at.children, 0);
        rows.push_back({at.where, {}, {at.receiver}, at.group_by, at.group_wait, at.group_interval});
        std::vector<FlatRoute> out;
        for (FlatRoute& row : rows) {
            if (contradict(at.matchers, row.matchers)) continue;
            Matchers all = at.matchers;
            join(all, row.matchers);
            row.matchers = std::move(all);
            out.push_back(std::move(row));
        }
        return out;
    }

private:
    std::vector<FlatRoute> children(const std::vector<Node>& all, std::size_t first) {
        std::vector<FlatRoute> out;
        if (first == all.size()) return out;
        const std::vector<FlatRoute> own = node(all[first]);
        const std::vector<FlatRoute> later = children(all, first + 1);
        for (const FlatRoute& row : own) {
            if (all[first].proceed)
                for (const FlatRoute& next : later) both(row, next, out);
            out.push_back(row);
        }
        out.insert(out.end(), later.begin(), later.end());
        return out;
    }

    // `continue: true`: the alert goes on, and a later sibling may take it too.
    void both(const FlatRoute& first, const FlatRoute& next, std::vector<FlatRoute>& out) {
        if (contradict(first.matchers, next.matchers)) return;
        if (out.size() >= imported_rules_max) {
            if (!std::exchange(is_cut_, true))
                notes_.push_back({first.where, "`continue: true` here leads to more than " +
                                                   std::to_string(imported_rules_max) +
                                                   " combinations: the rest goes to the first receiver alone"});
            return;
        }
        FlatRoute row = first;
        join(row.matchers, next.matchers);
        for (const std::string& receiver : next.receivers)
            if (std::find(row.receivers.begin(), row.receivers.end(), receiver) == row.receivers.end())
                row.receivers.push_back(receiver);
        if (row.group_by != next.group_by && !std::exchange(is_regrouped_, true))
            notes_.push_back({first.where,
                              "an alert that `continue: true` sends to several receivers is grouped as its "
                              "first route says: one incident, one ticket in each"});
        out.push_back(std::move(row));
    }

    std::vector<ImportNote>& notes_;
    bool is_cut_ = false, is_regrouped_ = false;
};

}  // namespace

std::vector<std::string> texts_of(const SettingsNode* node) {
    std::vector<std::string> texts;
    if (node == nullptr) return texts;
    if (node->kind == SettingsNode::Kind::scalar) texts.push_back(node->scalar);
    for (const SettingsNode& item : node->items) texts.push_back(item.scalar);
    return texts;
}

Matchers read_matchers(const SettingsNode& node, const std::string& prefix, Problems& problems) {
    Matchers out;
    if (const SettingsNode* list = node.find(prefix + "matchers"); list != nullptr) {
        if (list->kind == SettingsNode::Kind::scalar) add(out, *list, list->scalar, problems);
        for (const SettingsNode& item : list->items) add(out, item, item.scalar, problems);
    }
    if (const SettingsNode* map = node.find(prefix + "match"); map != nullptr)
        for (const SettingsNode::Member& member : map->members) add(out, member, MatchOp::equal, problems);
    if (const SettingsNode* map = node.find(prefix + "match_re"); map != nullptr)
        for (const SettingsNode::Member& member : map->members) add(out, member, MatchOp::regex, problems);
    return out;
}

Node read_route_tree(const SettingsNode& route, std::vector<ImportNote>& notes, Problems& problems) {
    return TreeReader(notes, problems).read(route, nullptr, 0);
}

std::vector<FlatRoute> flatten(const Node& root, std::vector<ImportNote>& notes) {
    std::vector<FlatRoute> rows = Flattener(notes).node(root);
    // What stands behind a row without matchers is never reached, here as there.
    const auto all = std::find_if(rows.begin(), rows.end(), [](const FlatRoute& row) { return row.matchers.empty(); });
    if (all != rows.end() && all + 1 != rows.end()) {
        notes.push_back({(all + 1)->where, "routes from here on are left out: one before them takes every alert"});
        rows.erase(all + 1, rows.end());
    }
    return rows;
}

}  // namespace incidentd::importing
