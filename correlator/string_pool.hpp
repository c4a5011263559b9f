// Strings stored once: label names and values repeat across alerts far more than they differ.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

// Handles are counted: each intern() owes one release(). Handles never reach any output, so their numbers are free to
// depend on history. Bounded by what the alerts in memory refer to.
class StringPool {
public:
    using Handle = std::uint32_t;

    Handle intern(std::string_view text);
    void retain(Handle handle) { ++entries_[handle].references; }  // one more use of a string that is in use
    void release(Handle handle);
    std::string_view view(Handle handle) const { return entries_[handle].text; }
    std::size_t size() const { return index_.size(); }
    std::size_t end() const { return entries_.size(); }  // one past the highest handle ever given
    void reserve(std::size_t strings) { index_.reserve(strings); }

private:
    struct Entry {
        std::string text;
        std::uint32_t references = 0;
    };
    struct Hash {
        using is_avalanching = void;
        std::size_t operator()(std::string_view text) const;
    };
    std::deque<Entry> entries_;  // a deque: views into `text` stay valid while it grows
    std::vector<Handle> free_;
    boost::unordered_flat_map<std::string_view, Handle, Hash> index_;
};

}  // namespace incidentd
