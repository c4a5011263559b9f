// The one door into the engine: a bounded multi-producer queue. Producers: ingest, egress, API; consumer: the shard's
// thread.
#pragma once

#include "adapters/http_message.hpp"
#include "correlator/alert.hpp"
#include "correlator/correlator.hpp"
#include "correlator/input.hpp"
#include "daemon/reply.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <variant>
#include <vector>

namespace incidentd {

// A request's alerts; answered with `accepted` once they are durable.
struct AlertsItem {
    std::uint32_t source = 0;  // index into the configured sources, for metrics
    AlertBatch batch;
    HttpReply accepted;
    ReplyPtr reply;
    std::chrono::steady_clock::time_point received{};
};

// An input that is not an alert: delivery reports, operator commands. `done` runs on the commit thread once it is
// durable.
struct InputItem {
    Input input;
    std::function<void(bool durable)> done;  // may be empty
};

// A question to the engine; runs on the shard's thread between inputs. Keep it short.
struct QueryItem {
    std::function<void(const Correlator&)> ask;
};

using InboxItem = std::variant<AlertsItem, InputItem, QueryItem>;

class Inbox {
public:
    // `bytes_max`: of alert batches waiting; `reserved_bytes`: on top of it, for recoveries and for items that are not
    // alerts. `sources`: how many there are; above half of `bytes_max` none may hold more than its equal share of it,
    // so that one that floods leaves room for the others.
    Inbox(std::size_t bytes_max, std::size_t reserved_bytes, std::size_t sources = 1);
    ~Inbox();

    enum class Push : std::uint8_t { taken, full, over_share, closed };
    // Any thread. Unless it was taken `item` is left untouched, so that the caller can answer. `privileged` items
    // (batches with a recovery, inputs, queries) may use the reserve and know no share. Wake::later: the caller puts
    // more in and calls wake() before it does anything else; else each item would cost a change of threads.
    enum class Wake : std::uint8_t { now, later };
    Push push(InboxItem& item, bool privileged, Wake wake = Wake::now);

    // Shard thread. Waits at most `patience` for the first item, then takes what is there, at most `most` items.
    std::size_t pop(std::vector<InboxItem>& out, std::size_t most, std::chrono::microseconds patience);

    void wake();   // any thread: pop() returns at once
    void close();  // any thread: push() answers closed; what is inside can still be popped

    std::size_t depth() const;  // items waiting, about
    std::size_t bytes() const;  // of alert batches waiting, about
    std::size_t bytes_max() const { return bytes_max_; }

private:
    struct Queue;
    std::atomic<std::size_t>* held_by(const InboxItem& item);  // nullptr: of no source
    bool exceeds_share(const InboxItem& item, std::size_t weight);
    std::unique_ptr<Queue> queue_;
    const std::size_t bytes_max_;
    const std::size_t reserved_bytes_;
    std::vector<std::atomic<std::size_t>> by_source_;  // bytes waiting
    std::atomic<std::size_t> bytes_{0};
    std::atomic<std::size_t> items_{0};
    std::atomic<bool> closed_{false};
};

}  // namespace incidentd
