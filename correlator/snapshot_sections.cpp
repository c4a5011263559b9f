#include "correlator/snapshot_sections.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace incidentd::snapshot {
namespace {

using State = Correlator::State;
using codec::Reader;
using codec::Writer;

constexpr std::size_t any_number = 1;  // least bytes of a thing

// Tables by slot, in the order of slots: hash tables have none.
template <class Table, class Each>
void by_slot(const State& state, const Table& table, Writer& w, const Each& each) {
    w.number(table.size());
    std::size_t left = table.size();
    for (State::Slot slot = 0; slot < state.alerts.end() && left > 0; ++slot) {
        const auto found = table.find(slot);
        if (found == table.end()) continue;
        --left;
        w.number(slot);
        each(found->second);
    }
}

template <class Each>
void read_by_slot(const State& state, Reader& r, const Each& each) {
    for (std::size_t left = r.count(2); left > 0 && !r.failed(); --left) {
        const std::uint64_t slot = r.number();
        if (slot >= state.alerts.end() || !state.alerts[static_cast<State::Slot>(slot)].used) return r.reject();
        each(static_cast<State::Slot>(slot));
    }
}

void fixed(Writer& w, Fingerprint value) {
    w.fixed64(value.high);
    w.fixed64(value.low);
}
Fingerprint fixed(Reader& r) {
    Fingerprint value;
    value.high = r.fixed64();
    value.low = r.fixed64();
    return value;
}

std::uint32_t small(Reader& r) {
    const std::uint64_t value = r.number();
    if (value > UINT32_MAX) r.reject();
    return static_cast<std::uint32_t>(value);
}

void encode_origins(const State& state, Writer& w) {
    std::vector<State::Slot> slots;
    for (State::Slot slot = 0; !state.origins.empty() && slot < state.alerts.end(); ++slot)
        if (!state.origins.of(slot).empty()) slots.push_back(slot);
    w.number(slots.size());
    for (const State::Slot slot : slots) {
        w.number(slot);
        w.number(state.origins.of(slot).size());
        for (const Fingerprint identity : state.origins.of(slot)) {
            const Origin& origin = *state.origins.find(identity);
            fixed(w, identity);
            w.fixed64(origin.words);
            w.time(origin.expires_at);
            w.byte(static_cast<std::uint8_t>(origin.severity));
            w.byte(origin.firing ? 1 : 0);
        }
    }
}

void decode_origins(State& state, Reader& r) {
    read_by_slot(state, r, [&](State::Slot slot) {
        for (std::size_t left = r.count(24); left > 0 && !r.failed(); --left) {
            const Fingerprint identity = fixed(r);
            Origin origin;
            origin.slot = slot;
            origin.words = r.fixed64();
            origin.expires_at = r.time();
            origin.severity = r.member(Severity::critical);
            origin.firing = r.flag();
            if (state.origins.find(identity) != nullptr || state.origins.add(identity, origin) == nullptr) r.reject();
        }
    });
}

void encode_suppression(const Suppression& why, Writer& w) {
    w.byte(why.by_source ? 1 : 0);
    w.text(why.source_words);
    w.time(why.source_since);
    w.number(why.silences.size());
    for (std::size_t i = 0; i < why.silences.size(); ++i) {
        w.number(why.silences[i]);
        w.time(why.silenced_since[i]);
    }
    w.number(why.inhibits.size());
    for (std::size_t i = 0; i < why.inhibits.size(); ++i) {
        w.text(why.inhibits[i]);
        w.time(why.inhibited_since[i]);
    }
}

Suppression decode_suppression(const State& state, Reader& r) {
    Suppression why;
    why.by_source = r.flag();
    why.source_words = r.string();
    why.source_since = r.time();
    for (std::size_t left = r.count(any_number); left > 0 && !r.failed(); --left) {
        why.silences.push_back(small(r));
        why.silenced_since.push_back(r.time());
        if (!state.suppressions.silences.contains(why.silences.back())) r.reject();
    }
    for (std::size_t left = r.count(any_number); left > 0 && !r.failed(); --left) {
        why.inhibits.push_back(r.string());
        why.inhibited_since.push_back(r.time());
    }
    return why;
}

void encode_silences(const State& state, Writer& w) {
    w.number(state.suppressions.next_number);
    w.number(state.suppressions.silences.size());
    for (const auto& [number, record] : state.suppressions.silences) {
        const Silence& told = record.told;
        w.number(number);
        w.number(record.generation);
        w.time(record.watched);
        w.byte(static_cast<std::uint8_t>(told.state));
        w.byte(told.is_of_rules ? 1 : 0);
        if (told.is_of_rules) {
            w.number(record.rule);
            continue;
        }
        w.text(told.id);
        codec::write_matchers(w, told.match);
        w.text(told.created_by);
        w.text(told.comment);
        for (const Instant at : {told.starts_at, told.ends_at, told.updated_at}) w.time(at);
    }
}

void decode_silences(State& state, Reader& r) {
    Suppressions& all = state.suppressions;
    all.next_number = small(r);
    for (std::size_t left = r.count(4); left > 0 && !r.failed(); --left) {
        const std::uint32_t number = small(r);
        if (number >= all.next_number || all.silences.contains(number)) return r.reject();
        SilenceRecord& record = all.silences[number];
        record.generation = small(r);
        record.watched = r.time();
        Silence& told = record.told;
        told.state = r.member(SilenceState::expired);
        told.is_of_rules = r.flag();
        if (told.state == SilenceState::active) all.holding.push_back(number);
        if (told.is_of_rules) {
            record.rule = small(r);
            continue;
        }
        told.id = r.string();
        told.match = codec::read_matchers(r);
        told.created_by = r.string();
        told.comment = r.string();
        for (Instant* at : {&told.starts_at, &told.ends_at, &told.updated_at}) *at = r.time();
        if (!all.by_id.emplace(told.id, number).second) r.reject();
    }
    std::sort(all.holding.begin(), all.holding.end());
}

void encode_flaps(const State& state, Writer& w) {
    by_slot(state, state.flaps, w, [&w](const FlapRecord& record) {
        w.number(record.changes.size());
        for (const Instant at : record.changes) w.time(at);
        w.number(record.checks.bits());
        w.time(record.last_change);
        w.time(record.flapping_since);
        w.byte(record.flapping ? 1 : 0);
        w.byte(record.was_firing ? 1 : 0);
    });
}

void decode_flaps(State& state, Reader& r) {
    read_by_slot(state, r, [&](State::Slot slot) {
        FlapRecord& record = state.flaps[slot];
        for (std::size_t left = r.count(any_number); left > 0 && !r.failed(); --left)
            record.changes.push_back(r.time());
        record.checks.restore(small(r));
        record.last_change = r.time();
        record.flapping_since = r.time();
        record.flapping = r.flag();
        record.was_firing = r.flag();
        if (record.flapping) ++state.sizes.alerts_flapping;
    });
}

void encode_early_clears(const State& state, Writer& w) {
    w.number(state.pairs.early.size());
    for (const EarlyClear& one : state.pairs.early) {
        fixed(w, one.key);
        w.time(one.at);
        w.time(one.claimed);
    }
}

void decode_early_clears(State& state, Reader& r) {
    for (std::size_t left = r.count(18); left > 0 && !r.failed(); --left) {
        EarlyClear& one = state.pairs.early.emplace_back();
        one.key = fixed(r);
        one.at = r.time();
        one.claimed = r.time();
    }
}

void encode_storms(const State& state, Writer& w) {
    w.number(state.storms.size());
    for (const StormWatch& watch : state.storms) {
        w.text(watch.rule);
        w.text(watch.value);
        w.time(watch.window_began);
        w.number(watch.count);
        w.number(watch.count_before);
        w.fixed64(std::bit_cast<std::uint64_t>(watch.usual));
        w.time(watch.last_over);
        w.byte(watch.is_on ? 1 : 0);
    }
}

void decode_storms(State& state, Reader& r) {
    for (std::size_t left = r.count(15); left > 0 && !r.failed(); --left) {
        StormWatch& watch = state.storms.emplace_back();
        watch.rule = r.string();
        watch.value = r.string();
        watch.window_began = r.time();
        watch.count = r.number();
        watch.count_before = r.number();
        watch.usual = std::bit_cast<double>(r.fixed64());
        watch.last_over = r.time();
        watch.is_on = r.flag();
        if (watch.is_on) ++state.sizes.storms;
        if (!(watch.usual >= 0)) r.reject();
        if (!state.storm_index.emplace(std::pair(watch.rule, watch.value), state.storms.size() - 1).second) r.reject();
    }
}

void encode_waiting(const State& state, Writer& w) {
    w.number(state.patterns.waiting.size());
    for (const auto& [group, waiting] : state.patterns.waiting) {
        fixed(w, group);
        w.text(waiting.rule);
        w.fixed64(waiting.definition);
        w.number(waiting.waiters.size());
        for (const Waiter& one : waiting.waiters) {
            w.number(one.slot);
            w.time(one.at);
            w.fixed64(one.value);
        }
        w.number(waiting.began.size());
        for (const Instant at : waiting.began) w.time(at);
    }
    // The order of a slot's groups is that of its waits.
    by_slot(state, state.patterns.waits_in, w, [&w](const std::vector<Fingerprint>& all) {
        w.number(all.size());
        for (const Fingerprint group : all) fixed(w, group);
    });
}

void decode_waiting(State& state, Reader& r) {
    for (std::size_t left = r.count(27); left > 0 && !r.failed(); --left) {
        WaitGroup& waiting = state.patterns.waiting[fixed(r)];
        waiting.rule = r.string();
        waiting.definition = r.fixed64();
        for (std::size_t waiters = r.count(10); waiters > 0 && !r.failed(); --waiters) {
            Waiter& one = waiting.waiters.emplace_back();
            one.slot = small(r);
            one.at = r.time();
            one.value = r.fixed64();
            if (one.slot >= state.alerts.end() || !state.alerts[one.slot].used) r.reject();
        }
        for (std::size_t steps = r.count(any_number); steps > 0 && !r.failed(); --steps)
            waiting.began.push_back(r.time());
    }
    read_by_slot(state, r, [&](State::Slot slot) {
        std::vector<Fingerprint>& all = state.patterns.waits_in[slot];
        for (std::size_t groups = r.count(16); groups > 0 && !r.failed(); --groups) {
            all.push_back(fixed(r));
            if (!state.patterns.waiting.contains(all.back())) r.reject();
        }
    });
    // Each waiter is looked up from both sides.
    for (const auto& [group, waiting] : state.patterns.waiting)
        for (const Waiter& one : waiting.waiters) {
            const auto found = state.patterns.waits_in.find(one.slot);
            if (found == state.patterns.waits_in.end() ||
                std::find(found->second.begin(), found->second.end(), group) == found->second.end())
                return r.reject();
        }
}

void encode_absences(const State& state, Writer& w) {
    w.number(state.patterns.next_absence);
    w.number(state.patterns.absences.size());
    for (const auto& [number, watch] : state.patterns.absences) {
        w.number(number);
        w.text(watch.rule);
        w.fixed64(watch.definition);
        fixed(w, watch.group);
        w.time(watch.due);
        w.number(watch.generation);
        w.number(watch.values.size());
        for (const auto& [name, value] : watch.values) {
            w.text(name);
            w.text(value);
        }
    }
    by_slot(state, state.patterns.absence_alerts, w, [&w](std::uint32_t number) { w.number(number); });
}

void decode_absences(State& state, Reader& r) {
    Patterns& patterns = state.patterns;
    patterns.next_absence = small(r);
    for (std::size_t left = r.count(29); left > 0 && !r.failed(); --left) {
        const std::uint32_t number = small(r);
        AbsenceWatch& watch = patterns.absences[number];
        watch.rule = r.string();
        watch.definition = r.fixed64();
        watch.group = fixed(r);
        watch.due = r.time();
        watch.generation = small(r);
        for (std::size_t values = r.count(2); values > 0 && !r.failed(); --values) {
            std::string name = r.string();
            watch.values.emplace_back(std::move(name), r.string());
        }
        if (number >= patterns.next_absence || !patterns.absence_of_group.emplace(watch.group, number).second)
            r.reject();
    }
    read_by_slot(state, r, [&](State::Slot slot) { patterns.absence_alerts[slot] = small(r); });
}

}  // namespace

