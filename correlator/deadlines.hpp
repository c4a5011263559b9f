// What is due when. Ordered by (time, order of setting); cancelled by generation, so that moving one costs nothing.
#pragma once

#include "correlator/time.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace incidentd {

enum class DeadlineKind : std::uint8_t {
    hold_over,
    quiet_over,
    alert_expires,
    alert_forgotten,
    update_due,
    silence_changes,
    flapping_over,
    storm_over,
    absence_due
};

struct Deadline {
    Instant at;
    std::uint64_t order = 0;
    std::uint64_t subject = 0;     // incident id, alert slot, number of a silence, storm or absence
    std::uint32_t generation = 0;  // of the subject when it was set: another one means it no longer counts
    DeadlineKind kind = DeadlineKind::hold_over;
    std::uint8_t detail = 0;  // update_due: which of the incident's sinks
};

class Deadlines {
public:
    void set(Instant at, DeadlineKind kind, std::uint64_t subject, std::uint32_t generation, std::uint8_t detail = 0) {
        heap_.push_back({at, next_order_++, subject, generation, kind, detail});
        std::push_heap(heap_.begin(), heap_.end(), later);
    }
    std::optional<Instant> next() const {
        return heap_.empty() ? std::nullopt : std::optional<Instant>(heap_.front().at);
    }
    std::optional<Deadline> pop_due(Instant now) {
        if (heap_.empty() || heap_.front().at > now) return std::nullopt;
        std::pop_heap(heap_.begin(), heap_.end(), later);
        const Deadline due = heap_.back();
        heap_.pop_back();
        return due;
    }
    std::size_t size() const { return heap_.size(); }
    std::uint64_t next_order() const { return next_order_; }

    std::vector<Deadline> in_order() const {
        std::vector<Deadline> sorted = heap_;
        std::sort(sorted.begin(), sorted.end(), [](const Deadline& a, const Deadline& b) { return later(b, a); });
        return sorted;
    }
    // `in_order` is what in_order() gave; what is sorted is a heap.
    void restore(std::vector<Deadline> in_order, std::uint64_t next_order) {
        heap_ = std::move(in_order);
        next_order_ = next_order;
    }

private:
    static bool later(const Deadline& a, const Deadline& b) { return a.at != b.at ? a.at > b.at : a.order > b.order; }
    std::vector<Deadline> heap_;
    std::uint64_t next_order_ = 0;
};

}  // namespace incidentd
