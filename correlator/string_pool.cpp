#include "correlator/string_pool.hpp"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace incidentd {

std::size_t StringPool::Hash::operator()(std::string_view text) const { return XXH3_64bits(text.data(), text.size()); }

StringPool::Handle StringPool::intern(std::string_view text) {
    if (const auto found = index_.find(text); found != index_.end()) {
        ++entries_[found->second].references;
        return found->second;
    }
    Handle handle = 0;
    if (free_.empty()) {
        handle = static_cast<Handle>(entries_.size());
        entries_.emplace_back();
    } else {
        handle = free_.back();
        free_.pop_back();
    }
    Entry& entry = entries_[handle];
    entry.text = text;
    entry.references = 1;
    index_.emplace(entry.text, handle);
    return handle;
}

void StringPool::release(Handle handle) {
    Entry& entry = entries_[handle];
    if (--entry.references > 0) return;
    index_.erase(std::string_view(entry.text));
    std::string().swap(entry.text);
    free_.push_back(handle);
}

}  // namespace incidentd
