#include "correlator/snapshot_learning.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>
#include <utility>

namespace incidentd {

struct LearningSnapshot {
    template <class Archive, class Number>
    static void real(Archive& a, Number& value) {
        std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
        a.number(bits);
        if constexpr (Archive::reads) value = std::bit_cast<float>(bits);
    }

    // Times of the onset clock may lie before 1970.
    template <class Archive, class Time>
    static void signed_time(Archive& a, Time& value) {
        auto bits = static_cast<std::uint64_t>(value.ms);
        a.fixed(bits);
        if constexpr (Archive::reads) value.ms = static_cast<std::int64_t>(bits);
    }

    template <class Archive, class Onset>
    static void onset(Archive& a, Onset& onset) {
        a.time(onset.received);
        signed_time(a, onset.at);
        signed_time(a, onset.scale);
        a.fixed(onset.check);
        a.number(onset.entity);
        for (auto& word : onset.environment.words()) a.number(word);
        a.number(onset.token_count);
        a.number(onset.name_parts);
        const std::size_t count = std::min<std::size_t>(onset.token_count, onset_tokens_max);
        for (std::size_t i = 0; i < count; ++i) {
            a.number(onset.tokens[i].word);
            real(a, onset.tokens[i].share);
        }
    }

    template <class Archive, class Cell>
    static void cell(Archive& a, Cell& cell) {
        a.fixed(cell.first);
        a.fixed(cell.then);
        for (auto* count : {&cell.near, &cell.control, &cell.on_minute}) real(a, *count);
        for (auto* time : {&cell.near_at, &cell.control_at, &cell.decayed_at}) a.time(*time);
        a.number(cell.minute);
        a.member(cell.reach, Reach::apart);
    }

    template <class Archive, class Row>
    static void row(Archive& a, Row& row) {
        a.number(row.word);
        a.number(row.count);
        a.number(row.next);
        for (auto& number : row.numbers) a.number(number);
    }

    template <class Archive, class Signature>
    static void signature(Archive& a, Signature& signature) {
        for (auto& part : signature) {
            std::uint64_t whole = part;
            a.number(whole);
            if constexpr (Archive::reads) part = static_cast<std::uint32_t>(whole);
        }
    }

    template <class Archive, class Ended>
    static void ended(Archive& a, Ended& one) {
        snapshot::likeness_fields(a, one.known);
        signature(a, one.signature);
        a.fixed(one.root);
    }

    static void save(const Correlator::State& state, snapshot::Save& out) {
        const Association& from = state.association;
        out.number(from.recent_.end_);
        out.list(from.recent_.ring_, recent_onsets_max, [&out](const auto& one) { onset(out, one); });
        save_table(
            out, from.co_occurrence_.cells_, [](const auto& one) { return one.used; },
            [&out](const auto& one) { cell(out, one); });
        out.number(from.co_occurrence_.names_.size());
        for (const auto& [check, name] : from.co_occurrence_.names_) {
            out.fixed(check);
            out.text(name);
        }
        save_table(
            out, from.similarity_.rows_, [](const auto& one) { return one.count > 0; },
            [&out](const auto& one) { row(out, one); });
        out.number(from.similarity_.counted_);
        save_table(
            out, from.similarity_.counters_, [](std::uint16_t one) { return one > 0; },
            [&out](std::uint16_t one) { out.number(one); });
        save_habits(out, from.check_habits_);
        const IncidentMemory& known = state.memory;
        out.number(known.under_way_.size());
        for (const auto& [incident, course] : known.under_way_) {
            out.number(incident.value);
            signature(out, course.signature);
            out.text(course.said_by);
            out.text(course.said);
            out.number(course.told.value);
        }
        out.number(known.ended_.size());
        for (const auto& [number, one] : known.ended_) ended(out, one);
    }

    static void save_habits(snapshot::Save& out, const CheckHabits& from) {
        std::vector<std::uint64_t> order;
        for (const auto& [check, habit] : from.habits_) order.push_back(check);
        std::sort(order.begin(), order.end());
        out.number(order.size());
        for (const std::uint64_t check : order) {
            const CheckHabit& habit = from.habits_.at(check);
            out.fixed(check);
            out.number(habit.alone);
            out.number(habit.company);
        }
    }

