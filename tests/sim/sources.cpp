#include "tests/sim/sources.hpp"

#include <utility>

namespace incidentd::sim {
namespace {

constexpr std::array<const char*, 3> hosts{"h1", "h2", "h3"};
constexpr std::array<const char*, 3> services{"a", "b", "c"};

std::vector<Condition> some_conditions(Stage& stage, const std::string& prefix, std::size_t count) {
    std::vector<Condition> out;
    for (std::size_t i = 0; i < count; ++i) {
        Condition condition;
        condition.key = prefix + std::to_string(i);
        condition.host = hosts[stage.random.below(3)];
        condition.service = services[stage.random.below(3)];
        out.push_back(condition);
    }
    return out;
}

// The start that a source claims serves as the message's name: it is journaled with refreshes, too.
void describe(AlertDraft& draft, const Condition& condition, Instant message) {
    draft.labels = {{"alertname", condition.key}, {"host", condition.host}, {"service", condition.service}};
    draft.title = condition.key;
    draft.starts_at = message;
    draft.severity = Severity::error;
}

class Edge final : public Source {
public:
    Edge(Stage& stage, Host& host) : stage_(stage), host_(host), conditions_(some_conditions(stage, "edge", 4)) {
        lines_.resize(conditions_.size());
    }
    const std::vector<Condition>& conditions() const override { return conditions_; }
    std::string name() const override { return "edge"; }
    std::string key_of(const Condition& condition) const override { return condition.key; }
    bool has_told_all() const override {
        for (const Line& line : lines_)
            if (!line.spool.empty()) return false;
        return true;
    }

    void change_something() override {
        const std::size_t i = stage_.random.below(conditions_.size());
        Condition& condition = conditions_[i];
        if (stage_.now < condition.changed + minutes(1)) return;
        const std::uint64_t kind = stage_.random.below(12);
        if (kind == 0) return set_suppressed(i, !condition.suppressed);
        if (kind == 1 && condition.firing) return tell(i, {{EventKind::acknowledged, condition.episode}});
        if (kind == 2 && !condition.firing) {
            ++condition.episode;
            condition.changed = stage_.now;
            stage_.fault("recovery before its problem");
            return tell(i, {{EventKind::resolved, condition.episode}, {EventKind::firing, condition.episode}});
        }
        set_firing(i, !condition.firing);
    }

    void calm_down(bool everything_recovers) override {
        for (std::size_t i = 0; i < conditions_.size(); ++i) {
            if (conditions_[i].suppressed) set_suppressed(i, false);
            if (everything_recovers && conditions_[i].firing) set_firing(i, false);
        }
    }

private:
    using Request = std::vector<Message>;
    struct Line {
        std::deque<Request> spool;  // the front one is on its way
        std::uint64_t tries = 0;
    };

    void set_firing(std::size_t i, bool firing) {
        Condition& condition = conditions_[i];
        if (firing) ++condition.episode;
        condition.firing = firing;
        condition.changed = stage_.now;
        stage_.say("truth: " + condition.key + " on " + condition.host + (firing ? " fires" : " is over"));
        tell(i, {{firing ? EventKind::firing : EventKind::resolved, condition.episode}});
    }
    void set_suppressed(std::size_t i, bool suppressed) {
        conditions_[i].suppressed = suppressed;
        conditions_[i].changed = stage_.now;
        stage_.say("truth: " + conditions_[i].key + (suppressed ? " is suppressed" : " is no longer suppressed"));
        tell(i, {{suppressed ? EventKind::suppressed : EventKind::unsuppressed, conditions_[i].episode}});
    }
    void tell(std::size_t i, Request request) {
        lines_[i].spool.push_back(std::move(request));
        if (lines_[i].spool.size() == 1) send_front(i);
    }

    // Until it is acknowledged; one that gets no answer is sent again after a while.
    void send_front(std::size_t i) {
        const std::uint64_t try_number = ++lines_[i].tries;
        const auto settle = [this, i, try_number](bool is_acknowledged) {
            if (lines_[i].tries != try_number) return;
            if (!is_acknowledged) return again(i, try_number, seconds(1) + stage_.random.up_to(seconds(20)));
            ++lines_[i].tries;
            maybe_double(i, lines_[i].spool.front());
            lines_[i].spool.pop_front();
            if (!lines_[i].spool.empty()) send_front(i);
        };
        post(i, lines_[i].spool.front(), settle);
        again(i, try_number, seconds(30));
    }
    void again(std::size_t i, std::uint64_t try_number, Duration after) {
        stage_.after(after, [this, i, try_number] {
            if (lines_[i].tries == try_number) send_front(i);
        });
    }

