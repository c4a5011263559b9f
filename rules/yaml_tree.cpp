// parse_settings(): yaml-cpp's events into a located tree. Nothing else in the project sees yaml-cpp.
#include "correlator/alert.hpp"
#include "rules/settings.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <exception>
#include <map>
#include <sstream>

namespace incidentd {
namespace {

// Ends the walk over a file that breaks a bound; the problem was added before.
struct Abandon : std::exception {};

std::size_t count_nodes(const SettingsNode& node) {
    std::size_t count = 1;
    for (const SettingsNode& item : node.items) count += count_nodes(item);
    for (const auto& member : node.members) count += count_nodes(member.value);
    return count;
}

std::size_t count_bytes(const SettingsNode& node) {
    std::size_t bytes = node.scalar.size();
    for (const SettingsNode& item : node.items) bytes += count_bytes(item);
    for (const auto& member : node.members) bytes += member.key.size() + count_bytes(member.value);
    return bytes;
}

std::size_t depth_of(const SettingsNode& node) {
    std::size_t below = 0;
    for (const SettingsNode& item : node.items) below = std::max(below, depth_of(item));
    for (const auto& member : node.members) below = std::max(below, depth_of(member.value));
    return below + 1;
}

void set_paths(SettingsNode& node, const std::string& path) {
    node.path = path;
    for (std::size_t i = 0; i < node.items.size(); ++i) {
        set_paths(node.items[i], path + "[" + std::to_string(i) + "]");
    }
    for (auto& member : node.members) {
        set_paths(member.value, path.empty() ? member.key : path + "." + member.key);
    }
}

class TreeBuilder : public YAML::EventHandler {
public:
    TreeBuilder(const std::string& file, Problems& problems) : file_(file), problems_(problems) {}

    SettingsNode take_root() { return std::move(root_); }
    const Location& document_start() const { return document_start_; }

    void OnDocumentStart(const YAML::Mark& mark) override { document_start_ = at(mark); }
    void OnDocumentEnd() override {}

    void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { place(make(mark), anchor); }

    void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
        const auto known = anchors_.find(anchor);
        if (known == anchors_.end()) abandon(mark, "an alias may not stand inside what it refers to");
        grow(mark, known->second.nodes - 1, known->second.bytes);
        if (frames_.size() + known->second.depth > settings_depth_max) abandon_depth(mark);
        SettingsNode copy = known->second.node;
        copy.where = at(mark);
        place(std::move(copy), 0);
    }

    void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  const std::string& value) override {
        check_tag(mark, tag);
        SettingsNode node = make(mark);
        node.kind = SettingsNode::Kind::scalar;
        node.scalar = value;
        node.quoted = tag == "!" || tag == "tag:yaml.org,2002:str";
        grow(mark, 0, value.size());
        place(std::move(node), anchor);
    }

    void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                         YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, SettingsNode::Kind::list);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                    YAML::EmitterStyle::value) override {
        open(mark, tag, anchor, SettingsNode::Kind::map);
    }
    void OnMapEnd() override { close(); }

