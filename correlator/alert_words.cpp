#include "correlator/alert_words.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace incidentd {
namespace {

void put(std::string& out, StringPool::Handle handle) {
    char bytes[sizeof handle];
    std::memcpy(bytes, &handle, sizeof handle);
    out.append(bytes, sizeof bytes);
}

class TextHash {
public:
    void add(std::string_view text) { hash_ = XXH3_64bits_withSeed(text.data(), text.size(), hash_ + text.size()); }
    void add(LabelsView labels) {
        for (const LabelView& label : labels) {
            add(label.name);
            add(label.value);
        }
    }
    std::uint64_t value() const { return hash_; }

private:
    std::uint64_t hash_ = 0;
};

}  // namespace

StringPool::Handle WordsView::shape_at(std::size_t i) const {
    Handle handle = 0;
    std::memcpy(&handle, shape_.data() + i * sizeof handle, sizeof handle);
    return handle;
}

std::string_view WordsView::find_label(std::string_view name) const {
    std::size_t low = 0, high = label_count();
    while (low < high) {
        const std::size_t middle = (low + high) / 2;
        const int order = strings_.view(name_handle(middle)).compare(name);
        if (order == 0) return value(middle);
        order < 0 ? low = middle + 1 : high = middle;
    }
    return {};
}

std::vector<LabelView> WordsView::labels() const {
    std::vector<LabelView> labels(label_count());
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = label(i);
    return labels;
}

std::vector<LabelView> WordsView::annotations() const {
    std::vector<LabelView> annotations(annotation_count());
    for (std::size_t i = 0; i < annotations.size(); ++i) annotations[i] = annotation(i);
    return annotations;
}

OwnedLabels WordsView::owned_labels() const { return OwnedLabels(labels()); }
OwnedLabels WordsView::owned_annotations() const { return OwnedLabels(annotations()); }

AlertWords WordStore::store(LabelsView labels, const AlertDetails& details) {
    AlertWords words;
    words.shape = intern_shape(labels, details.annotations);
    words.values = std::make_unique_for_overwrite<Handle[]>(value_count(words.shape));
    Handle* next = words.values.get();
    for (const LabelView& label : labels) *next++ = strings_.intern(label.value);
    for (const std::string_view text : {details.title, details.text, details.url}) *next++ = strings_.intern(text);
    for (const LabelView& annotation : details.annotations) *next++ = strings_.intern(annotation.value);
    return words;
}

void WordStore::set_labels(AlertWords& words, LabelsView labels) {
    const WordsView before = view(words);
    const std::vector<LabelView> annotations = before.annotations();
    AlertWords fresh = store(labels, before.details(annotations));
    release(words);
    words = std::move(fresh);
}

void WordStore::set_details(AlertWords& words, const AlertDetails& details) {
    const WordsView before = view(words);
    const bool same_names =
        std::ranges::equal(before.annotations(), details.annotations, {}, &LabelView::name, &LabelView::name);
    if (same_names) {  // the usual change: a number in a text
        Handle* at = words.values.get() + before.label_count();
        const auto replace = [this, &at](std::string_view text) {
            const Handle fresh = strings_.intern(text);
            strings_.release(std::exchange(*at++, fresh));
        };
        for (const std::string_view text : {details.title, details.text, details.url}) replace(text);
        for (const LabelView& annotation : details.annotations) replace(annotation.value);
        return;
    }
    AlertWords fresh = store(view(words).labels(), details);
    release(words);
    words = std::move(fresh);
}

void WordStore::release(AlertWords& words) {
    if (words.values == nullptr) return;
    const std::size_t values = value_count(words.shape);
    for (std::size_t i = 0; i < values; ++i) strings_.release(words.values[i]);
    release_shape(words.shape);
    words = AlertWords{};
}

void WordStore::release_shape(Handle shape) {
    if (shapes_.is_shared(shape)) {
        shapes_.release(shape);
        return;
    }
    const WordsView names(strings_, shapes_.view(shape), nullptr);
    for (std::size_t i = 0; i < names.name_count(); ++i) strings_.release(names.name_handle(i));
    shapes_.release(shape);
    if (last_shape_ == shape) last_shape_ = none;
}

bool WordStore::has_shape(Handle shape, LabelsView labels, LabelsView annotations) const {
    const WordsView names(strings_, shapes_.view(shape), nullptr);
    if (names.label_count() != labels.size() || names.annotation_count() != annotations.size()) return false;
    std::size_t i = 0;
    for (const LabelsView pairs : {labels, annotations})
        for (const LabelView& pair : pairs)
            if (strings_.view(names.name_handle(i++)) != pair.name) return false;
    return true;
}

StringPool::Handle WordStore::intern_shape(LabelsView labels, LabelsView annotations) {
    if (last_shape_ != none && has_shape(last_shape_, labels, annotations)) {
        shapes_.retain(last_shape_);
        return last_shape_;
    }
    scratch_.clear();
    put(scratch_, static_cast<Handle>(labels.size()));
    for (const LabelsView pairs : {labels, annotations})
        for (const LabelView& pair : pairs) put(scratch_, strings_.intern(pair.name));
    const Handle shape = last_shape_ = shapes_.intern(scratch_);
    if (!shapes_.is_shared(shape)) return shape;
    // It was there and holds the names' uses already.
    const WordsView names(strings_, scratch_, nullptr);
    for (std::size_t i = 0; i < names.name_count(); ++i) strings_.release(names.name_handle(i));
    return shape;
}

StringPool::Handle WordStore::restore_shape(std::size_t label_count, const std::vector<Handle>& names) {
    scratch_.clear();
    put(scratch_, static_cast<Handle>(label_count));
    for (const Handle name : names) put(scratch_, name);
    return shapes_.intern(scratch_);
}

std::uint64_t hash_details(const AlertEvent& event) {
    if (event.details_hash != 0) return event.details_hash;
    TextHash hash;
    hash.add(event.title);
    hash.add(event.text);
    hash.add(event.url);
    hash.add(event.annotations);
    return hash.value();
}

}  // namespace incidentd
