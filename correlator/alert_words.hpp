// What an alert says, as handles: its labels, title, text, link and annotations. Texts are stored once in the pool of
// strings; the names of labels and annotations once for all alerts of one kind, as a shape. A repeated text costs four
// bytes an alert, a name nothing. Private to correlator/.
#pragma once

#include "correlator/alert.hpp"
#include "correlator/string_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// Belongs to the WordStore that filled it; owes one release(). Values: of each label, title, text, url, of each
// annotation.
struct AlertWords {
    std::unique_ptr<StringPool::Handle[]> values;
    StringPool::Handle shape = 0;
};

struct AlertDetails {
    std::string_view title, text, url;
    LabelsView annotations;
};
inline AlertDetails details_of(const AlertEvent& event) {
    return {event.title, event.text, event.url, event.annotations};
}

// Looks through the handles; valid until the words are changed or released.
class WordsView {
public:
    using Handle = StringPool::Handle;
    WordsView(const StringPool& strings, std::string_view shape, const Handle* values)
        : strings_(strings), shape_(shape), values_(values) {}

    std::size_t label_count() const { return shape_.empty() ? 0 : shape_at(0); }
    LabelView label(std::size_t i) const { return {strings_.view(name_handle(i)), value(i)}; }
    std::string_view find_label(std::string_view name) const;  // "" when absent
    std::string_view title() const { return value(label_count()); }
    std::string_view text() const { return value(label_count() + 1); }
    std::string_view url() const { return value(label_count() + 2); }
    std::size_t annotation_count() const { return name_count() - label_count(); }
    LabelView annotation(std::size_t i) const {
        return {strings_.view(name_handle(label_count() + i)), value(label_count() + own_texts + i)};
    }
    std::vector<LabelView> labels() const;
    std::vector<LabelView> annotations() const;
    AlertDetails details(const std::vector<LabelView>& annotations) const {
        return {title(), text(), url(), annotations};
    }
    OwnedLabels owned_labels() const;
    OwnedLabels owned_annotations() const;

    // For the snapshot.
    static constexpr std::size_t own_texts = 3;  // title, text, url
    std::size_t name_count() const { return shape_.empty() ? 0 : shape_.size() / sizeof(Handle) - 1; }
    Handle name_handle(std::size_t i) const { return shape_at(1 + i); }
    std::size_t value_count() const { return name_count() + own_texts; }
    Handle value_handle(std::size_t i) const { return values_[i]; }

private:
    Handle shape_at(std::size_t i) const;
    std::string_view value(std::size_t i) const {
        return values_ == nullptr ? std::string_view() : strings_.view(values_[i]);
    }
    const StringPool& strings_;
    std::string_view shape_;  // the number of labels, then the handles of all names
    const Handle* values_;
};

// Bounded by what the alerts in memory say.
class WordStore {
public:
    using Handle = StringPool::Handle;
    explicit WordStore(StringPool& strings) : strings_(strings) {}

    AlertWords store(LabelsView labels, const AlertDetails& details);
    void set_labels(AlertWords& words, LabelsView labels);
    void set_details(AlertWords& words, const AlertDetails& details);
    void release(AlertWords& words);  // leaves it empty
    WordsView view(const AlertWords& words) const {
        return {strings_, words.values == nullptr ? std::string_view() : shapes_.view(words.shape), words.values.get()};
    }

    // For the snapshot.
    WordsView names_of(Handle shape) const { return {strings_, shapes_.view(shape), nullptr}; }
    std::size_t shapes_end() const { return shapes_.end(); }
    // Takes over one use of each name's handle; owes one release_shape().
    Handle restore_shape(std::size_t label_count, const std::vector<Handle>& names);
    void retain_shape(Handle shape) { shapes_.retain(shape); }
    void release_shape(Handle shape);
    std::size_t value_count(Handle shape) const { return shapes_.view(shape).size() / sizeof(Handle) + 2; }

private:
    Handle intern_shape(LabelsView labels, LabelsView annotations);
    bool has_shape(Handle shape, LabelsView labels, LabelsView annotations) const;

    StringPool& strings_;
    StringPool shapes_;         // the bytes of a shape as a text; the first use holds a use of each name
    Handle last_shape_ = none;  // the next alert of a batch mostly has the same
    std::string scratch_;       // of intern_shape()
    static constexpr Handle none = UINT32_MAX;
};

std::uint64_t hash_details(const AlertEvent& event);  // equal for equal details

}  // namespace incidentd
