#include "rules/settings.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <limits>

namespace incidentd {
namespace {

const char* kind_words(const SettingsNode& node) {
    switch (node.kind) {
        case SettingsNode::Kind::null:
            return "nothing";
        case SettingsNode::Kind::scalar:
            return "text";
        case SettingsNode::Kind::list:
            return "a list";
        case SettingsNode::Kind::map:
            return "a map";
    }
    return "nothing";
}

std::string found_words(const SettingsNode& node) {
    if (node.kind == SettingsNode::Kind::scalar) return shown(node.scalar);
    return kind_words(node);
}

std::string join_path(const std::string& path, std::string_view key) {
    if (path.empty()) return std::string(key);
    return path + "." + std::string(key);
}

template <class Number>
bool whole_number(std::string_view text, Number& out) {
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, out);
    return !text.empty() && error == std::errc() && stop == end;
}

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> units{
        {{"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024ULL * 1024 * 1024}}};
    const std::size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
    std::uint64_t number = 0;
    const auto unit =
        std::find_if(units.begin(), units.end(), [&](const auto& u) { return u.first == text.substr(digits); });
    if (unit == units.end() || !whole_number(text.substr(0, digits), number) ||
        number > std::numeric_limits<std::uint64_t>::max() / unit->second) {
        return Error(ErrorCode::invalid, "must be a size such as 4096, 64KiB, 16MiB or 1GiB, found " + shown(text));
    }
    return number * unit->second;
}

const SettingsNode* SettingsNode::find(std::string_view key) const {
    for (const Member& member : members) {
        if (member.key == key) return &member.value;
    }
    return nullptr;
}

SettingsReader::SettingsReader(const SettingsNode& node, Problems& problems) : node_(node), problems_(problems) {
    if (node.kind != SettingsNode::Kind::map && node.kind != SettingsNode::Kind::null) {
        problems_.add(node.where, node.path, "must be a map of keys and values, found " + found_words(node));
    }
}

const SettingsNode* SettingsReader::take(std::string_view key) {
    known_.emplace_back(key);
    return node_.find(key);
}

void SettingsReader::problem(std::string_view key, std::string message, std::string hint) {
    const SettingsNode* value = node_.find(key);
    problems_.add(value != nullptr ? value->where : node_.where, join_path(node_.path, key), std::move(message),
                  std::move(hint));
}

std::optional<std::string> SettingsReader::text(std::string_view key) {
    const SettingsNode* value = take(key);
    if (value == nullptr) return std::nullopt;
    if (value->kind != SettingsNode::Kind::scalar) {
        problem(key, std::string("must be text, found ") + kind_words(*value));
        return std::nullopt;
    }
    return value->scalar;
}

std::optional<std::int64_t> SettingsReader::integer(std::string_view key, std::int64_t least, std::int64_t most) {
    const SettingsNode* value = take(key);
    if (value == nullptr) return std::nullopt;
    std::int64_t number = 0;
    const bool plain = value->kind == SettingsNode::Kind::scalar && !value->quoted;
    if (!plain || !whole_number(value->scalar, number) || number < least || number > most) {
        problem(key,
                "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most) + ", found " +
                    found_words(*value),
                value->quoted ? "remove the quotes" : "");
        return std::nullopt;
    }
    return number;
}

std::optional<bool> SettingsReader::boolean(std::string_view key) {
    const SettingsNode* value = take(key);
    if (value == nullptr) return std::nullopt;
    const bool plain = value->kind == SettingsNode::Kind::scalar && !value->quoted;
    if (plain && value->scalar == "true") return true;
    if (plain && value->scalar == "false") return false;
    problem(key, "must be true or false, found " + found_words(*value), value->quoted ? "remove the quotes" : "");
    return std::nullopt;
}

std::optional<Duration> SettingsReader::duration(std::string_view key) {
    const SettingsNode* value = take(key);
    if (value == nullptr) return std::nullopt;
    if (value->kind == SettingsNode::Kind::scalar) {
        const Result<Duration> read = parse_duration(value->scalar);
        if (read.has_value() && read->ms >= 0) return *read;
    }
    problem(key, "must be a duration such as 90s, 5m, 2h or 1d, found " + found_words(*value));
    return std::nullopt;
}

std::optional<std::uint64_t> SettingsReader::bytes(std::string_view key) {
    const SettingsNode* value = take(key);
    if (value == nullptr) return std::nullopt;
    if (value->kind != SettingsNode::Kind::scalar) {
        problem(key, std::string("must be a size such as 64KiB, found ") + kind_words(*value));
        return std::nullopt;
    }
    Result<std::uint64_t> read = parse_bytes(value->scalar);
    if (read.has_value()) return *read;
    problem(key, read.error().message);
    return std::nullopt;
}

std::optional<std::vector<std::string>> SettingsReader::text_list(std::string_view key) {
    const SettingsNode* value = take(key);
    if (value == nullptr || value->kind == SettingsNode::Kind::null) return std::nullopt;
    if (value->kind == SettingsNode::Kind::scalar) return std::vector<std::string>{value->scalar};
    if (value->kind != SettingsNode::Kind::list) {
        problem(key, std::string("must be a list of texts, found ") + kind_words(*value));
        return std::nullopt;
    }
    std::vector<std::string> texts;
    bool good = true;
    for (const SettingsNode& item : value->items) {
        if (item.kind == SettingsNode::Kind::scalar) {
            texts.push_back(item.scalar);
        } else {
            problems_.add(item.where, item.path, std::string("must be text, found ") + kind_words(item));
            good = false;
        }
    }
    if (!good) return std::nullopt;
    return texts;
}

std::optional<std::vector<std::pair<std::string, std::string>>> SettingsReader::text_map(std::string_view key) {
    const SettingsNode* value = map(key);
    if (value == nullptr) return std::nullopt;
    std::vector<std::pair<std::string, std::string>> pairs;
    bool good = true;
    for (const SettingsNode::Member& member : value->members) {
        if (member.value.kind == SettingsNode::Kind::scalar) {
            pairs.emplace_back(member.key, member.value.scalar);
        } else {
            problems_.add(member.value.where, member.value.path,
                          std::string("must be text, found ") + kind_words(member.value));
            good = false;
        }
    }
    if (!good) return std::nullopt;
    return pairs;
}

const SettingsNode* SettingsReader::map(std::string_view key) {
    const SettingsNode* value = take(key);
    if (value == nullptr || value->kind == SettingsNode::Kind::null) return nullptr;
    if (value->kind == SettingsNode::Kind::map) return value;
    problem(key, "must be a map of keys and values, found " + found_words(*value));
    return nullptr;
}

const SettingsNode* SettingsReader::list(std::string_view key) {
    const SettingsNode* value = take(key);
    if (value == nullptr || value->kind == SettingsNode::Kind::null) return nullptr;
    if (value->kind == SettingsNode::Kind::list) return value;
    problem(key, "must be a list, found " + found_words(*value));
    return nullptr;
}

const SettingsNode* SettingsReader::any(std::string_view key) { return take(key); }

std::string SettingsReader::require_text(std::string_view key) {
    if (!has(key)) {
        known_.emplace_back(key);
        problem(key, "is missing");
        return "";
    }
    std::optional<std::string> value = text(key);
    if (value.has_value() && value->empty()) problem(key, "must not be empty");
    return value.value_or("");
}

void SettingsReader::refuse(std::string_view key, std::string message, std::string hint) {
    refused_.emplace_back(key);
    for (const SettingsNode::Member& member : node_.members) {
        if (member.key != key) continue;
        problems_.add(member.key_where, join_path(node_.path, key), std::move(message), std::move(hint));
        return;
    }
}

void SettingsReader::finish() {
    std::vector<std::string> allowed = known_;
    std::sort(allowed.begin(), allowed.end());
    allowed.erase(std::unique(allowed.begin(), allowed.end()), allowed.end());
    for (const SettingsNode::Member& member : node_.members) {
        if (std::binary_search(allowed.begin(), allowed.end(), member.key)) continue;
        if (std::find(refused_.begin(), refused_.end(), member.key) != refused_.end()) continue;
        const std::string near = nearest(member.key, allowed);
        std::string hint = near.empty() ? "" : "did you mean '" + near + "'? ";
        hint += "allowed here: ";
        for (std::size_t i = 0; i < allowed.size(); ++i) hint += (i == 0 ? "" : ", ") + allowed[i];
        if (allowed.empty()) hint += "nothing";
        problems_.add(member.key_where, join_path(node_.path, member.key), "unknown key", std::move(hint));
    }
}

namespace {

// Optimal string alignment: insert, delete, replace, or swap two neighbours; ASCII case does not count.
std::size_t edit_distance(std::string_view a, std::string_view b) {
    const auto low = [](char c) { return std::tolower(static_cast<unsigned char>(c)); };
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = last[j - 1] + (low(a[i - 1]) == low(b[j - 1]) ? 0 : 1);
            row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
            if (i > 1 && j > 1 && low(a[i - 1]) == low(b[j - 2]) && low(a[i - 2]) == low(b[j - 1])) {
                row[j] = std::min(row[j], before[j - 2] + 1);
            }
        }
        std::swap(before, last);
        std::swap(last, row);
    }
    return last[b.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
    constexpr std::size_t word_bytes_max = 64;
    if (word.size() > word_bytes_max) return "";
    std::string best;
    std::size_t best_distance = std::numeric_limits<std::size_t>::max();
    for (const std::string& candidate : known) {
        const std::size_t longer = std::max(word.size(), candidate.size());
        if (candidate.size() > word_bytes_max) continue;
        const std::size_t distance = edit_distance(word, candidate);
        if (distance * 3 <= longer && distance < best_distance) {
            best = candidate;
            best_distance = distance;
        }
    }
    return best;
}

}  // namespace incidentd
