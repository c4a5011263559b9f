#include "rules/testing/trial.hpp"

#include "rules/testing/observed.hpp"

#include <algorithm>
#include <optional>

namespace incidentd::testing {
namespace {

using Subject = Expectation::Subject;

// "2 open incidents"
std::string counted(std::uint64_t count, Subject subject) {
    const std::string number = std::to_string(count) + " ";
    const std::string end = count == 1 ? "" : "s";
    switch (subject) {
        case Subject::incidents:
            return number + "open incident" + end;
        case Subject::opened:
            return number + "opened incident" + end;
        case Subject::alerts:
            return number + "firing alert" + end;
        case Subject::suppressed:
            return number + "suppressed alert" + end;
        case Subject::deliveries:
            return number + (count == 1 ? "delivery" : "deliveries");
        case Subject::explain:
            break;
    }
    return number + "decision" + end;
}

std::string_view item_word(Subject subject) {
    if (subject == Subject::incidents) return "incident";
    return subject == Subject::explain ? "decision" : "alert";
}

// Which of `found` each expected item is: all that can be matched are (augmenting paths, as of Kuhn).
class Pairing {
public:
    Pairing(const std::vector<ExpectedItem>& items, const std::vector<Observed>& found)
        : items_(items), found_(found), item_of_(found.size()) {
        for (std::size_t i = 0; i < items.size(); ++i) {
            std::vector<bool> tried(found.size());
            place(i, tried);
        }
    }
    std::optional<std::size_t> found_for(std::size_t item) const {
        for (std::size_t i = 0; i < item_of_.size(); ++i)
            if (item_of_[i] == item) return i;
        return std::nullopt;
    }
    bool is_taken(std::size_t found) const { return item_of_[found].has_value(); }
    void take(std::size_t found, std::size_t item) { item_of_[found] = item; }

private:
    bool place(std::size_t item, std::vector<bool>& tried) {
        for (std::size_t i = 0; i < found_.size(); ++i) {
            if (tried[i] || !holds(items_[item], found_[i])) continue;
            tried[i] = true;
            if (!item_of_[i] || place(*item_of_[i], tried)) {
                item_of_[i] = item;
                return true;
            }
        }
        return false;
    }
    const std::vector<ExpectedItem>& items_;
    const std::vector<Observed>& found_;
    std::vector<std::optional<std::size_t>> item_of_;
};

class Judge {
public:
    Judge(const Expectation& expected, const Memory& memory, Instant start)
        : expected_(expected), memory_(memory), start_(start) {
        failure_.where = expected.where;
        failure_.at = expected.at;
    }

    std::optional<Failure> judge() {
        switch (expected_.subject) {
            case Subject::opened:
                return number(memory_.opened.size(), observed_opened(memory_));
            case Subject::deliveries:
                if (expected_.count) return number(memory_.deliveries.size(), observed_deliveries(memory_));
                return deliveries();
            case Subject::explain:
                return explain();
            case Subject::incidents:
            case Subject::alerts:
            case Subject::suppressed:
                break;
        }
        const std::vector<Observed> all = observed(expected_.subject, memory_);
        if (!expected_.count) return list(all);
        std::vector<Observed> counted;
        std::copy_if(all.begin(), all.end(), std::back_inserter(counted), [](const Observed& o) { return o.counts; });
        return number(counted.size(), counted);
    }

private:
    std::optional<Failure> fail(std::string what) {
        failure_.what =
            "at " + to_string(expected_.at) + ": " + std::string(to_string(expected_.subject)) + ": " + std::move(what);
        failure_.reasons = reasons(memory_, start_, fingerprints_);
        return std::move(failure_);
    }

    std::optional<Failure> number(std::size_t found, const std::vector<Observed>& items) {
        if (found == *expected_.count) return std::nullopt;
        failure_.rows.push_back(
            {counted(*expected_.count, expected_.subject), counted(found, expected_.subject), false});
        for (const Observed& item : items) failure_.rows.push_back({"", item.summary, true});
        return fail("expected " + counted(*expected_.count, expected_.subject) + ", found " + std::to_string(found));
    }

    // Incidents and suppressed alerts: all there are, no more. Alerts: those named are among them.
    std::optional<Failure> list(const std::vector<Observed>& found) {
        const bool is_whole = expected_.subject != Subject::alerts;
        Pairing pairing(expected_.items, found);
        std::size_t missing = 0, extra = 0;
        for (std::size_t i = 0; i < expected_.items.size(); ++i)
            if (!pairing.found_for(i)) ++missing;
        for (std::size_t i = 0; i < found.size(); ++i)
            if (is_whole && found[i].counts && !pairing.is_taken(i)) ++extra;
        if (missing + extra == 0) return std::nullopt;
        for (std::size_t i = 0; i < expected_.items.size(); ++i) show_item(i, found, pairing);
        for (std::size_t i = 0; i < found.size(); ++i)
            if (is_whole && found[i].counts && !pairing.is_taken(i))
                failure_.rows.push_back({"(no more)", found[i].summary, false});
        std::string what = std::to_string(missing) + " of " + std::to_string(expected_.items.size()) +
                           " expected not found as written";
        if (missing == 0) what = counted(extra, expected_.subject) + " more than expected";
        return fail(std::move(what));
    }

