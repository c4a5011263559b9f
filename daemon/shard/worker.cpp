#include "daemon/shard/worker.hpp"

#include "daemon/clock.hpp"

#include <algorithm>
#include <utility>

namespace incidentd {
namespace {

bool is_start(const InboxItem& item) {
    const auto* input = std::get_if<InputItem>(&item);
    return input != nullptr && std::holds_alternative<Started>(input->input);
}

}  // namespace

Worker::Worker(Correlator engine, Sequence last, Instant last_at, CommitPort& commits, Metrics& metrics,
               std::vector<std::string> sources, std::function<void(std::vector<ReleasedEffects>&&)> release)
    : engine_(std::move(engine)),
      last_(last),
      now_(last_at),
      commits_(commits),
      metrics_(metrics),
      sources_(std::move(sources)),
      release_(std::move(release)) {}

void Worker::step(std::vector<InboxItem>& items, Instant now) {
    now_ = std::max(now_, now);  // a clock that steps back must not reorder the journal
    // First what is due, so that no deadline stands between the look at what is known and its apply(). Only Started
    // comes before deadlines: it moves those that nobody watched.
    const bool starting = std::any_of(items.begin(), items.end(), is_start);
    if (!starting) {
        CommitBatch due;
        fire_due(due);
        if (!due.empty()) commits_.submit(std::move(due));
        Correlator::Changed changed;
        for (InboxItem& item : items)
            if (auto* alerts = std::get_if<AlertsItem>(&item)) engine_.note_refreshes(alerts->batch.events(), changed);
    }
    CommitBatch batch;
    const Sequence before = last_;
    for (InboxItem& item : items) {
        if (auto* alerts = std::get_if<AlertsItem>(&item)) take(*alerts, batch);
        if (auto* input = std::get_if<InputItem>(&item)) take(*input, batch);
    }
    // The bytes go to the disk first; the engine works while it turns.
    if (!batch.empty()) commits_.submit(std::move(batch));
    Sequence sequence = before;
    for (InboxItem& item : items) {
        if (auto* query = std::get_if<QueryItem>(&item)) {
            query->ask(engine_);
            continue;
        }
        ++sequence.value;
        if (auto* alerts = std::get_if<AlertsItem>(&item)) {
            apply(AlertsReceived{alerts->batch.events()}, sequence);
            count(*alerts);
        } else if (auto* input = std::get_if<InputItem>(&item)) {
            apply(input->input, sequence);
        }
    }
    items.clear();
    CommitBatch tick;
    fire_due(tick);
    if (!tick.empty()) commits_.submit(std::move(tick));
    release_durable();
}

void Worker::take(AlertsItem& item, CommitBatch& batch) {
    record(AlertsReceived{item.batch.events()}, batch);
    if (item.reply != nullptr) batch.replies.push_back({std::move(item.reply), std::move(item.accepted)});
}

void Worker::take(InputItem& item, CommitBatch& batch) {
    record(item.input, batch);
    if (item.done) batch.done.push_back(std::move(item.done));
}

void Worker::record(const Input& input, CommitBatch& batch) {
    ++last_.value;
    const std::size_t offset = batch.bytes.size();
    encode(input, batch.bytes);
    batch.entries.push_back({last_, now_, offset, batch.bytes.size() - offset});
}

void Worker::apply(const Input& input, Sequence sequence) {
    ReleasedEffects result{sequence, {}, {}};
    const auto start = monotonic_now();
    engine_.apply(input, now_, result.effects);
    metrics_.engine_seconds(std::chrono::duration<double>(monotonic_now() - start).count());
    awaiting_.push_back(std::move(result));
}

void Worker::fire_due(CommitBatch& batch) {
    const std::optional<Instant> due = engine_.next_deadline();
    if (!due || *due > now_) return;
    ReleasedEffects result;
    engine_.apply(Tick{}, now_, result.effects);
    if (result.effects.empty()) return;  // nothing a replay could miss
    record(Tick{}, batch);
    result.sequence = last_;
    awaiting_.push_back(std::move(result));
}

bool Worker::tell_state(std::size_t most, bool counts) {
    auto told = std::make_unique<StateUpdate>();
    bool more = engine_.visit_changed_alerts(most, [&told](AlertRow&& row) { told->alerts.push_back(std::move(row)); });
    if (counts) {
        more |= engine_.visit_touched_alerts(
            most, [&told](const Correlator::AlertCount& moved) { told->counts.push_back(moved); });
        more |= engine_.visit_touched_incidents(most,
                                                [&told](const IncidentView& view) { told->incidents.push_back(view); });
    }
    if (told->size() == 0) return more;
    if (!more && counts) told->told_through = engine_.now();
    awaiting_.push_back({last_, {}, std::move(told)});
    release_durable();
    return more;
}

void Worker::count(const AlertsItem& item) {
    const Outcomes& outcomes = engine_.last_outcomes();
    const std::string& source = sources_[item.source];
    if (outcomes.repeated > 0) metrics_.alerts_received(source, "repeated", outcomes.repeated);
    for (std::size_t i = 0; i < verdict_count; ++i)
        if (outcomes.by_verdict[i] > 0)
            metrics_.alerts_received(source, to_string(static_cast<Verdict>(i)), outcomes.by_verdict[i]);
}

void Worker::release_durable() {
    const Sequence durable = commits_.durable();
    std::vector<ReleasedEffects> ready;
    while (!awaiting_.empty() && awaiting_.front().sequence <= durable) {
        if (!awaiting_.front().effects.empty() || awaiting_.front().state != nullptr)
            ready.push_back(std::move(awaiting_.front()));
        awaiting_.pop_front();
    }
    const Sequence before = released();
    const Sequence now = awaiting_.empty() ? std::min(durable, last_) : Sequence{awaiting_.front().sequence.value - 1};
    if (!ready.empty()) release_(std::move(ready));
    if (now > before) released_.store(now.value, std::memory_order_release);
}

}  // namespace incidentd
