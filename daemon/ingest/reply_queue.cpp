#include "daemon/ingest/reply_queue.hpp"

#include "adapters/source.hpp"

#include <iterator>
#include <utility>

namespace incidentd {

namespace {

thread_local GatheredReplies* gathering = nullptr;

class QueuedReply final : public Reply {
public:
    QueuedReply(std::shared_ptr<ReplyQueue> queue, std::uint64_t session, std::uint64_t request)
        : queue_(std::move(queue)), session_(session), request_(request) {}
    QueuedReply(const QueuedReply&) = delete;
    QueuedReply& operator=(const QueuedReply&) = delete;
    ~QueuedReply() override {
        if (!queue_) return;
        HttpReply reply = json_error(503, "the request was dropped before it was stored; send it again");
        reply.headers.emplace_back("Retry-After", "1");
        send(std::move(reply));
    }

    void send(HttpReply reply) override {
        const auto queue = std::exchange(queue_, nullptr);
        if (!queue) return;
        ReadyReply ready{session_, request_, std::move(reply)};
        gathering == nullptr ? queue->push(std::move(ready)) : gathering->add(queue, std::move(ready));
    }

private:
    std::shared_ptr<ReplyQueue> queue_;
    const std::uint64_t session_;
    const std::uint64_t request_;
};

}  // namespace

ReplyQueue::ReplyQueue(std::function<void()> wake, std::function<void(ReadyReply)> deliver)
    : wake_(std::move(wake)), deliver_(std::move(deliver)) {}

void ReplyQueue::set_thread(std::thread::id ingest) { ingest_ = ingest; }

void ReplyQueue::push(ReadyReply ready) {
    if (std::this_thread::get_id() == ingest_) {
        deliver_(std::move(ready));
        return;
    }
    // wake_() runs under the lock, so that after close() it cannot run any more.
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    ready_.push_back(std::move(ready));
    if (!std::exchange(awake_, true)) wake_();
}

void ReplyQueue::push(std::vector<ReadyReply>&& ready) {
    const std::lock_guard lock(mutex_);
    if (closed_ || ready.empty()) return;
    ready_.insert(ready_.end(), std::make_move_iterator(ready.begin()), std::make_move_iterator(ready.end()));
    if (!std::exchange(awake_, true)) wake_();
}

std::vector<ReadyReply> ReplyQueue::take() {
    const std::lock_guard lock(mutex_);
    awake_ = false;
    return std::exchange(ready_, {});
}

void ReplyQueue::close() {
    const std::lock_guard lock(mutex_);
    ingest_ = std::thread::id();  // the thread is gone, and its id may be given to another
    closed_ = true;
    ready_.clear();
}

GatheredReplies::GatheredReplies() { gathering = this; }

GatheredReplies::~GatheredReplies() {
    gathering = nullptr;
    if (queue_) queue_->push(std::move(ready_));
}

void GatheredReplies::add(const std::shared_ptr<ReplyQueue>& queue, ReadyReply ready) {
    if (queue != queue_) {  // of another server: none but tests have two
        if (queue_) queue_->push(std::exchange(ready_, {}));
        queue_ = queue;
    }
    ready_.push_back(std::move(ready));
}

ReplyPtr make_queued_reply(std::shared_ptr<ReplyQueue> queue, std::uint64_t session, std::uint64_t request) {
    return std::make_unique<QueuedReply>(std::move(queue), session, request);
}

}  // namespace incidentd