    // What does not match stands beside what comes nearest to it.
    void show_item(std::size_t item, const std::vector<Observed>& found, Pairing& pairing) {
        std::optional<std::size_t> at = pairing.found_for(item);
        for (std::size_t i = 0; !at && i < found.size(); ++i) at = nearest(item, found, pairing);
        if (at) pairing.take(*at, item);
        compare(expected_.items[item], at ? &found[*at] : nullptr);
    }

    std::optional<std::size_t> nearest(std::size_t item, const std::vector<Observed>& found, const Pairing& pairing) {
        std::optional<std::size_t> best;
        std::size_t best_score = 0;
        for (std::size_t i = 0; i < found.size(); ++i) {
            const std::size_t score = likeness(expected_.items[item], found[i]) * 2 + (found[i].counts ? 1 : 0);
            if (pairing.is_taken(i) || score <= best_score) continue;
            best = i;
            best_score = score;
        }
        return best;
    }

    void compare(const ExpectedItem& item, const Observed* found) {
        failure_.rows.push_back({std::string(item_word(expected_.subject)) + ":",
                                 found == nullptr ? "(nothing like it)" : found->summary + ":", found != nullptr});
        for (const ExpectedField& field : item.fields) {
            const std::string value = found == nullptr ? std::string() : found->value(field.key);
            const bool agree = found != nullptr && holds(field, *found);
            failure_.rows.push_back({"  " + field.key + ": " + field.value,
                                     found == nullptr ? "" : "  " + field.key + ": " + value, agree});
        }
        const bool closed = found != nullptr && !found->counts && !names_state(item);
        if (closed) failure_.rows.push_back({"  state: open", "  state: " + found->value("state"), false});
    }

    static bool names_state(const ExpectedItem& item) {
        return std::any_of(item.fields.begin(), item.fields.end(),
                           [](const ExpectedField& field) { return field.key == "state"; });
    }

    std::optional<Failure> deliveries() {
        const std::vector<Observed> found = observed_each_delivery(memory_);
        bool good = true;
        for (const ExpectedItem& item : expected_.items) {
            ExpectedItem rest{item.where, {}};
            std::optional<std::uint64_t> times;
            for (const ExpectedField& field : item.fields) {
                if (field.key == "times")
                    times = std::stoull(field.value);
                else
                    rest.fields.push_back(field);
            }
            const auto count = static_cast<std::uint64_t>(
                std::count_if(found.begin(), found.end(), [&rest](const Observed& one) { return holds(rest, one); }));
            const bool agree = times ? count == *times : count > 0;
            good = good && agree;
            std::string words;
            for (const ExpectedField& field : rest.fields) words += (words.empty() ? "" : ", ") + field.value;
            failure_.rows.push_back({words + " x" + (times ? std::to_string(*times) : "1 or more"),
                                     words + " x" + std::to_string(count), agree});
        }
        if (good) return std::nullopt;
        for (const Observed& one : observed_deliveries(memory_)) failure_.rows.push_back({"", one.summary, true});
        return fail("not as expected");
    }

    std::optional<Failure> explain() {
        for (const ExpectedItem& item : expected_.items) {
            ExpectedItem alert{item.where, {}}, rest{item.where, {}};
            for (const ExpectedField& field : item.fields)
                (field.key.starts_with("labels.") ? alert : rest).fields.push_back(field);
            std::vector<Observed> found;
            fingerprints_ = matching_alerts(alert, memory_);
            for (const Fingerprint& fingerprint : *fingerprints_)
                for (Observed& one : observed_decisions(fingerprint, memory_)) found.push_back(std::move(one));
            if (std::any_of(found.begin(), found.end(), [&rest](const Observed& one) { return holds(rest, one); }))
                continue;
            failure_.where = item.where;
            if (fingerprints_->empty()) return fail("no alert with these labels was sent");
            const auto best = std::max_element(found.begin(), found.end(), [&rest](const auto& a, const auto& b) {
                return likeness(rest, a) < likeness(rest, b);
            });
            compare(rest, best == found.end() ? nullptr : &*best);
            return fail("no decision on this alert says so");
        }
        return std::nullopt;
    }

    const Expectation& expected_;
    const Memory& memory_;
    Instant start_;
    std::optional<std::vector<Fingerprint>> fingerprints_;  // whose decisions explain the failure; absent: all
    Failure failure_;
};

}  // namespace

TestResult run_test(const TestCase& test, const RuleBundle& bundle, const std::shared_ptr<const RuleSet>& rules,
                    Coverage& coverage) {
    TestResult result{test.name, test.where, {}};
    Stage stage(test, bundle, rules);
    for (const Expectation& expected : test.expected) {
        stage.play_until(expected.at);
        if (auto failure = Judge(expected, stage.memory(), test.start).judge())
            result.failures.push_back(std::move(*failure));
    }
    for (const EventFault& fault : stage.memory().faults)
        result.failures.push_back({fault.where, Duration{0}, "this event cannot be played: " + fault.message, {}, {}});
    coverage.add(stage);
    return result;
}

}  // namespace incidentd::testing
