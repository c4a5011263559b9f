// Fingerprint -> slot, in about 13 bytes an alert: the fingerprint itself stands in the record.
#pragma once

#include "correlator/ids.hpp"
#include "correlator/records.hpp"
#include "correlator/slots.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <cstdint>
#include <optional>

namespace incidentd {

class AlertIndex {
public:
    using Slot = Slots<AlertRecord>::Slot;

    // `records` must outlive the index. `salt` changes the order within the table and must change nothing else.
    AlertIndex(const Slots<AlertRecord>& records, std::uint64_t salt)
        : salt_(salt), table_(0, Hash{}, Equal{&records}) {}

    std::optional<Slot> find(Fingerprint fingerprint) const {
        const auto found = table_.find(Probe{hash_of(fingerprint), fingerprint});
        return found == table_.end() ? std::nullopt : std::optional<Slot>(found->slot);
    }
    // Of a record that has its fingerprint already. False: there is one with that fingerprint.
    bool insert(Fingerprint fingerprint, Slot slot) {
        if (find(fingerprint)) return false;
        return table_.insert(Key{hash_of(fingerprint), slot}).second;
    }
    // While the record still has its fingerprint.
    void erase(Fingerprint fingerprint, Slot slot) { table_.erase(Key{hash_of(fingerprint), slot}); }
    std::size_t size() const { return table_.size(); }
    void reserve(std::size_t alerts) { table_.reserve(alerts); }

private:
    struct Key {
        std::uint32_t hash;
        Slot slot;
    };
    struct Probe {
        std::uint32_t hash;
        Fingerprint fingerprint;
    };
    struct Hash {
        using is_transparent = void;
        using is_avalanching = void;
        std::size_t operator()(const Key& key) const { return spread(key.hash); }
        std::size_t operator()(const Probe& probe) const { return spread(probe.hash); }
        static std::size_t spread(std::uint32_t hash) { return hash * 0x9e3779b97f4a7c15ULL; }
    };
    struct Equal {
        using is_transparent = void;
        bool operator()(const Key& a, const Key& b) const { return a.slot == b.slot; }
        bool operator()(const Probe& a, const Key& b) const { return (*this)(b, a); }
        bool operator()(const Key& a, const Probe& b) const {
            return a.hash == b.hash && (*records)[a.slot].fingerprint == b.fingerprint;
        }
        const Slots<AlertRecord>* records;
    };
    std::uint32_t hash_of(Fingerprint fingerprint) const {
        const std::uint64_t salted = fingerprint.low ^ salt_;
        return static_cast<std::uint32_t>(salted ^ (salted >> 32));
    }

    std::uint64_t salt_;
    boost::unordered_flat_set<Key, Hash, Equal> table_;
};

}  // namespace incidentd