    // A copy that the network kept: it arrives before its condition enters another episode.
    void maybe_double(std::size_t i, const Request& request) {
        if (stage_.calm || !stage_.random.one_in(6) || request.front().kind == EventKind::suppressed ||
            request.front().kind == EventKind::unsuppressed || request.front().kind == EventKind::acknowledged)
            return;
        stage_.fault("alert doubled, the copy late");
        stage_.after(stage_.random.up_to(seconds(40)), [this, i, request, skew = stage_.skew] {
            const bool is_of_now = conditions_[i].episode == request.front().episode && stage_.skew == skew;
            if (is_of_now) post(i, request, [](bool) {});
        });
    }

    void post(std::size_t i, const Request& request, Answered answered) {
        const Instant name{1'700'000'000'000 + ++stage_.messages};
        const std::string message = name_of_message(name);
        AlertBatch batch("edge");
        bool has_recovery = false;
        for (const Message& one : request) {
            const std::string episode = std::to_string(one.episode);
            AlertDraft draft;
            describe(draft, conditions_[i], name);
            draft.kind = one.kind;
            draft.key = conditions_[i].key;
            draft.episode = episode;
            (void)batch.add(draft, EventLimits{});
            has_recovery = has_recovery || one.kind == EventKind::resolved;
        }
        stage_.say("edge sends " + message + " about " + conditions_[i].key + ": " +
                   std::string(to_string(request.front().kind)));
        host_.receive(std::move(batch), message, has_recovery, std::move(answered));
    }

    Stage& stage_;
    Host& host_;
    std::vector<Condition> conditions_;
    std::vector<Line> lines_;
};

class Level final : public Source {
public:
    Level(Stage& stage, Host& host) : stage_(stage), host_(host), conditions_(some_conditions(stage, "level", 4)) {
        stage_.after(stage_.random.up_to(minutes(1)), [this] { refresh(); });
    }
    const std::vector<Condition>& conditions() const override { return conditions_; }
    std::string name() const override { return "level"; }
    std::string key_of(const Condition&) const override { return {}; }
    bool has_told_all() const override { return told_since_calm_; }

    void change_something() override {
        Condition& condition = conditions_[stage_.random.below(conditions_.size())];
        set_firing(condition, !condition.firing);
    }
    void calm_down(bool everything_recovers) override {
        told_since_calm_ = false;
        calm_since_ = stage_.now;
        for (Condition& condition : conditions_)
            if (everything_recovers && condition.firing) set_firing(condition, false);
    }

private:
    void set_firing(Condition& condition, bool firing) {
        condition.firing = firing;
        condition.changed = stage_.now;
        stage_.say("truth: " + condition.key + " on " + condition.host + (firing ? " fires" : " is over"));
    }

    void refresh() {
        stage_.after(minutes(1), [this] { refresh(); });
        std::vector<Condition> told;
        for (const Condition& condition : conditions_)
            if (condition.firing || (condition.changed.is_set() && stage_.now < condition.changed + minutes(15)))
                told.push_back(condition);
        if (told.empty()) {
            told_since_calm_ = true;
            return;
        }
        const std::uint64_t copies = !stage_.calm && stage_.random.one_in(8) ? 2 : 1;
        if (copies == 2) stage_.fault("alerts doubled");
        for (std::uint64_t copy = 0; copy < copies; ++copy) {
            Duration late = stage_.random.up_to(milliseconds(50));
            if (!stage_.calm && stage_.random.one_in(10)) {
                stage_.fault("alerts late or out of order");
                late = stage_.random.up_to(seconds(90));
            }
            stage_.after(late, [this, told, sent = stage_.now] { post(told, sent); });
        }
    }

    void post(const std::vector<Condition>& told, Instant sent) {
        const Instant name{1'700'000'000'000 + ++stage_.messages};
        const std::string message = name_of_message(name);
        AlertBatch batch("level");
        bool has_recovery = false;
        for (const Condition& condition : told) {
            AlertDraft draft;
            describe(draft, condition, name);
            draft.kind = condition.firing ? EventKind::firing : EventKind::resolved;
            if (condition.firing) draft.expires_at = stage_.wall() + minutes(4);
            (void)batch.add(draft, EventLimits{});
            has_recovery = has_recovery || !condition.firing;
        }
        if (!stage_.calm) stage_.say("level sends " + message + " about " + std::to_string(told.size()) + " alerts");
        host_.receive(std::move(batch), message, has_recovery, [this, sent](bool is_acknowledged) {
            if (is_acknowledged && stage_.calm && sent > calm_since_) told_since_calm_ = true;
        });
    }

    Stage& stage_;
    Host& host_;
    std::vector<Condition> conditions_;
    Instant calm_since_;
    bool told_since_calm_ = false;
};

}  // namespace

std::unique_ptr<Source> make_edge_source(Stage& stage, Host& host) { return std::make_unique<Edge>(stage, host); }
std::unique_ptr<Source> make_level_source(Stage& stage, Host& host) { return std::make_unique<Level>(stage, host); }

}  // namespace incidentd::sim
