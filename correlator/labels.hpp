// Labels as borrowed text. Owners: EventArena (alerts on their way in), a journal record, the engine's string pool, or
// OwnedLabels.
#pragma once

#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd {

struct LabelView {
    std::string_view name;
    std::string_view value;
    friend bool operator==(const LabelView&, const LabelView&) = default;
};

// A label set: sorted bytewise by name, names unique, no empty values.
using LabelsView = std::span<const LabelView>;

// The value of `name`, or "" when absent (as in Alertmanager's matchers).
std::string_view find_label(LabelsView labels, std::string_view name);

// Pairs that own their text, all of it in one allocation: an effect carries dozens of them. Iterates as LabelView.
class OwnedLabels {
public:
    class Iterator {
    public:
        using value_type = LabelView;
        using difference_type = std::ptrdiff_t;
        using iterator_category = std::input_iterator_tag;
        using pointer = const LabelView*;
        using reference = LabelView;
        explicit Iterator(const char* at) : at_(at) {}
        LabelView operator*() const {
            const char* text = at_ + 2 * sizeof(std::uint32_t);
            return {{text, size(0)}, {text + size(0), size(1)}};
        }
        Iterator& operator++() {
            at_ += 2 * sizeof(std::uint32_t) + size(0) + size(1);
            return *this;
        }
        friend bool operator==(Iterator, Iterator) = default;

    private:
        std::uint32_t size(std::size_t of) const {
            std::uint32_t size = 0;
            std::memcpy(&size, at_ + of * sizeof size, sizeof size);
            return size;
        }
        const char* at_;
    };

    OwnedLabels() = default;
    OwnedLabels(std::initializer_list<LabelView> labels) : OwnedLabels(LabelsView(labels.begin(), labels.size())) {}
    explicit OwnedLabels(LabelsView labels);

    void reserve(std::size_t text_bytes, std::size_t count) {
        packed_.reserve(text_bytes + count * 2 * sizeof(std::uint32_t));
    }
    void add(LabelView label);

    Iterator begin() const { return Iterator(packed_.data()); }
    Iterator end() const { return Iterator(packed_.data() + packed_.size()); }
    std::size_t size() const { return size_; }
    bool empty() const { return size_ == 0; }
    std::vector<std::pair<std::string, std::string>> pairs() const;
    friend bool operator==(const OwnedLabels&, const OwnedLabels&) = default;

private:
    std::string packed_;  // each: the sizes of name and value in four bytes, then name and value
    std::size_t size_ = 0;
};

}  // namespace incidentd
