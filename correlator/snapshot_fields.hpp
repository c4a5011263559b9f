// The fields of records in a snapshot, in order, once for writing and reading. A structured binding names every member,
// so a new one does not compile until it is here; then raise the format version. Private to correlator/.
#pragma once

#include "correlator/codec.hpp"
#include "correlator/state.hpp"

#include <type_traits>

namespace incidentd::snapshot {

using State = Correlator::State;
using Handle = StringPool::Handle;

// Strings and shapes are numbered in the order of their first use: handles depend on history, numbers do not.
class Numbers {
public:
    explicit Numbers(std::size_t handles) : numbers_(handles, none) {}
    // True: the first use.
    bool use(Handle handle) {
        if (numbers_[handle] != none) return false;
        numbers_[handle] = static_cast<std::uint32_t>(in_order_.size());
        in_order_.push_back(handle);
        return true;
    }
    std::uint32_t of(Handle handle) const { return numbers_[handle]; }
    const std::vector<Handle>& in_order() const { return in_order_; }

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    std::vector<std::uint32_t> numbers_;
    std::vector<Handle> in_order_;
};

class Save {
public:
    static constexpr bool reads = false;
    Save(std::string& out, const State& state, const Numbers& strings, const Numbers& shapes)
        : w_(out), state_(state), strings_(strings), shapes_(shapes) {}

    template <class Number>
    void number(Number value) {
        w_.number(static_cast<std::uint64_t>(value));
    }
    void fixed(Fingerprint value) {
        w_.fixed64(value.high);
        w_.fixed64(value.low);
    }
    void fixed(std::uint64_t value) { w_.fixed64(value); }
    void time(Instant value) { w_.time(value); }
    void span(Duration value) { w_.number(static_cast<std::uint64_t>(value.ms)); }
    void text(std::string_view value) { w_.text(value); }
    void flag(bool value) { w_.byte(value ? 1 : 0); }
    void topology(const TopologySpec& spec) {
        codec::write_topology(w_, spec);
        codec::write_needs(w_, spec.needs);
    }
    void string(StringPool::Handle handle) { w_.number(strings_.of(handle)); }
    void words(const AlertWords& words) {
        const WordsView view = state_.word_store.view(words);
        w_.number(shapes_.of(words.shape));
        for (std::size_t i = 0; i < view.value_count(); ++i) string(view.value_handle(i));
    }
    template <class Enum>
    void member(Enum value, Enum /*most*/) {
        w_.byte(static_cast<std::uint8_t>(value));
    }
    template <class List, class Each>
    void list(const List& values, std::size_t /*most*/, const Each& each) {
        w_.number(values.size());
        for (const auto& value : values) each(value);
    }

private:
    codec::Writer w_;
    const State& state_;
    const Numbers& strings_;
    const Numbers& shapes_;
};

class Load {
public:
    static constexpr bool reads = true;
    Load(codec::Reader& r, State& state, const std::vector<Handle>& strings, const std::vector<Handle>& shapes)
        : r_(r), state_(state), strings_(strings), shapes_(shapes) {}

