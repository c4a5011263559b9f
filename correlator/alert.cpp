#include "correlator/alert.hpp"

#include "correlator/alert_words.hpp"
#include "correlator/fingerprint.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace incidentd {
namespace {

// One alert fits into a small block; a thousand shall not take a hundred of them.
constexpr std::size_t block_bytes_least = 2 * 1024;
constexpr std::size_t block_bytes_most = 256 * 1024;

// Length of the well-formed UTF-8 sequence at the front of `text` (RFC 3629 table 3-7), 0 if there is none.
std::size_t utf8_sequence(std::string_view text) {
    const auto byte = [&text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return lead == 0 ? 0 : 1;
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return 0;
    const unsigned char second = byte(1);
    const unsigned char least = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    const unsigned char most = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (second < least || second > most) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if ((byte(i) & 0xC0) != 0x80) return 0;
    return length;
}

std::string quoted_start(std::string_view text) {
    constexpr std::size_t shown = 40;
    std::string out = "'";
    for (const char c : text.substr(0, shown)) out += (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) ? '?' : c;
    return out + (text.size() > shown ? "...'" : "'");
}

Error too_large(std::string_view what, std::size_t size, std::size_t most) {
    return {ErrorCode::too_large, std::string(what) + " has " + std::to_string(size) + " bytes; at most " +
                                      std::to_string(most) + " are allowed"};
}

// Sorts by name; of equal names the last given wins; drops empty values (as Alertmanager does before hashing).
void normalise(std::vector<LabelView>& labels) {
    const auto by_name = [](const LabelView& a, const LabelView& b) { return a.name < b.name; };
    // Prometheus sends them sorted, and stable_sort allocates.
    if (!std::is_sorted(labels.begin(), labels.end(), by_name)) std::stable_sort(labels.begin(), labels.end(), by_name);
    std::size_t kept = 0;
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (i + 1 < labels.size() && labels[i + 1].name == labels[i].name) continue;
        if (!labels[i].value.empty()) labels[kept++] = labels[i];
    }
    labels.resize(kept);
}

Result<void> check_labels(const std::vector<LabelView>& labels, const EventLimits& limits) {
    if (labels.size() > limits.labels_max)
        return Error(ErrorCode::too_large, "the alert has " + std::to_string(labels.size()) + " labels; at most " +
                                               std::to_string(limits.labels_max) + " are allowed");
    for (const LabelView& label : labels) {
        if (label.name.empty()) return Error(ErrorCode::invalid, "a label has an empty name");
        if (label.name.size() > limits.label_name_bytes_max)
            return too_large("label name " + quoted_start(label.name), label.name.size(), limits.label_name_bytes_max);
        if (!is_clean_utf8(label.name)) return Error(ErrorCode::invalid, "a label name is not clean UTF-8");
        if (label.value.size() > limits.label_value_bytes_max)
            return too_large("label " + quoted_start(label.name), label.value.size(), limits.label_value_bytes_max);
        if (!is_clean_utf8(label.value))
            return Error(ErrorCode::invalid, "label " + quoted_start(label.name) + " is not clean UTF-8");
    }
    return {};
}

}  // namespace