void encode_sections(const State& state, std::string& out) {
    Writer w(out);
    encode_origins(state, w);
    by_slot(state, state.source_labels, w, [&w](std::uint64_t hash) { w.fixed64(hash); });
    encode_silences(state, w);
    by_slot(state, state.suppressions.of, w, [&w](const Suppression& why) { encode_suppression(why, w); });
    encode_flaps(state, w);
    encode_early_clears(state, w);
    encode_storms(state, w);
    encode_waiting(state, w);
    encode_absences(state, w);
}

bool decode_sections(State& state, Reader& r) {
    decode_origins(state, r);
    read_by_slot(state, r, [&](State::Slot slot) { state.source_labels[slot] = r.fixed64(); });
    decode_silences(state, r);
    read_by_slot(state, r, [&](State::Slot slot) {
        Suppression why = decode_suppression(state, r);
        if (!state.alerts[slot].suppressed || !why.any()) return r.reject();
        state.suppressions.of[slot] = std::move(why);
    });
    decode_flaps(state, r);
    decode_early_clears(state, r);
    decode_storms(state, r);
    decode_waiting(state, r);
    decode_absences(state, r);
    return !r.failed();
}

bool link_sections(State& state) {
    for (auto& [number, record] : state.suppressions.silences) {
        if (!record.told.is_of_rules) continue;
        if (state.rules == nullptr || record.rule >= state.rules->silences.size()) return false;
        state.link_silence(record, record.rule);
    }
    state.index_rules();
    state.count_silences();
    for (auto& [slot, why] : state.suppressions.of) state.count_suppression(why, state.alerts[slot].firing);
    return true;
}

}  // namespace incidentd::snapshot
