// What could break: an effect released before its input is durable, a reply before the sync, time that runs backwards,
// sequences with gaps.
#include "daemon/shard/worker.hpp"

#include "adapters/journal.hpp"
#include "rules/rules.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace incidentd {
namespace {

// Holds batches until the test says that they are on disk.
class HeldCommits final : public CommitPort {
public:
    void submit(CommitBatch batch) override { batches.push_back(std::move(batch)); }
    Sequence durable() const override { return through; }
    std::vector<JournalEntry> entries() const {
        std::vector<JournalEntry> out;
        for (const CommitBatch& batch : batches)
            for (const CommitBatch::Entry& entry : batch.entries)
                out.push_back(
                    {entry.sequence, entry.at, std::string_view(batch.bytes).substr(entry.offset, entry.size)});
        return out;
    }
    std::vector<CommitBatch> batches;
    Sequence through;
};

class CountedReply final : public Reply {
public:
    explicit CountedReply(int& sent) : sent_(sent) {}
    void send(HttpReply) override { ++sent_; }

private:
    int& sent_;
};

struct Bench {
    HeldCommits commits;
    Metrics metrics{{"prometheus"}, {"rt"}, "test"};
    std::vector<ReleasedEffects> released;
    int replies = 0;
    Worker worker{Correlator(),
                  Sequence{},
                  Instant{},
                  commits,
                  metrics,
                  {"prometheus"},
                  [this](std::vector<ReleasedEffects>&& effects) {
                      for (ReleasedEffects& one : effects) released.push_back(std::move(one));
                  }};