private:
    struct Frame {
        SettingsNode node;
        YAML::anchor_t anchor = 0;
        bool has_key = false;
        std::string key;
        Location key_where;
        std::map<std::string, int> key_lines;
    };
    struct Anchored {
        SettingsNode node;
        std::size_t nodes, bytes, depth;
    };

    Location at(const YAML::Mark& mark) const { return {file_, mark.line + 1, mark.column + 1}; }

    [[noreturn]] void abandon(const YAML::Mark& mark, std::string message, std::string hint = {}) {
        problems_.add(at(mark), "", std::move(message), std::move(hint));
        throw Abandon();
    }
    [[noreturn]] void abandon_depth(const YAML::Mark& mark) {
        abandon(mark, "is nested deeper than " + std::to_string(settings_depth_max) + " levels");
    }

    void grow(const YAML::Mark& mark, std::size_t nodes, std::size_t bytes) {
        nodes_ += nodes;
        bytes_ += bytes;
        if (nodes_ > settings_nodes_max || bytes_ > settings_expanded_bytes_max) {
            abandon(mark,
                    "the file has more than " + std::to_string(settings_nodes_max) + " values or " +
                        std::to_string(settings_expanded_bytes_max) + " bytes of text, aliases expanded",
                    "split it, or use fewer aliases");
        }
    }

    SettingsNode make(const YAML::Mark& mark) {
        grow(mark, 1, 0);
        SettingsNode node;
        node.where = at(mark);
        return node;
    }

    void check_tag(const YAML::Mark& mark, const std::string& tag) {
        if (tag.empty() || tag == "?" || tag == "!" || tag == "tag:yaml.org,2002:str") return;
        problems_.add(at(mark), "", "the tag " + shown(tag) + " is not supported", "remove it");
    }

    void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, SettingsNode::Kind kind) {
        check_tag(mark, tag);
        if (frames_.size() >= settings_depth_max) abandon_depth(mark);
        Frame frame;
        frame.node = make(mark);
        frame.node.kind = kind;
        frame.anchor = anchor;
        frames_.push_back(std::move(frame));
    }

    void close() {
        Frame frame = std::move(frames_.back());
        frames_.pop_back();
        place(std::move(frame.node), frame.anchor);
    }

    void place(SettingsNode node, YAML::anchor_t anchor) {
        if (anchor != 0) anchors_[anchor] = {node, count_nodes(node), count_bytes(node), depth_of(node)};
        if (frames_.empty()) {
            root_ = std::move(node);
            return;
        }
        Frame& frame = frames_.back();
        if (frame.node.kind == SettingsNode::Kind::list) {
            frame.node.items.push_back(std::move(node));
        } else if (!frame.has_key) {
            frame.has_key = true;
            frame.key_where = node.where;
            if (node.kind != SettingsNode::Kind::scalar) {
                problems_.add(node.where, path(), "a key must be plain text",
                              "a text with braces needs quotes: '{{host}}'");
            }
            frame.key = std::move(node.scalar);
        } else {
            frame.has_key = false;
            if (node.kind == SettingsNode::Kind::null) node.where = frame.key_where;
            add_member(frame, std::move(node));
        }
    }

    // Of the member that is being read.
    std::string path() const {
        std::string text;
        for (const Frame& frame : frames_) {
            if (frame.node.kind == SettingsNode::Kind::list) {
                text += "[" + std::to_string(frame.node.items.size()) + "]";
            } else if (!frame.key.empty()) {
                text += (text.empty() ? "" : ".") + frame.key;
            }
        }
        return text;
    }

    void add_member(Frame& frame, SettingsNode value) {
        const auto [same, is_new] = frame.key_lines.try_emplace(frame.key, frame.key_where.line);
        if (!is_new) {
            problems_.add(frame.key_where, path(),
                          "is given twice; the first one is in line " + std::to_string(same->second),
                          "remove one of them");
            return;
        }
        frame.node.members.push_back({std::move(frame.key), frame.key_where, std::move(value)});
    }

    const std::string& file_;
    Problems& problems_;
    std::vector<Frame> frames_;
    std::map<YAML::anchor_t, Anchored> anchors_;
    std::size_t nodes_ = 0;
    std::size_t bytes_ = 0;
    SettingsNode root_;
    Location document_start_;
};

// Lines are independent in UTF-8, so the first bad one holds the first bad character.
bool check_characters(std::string_view text, const std::string& file, Problems& problems) {
    if (is_clean_utf8(text)) return true;
    int line = 1;
    while (true) {
        const std::string_view head = text.substr(0, text.find('\n'));
        if (!is_clean_utf8(head) || head.size() == text.size()) {
            std::size_t at = 0;
            for (std::size_t length = 1; at < head.size(); at += length) {
                length = 1;
                while (length < 5 && !is_clean_utf8(head.substr(at, length))) ++length;
                if (length == 5) break;
            }
            const bool nul = at < head.size() && head[at] == '\0';
            problems.add({file, line, static_cast<int>(at) + 1}, "",
                         nul ? "has a NUL byte" : "is not valid UTF-8 from this byte on",
                         "save the file as UTF-8 text");
            return false;
        }
        text.remove_prefix(head.size() + 1);
        ++line;
    }
}

}  // namespace

SettingsNode parse_settings(std::string_view yaml_text, const std::string& file, Problems& problems) {
    SettingsNode nothing;
    nothing.where = {file, 0, 0};
    if (yaml_text.size() > settings_bytes_max) {
        problems.add(nothing.where, "", "is larger than " + std::to_string(settings_bytes_max) + " bytes");
        return nothing;
    }
    problems.keep_source(file, yaml_text);
    if (!check_characters(yaml_text, file, problems)) return nothing;
    const std::size_t before = problems.items().size();
    try {
        std::istringstream stream{std::string(yaml_text)};
        YAML::Parser parser(stream);
        TreeBuilder builder(file, problems);
        if (!parser.HandleNextDocument(builder)) return nothing;
        SettingsNode root = builder.take_root();
        if (parser.HandleNextDocument(builder)) {
            problems.add(builder.document_start(), "",
                         "a second YAML document begins here; one file holds one document",
                         "remove the '---' line, or make it a file of its own");
        }
        set_paths(root, "");
        return root;
    } catch (const Abandon&) {
        return nothing;
    } catch (const YAML::Exception& error) {
        Location where{file, error.mark.line + 1, error.mark.column + 1};
        if (error.mark.is_null()) where.line = where.column = 0;
        problems.add(where, "", "is not valid YAML: " + error.msg);
    } catch (const std::exception& error) {
        problems.add(nothing.where, "", std::string("could not be read as YAML: ") + error.what());
    }
    if (problems.items().size() == before) problems.add(nothing.where, "", "could not be read as YAML");
    return nothing;
}

}  // namespace incidentd
