#include "daemon/replay/suggest.hpp"

#include <algorithm>
#include <array>
#include <functional>

namespace incidentd {
namespace {

constexpr double attributable_least = 0.5;
constexpr double shared_least = 0.8;   // of the cases, for a label to stand in a rule
constexpr double inhibit_least = 0.9;  // of the onsets of the later check: it hardly ever comes without the other
constexpr std::size_t labels_kept = 16, examples_most = 3;

std::uint64_t hash_of(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325ULL;  // FNV-1a
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return hash | 1U;
}

// A matcher's value in its quotes, within a YAML text in single quotes.
std::string quoted(std::string_view value) {
    std::string out = "\"";
    for (const char c : value) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
        if (c == '\'') out += '\'';
    }
    return out + '"';
}

std::string literal(std::string_view value) {
    std::string out;
    for (const char c : value) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
                           c == '-' || c == ' ' || static_cast<unsigned char>(c) >= 0x80;
        if (!plain) out += '\\';
        out += c;
    }
    return out;
}

// Of a rule: what a key may be made of.
std::string as_name(std::string_view text) {
    std::string out;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (plain)
            out += c;
        else if (!out.empty() && out.back() != '-')
            out += '-';
    }
    while (!out.empty() && out.back() == '-') out.pop_back();
    return out.substr(0, 40);
}

bool is_plain_label(std::string_view name) {
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    });
}

}  // namespace

SuggestionMiner::Check SuggestionMiner::check_of(LabelsView labels) {
    constexpr std::array<std::string_view, 3> names{"alertname", "check", "service"};
    for (const std::string_view name : names) {
        if (name == "service" && find_label(labels, "host").empty()) continue;
        if (const std::string_view value = find_label(labels, name); !value.empty())
            return {std::string(name), std::string(value)};
    }
    return {};
}

void SuggestionMiner::onset(LabelsView labels, Instant at) {
    Seen seen;
    seen.check = check_of(labels);
    if (seen.check.value.empty()) return;
    for (const LabelView& label : labels.first(std::min(labels.size(), labels_kept)))
        seen.labels.emplace_back(label.name, label.value);
    RecentOnset onset;
    onset.received = onset.at = at;
    onset.scale = window_;
    onset.check = hash_of(seen.check.value);
    onset.environment = Environment(labels);
    pairs_.observe(onset, seen.check.value, recent_, {});
    count_cases(seen, at);
    recent_.add(onset);
    seen_.push_back(std::move(seen));
    if (seen_.size() > recent_onsets_max) seen_.pop_front();
}

void SuggestionMiner::count_cases(const Seen& then, Instant at) {
    const std::uint64_t from = recent_.after(at - window_);
    if (recent_.end() - from > window_onsets_max) return;
    for (std::uint64_t number = recent_.end(); number-- > from;) {
        const Seen& first = seen_[number - recent_.first()];
        if (first.check.value == then.check.value) continue;
        if (cases_.size() >= mined_pairs_max && !cases_.contains({first.check.value, then.check.value})) continue;
        Cases& cases = cases_[{first.check.value, then.check.value}];
        if (cases.count > 0 && at - cases.latest <= window_ * 2) continue;
        if (cases.count++ == 0) {
            cases.first = first.check;
            cases.then = then.check;
            cases.earliest = at;
        }
        cases.latest = at;
        if (cases.examples.size() < examples_most) cases.examples.push_back(at);
        for (const auto& label : then.labels)
            if (std::find(first.labels.begin(), first.labels.end(), label) != first.labels.end())
                ++cases.shared[label.first];
    }
}

bool SuggestionMiner::describe(Suggestion& s, const Cases& cases) const {
    // The narrower, the better: what fails together on one host should not gather a whole cluster.
    constexpr std::array<std::string_view, 8> narrow_first{"host",    "instance",  "pod", "device",
                                                           "service", "namespace", "job", "cluster"};
    std::vector<std::string_view> names(narrow_first.begin(), narrow_first.end());
    for (const auto& [name, count] : cases.shared)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    for (const std::string_view name : names) {
        const auto known = cases.shared.find(std::string(name));
        const bool names_check = name == cases.first.label || name == cases.then.label || name == "severity";
        if (known == cases.shared.end() || names_check || !is_plain_label(name)) continue;
        if (static_cast<double>(known->second) < shared_least * static_cast<double>(cases.count)) continue;
        s.shared = name;
        s.shared_cases = known->second;
        break;
    }
    if (s.shared.empty()) return false;
    const std::string name = "suggested-" + as_name(cases.first.value) + "-" + as_name(cases.then.value);
    if (s.pair.near >= inhibit_least * s.pair.of) {
        s.kind = Suggestion::Kind::inhibit;
        s.yaml = "version: 1\ninhibit:\n  - {name: " + name + ", source: ['" + cases.first.label + '=' +
                 quoted(cases.first.value) + "'], target: ['" + cases.then.label + '=' + quoted(cases.then.value) +
                 "'], equal: [" + s.shared + "]}\n";
        return true;
    }
    if (cases.first.label != cases.then.label) return false;  // no one matcher takes both
    s.kind = Suggestion::Kind::group;
    s.yaml = "version: 1\ncorrelate:\n  - {name: " + name + ", match: ['" + cases.first.label + "=~" +
             quoted(literal(cases.first.value) + '|' + literal(cases.then.value)) + "'], by: [" + s.shared +
             "], within: " + to_string(window_) + "}\n";
    return true;
}

std::vector<Suggestion> SuggestionMiner::suggestions(std::size_t most, Instant now) const {
    std::vector<Suggestion> found;
    for (LearnedPair& pair : pairs_.pairs(pair_sets * pair_ways, now)) {
        if (found.size() == most) break;
        if (pair.attributable < attributable_least) continue;
        const auto cases = cases_.find({pair.first, pair.then});
        if (cases == cases_.end()) continue;
        Suggestion s;
        s.first = pair.first;
        s.then = pair.then;
        s.pair = std::move(pair);
        s.cases = cases->second.count;
        s.earliest = cases->second.earliest;
        s.latest = cases->second.latest;
        s.examples = cases->second.examples;
        if (describe(s, cases->second)) found.push_back(std::move(s));
    }
    return found;
}

}  // namespace incidentd
