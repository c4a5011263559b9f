// Strings stored once: label names and values repeat across alerts far more than they differ.
#pragma once

#include "correlator/slots.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <array>
#include <cstdint>
#include <string_view>

namespace incidentd {

// Handles are counted: each intern() owes one release(). Handles never reach any output, so their numbers are free to
// depend on history. Bounded by what the alerts in memory refer to. A string of up to 16 bytes costs about 40.
class StringPool {
public:
    using Handle = std::uint32_t;

    StringPool() : index_(0, Hash{}, Equal{&entries_}) {}
    ~StringPool();
    StringPool(const StringPool&) = delete;
    StringPool& operator=(const StringPool&) = delete;

    Handle intern(std::string_view text);
    void retain(Handle handle) { ++entries_[handle].references; }  // one more use of a string that is in use
    // Gives one use back. True: it was the last, the handle is free.
    bool release(Handle handle);
    // Valid as long as the handle is, wherever the pool grows.
    std::string_view view(Handle handle) const { return entries_[handle].text(); }
    bool is_shared(Handle handle) const { return entries_[handle].references > 1; }
    std::size_t size() const { return index_.size(); }
    std::size_t end() const { return entries_.end(); }  // one past the highest handle ever given
    void reserve(std::size_t strings) { index_.reserve(strings); }

private:
    static constexpr std::size_t inline_most = 16;
    struct Entry {
        std::uint32_t references = 0;
        std::uint32_t size = 0;
        union {
            std::array<char, inline_most> here{};
            char* there;  // owned by the pool; for longer texts
        };
        std::string_view text() const { return {size <= inline_most ? here.data() : there, size}; }
    };
    // The hash beside the handle spares most looks at the text, and all of them when the table grows.
    struct Key {
        std::uint32_t hash;
        Handle handle;
    };
    struct Probe {
        std::uint32_t hash;
        std::string_view text;
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
        bool operator()(const Key& a, const Key& b) const { return a.handle == b.handle; }
        bool operator()(const Probe& a, const Key& b) const { return (*this)(b, a); }
        bool operator()(const Key& a, const Probe& b) const {
            return a.hash == b.hash && (*entries)[a.handle].text() == b.text;
        }
        const Slots<Entry>* entries;
    };

    Slots<Entry> entries_;
    boost::unordered_flat_set<Key, Hash, Equal> index_;
};

}  // namespace incidentd
