// Alerts on their way into the engine: what an adapter writes down, checked once, in memory that is freed in one go.
#pragma once

#include "correlator/ids.hpp"
#include "correlator/labels.hpp"
#include "correlator/limits.hpp"
#include "correlator/result.hpp"
#include "correlator/severity.hpp"
#include "correlator/time.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace incidentd {

// One message about one alert. All text is borrowed: from the batch's arena, or from the journal record it was read
// from.
struct AlertEvent {
    Fingerprint fingerprint;
    EventKind kind = EventKind::firing;
    // Says nothing that the engine does not know of a firing alert: only fingerprint and times count, and only those
    // are journaled. Set by Correlator::note_refreshes().
    bool refresh = false;
    Severity severity = Severity::unknown;
    Instant starts_at;         // the source's claim; absent: the receipt time counts
    Instant ends_at;           // of a resolved alert
    Instant expires_at;        // the source promises a refresh until then; absent: never expires
    std::string_view source;   // configured instance name of the sender
    std::string_view key;      // the source's identity of the condition; empty: the labels are the identity
    std::string_view episode;  // changes with each new problem of the same alert (problem id); may be empty
    std::string_view title;
    std::string_view text;
    std::string_view url;    // link back into the monitoring system
    std::string_view actor;  // who acknowledged or commented
    LabelsView labels;
    LabelsView annotations;
    std::uint64_t details_hash = 0;  // of hash_details(), so that the shard need not look at the text; 0: not known
};

// What an adapter fills in for one message; text may point into its parser's buffers, add() copies it.
// Reuse one draft for a whole request: clear() keeps the vectors' memory.
struct AlertDraft {
    EventKind kind = EventKind::firing;
    Severity severity = Severity::unknown;
    Instant starts_at, ends_at, expires_at;
    std::string_view key, episode, title, text, url, actor;
    std::vector<LabelView> labels;       // any order; empty values are dropped; of equal names the last wins
    std::vector<LabelView> annotations;  // likewise
    void clear();
};

// An alert apart from its batch, in one piece of memory of its own. Immutable, so threads may share it.
class KeptAlert {
public:
    explicit KeptAlert(const AlertEvent& event);
    KeptAlert(const KeptAlert&) = delete;
    KeptAlert& operator=(const KeptAlert&) = delete;
    const AlertEvent& event() const { return event_; }
    std::size_t bytes() const { return bytes_; }

private:
    AlertEvent event_;
    std::unique_ptr<std::byte[]> memory_;
    std::size_t bytes_ = 0;
};

// Bump allocator of a batch. Not thread-safe; moves keep every borrowed view valid.
class EventArena {
public:
    std::string_view copy(std::string_view text);
    LabelView* label_array(std::size_t count);
    char* text_bytes(std::size_t count) { return static_cast<char*>(allocate(count, 1)); }
    std::size_t bytes() const { return bytes_; }

private:
    void* allocate(std::size_t bytes, std::size_t align);
    std::vector<std::unique_ptr<std::byte[]>> blocks_;
    std::size_t used_ = 0;      // in the last block
    std::size_t capacity_ = 0;  // of the last block
    std::size_t bytes_ = 0;     // handed out in total
};

// The alerts of one request, in the order the source sent them. Owned by one thread at a time.
class AlertBatch {
public:
    explicit AlertBatch(std::string_view source) : source_(arena_.copy(source)) {}

    // Checks the draft against the limits and UTF-8, normalises it, computes the fingerprint and stores a copy.
    // Errors: invalid (no labels and no key, bad UTF-8 in a label) or too_large, naming the field; the batch is
    // unchanged.
    Result<void> add(const AlertDraft& draft, const EventLimits& limits);

    // An alert of this source that passed add() before, its text not copied; its kind and times are the caller's to
    // set.
    AlertEvent& add(std::shared_ptr<const KeptAlert> kept);

    const std::vector<AlertEvent>& events() const { return events_; }
    std::vector<AlertEvent>& events() { return events_; }
    std::string_view source() const { return source_; }
    // What is kept elsewhere counts in full: it may be forgotten there while it waits here.
    std::size_t bytes() const { return arena_.bytes() + kept_bytes_ + events_.size() * sizeof(AlertEvent); }

private:
    // Labels are in scratch_, in order.
    void store_text(const AlertDraft& draft, const EventLimits& limits, AlertEvent& event);
    EventArena arena_;
    std::string_view source_;
    std::vector<AlertEvent> events_;
    std::vector<std::shared_ptr<const KeptAlert>> kept_;
    std::size_t kept_bytes_ = 0;
    std::vector<LabelView> scratch_;
};

// True if `text` is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms) without NUL.
bool is_clean_utf8(std::string_view text);

}  // namespace incidentd