    template <class Number>
    void number(Number& value) {
        const std::uint64_t read = r_.number();
        value = static_cast<Number>(read);
        if (static_cast<std::uint64_t>(value) != read) r_.reject();
    }
    void fixed(Fingerprint& value) {
        value.high = r_.fixed64();
        value.low = r_.fixed64();
    }
    void fixed(std::uint64_t& value) { value = r_.fixed64(); }
    void time(Instant& value) { value = r_.time(); }
    void span(Duration& value) { value.ms = static_cast<std::int64_t>(r_.number()); }
    void text(std::string& value) { value = r_.text(); }
    void flag(bool& value) { value = r_.flag(); }
    void string(Handle& handle) {
        const std::uint64_t number = r_.number();
        if (number >= strings_.size()) return r_.reject();
        handle = strings_[number];
        state_.pool.retain(handle);
    }
    // After a failure the words are half there; the engine they belong to is thrown away with all its strings.
    void words(AlertWords& words) {
        const std::uint64_t number = r_.number();
        if (r_.failed() || number >= shapes_.size()) return r_.reject();
        words.shape = shapes_[number];
        state_.word_store.retain_shape(words.shape);
        const std::size_t count = state_.word_store.value_count(words.shape);
        words.values = std::make_unique<Handle[]>(count);
        for (std::size_t i = 0; i < count && !r_.failed(); ++i) string(words.values[i]);
    }
    template <class Enum>
    void member(Enum& value, Enum most) {
        value = r_.template member<Enum>(most);
    }
    template <class List, class Each>
    void list(List& values, std::size_t most, const Each& each) {
        const std::size_t count = r_.count(1);
        if (count > most) return r_.reject();
        for (std::size_t i = 0; i < count && !r_.failed(); ++i) each(values.emplace_back());
    }
    codec::Reader& reader() { return r_; }

private:
    codec::Reader& r_;
    State& state_;
    const std::vector<Handle>& strings_;
    const std::vector<Handle>& shapes_;
};

constexpr std::size_t any_count = SIZE_MAX;

template <class Archive, class Pairs>
void pairs(Archive& a, Pairs& values) {
    a.list(values, any_count, [&a](auto& pair) {
        a.text(pair.first);
        a.text(pair.second);
    });
}

template <class Archive, class Record>
void alert_fields(Archive& a, Record& record) {
    auto& [fingerprint, words, details_hash, starts_at, first_seen, last_seen, expires_at, resolved_at, expiry_watch,
           incident, count, source, key, episode, generation, severity, used, firing, suppressed, acknowledged, counted,
           forget_set, resolved_by_message, ever_fired, touched, changed] = record;
    static_assert(std::is_same_v<std::remove_cv_t<std::remove_reference_t<decltype(touched)>>, bool>);
    static_assert(std::is_same_v<std::remove_cv_t<std::remove_reference_t<decltype(changed)>>, bool>);
    a.number(generation);
    a.flag(used);
    if (!used) return;
    a.fixed(fingerprint);
    a.words(words);
    a.fixed(details_hash);
    for (auto* time : {&starts_at, &first_seen, &last_seen, &expires_at, &resolved_at, &expiry_watch}) a.time(*time);
    a.number(incident.value);
    a.number(count);
    for (auto* handle : {&source, &key, &episode}) a.string(*handle);
    a.member(severity, Severity::critical);
    for (auto* flag : {&firing, &suppressed, &acknowledged, &counted, &forget_set, &resolved_by_message, &ever_fired})
        a.flag(*flag);
}

template <class Archive, class Record>
void sink_fields(Archive& a, Record& record) {
    auto& [name, update_every, delivered_revision, told_revision, outstanding_revision, ticket, ticket_url, last_sent,
           outstanding_kind, outstanding, created, settled, dead, update_lost, update_set] = record;
    a.text(name);
    a.span(update_every);
    a.number(delivered_revision);
    a.number(told_revision);
    a.number(outstanding_revision);
    a.text(ticket);
    a.text(ticket_url);
    a.time(last_sent);
    a.member(outstanding_kind, ActionKind::resolve_ticket);
    for (auto* flag : {&outstanding, &created, &settled, &dead, &update_lost, &update_set}) a.flag(*flag);
}

template <class Archive, class One>
void likeness_fields(Archive& a, One& one) {
    auto& [incident, percent, same_cause, ended_at, lasted, times, alerts, said_by, said, ticket, ticket_url] = one;
    a.number(incident.value);
    a.number(percent);
    a.flag(same_cause);
    a.time(ended_at);
    auto lasted_bits = static_cast<std::uint64_t>(lasted.ms);
    a.fixed(lasted_bits);
    if constexpr (Archive::reads) lasted.ms = static_cast<std::int64_t>(lasted_bits);
    a.number(times);
    a.number(alerts);
    for (auto* text : {&said_by, &said, &ticket, &ticket_url}) a.text(*text);
}

template <class Archive, class View>
void view_fields(Archive& a, View& view) {
    auto& [id, key, state, title, rule, because, service, category, assignment_group, severity, peak_severity, impact,
           urgency, priority, acknowledged, acknowledged_by, began_at, opened_at, acknowledged_at, resolved_at,
           alerts_total, alerts_firing, messages_total, revision, group_labels, roots, merged_into, earlier] = view;
    a.number(id.value);
    a.member(state, IncidentState::dropped);
    for (auto* text : {&key, &title, &rule, &because, &service, &category, &assignment_group, &acknowledged_by})
        a.text(*text);
    a.member(severity, Severity::critical);
    a.member(peak_severity, Severity::critical);
    a.member(impact, Impact::high);
    a.member(urgency, Urgency::critical);
    a.member(priority, Priority::p5);
    a.flag(acknowledged);
    for (auto* time : {&began_at, &opened_at, &acknowledged_at, &resolved_at}) a.time(*time);
    for (auto* number : {&alerts_total, &alerts_firing, &messages_total, &revision}) a.number(*number);
    pairs(a, group_labels);
    a.list(roots, root_candidates_max, [&a](auto& root) {
        a.text(root.entity);
        a.number(root.percent);
        a.flag(root.silent);
        a.text(root.reason);
    });
    a.number(merged_into.value);
    a.list(earlier, likenesses_max, [&a](auto& one) { likeness_fields(a, one); });
}

template <class Archive, class Optional>
void urgency_field(Archive& a, Optional& urgency) {
    bool is_set = urgency.has_value();
    a.flag(is_set);
    if (!is_set) return;
    if constexpr (Archive::reads) urgency.emplace();
    a.member(*urgency, Urgency::critical);
}

constexpr std::size_t sinks_most = 32;

template <class Archive, class Record>
void incident_fields(Archive& a, Record& record) {
    auto& [view, group, within, quiet, max_age, ack_sampled, urgency_fixed, max_alerts, gathers_storm, last_onset,
           last_recovery, touched, changed, generation, firing_by_severity, alerts, facts, sinks, acknowledgements,
           route_labels] = record;
    static_assert(std::is_same_v<std::remove_cv_t<std::remove_reference_t<decltype(touched)>>, bool>);
    static_assert(std::is_same_v<std::remove_cv_t<std::remove_reference_t<decltype(changed)>>, bool>);
    view_fields(a, view);
    a.fixed(group);
    for (auto* span : {&within, &quiet, &max_age}) a.span(*span);
    a.flag(ack_sampled);
    urgency_field(a, urgency_fixed);
    a.number(max_alerts);
    a.flag(gathers_storm);
    a.time(last_onset);
    a.time(last_recovery);
    a.number(generation);
    for (auto& firing : firing_by_severity) a.number(firing);
    a.list(alerts, any_count, [&a](auto& slot) { a.number(slot); });
    a.list(facts, any_count, [&a](auto& fact) {
        a.number(fact.revision);
        a.time(fact.fact.at);
        a.text(fact.fact.text);
    });
    a.list(sinks, sinks_most, [&a](auto& sink) { sink_fields(a, sink); });
    a.list(acknowledgements, any_count, [&a](auto& one) {
        a.number(one.slot);
        a.text(one.actor);
    });
    pairs(a, route_labels);
}

template <class Archive, class Record>
void deadline_fields(Archive& a, Record& deadline) {
    auto& [at, order, subject, generation, kind, detail] = deadline;
    a.time(at);
    a.number(order);
    a.number(subject);
    a.number(generation);
    a.member(kind, DeadlineKind::absence_due);
    a.number(detail);
}

}  // namespace incidentd::snapshot