bool is_clean_utf8(std::string_view text) {
    while (!text.empty()) {
        // Plain ASCII, eight bytes a step: what nearly all labels are.
        while (text.size() >= 8) {
            std::uint64_t word = 0;
            std::memcpy(&word, text.data(), 8);
            const std::uint64_t zero = (word - 0x0101010101010101ULL) & ~word;
            if (((word | zero) & 0x8080808080808080ULL) != 0) break;
            text.remove_prefix(8);
        }
        while (!text.empty() && static_cast<unsigned char>(text.front()) - 1U < 0x7FU) text.remove_prefix(1);
        if (text.empty()) break;
        const std::size_t length = utf8_sequence(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

void AlertDraft::clear() {
    kind = EventKind::firing;
    severity = Severity::unknown;
    starts_at = ends_at = expires_at = Instant{};
    key = episode = title = text = url = actor = {};
    labels.clear();
    annotations.clear();
}

void* EventArena::allocate(std::size_t bytes, std::size_t align) {
    std::size_t start = (used_ + align - 1) / align * align;
    if (blocks_.empty() || start + bytes > capacity_) {
        capacity_ = std::max(std::clamp(2 * capacity_, block_bytes_least, block_bytes_most), bytes);
        blocks_.push_back(std::make_unique_for_overwrite<std::byte[]>(capacity_));
        start = 0;
    }
    used_ = start + bytes;
    bytes_ += bytes;
    return blocks_.back().get() + start;
}

std::string_view EventArena::copy(std::string_view text) {
    if (text.empty()) return {};
    auto* memory = static_cast<char*>(allocate(text.size(), 1));
    std::memcpy(memory, text.data(), text.size());
    return {memory, text.size()};
}

LabelView* EventArena::label_array(std::size_t count) {
    auto* memory = static_cast<LabelView*>(allocate(count * sizeof(LabelView), alignof(LabelView)));
    for (std::size_t i = 0; i < count; ++i) new (memory + i) LabelView{};
    return memory;
}

namespace {

std::size_t text_size(LabelsView labels) {
    std::size_t size = 0;
    for (const LabelView& label : labels) size += label.name.size() + label.value.size();
    return size;
}

// Texts one behind the other, in memory that was measured before.
class TextRow {
public:
    explicit TextRow(char* at) : at_(at) {}
    std::string_view put(std::string_view text) {
        if (text.empty()) return {};
        std::memcpy(at_, text.data(), text.size());
        const std::string_view out(at_, text.size());
        at_ += text.size();
        return out;
    }

private:
    char* at_;
};

}  // namespace

KeptAlert::KeptAlert(const AlertEvent& event) : event_(event) {
    std::string_view* const texts[] = {&event_.source, &event_.key, &event_.episode, &event_.title,
                                       &event_.text,   &event_.url, &event_.actor};
    LabelsView* const sets[] = {&event_.labels, &event_.annotations};
    std::size_t size = 0, pairs = 0;
    for (const std::string_view* text : texts) size += text->size();
    for (const LabelsView* set : sets) size += text_size(*set), pairs += set->size();
    const std::size_t text_at = pairs * sizeof(LabelView);
    memory_ = std::make_unique_for_overwrite<std::byte[]>(text_at + size);
    bytes_ = text_at + size;
    TextRow row(reinterpret_cast<char*>(memory_.get() + text_at));
    for (std::string_view* text : texts) *text = row.put(*text);
    auto* next = reinterpret_cast<LabelView*>(memory_.get());
    for (LabelsView* set : sets) {
        LabelView* const first = next;
        for (const LabelView& pair : *set) new (next++) LabelView{row.put(pair.name), row.put(pair.value)};
        *set = {first, next};
    }
}

AlertEvent& AlertBatch::add(std::shared_ptr<const KeptAlert> kept) {
    kept_bytes_ += kept->bytes();
    events_.push_back(kept->event());
    kept_.push_back(std::move(kept));
    return events_.back();
}

namespace {

// Free text may be cut or repaired, never refused: it identifies nothing. Returns text that needs no copy, or a cleaned
// one.
std::string_view presentable(std::string_view text, std::size_t most, std::string& scratch) {
    if (text.size() <= most && is_clean_utf8(text)) return text;
    scratch.clear();
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t length = utf8_sequence(rest);
        const std::string_view piece = length == 0 ? std::string_view("\xEF\xBF\xBD") : rest.substr(0, length);
        if (scratch.size() + piece.size() > most) break;
        scratch += piece;
        rest.remove_prefix(length == 0 ? 1 : length);
    }
    if (rest.empty()) return scratch;
    while (!scratch.empty() && scratch.size() + 3 > most) {
        while ((static_cast<unsigned char>(scratch.back()) & 0xC0) == 0x80) scratch.pop_back();
        scratch.pop_back();
    }
    if (most >= 3) scratch += "\xE2\x80\xA6";
    return scratch;
}

Result<void> check_names(const AlertDraft& draft, const EventLimits& limits) {
    if (draft.labels.empty() && draft.key.empty())
        return Error(ErrorCode::invalid, "the alert has neither labels nor a key: nothing tells it from others");
    if (draft.key.size() > limits.key_bytes_max) return too_large("the key", draft.key.size(), limits.key_bytes_max);
    if (!is_clean_utf8(draft.key)) return Error(ErrorCode::invalid, "the key is not clean UTF-8");
    if (draft.episode.size() > limits.episode_bytes_max)
        return too_large("the episode", draft.episode.size(), limits.episode_bytes_max);
    if (!is_clean_utf8(draft.episode)) return Error(ErrorCode::invalid, "the episode is not clean UTF-8");
    if (draft.annotations.size() > limits.annotations_max)
        return Error(ErrorCode::too_large, "the alert has " + std::to_string(draft.annotations.size()) +
                                               " annotations; at most " + std::to_string(limits.annotations_max) +
                                               " are allowed");
    for (const LabelView& annotation : draft.annotations) {
        // An empty value is dropped with its name. One with a value would not read back from the journal.
        if (annotation.name.empty() && !annotation.value.empty())
            return Error(ErrorCode::invalid, "an annotation has an empty name");
        if (annotation.name.size() > limits.label_name_bytes_max || !is_clean_utf8(annotation.name))
            return Error(ErrorCode::invalid,
                         "annotation name " + quoted_start(annotation.name) + " is too long or not UTF-8");
    }
    return {};
}

}  // namespace

Result<void> AlertBatch::add(const AlertDraft& draft, const EventLimits& limits) {
    if (auto names = check_names(draft, limits); !names) return names;
    scratch_.assign(draft.labels.begin(), draft.labels.end());
    normalise(scratch_);
    if (auto labels = check_labels(scratch_, limits); !labels) return labels;
    if (scratch_.empty() && draft.key.empty())
        return Error(ErrorCode::invalid, "every label of the alert is empty: nothing tells it from others");

    AlertEvent event;
    event.kind = draft.kind;
    event.severity = draft.severity;
    event.starts_at = draft.starts_at;
    event.ends_at = draft.ends_at;
    event.expires_at = draft.expires_at;
    event.source = source_;
    event.fingerprint = fingerprint_of(source_, draft.key, scratch_);

    store_text(draft, limits, event);
    event.details_hash = hash_details(event);
    events_.push_back(event);
    return {};
}

// One piece of memory for all text. What has to be repaired or cut is copied apart.
void AlertBatch::store_text(const AlertDraft& draft, const EventLimits& limits, AlertEvent& event) {
    std::size_t room = draft.key.size() + draft.episode.size() + text_size(scratch_);
    const auto make_room = [&room](std::string_view text, std::size_t most) {
        if (text.size() <= most) room += text.size();
    };
    make_room(draft.title, limits.title_bytes_max);
    make_room(draft.text, limits.text_bytes_max);
    make_room(draft.actor, limits.title_bytes_max);
    make_room(draft.url, limits.url_bytes_max);
    for (const LabelView& annotation : draft.annotations) {
        room += annotation.name.size();
        make_room(annotation.value, limits.annotation_value_bytes_max);
    }
    TextRow row(arena_.text_bytes(room));
    std::string clean;
    const auto put = [&](std::string_view text, std::size_t most) {
        const std::string_view shown = presentable(text, most, clean);
        return shown.data() == text.data() ? row.put(shown) : arena_.copy(shown);
    };
    event.key = row.put(draft.key);
    event.episode = row.put(draft.episode);
    LabelView* const labels = arena_.label_array(scratch_.size());
    for (std::size_t i = 0; i < scratch_.size(); ++i)
        labels[i] = {row.put(scratch_[i].name), row.put(scratch_[i].value)};
    event.labels = {labels, scratch_.size()};
    event.title = put(draft.title, limits.title_bytes_max);
    event.text = put(draft.text, limits.text_bytes_max);
    event.actor = put(draft.actor, limits.title_bytes_max);
    if (draft.url.size() <= limits.url_bytes_max && is_clean_utf8(draft.url)) event.url = row.put(draft.url);

    scratch_.assign(draft.annotations.begin(), draft.annotations.end());
    normalise(scratch_);
    LabelView* const annotations = arena_.label_array(scratch_.size());
    for (std::size_t i = 0; i < scratch_.size(); ++i)
        annotations[i] = {row.put(scratch_[i].name), put(scratch_[i].value, limits.annotation_value_bytes_max)};
    event.annotations = {annotations, scratch_.size()};
}

}  // namespace incidentd
