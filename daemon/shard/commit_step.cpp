#include "daemon/shard/commit_step.hpp"

#include "adapters/source.hpp"
#include "daemon/ingest/reply_queue.hpp"

#include <utility>

namespace incidentd {

CommitStep::CommitStep(Journal& journal, Log& log, Metrics& metrics)
    : journal_(journal), log_(log), metrics_(metrics), durable_(journal.recovery().last.value) {}

bool CommitStep::write(std::vector<CommitBatch>& batches) {
    std::vector<JournalEntry> entries;
    for (const CommitBatch& batch : batches)
        for (const CommitBatch::Entry& entry : batch.entries)
            entries.push_back(
                {entry.sequence, entry.at, std::string_view(batch.bytes).substr(entry.offset, entry.size)});
    if (const Result<void> written = journal_.append(entries); !written) {
        stall(written.error(), batches);
        return false;
    }
    if (stalled_.exchange(false)) log_.info("the journal takes writes again", {});
    return true;
}

Result<void> CommitStep::finish(std::vector<CommitBatch>& batches) {
    Result<void> synced = sync(batches);
    if (synced) answer(batches);
    return synced;
}

void CommitStep::answer(std::vector<CommitBatch>& batches) {
    const GatheredReplies gathered;
    for (CommitBatch& batch : batches) {
        for (CommitBatch::Waiting& waiting : batch.replies) waiting.reply->send(std::move(waiting.accepted));
        batch.replies.clear();
    }
}

Result<void> CommitStep::sync(std::vector<CommitBatch>& batches) {
    if (const Result<void> synced = journal_.sync(); !synced) return synced;
    std::size_t entries = 0;
    Sequence last = durable();
    for (const CommitBatch& batch : batches) {
        entries += batch.entries.size();
        if (!batch.empty()) last = batch.entries.back().sequence;
    }
    metrics_.commit_entries(entries);
    durable_.store(last.value, std::memory_order_release);
    for (const CommitBatch& batch : batches)
        for (const auto& done : batch.done) done(true);
    return {};
}

void CommitStep::stall(const Error& error, std::vector<CommitBatch>& batches) {
    metrics_.commit_failed();
    log_.error("the journal refuses writes: nothing is acknowledged until it takes them",
               {{"error", error.message}, {"do", "free disk space or mend the state directory; no restart is needed"}});
    stalled_.store(true);
    for (CommitBatch& batch : batches) {
        for (CommitBatch::Waiting& waiting : batch.replies) {
            HttpReply reply = json_error(503, "the alerts could not be stored; send them again");
            reply.headers.emplace_back("Retry-After", "5");
            waiting.reply->send(std::move(reply));
        }
        batch.replies.clear();
    }
}

}  // namespace incidentd
