#include "correlator/string_pool.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <cstring>

namespace incidentd {
namespace {

std::uint32_t hash_of(std::string_view text) {
    return static_cast<std::uint32_t>(XXH3_64bits(text.data(), text.size()));
}

}  // namespace

StringPool::~StringPool() {
    for (Handle handle = 0; handle < entries_.end(); ++handle)
        if (entries_[handle].size > inline_most) delete[] entries_[handle].there;
}

StringPool::Handle StringPool::intern(std::string_view text) {
    const Probe probe{hash_of(text), text};
    if (const auto found = index_.find(probe); found != index_.end()) {
        retain(found->handle);
        return found->handle;
    }
    const Handle handle = entries_.take();
    Entry& entry = entries_[handle];
    if (text.size() > inline_most) entry.there = new char[text.size()];
    entry.size = static_cast<std::uint32_t>(text.size());
    entry.references = 1;
    if (!text.empty()) std::memcpy(const_cast<char*>(entry.text().data()), text.data(), text.size());
    index_.insert(Key{probe.hash, handle});
    return handle;
}

bool StringPool::release(Handle handle) {
    Entry& entry = entries_[handle];
    if (--entry.references > 0) return false;
    index_.erase(Key{hash_of(entry.text()), handle});
    if (entry.size > inline_most) delete[] entry.there;
    entry = Entry{};
    entries_.give_back(handle);
    return true;
}

}  // namespace incidentd
