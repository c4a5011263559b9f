// Answers on their way back to the ingest thread. Many answers given at once (a commit releases many requests) cost one
// wake-up. Any thread may push; the server takes.
#pragma once

#include "daemon/reply.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace incidentd {

// An answer and the request it belongs to.
struct ReadyReply {
    std::uint64_t session = 0;  // never given twice
    std::uint64_t request = 0;  // of the session, counted from 1
    HttpReply reply;
};

class ReplyQueue {
public:
    // `wake` is called once for the first answer after a take(); `deliver` instead, when the ingest thread itself
    // pushes.
    ReplyQueue(std::function<void()> wake, std::function<void(ReadyReply)> deliver);

    void set_thread(std::thread::id ingest);  // once, before answers can come
    void push(ReadyReply ready);
    void push(std::vector<ReadyReply>&& ready);  // not on the ingest thread
    std::vector<ReadyReply> take();              // ingest thread
    void close();                                // from now on answers are dropped, and nobody is called any more

private:
    const std::function<void()> wake_;
    const std::function<void(ReadyReply)> deliver_;
    std::atomic<std::thread::id> ingest_{};
    std::mutex mutex_;  // guards the rest
    std::vector<ReadyReply> ready_;
    bool awake_ = false;
    bool closed_ = false;
};

// While one lives, answers that its thread gives are held back; its end lets them go together. Whoever waits for them
// would otherwise be woken by the first one and find the others missing. Not on the ingest thread; one at a time.
class GatheredReplies {
public:
    GatheredReplies();
    ~GatheredReplies();
    GatheredReplies(const GatheredReplies&) = delete;
    GatheredReplies& operator=(const GatheredReplies&) = delete;

    void add(const std::shared_ptr<ReplyQueue>& queue, ReadyReply ready);

private:
    std::shared_ptr<ReplyQueue> queue_;  // of the answers below
    std::vector<ReadyReply> ready_;
};

// Shared with the server: an answer may be held longer than the server lives.
ReplyPtr make_queued_reply(std::shared_ptr<ReplyQueue> queue, std::uint64_t session, std::uint64_t request);

}  // namespace incidentd