    static void load_habits(snapshot::Load& in, CheckHabits& to) {
        codec::Reader& r = in.reader();
        for (std::size_t left = r.count(10); left > 0 && !r.failed(); --left) {
            CheckHabit& habit = to.habits_[r.fixed64()];
            in.number(habit.alone);
            in.number(habit.company);
            if (habit.alone > habit_cases_most || habit.company > habit_cases_most) r.reject();
        }
        if (to.habits_.size() > checks_with_habits_max) r.reject();
    }

    template <class Table, class IsUsed, class Each>
    static void save_table(snapshot::Save& out, const Table& table, const IsUsed& is_used, const Each& each) {
        std::size_t used = 0;
        for (const auto& one : table) used += is_used(one) ? 1U : 0U;
        out.number(used);
        for (std::size_t i = 0; i < table.size(); ++i) {
            if (!is_used(table[i])) continue;
            out.number(i);
            each(table[i]);
        }
    }

    // An empty table stays empty: it is made with the first onset.
    template <class Table, class Each>
    static void load_table(snapshot::Load& in, Table& table, std::size_t size, const Each& each) {
        codec::Reader& r = in.reader();
        const std::size_t used = r.count(2);
        if (used > size) return r.reject();
        if (used > 0) table.resize(size);
        for (std::size_t left = used; left > 0 && !r.failed(); --left) {
            const std::uint64_t at = r.number();
            if (at >= size) return r.reject();
            each(table[at]);
        }
    }

    static void load(Correlator::State& state, snapshot::Load& in) {
        Association& to = state.association;
        codec::Reader& r = in.reader();
        in.number(to.recent_.end_);
        in.list(to.recent_.ring_, recent_onsets_max, [&in](auto& one) { onset(in, one); });
        const std::size_t entities = to.estate_.restored_base_ + to.estate_.heard_.size();
        if (to.recent_.ring_.size() != std::min<std::uint64_t>(to.recent_.end_, recent_onsets_max)) r.reject();
        for (const RecentOnset& one : to.recent_.ring_)
            if (one.token_count > onset_tokens_max || (one.entity >= entities && one.entity != Estate::none) ||
                one.scale.ms <= 0)
                r.reject();
        load_table(in, to.co_occurrence_.cells_, pair_sets * pair_ways, [&in](auto& one) {
            cell(in, one);
            one.used = true;
        });
        for (std::size_t left = r.count(9); left > 0 && !r.failed(); --left) {
            const std::uint64_t check = r.fixed64();
            to.co_occurrence_.names_.emplace(check, r.string());
        }
        load_table(in, to.similarity_.rows_, posting_rows, [&in, &r, &to](auto& one) {
            row(in, one);
            if (one.count > postings_max || one.next >= postings_max) r.reject();
            for (const std::uint64_t number : one.numbers)
                if (number >= to.recent_.end_ && number != 0) r.reject();
        });
        in.number(to.similarity_.counted_);
        load_table(in, to.similarity_.counters_, word_counters, [&in](std::uint16_t& one) { in.number(one); });
        if (!to.similarity_.rows_.empty()) to.similarity_.counters_.resize(word_counters);
        load_habits(in, to.check_habits_);
        load_recurrence(state.memory, in);
    }

    static void load_recurrence(IncidentMemory& to, snapshot::Load& in) {
        codec::Reader& r = in.reader();
        for (std::size_t left = r.count(signature_size); left > 0 && !r.failed(); --left) {
            IncidentMemory::Course& course = to.under_way_[IncidentId{r.number()}];
            signature(in, course.signature);
            in.text(course.said_by);
            in.text(course.said);
            in.number(course.told.value);
        }
        for (std::size_t left = r.count(signature_size); left > 0 && !r.failed(); --left) {
            IncidentMemory::Ended one;
            ended(in, one);
            to.add(std::move(one));
        }
        if (to.ended_.size() > ended_incidents_max) r.reject();
    }
};

namespace snapshot {

void encode_learning(const Correlator::State& state, Save& save) { LearningSnapshot::save(state, save); }
void decode_learning(Correlator::State& state, Load& load) { LearningSnapshot::load(state, load); }

}  // namespace snapshot
}  // namespace incidentd
