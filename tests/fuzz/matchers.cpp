// A matcher's text comes from rule files and from whoever may ask the API. Whatever it is, it is read or refused with a
// place; what was read means the same when it is written and read again, alone and in an index.
#include "correlator/matcher_index.hpp"
#include "tests/fuzz/target.hpp"

#include <algorithm>
#include <string>
#include <vector>

using namespace incidentd;

namespace {

std::string all_texts(const Matchers& matchers) {
    std::string out;
    for (const Matcher& matcher : matchers) out += (out.empty() ? "" : ",") + matcher.text();
    return out;
}

// The label sets that come nearest to the matchers: their own names, with each other's values.
std::vector<std::vector<LabelView>> label_sets(const Matchers& matchers) {
    std::vector<std::vector<LabelView>> sets{{}};
    for (std::size_t shift = 0; shift < 2; ++shift) {
        std::vector<LabelView> labels;
        for (std::size_t i = 0; i < matchers.size(); ++i) {
            const std::string_view value = matchers[(i + shift) % matchers.size()].value();
            const bool known = std::any_of(labels.begin(), labels.end(),
                                           [&](const LabelView& label) { return label.name == matchers[i].name(); });
            if (!value.empty() && !known) labels.push_back({matchers[i].name(), value});
        }
        std::sort(labels.begin(), labels.end(), [](const LabelView& a, const LabelView& b) { return a.name < b.name; });
        sets.push_back(std::move(labels));
    }
    return sets;
}

void check_index(const Matchers& matchers) {
    std::vector<Matchers> rules{matchers};
    for (const Matcher& matcher : matchers) rules.push_back({matcher});
    std::vector<const Matchers*> pointers;
    for (const Matchers& rule : rules) pointers.push_back(&rule);
    const MatcherIndex index(pointers);
    MatchMemory memory;
    for (const std::vector<LabelView>& labels : label_sets(matchers)) {
        std::vector<bool> found(rules.size());
        index.each(labels, memory, [&](MatcherIndex::Rule rule) {
            found[rule] = true;
            return true;
        });
        for (std::size_t i = 0; i < rules.size(); ++i) FUZZ_CHECK(found[i] == matches_all(rules[i], labels));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const Result<Matchers> read = parse_matchers(text);
    (void)parse_matcher(text);
    if (read.has_error()) {
        FUZZ_CHECK(read.error().message.starts_with("at byte "));
        return 0;
    }
    const std::string written = all_texts(*read);
    const Result<Matchers> again = parse_matchers(written);
    FUZZ_CHECK(again.has_value());
    FUZZ_CHECK(again->size() == read->size());
    FUZZ_CHECK(all_texts(*again) == written);
    if (read->size() <= 16) check_index(*read);
    return 0;
}
