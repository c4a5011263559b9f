#include "daemon/api/topology.hpp"

#include "adapters/json.hpp"
#include "adapters/source.hpp"
#include "correlator/estate.hpp"
#include "rules/topology_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <string>

namespace incidentd {
namespace {

constexpr std::string_view mount = "/api/v1/topology";
constexpr std::size_t part_name_bytes_max = 64;
constexpr std::size_t links_shown_max = 1000;  // of one entity

using SharedReply = std::shared_ptr<ReplyPtr>;

HttpReply unavailable() { return json_error(503, "the daemon is stopping or full; try again"); }

// The name behind the mount; "" when there is none or more than that.
std::string part_of(const HttpRequestView& request) {
    std::string_view rest = request.path;
    rest.remove_prefix(std::min(rest.size(), mount.size()));
    while (rest.starts_with('/')) rest.remove_prefix(1);
    while (rest.ends_with('/')) rest.remove_suffix(1);
    return rest.find('/') == rest.npos ? percent_decode(rest, false) : std::string();
}

bool is_part_name(std::string_view name) {
    return !name.empty() && name.size() <= part_name_bytes_max &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
           });
}

// JSON is YAML, so the reader of topology files reads it too, with its bounds and its places.
TopologySpec read_spec(const SettingsNode& node, Problems& problems) {
    for (const SettingsNode::Member& member : node.members) {
        if (member.key != "links" && member.key != "aliases" && member.key != "groups")
            problems.add(member.key_where, node.path.empty() ? member.key : node.path + "." + member.key, "unknown key",
                         "allowed here: links, aliases, groups");
        else if (member.value.kind != SettingsNode::Kind::list)
            problems.add(member.value.where, member.value.path, "must be a list");
    }
    if (node.kind != SettingsNode::Kind::map && node.kind != SettingsNode::Kind::null)
        problems.add(node.where, node.path, "must be an object with the lists links, aliases and groups");
    TopologyDraft draft;
    if (problems.empty()) read_topology_links(node, draft, problems);
    return draft.spec();
}

std::optional<TopologyChanged> read_change(std::string_view body, bool replaces, Problems& problems) {
    const SettingsNode root = parse_settings(body, "body", problems);
    if (!problems.empty()) return std::nullopt;
    TopologyChanged change;
    change.replaces = replaces;
    if (replaces) {
        change.add = read_spec(root, problems);
    } else {
        for (const SettingsNode::Member& member : root.members) {
            if (member.key == "add" || member.key == "remove")
                (member.key == "add" ? change.add : change.remove) = read_spec(member.value, problems);
            else
                problems.add(member.key_where, member.key, "unknown key", "allowed here: add, remove");
        }
        if (root.kind != SettingsNode::Kind::map)
            problems.add(root.where, "", "must be an object with add, remove or both");
    }
    return problems.empty() ? std::optional<TopologyChanged>(std::move(change)) : std::nullopt;
}

void check_and_push(Inbox& inbox, const Correlator& engine, TopologyChanged change, const SharedReply& reply) {
    if (const std::optional<std::string> refused = engine.topology_refusal(change))
        return (*reply)->send(json_error(413, *refused));
    std::string body = "{\"part\":";
    append_json_string(body, change.part);
    body += fmt::format(",\"links\":{},\"aliases\":{},\"groups\":{}}}\n", change.add.links.size(),
                        change.add.aliases.size(), change.add.needs.size());
    InboxItem item =
        InputItem{std::move(change), [reply, body = std::move(body)](bool durable) {
                      (*reply)->send(durable ? HttpReply{200, "application/json", body, {}} : unavailable());
                  }};
    if (inbox.push(item, true) != Inbox::Push::taken) (*reply)->send(unavailable());
}

std::string json_of(const TopologySpec& spec) {
    std::string out = "{\"links\":[";
    for (const TopologySpec::Link& link : spec.links) {
        const std::pair<const char*, const std::string*> members[] = {
            {"upper", &link.upper}, {"lower", &link.lower}, {"kind", &link.kind}};
        out += out.back() == '[' ? "{" : ",{";
        for (const auto& [name, value] : members) {
            out += fmt::format("{}\"{}\":", out.back() == '{' ? "" : ",", name);
            append_json_string(out, *value);
        }
        out += '}';
    }
    out += "],\"aliases\":[";
    for (const auto& [alias, entity] : spec.aliases) {
        out += out.back() == '[' ? "{\"entity\":" : ",{\"entity\":";
        append_json_string(out, entity);
        out += ",\"names\":[";
        append_json_string(out, alias);
        out += "]}";
    }
    out += "],\"groups\":[";
    for (const auto& [whole, needs] : spec.needs) {
        out += out.back() == '[' ? "{\"name\":" : ",{\"name\":";
        append_json_string(out, whole);
        out += fmt::format(",\"needs\":{}}}", needs);
    }
    return out + "]}";
}

// One entity and its neighbours, as JSON and for people.
class Found {
public:
    Found(const Estate& estate, Topology::Entity entity) : estate_(estate), entity_(entity) {}

