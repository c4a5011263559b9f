// What the shard needs of whoever makes its inputs durable.
#pragma once

#include "correlator/ids.hpp"
#include "daemon/inbox.hpp"

#include <functional>
#include <string>
#include <vector>

namespace incidentd {

// Entries in order, and whoever waits for them.
struct CommitBatch {
    struct Entry {
        Sequence sequence;
        Instant at;
        std::size_t offset = 0;  // into bytes
        std::size_t size = 0;
    };
    struct Waiting {
        ReplyPtr reply;
        HttpReply accepted;
    };
    std::string bytes;
    std::vector<Entry> entries;
    std::vector<Waiting> replies;
    std::vector<std::function<void(bool)>> done;
    bool empty() const { return entries.empty(); }
};

// What the shard needs of a committer; the simulation has its own.
class CommitPort {
public:
    virtual ~CommitPort() = default;
    virtual void submit(CommitBatch batch) = 0;
    virtual Sequence durable() const = 0;  // everything up to here survives a crash
};

}  // namespace incidentd
