// Which firing alerts a rule knows by the values of some of their labels. Private to correlator/.
#pragma once

#include "correlator/fingerprint.hpp"

#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace incidentd {

// Follows from the firing alerts and the rules, so it is made anew and not kept in snapshots.
class ValueIndex {
public:
    explicit ValueIndex(std::uint64_t hash_salt) : slots_(0, FingerprintHash{hash_salt}) {}

    void add(Fingerprint key, std::uint32_t slot) {
        std::vector<std::uint32_t>& slots = slots_[key];
        const auto at = std::lower_bound(slots.begin(), slots.end(), slot);
        if (at == slots.end() || *at != slot) slots.insert(at, slot);
    }
    void remove(Fingerprint key, std::uint32_t slot) {
        const auto found = slots_.find(key);
        if (found == slots_.end()) return;
        const auto at = std::lower_bound(found->second.begin(), found->second.end(), slot);
        if (at != found->second.end() && *at == slot) found->second.erase(at);
        if (found->second.empty()) slots_.erase(found);
    }
    // Ascending.
    const std::vector<std::uint32_t>& at(Fingerprint key) const {
        static const std::vector<std::uint32_t> none;
        const auto found = slots_.find(key);
        return found == slots_.end() ? none : found->second;
    }
    void clear() { slots_.clear(); }

private:
    boost::unordered_flat_map<Fingerprint, std::vector<std::uint32_t>, FingerprintHash> slots_;
};

// Of the values of `names`; `kind` and `rule` keep keys of different uses apart. nullopt: a label is missing and may
// not be.
inline std::optional<Fingerprint> value_key(std::string_view kind, std::size_t rule,
                                            const std::vector<std::string>& names, bool optional, LabelsView labels) {
    std::vector<LabelView> values;
    values.reserve(names.size() + 1);
    for (const std::string& name : names) {
        const std::string_view value = find_label(labels, name);
        if (value.empty() && !optional) return std::nullopt;
        values.push_back({name, value});
    }
    const std::string number = std::to_string(rule);
    values.push_back({kind, number});
    return fingerprint_of("\x01values", {}, values);
}

}  // namespace incidentd
