#include "correlator/enrich.hpp"

#include "correlator/fingerprint.hpp"
#include "correlator/state.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace incidentd {
namespace {

constexpr EventLimits bounds{};

std::string_view cut(std::string_view text) {
    if (text.size() <= bounds.label_value_bytes_max) return text;
    std::size_t end = bounds.label_value_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;  // whole characters
    return text.substr(0, end);
}

auto place_of(std::vector<LabelView>& labels, std::string_view name) {
    return std::lower_bound(labels.begin(), labels.end(), name,
                            [](const LabelView& label, std::string_view wanted) { return label.name < wanted; });
}

// What templates of the rule see: the labels, and over them the groups its regexes captured.
class Places {
public:
    Places(const EnrichRule& rule, LabelsView labels) : sheet_(labels) {
        for (const Matcher& matcher : rule.match)
            matcher.capture(find_label(labels, matcher.name()),
                            [this](std::string_view name, std::string_view text) { sheet_.set(name, text); });
    }
    LabelsView view() const { return sheet_.view(); }

private:
    LabelSheet sheet_;
};

void set_texts(const EnrichRule& rule, const AlertEvent& event, LabelSheet& labels) {
    if (rule.set.empty()) return;
    const Places places(rule, labels.view());
    const TemplateScope scope{places.view(), event.title, event.source, {}, event.severity};
    std::vector<std::string> values;
    for (const auto& [name, text] : rule.set) values.push_back(render(text, scope));
    for (std::size_t i = 0; i < values.size(); ++i) labels.set(rule.set[i].first, values[i]);
}

void look_up(const EnrichRule& rule, LabelSheet& labels) {
    if (rule.lookup == nullptr) return;
    const std::string_view key = find_label(labels.view(), rule.on);
    const std::vector<std::string>* cells = key.empty() ? nullptr : rule.lookup->find(key);
    if (cells == nullptr) return;
    const std::vector<std::string>& columns = rule.lookup->columns();
    for (const std::string& name : rule.take) {
        const auto at = static_cast<std::size_t>(std::find(columns.begin(), columns.end(), name) - columns.begin());
        if (at < cells->size() && !(*cells)[at].empty()) labels.set(name, (*cells)[at]);
    }
}

void apply(const EnrichRule& rule, const AlertEvent& event, LabelSheet& labels) {
    set_texts(rule, event, labels);
    look_up(rule, labels);
}

}  // namespace

void LabelSheet::set(std::string_view name, std::string_view value) {
    value = cut(value);
    const auto at = place_of(labels_, name);
    const bool known = at != labels_.end() && at->name == name;
    const bool changes = value.empty() ? known : known ? at->value != value : labels_.size() < bounds.labels_max;
    if (!changes) return;
    ++changes_;
    if (value.empty())
        labels_.erase(at);
    else if (known)
        at->value = own(value);
    else
        labels_.insert(at, LabelView{own(name), own(value)});
}

void enrich(const std::vector<EnrichRule>& rules, const AlertEvent& event, LabelSheet& labels) {
    for (const EnrichRule& rule : rules)
        if (matches_all(rule.match, labels.view())) apply(rule, event, labels);
}

// Behind a rule that changed a label others may apply than were found before it.
void enrich(const std::vector<EnrichRule>& rules, const MatcherIndex& index, MatchMemory& memory,
            const AlertEvent& event, LabelSheet& labels) {
    for (MatcherIndex::Rule next = 0; next < rules.size();) {
        const MatcherIndex::Rule from = std::exchange(next, MatcherIndex::none);
        const auto visit = [&](MatcherIndex::Rule number) {
            const std::size_t before = labels.changes();
            apply(rules[number], event, labels);
            if (labels.changes() == before) return true;
            next = number + 1;
            return false;
        };
        index.each(labels.view(), memory, visit, from);
    }
}

const DedupRule* dedup_rule(const std::vector<DedupRule>& rules, LabelsView labels) {
    const auto found = std::find_if(rules.begin(), rules.end(), [labels](const DedupRule& rule) {
        return matches_all(rule.match, labels) && std::all_of(rule.key.begin(), rule.key.end(), [&](const auto& name) {
                   return !find_label(labels, name).empty();
               });
    });
    return found == rules.end() ? nullptr : &*found;
}

Fingerprint dedup_fingerprint(const DedupRule& rule, std::string_view source, LabelsView labels) {
    std::vector<LabelView> values;
    for (const std::string& name : rule.key) values.push_back({name, find_label(labels, name)});
    // No source's key begins with a control character by accident: "\x01" keeps these apart from the sources' own.
    values.push_back(
        {"\x01"
         "dedup",
         source});
    return fingerprint_of(
        "\x01"
        "dedup",
        {}, values);
}

std::uint64_t hash_labels(LabelsView labels) {
    std::uint64_t hash = labels.size();
    const auto mix = [&hash](std::string_view text) {
        hash = XXH3_64bits_withSeed(text.data(), text.size(), hash + text.size());
    };
    for (const LabelView& label : labels) {
        mix(label.name);
        mix(label.value);
    }
    return hash;
}

}  // namespace incidentd