    std::string json() const {
        std::string out = "{\"name\":";
        append_json_string(out, estate_.name(entity_));
        if (const auto group = estate_.standing(entity_))
            out += fmt::format(",\"group\":{{\"needs\":{},\"live\":{},\"members\":{}}}", group->needs, group->live,
                               group->members);
        add_json(out, "needs", estate_.uppers(entity_));
        add_json(out, "needed_by", estate_.lowers(entity_));
        return out + "}\n";
    }
    std::string text() const {
        std::string out(estate_.name(entity_));
        out += '\n';
        if (const auto group = estate_.standing(entity_))
            out += fmt::format("  lives on {} of {} members, needs {}{}\n", group->live, group->members, group->needs,
                               group->is_lost() ? ": inferred to have failed" : "");
        add_text(out, "needs", estate_.uppers(entity_));
        add_text(out, "needed by", estate_.lowers(entity_));
        return out;
    }

private:
    using Links = std::span<const Topology::Link>;

    void add_json(std::string& out, const char* name, Links links) const {
        out += fmt::format(",\"{}_total\":{},\"{}\":[", name, links.size(), name);
        for (const Topology::Link& link : links.first(std::min(links.size(), links_shown_max))) {
            out += out.back() == '[' ? "{\"name\":" : ",{\"name\":";
            append_json_string(out, estate_.name(link.to));
            out += ",\"kind\":";
            append_json_string(out, estate_.word(link));
            out += '}';
        }
        out += ']';
    }
    void add_text(std::string& out, const char* name, Links links) const {
        out += fmt::format("  {} ({}):{}\n", name, links.size(), links.empty() ? " nothing" : "");
        for (const Topology::Link& link : links.first(std::min(links.size(), links_shown_max)))
            out += fmt::format("    {} ({})\n", estate_.name(link.to), estate_.word(link));
        if (links.size() > links_shown_max) out += fmt::format("    and {} more\n", links.size() - links_shown_max);
    }

    const Estate& estate_;
    const Topology::Entity entity_;
};

HttpReply entity_reply(const Correlator& engine, const std::string& name, bool as_text) {
    const auto entity = engine.estate().find_in_topology(name);
    if (!entity.has_value())
        return json_error(
            404, "the topology knows nothing by the name '" + name + "'; names may be whole, short or aliases");
    const Found found(engine.estate(), *entity);
    if (as_text) return {200, "text/plain; charset=utf-8", found.text(), {}};
    return {200, "application/json", found.json(), {}};
}

HttpReply summary_reply(const Correlator& engine, bool as_text) {
    const Topology& topology = *engine.estate().topology();
    std::string out;
    if (as_text) {
        out = fmt::format("{} entities, {} links, {} groups that need so many of their members\n", topology.size(),
                          topology.link_count(), topology.group_count());
        for (const auto& [name, part] : engine.topology_parts())
            out += fmt::format("  part {}: {} links, {} aliases, {} groups\n", name, part.links.size(),
                               part.aliases.size(), part.needs.size());
        return {200, "text/plain; charset=utf-8", out, {}};
    }
    out = fmt::format("{{\"entities\":{},\"links\":{},\"groups\":{},\"parts\":[", topology.size(),
                      topology.link_count(), topology.group_count());
    for (const auto& [name, part] : engine.topology_parts())
        out +=
            fmt::format("{}{{\"name\":\"{}\",\"links\":{},\"aliases\":{},\"groups\":{}}}", out.back() == '[' ? "" : ",",
                        name, part.links.size(), part.aliases.size(), part.needs.size());
    return {200, "application/json", out + "]}\n", {}};
}

}  // namespace

void TopologyApi::get(const HttpRequestView& request, ReplyPtr reply) const {
    const auto open = std::make_shared<ReplyPtr>(std::move(reply));
    std::string name, output;
    const bool finds = form_value(request.query, "find", name);
    const bool as_text = form_value(request.query, "output", output) && output == "text";
    const std::string part = part_of(request);
    ask(
        [=](const Correlator& engine) {
            if (finds) return (*open)->send(entity_reply(engine, name, as_text));
            if (part.empty()) return (*open)->send(summary_reply(engine, as_text));
            const auto known = engine.topology_parts().find(part);
            if (known == engine.topology_parts().end())
                return (*open)->send(json_error(404, "no part of the topology is called '" + part + "'"));
            (*open)->send({200, "application/json", json_of(known->second) + "\n", {}});
        },
        open);
}

void TopologyApi::put(const HttpRequestView& request, ReplyPtr reply) const { change(request, true, std::move(reply)); }

void TopologyApi::patch(const HttpRequestView& request, ReplyPtr reply) const {
    change(request, false, std::move(reply));
}

void TopologyApi::change(const HttpRequestView& request, bool replaces, ReplyPtr reply) const {
    const std::string part = part_of(request);
    if (!is_part_name(part))
        return reply->send(json_error(404,
                                      "expected /api/v1/topology/PART, where PART says who sends it: 1 to 64 of a-z, "
                                      "0-9, '.', '-' and '_'"));
    if (!is_json_media_type(request.media_type()))
        return reply->send(json_error(415, "send Content-Type: application/json"));
    if (stalled_ && stalled_())
        return reply->send(json_error(503, "the journal cannot be written at the moment; nothing was changed"));
    Problems problems;
    std::optional<TopologyChanged> read = read_change(request.body, replaces, problems);
    if (!read) return reply->send(json_error(400, problems.text()));
    read->part = part;
    const auto open = std::make_shared<ReplyPtr>(std::move(reply));
    ask([&inbox = inbox_, open,
         asked = std::move(*read)](const Correlator& engine) { check_and_push(inbox, engine, asked, open); },
        open);
}

void TopologyApi::ask(std::function<void(const Correlator&)> question, const SharedReply& reply) const {
    InboxItem item = QueryItem{std::move(question)};
    if (inbox_.push(item, true) != Inbox::Push::taken) (*reply)->send(unavailable());
}

}  // namespace incidentd
