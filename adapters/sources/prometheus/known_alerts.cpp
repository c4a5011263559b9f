#include "adapters/sources/prometheus/known_alerts.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace incidentd::sources::prometheus {

std::uint64_t AlertBytes::hash() const {
    XXH64_hash_t hash = XXH3_64bits(labels.data(), labels.size());
    hash = XXH3_64bits_withSeed(annotations.data(), annotations.size(), hash);
    return XXH3_64bits_withSeed(url.data(), url.size(), hash);
}

bool KnownAlerts::Slot::holds(const AlertBytes& bytes) const {
    const std::string_view all = labels_annotations_url;
    return all.size() == bytes.size() && labels_size == bytes.labels.size() &&
           annotations_size == bytes.annotations.size() && all.substr(0, labels_size) == bytes.labels &&
           all.substr(labels_size, annotations_size) == bytes.annotations &&
           all.substr(labels_size + annotations_size) == bytes.url;
}

std::size_t KnownAlerts::Slot::size() const {
    constexpr std::size_t index_entry = 32;  // of places_, at its usual load
    return sizeof(Slot) + index_entry + labels_annotations_url.capacity() + sizeof(KeptAlert) + alert->bytes();
}

std::shared_ptr<const KeptAlert> KnownAlerts::find(const AlertBytes& bytes, std::uint64_t hash) {
    const auto found = places_.find(hash);
    if (found == places_.end()) return nullptr;
    Slot& slot = slots_[found->second];
    if (!slot.holds(bytes)) return nullptr;
    slot.repeated = true;
    return slot.alert;
}

void KnownAlerts::remember(const AlertBytes& bytes, std::uint64_t hash, const AlertEvent& event) {
    if (bytes.size() > alert_bytes_max || !seen_before(hash) || places_.contains(hash)) return;
    Slot slot{hash, {}, bytes.labels.size(), bytes.annotations.size(), std::make_shared<const KeptAlert>(event), false};
    slot.labels_annotations_url.reserve(bytes.size());
    slot.labels_annotations_url.append(bytes.labels).append(bytes.annotations).append(bytes.url);
    if (!make_room(slot.size())) return;
    bytes_ += slot.size();
    if (empty_.empty()) {
        empty_.push_back(static_cast<std::uint32_t>(slots_.size()));
        slots_.emplace_back();
    }
    places_.emplace(hash, empty_.back());
    slots_[empty_.back()] = std::move(slot);
    empty_.pop_back();
}

bool KnownAlerts::seen_before(std::uint64_t hash) {
    if (seen_.empty()) seen_.resize(seen_places);
    Seen& seen = seen_[hash % seen_places];
    const auto mark = static_cast<std::uint32_t>(hash >> 32U);
    if (std::find(seen.begin(), seen.end(), mark) != seen.end()) return true;
    std::rotate(seen.begin(), seen.end() - 1, seen.end());
    seen.front() = mark;
    return false;
}

bool KnownAlerts::make_room(std::size_t bytes) {
    while (bytes_ + bytes > bytes_max_) {
        if (slots_.size() == empty_.size()) return false;
        hand_ = (hand_ + 1) % slots_.size();
        Slot& slot = slots_[hand_];
        if (slot.alert == nullptr) continue;
        if (std::exchange(slot.repeated, false)) return false;
        bytes_ -= slot.size();
        places_.erase(slot.hash);
        slot = Slot{};
        empty_.push_back(static_cast<std::uint32_t>(hand_));
    }
    return true;
}

}  // namespace incidentd::sources::prometheus
