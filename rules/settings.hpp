// Strict, located YAML: every problem of a file at once, each with file, line, column, reason and hint.
// Used by the rules, by incidentd.yaml and by the adapters' options.
#pragma once

#include "correlator/result.hpp"
#include "correlator/time.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

struct Location {
    std::string file;
    int line = 0;    // from 1; 0: the file as a whole
    int column = 0;  // from 1
};

struct Problem {
    Location where;
    std::string key;      // dotted path: "sinks.rt.url"
    std::string message;  // what was found and what is allowed
    std::string hint;     // what to do; may be empty
};

// "incidentd.yaml:12:3: sinks.rt.url: is missing; <hint>"
std::string to_string(const Problem& problem);

struct SettingsNode;

// What is wrong (nothing is loaded then), and apart from it what is probably not meant (it is loaded all the same).
class Problems {
public:
    void add(const Location& where, std::string key, std::string message, std::string hint = {});
    void warn(const Location& where, std::string key, std::string message, std::string hint = {});
    bool empty() const { return items_.empty(); }
    const std::vector<Problem>& items() const { return items_; }  // sorted by nothing: in the order found
    const std::vector<Problem>& warnings() const { return warnings_; }
    std::string text() const;  // one line each; warnings are not among them

    // The text of a file that was parsed, so that problems can show it and point into it.
    void keep_source(const std::string& file, std::string_view text);
    // The line without its end; "" when the file was not parsed here.
    std::string_view source_line(const Location& where) const;
    // Where byte `offset` of a scalar's value stands in its file, whatever its quotes and escapes.
    Location inside(const SettingsNode& scalar, std::size_t offset) const;

private:
    std::vector<Problem> items_;
    std::vector<Problem> warnings_;
    std::map<std::string, std::string, std::less<>> sources_;
};

// A YAML value with its place. A plain tree: reading it never fails, checking it does.
struct SettingsNode {
    enum class Kind : std::uint8_t { null, scalar, list, map };
    struct Member;

    Kind kind = Kind::null;
    std::string path;  // dotted path of this value
    Location where;
    std::string scalar;
    bool quoted = false;  // the scalar was quoted: "yes" is text, never a boolean
    std::vector<SettingsNode> items;
    std::vector<Member> members;

    const SettingsNode* find(std::string_view key) const;  // of a map; nullptr when absent or not a map
};

struct SettingsNode::Member {
    std::string key;
    Location key_where;
    SettingsNode value;
};

// Bounds of one file. Past any of them the file is refused with a problem.
constexpr std::size_t settings_bytes_max = 4 * 1024 * 1024;
constexpr std::size_t settings_nodes_max = 600'000;                    // aliases count with all they stand for
constexpr std::size_t settings_expanded_bytes_max = 16 * 1024 * 1024;  // text of all values, likewise
constexpr std::size_t settings_depth_max = 32;

// Parses one YAML document. Syntax errors, duplicate keys, anchors with cycles and nesting deeper than 32 are problems.
// Returns what could be read; an unreadable file gives a null node and at least one problem.
SettingsNode parse_settings(std::string_view yaml_text, const std::string& file, Problems& problems);

// Reads the members of one map with their types. Each getter reports a wrong type; finish() reports unknown keys with
// the nearest known one. Usage: SettingsReader r(node, problems); auto url = r.text("url"); r.finish();
class SettingsReader {
public:
    SettingsReader(const SettingsNode& node, Problems& problems);

    // nullopt when absent or wrong (then a problem was added). The require_ forms add a problem when absent.
    std::optional<std::string> text(std::string_view key);
    std::optional<std::int64_t> integer(std::string_view key, std::int64_t least, std::int64_t most);
    std::optional<bool> boolean(std::string_view key);                        // true | false
    std::optional<Duration> duration(std::string_view key);                   // "90s"
    std::optional<std::uint64_t> bytes(std::string_view key);                 // "64KiB", "1MiB", "4096"
    std::optional<std::vector<std::string>> text_list(std::string_view key);  // a list, or one text
    std::optional<std::vector<std::pair<std::string, std::string>>> text_map(std::string_view key);
    const SettingsNode* map(std::string_view key);   // nullptr when absent or not a map
    const SettingsNode* list(std::string_view key);  // likewise
    const SettingsNode* any(std::string_view key);   // whatever is there
    std::string require_text(std::string_view key);  // "" after the problem was added

    bool has(std::string_view key) const { return node_.find(key) != nullptr; }
    const SettingsNode& node() const { return node_; }
    Problems& problems() const { return problems_; }
    void problem(std::string_view key, std::string message, std::string hint = {});  // at the key's value, or the map
    // Reports the key when it is there; it is never listed as allowed.
    void refuse(std::string_view key, std::string message, std::string hint);
    void finish();  // unknown keys

private:
    const SettingsNode* take(std::string_view key);
    const SettingsNode& node_;
    Problems& problems_;
    std::vector<std::string> known_;
    std::vector<std::string> refused_;
};

// Of `known`, the one a person most likely meant by `word` (edit distance at most a third of its length); "" when none
// is near.
std::string nearest(std::string_view word, const std::vector<std::string>& known);

// What `incidentd check-config` prints, warnings last: one line each and below it the line of the file with a mark
// where it is; or a JSON array of {severity,file,line,column,key,message,hint}.
std::string render_problems(const Problems& problems, bool json);

// `found` as a message may show it: quoted, control characters escaped, cut after 60 bytes.
std::string shown(std::string_view found);

// "64KiB", "1MiB", "2GiB" or plain bytes. Errors: invalid.
Result<std::uint64_t> parse_bytes(std::string_view text);

}  // namespace incidentd
