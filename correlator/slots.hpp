// Records with stable numbers and addresses: growing never moves one, freed numbers are used again, last freed first.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace incidentd {

template <class Record>
class Slots {
public:
    using Slot = std::uint32_t;

    Slot take() {
        if (!free_.empty()) {
            const Slot slot = free_.back();
            free_.pop_back();
            return slot;
        }
        if (end_ % chunk == 0) chunks_.push_back(std::make_unique<Record[]>(chunk));
        return end_++;
    }
    // The caller has put the record back into its default state.
    void give_back(Slot slot) { free_.push_back(slot); }

    Record& operator[](Slot slot) {
        assert(slot < end_);
        return chunks_[slot / chunk][slot % chunk];
    }
    const Record& operator[](Slot slot) const {
        assert(slot < end_);
        return chunks_[slot / chunk][slot % chunk];
    }
    Slot end() const { return end_; }                        // one past the highest number ever given
    const std::vector<Slot>& free() const { return free_; }  // the last one is given next

    // Takes the numbers below `end` into use at once; then says which of them are free. For an empty one.
    void restore(Slot end) {
        assert(end_ == 0);
        while (end_ < end) take();
    }
    void set_free(std::vector<Slot> free) { free_ = std::move(free); }

private:
    static constexpr Slot chunk = 4096;
    std::vector<std::unique_ptr<Record[]>> chunks_;
    std::vector<Slot> free_;
    Slot end_ = 0;
};

}  // namespace incidentd