    void activate_rules() {
        RuleBundle bundle;
        bundle.sinks = {"rt"};
        Problems problems;
        std::vector<InboxItem> items;
        items.emplace_back(InputItem{Genesis{"0123456789ab", "test"}, {}});
        items.emplace_back(InputItem{RulesActivated{bundle.hash(), bundle.serialise(), compile(bundle, problems)}, {}});
        worker.step(items, Instant{1'000});
    }
    InboxItem alert(const std::string& name) {
        AlertsItem item{0, AlertBatch("prometheus"), {}, std::make_unique<CountedReply>(replies), {}};
        AlertDraft draft;
        draft.severity = Severity::critical;
        draft.labels = {{"alertname", name}, {"host", "db1"}};
        REQUIRE(item.batch.add(draft, {}).has_value());
        return item;
    }
    std::size_t actions() const {
        std::size_t count = 0;
        for (const ReleasedEffects& one : released)
            for (const Effect& effect : one.effects) count += std::holds_alternative<ActionDue>(effect.what) ? 1 : 0;
        return count;
    }
};

}  // namespace

TEST_CASE("nothing the engine decided leaves the worker before its input is durable") {
    Bench bench;
    bench.activate_rules();
    std::vector<InboxItem> items;
    items.push_back(bench.alert("DiskFull"));
    bench.worker.step(items, Instant{2'000});
    CHECK(bench.worker.engine().sizes().incidents_open == 1);
    CHECK(bench.released.empty());
    CHECK_FALSE(bench.worker.idle());

    bench.commits.through = Sequence{2};  // the alert is entry 3
    bench.worker.step(items, Instant{2'001});
    CHECK(bench.actions() == 0);
    bench.commits.through = Sequence{3};
    bench.worker.step(items, Instant{2'002});
    CHECK(bench.actions() == 1);
    CHECK(bench.worker.idle());
}

TEST_CASE("the state of alerts is told once it is durable, each change once, counts when they are asked for") {
    Bench bench;
    bench.activate_rules();
    std::vector<InboxItem> items;
    items.push_back(bench.alert("DiskFull"));
    bench.worker.step(items, Instant{2'000});
    CHECK(bench.worker.has_untold());
    bench.commits.through = Sequence{2};
    bench.worker.tell_state(10, true);
    CHECK(bench.released.empty());
    CHECK_FALSE(bench.worker.has_untold());
    bench.commits.through = Sequence{3};
    bench.worker.step(items, Instant{2'001});
    REQUIRE(bench.released.size() == 2);
    const StateUpdate& told = *bench.released.back().state;
    REQUIRE(told.alerts.size() == 1);
    CHECK(told.alerts.front().incident == IncidentId{1});
    CHECK(told.told_through == Instant{2'000});

    items.push_back(bench.alert("DiskFull"));
    bench.worker.step(items, Instant{3'000});
    bench.commits.through = Sequence{4};
    bench.worker.tell_state(10, false);
    CHECK(bench.released.size() == 2);
    bench.worker.tell_state(10, true);
    REQUIRE(bench.released.back().state->counts.size() == 1);
    CHECK(bench.released.back().state->counts.front().count == 2);
    CHECK(bench.released.back().state->incidents.size() == 1);
}

TEST_CASE("the worker never answers: the reply travels with the bytes that must be synced") {
    Bench bench;
    std::vector<InboxItem> items;
    items.push_back(bench.alert("DiskFull"));
    bench.worker.step(items, Instant{1'000});
    CHECK(bench.replies == 0);
    REQUIRE(bench.commits.batches.size() == 1);
    CHECK(bench.commits.batches.front().replies.size() == 1);
}

TEST_CASE("entries are numbered without gaps and time never goes backwards") {
    Bench bench;
    bench.activate_rules();
    std::vector<InboxItem> items;
    for (const std::int64_t now : {5'000, 4'000, 6'000}) {
        items.push_back(bench.alert("A" + std::to_string(now)));
        bench.worker.step(items, Instant{now});
    }
    const std::vector<JournalEntry> entries = bench.commits.entries();
    REQUIRE(entries.size() == 5);
    for (std::size_t i = 0; i < entries.size(); ++i) CHECK(entries[i].sequence.value == i + 1);
    CHECK(entries[2].at == Instant{5'000});
    CHECK(entries[3].at == Instant{5'000});  // the clock had stepped back
    CHECK(entries[4].at == Instant{6'000});
}

TEST_CASE("a deadline that leads to something is journaled, one that does not is not") {
    Bench bench;
    bench.activate_rules();
    std::vector<InboxItem> items;
    AlertsItem item{0, AlertBatch("prometheus"), {}, nullptr, {}};
    AlertDraft draft;
    draft.labels = {{"alertname", "Expires"}, {"host", "db1"}};
    draft.expires_at = Instant{10'000};
    REQUIRE(item.batch.add(draft, {}).has_value());
    items.emplace_back(std::move(item));
    bench.worker.step(items, Instant{2'000});
    const std::size_t before = bench.commits.entries().size();
    bench.worker.step(items, Instant{9'000});
    CHECK(bench.commits.entries().size() == before);
    bench.worker.step(items, Instant{10'000});
    REQUIRE(bench.commits.entries().size() == before + 1);
    DecodeScratch scratch;
    const Result<Input> input = decode(bench.commits.entries().back().record, scratch);
    REQUIRE(input.has_value());
    CHECK(std::holds_alternative<Tick>(*input));
}

TEST_CASE("a repetition is journaled as a short record") {
    Bench bench;
    bench.activate_rules();
    std::vector<InboxItem> items;
    items.push_back(bench.alert("DiskFull"));
    bench.worker.step(items, Instant{2'000});
    items.push_back(bench.alert("DiskFull"));
    bench.worker.step(items, Instant{3'000});
    const std::vector<JournalEntry> entries = bench.commits.entries();
    REQUIRE(entries.size() == 4);
    CHECK(entries[3].record.size() < 48);
    CHECK(entries[3].record.size() < entries[2].record.size());
    CHECK(bench.worker.engine().alert_row(0).count == 2);
}

TEST_CASE("after a restart no deadline fires before Started moves it") {
    Bench bench;
    bench.activate_rules();
    std::vector<InboxItem> items;
    AlertsItem item{0, AlertBatch("prometheus"), {}, nullptr, {}};
    AlertDraft draft;
    draft.labels = {{"alertname", "Expires"}, {"host", "db1"}};
    draft.expires_at = Instant{10'000};
    REQUIRE(item.batch.add(draft, {}).has_value());
    items.emplace_back(std::move(item));
    bench.worker.step(items, Instant{2'000});
    items.emplace_back(InputItem{Started{seconds(60)}, {}});
    bench.worker.step(items, Instant{3'600'000});
    CHECK(bench.worker.engine().sizes().alerts_firing == 1);
    bench.worker.step(items, Instant{3'600'000 + 60'000});
    CHECK(bench.worker.engine().sizes().alerts_firing == 0);
}

TEST_CASE("what was journaled replays to the same state") {
    Bench bench;
    bench.activate_rules();
    std::vector<InboxItem> items;
    for (int i = 0; i < 20; ++i) {
        items.push_back(bench.alert("A" + std::to_string(i % 7)));
        if (i % 3 == 0) bench.worker.step(items, Instant{3'000 + i * 100});
    }
    bench.worker.step(items, Instant{9'000});
    Correlator replayed;
    Effects effects;
    DecodeScratch scratch;
    for (const JournalEntry& entry : bench.commits.entries()) {
        Result<Input> input = decode(entry.record, scratch);
        REQUIRE(input.has_value());
        if (auto* rules = std::get_if<RulesActivated>(&*input)) {
            Problems problems;
            rules->compiled = compile(*RuleBundle::parse(rules->text), problems);
        }
        replayed.apply(*input, entry.at, effects);
    }
    CHECK(replayed.digest() == bench.worker.engine().digest());
}

TEST_CASE("worker: while time is ahead of a wall clock that was set back, a promised refresh is not overdue at once") {
    Bench bench;
    bench.activate_rules();
    AlertBatch batch("prometheus");
    AlertDraft draft;
    draft.labels = {{"alertname", "x"}};
    draft.expires_at = Instant{6'500};  // half a second from now by the wall clock, which was set back to 6'000
    REQUIRE(batch.add(draft, EventLimits{}).has_value());
    std::vector<InboxItem> items;
    items.push_back(AlertsItem{0, std::move(batch), {}, nullptr, {}});
    bench.worker.step(items, Instant{10'000}, milliseconds(4'000));
    bench.worker.step(items, Instant{10'499}, milliseconds(3'800));
    CHECK(bench.worker.engine().sizes().alerts_firing == 1);
    bench.worker.step(items, Instant{10'500}, milliseconds(3'800));
    CHECK(bench.worker.engine().sizes().alerts_firing == 0);
}

}  // namespace incidentd
