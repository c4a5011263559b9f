#include "correlator/snapshot_association.hpp"

#include "correlator/entity_name.hpp"

#include <algorithm>
#include <bit>
#include <type_traits>

namespace incidentd {

struct AssociationSnapshot {
    template <class Archive, class Number>
    static void real(Archive& a, Number& value) {
        std::uint64_t bits = std::bit_cast<std::uint64_t>(value);
        a.fixed(bits);
        if constexpr (Archive::reads) value = std::bit_cast<double>(bits);
    }

    // Times of the onset clock and differences may lie before 1970 or below zero.
    template <class Archive, class Time>
    static void signed_time(Archive& a, Time& value) {
        auto bits = static_cast<std::uint64_t>(value.ms);
        a.fixed(bits);
        if constexpr (Archive::reads) value.ms = static_cast<std::int64_t>(bits);
    }

    template <class Archive, class Pace>
    static void pace(Archive& a, Pace& pace) {
        for (auto& gap : pace.gaps_) a.number(gap);
        for (auto* number : {&pace.onsets_, &pace.recoveries_, &pace.stamps_, &pace.compared_, &pace.repetitions_})
            a.number(*number);
        real(a, pace.repeat_gap_ms_);
        signed_time(a, pace.first_);
        signed_time(a, pace.last_);
        for (auto* span : {&pace.step_, &pace.run_step_, &pace.scale_}) signed_time(a, *span);
        a.number(pace.run_);
        real(a, pace.delay_ms_);
    }

    template <class Archive, class Links>
    static void links(Archive& a, Links& links, std::size_t most) {
        a.list(links, most, [&a](auto& link) {
            a.number(link.to);
            a.member(link.kind, LinkKind::member);
            a.number(link.word);
        });
    }

    template <class Archive, class Known>
    static void estate(Archive& a, Known& estate, std::uint64_t& topology_size) {
        a.number(topology_size);
        a.list(estate.heard_, entities_heard_max, [&a](auto& heard) {
            a.text(heard.name);
            links(a, heard.uppers, learned_uppers_max);
            links(a, heard.lowers, learned_lowers_max);
            a.time(heard.node_seen);
            a.time(heard.moved_at);
            a.number(heard.moves);
        });
    }

    template <class Archive, class Known>
    static void failure(Archive& a, Known& known) {
        a.number(known.incident.value);
        a.number(known.before.value);
        a.number(known.firing);
        a.number(known.firing_before);
        for (auto* number : {&known.cause, &known.member, &known.habit.incidents, &known.habit.halvings})
            a.number(*number);
        a.number(known.depth);
        a.number(known.last_source);
        a.number(known.mark_count);
        for (auto& mark : known.marks) {
            signed_time(a, mark.at);
            signed_time(a, mark.scale);
        }
        signed_time(a, known.last);
        a.list(known.checks, 8, [&a](auto& one) {
            a.fixed(one.check);
            signed_time(a, one.at);
        });
    }

    template <class Archive, class Known>
    static void failed(Archive& a, Known& member) {
        a.number(member.entity);
        signed_time(a, member.first);
        a.number(member.checks);
        a.member(member.worst, Severity::critical);
        a.flag(member.only_silence);
        a.flag(member.changed);
        a.number(member.earlier);
        a.number(member.of);
    }

    template <class Archive, class Known>
    static void cluster(Archive& a, Known& cluster) {
        signed_time(a, cluster.began);
        signed_time(a, cluster.last);
        signed_time(a, cluster.reach);
        a.number(cluster.alerts);
        a.number(cluster.ranked_at);
        a.fixed(cluster.partition);
        a.fixed(cluster.lone_check);
        a.list(cluster.firing, checks_counted_max, [&a](auto& one) {
            a.fixed(one.check);
            a.number(one.alerts);
        });
        a.list(cluster.members, SIZE_MAX, [&a](auto& member) { failed(a, member); });
        failed(a, cluster.likeliest);
        a.number(cluster.beside.incident.value);
        a.number(cluster.beside.entity);
        a.number(cluster.beside.through);
        a.number(cluster.beside.earlier);
        signed_time(a, cluster.beside.after);
    }

    template <class Archive, class Known>
    static void tally(Archive& a, Known& tally) {
        a.number(tally.next);
        a.list(tally.failed, failed_lately_max, [&a](auto& one) {
            a.number(one.child);
            signed_time(a, one.at);
        });
    }

    template <class Archive, class Gate>
    static void gate(Archive& a, Gate& gate) {
        a.number(gate.wants.checks);
        a.span(gate.wants.critical_after);
        a.span(gate.wants.other_after);
        a.span(gate.wants.habitual_after);
        a.time(gate.critical_since);
        a.time(gate.other_since);
        a.flag(gate.is_told);
        a.list(gate.checks, OpeningGate::checks_max, [&a](auto& check) { a.fixed(check); });
        a.list(gate.habitual, OpeningGate::checks_max, [&a](auto& check) { a.fixed(check); });
        a.number(gate.habit.alone);
        a.number(gate.habit.company);
        a.number(gate.fired);
    }

    template <class Map, class Each>
    static void save_sorted(const Map& map, snapshot::Save& save, const Each& each) {
        std::vector<Estate::Entity> order;
        for (const auto& [entity, value] : map) order.push_back(entity);
        std::sort(order.begin(), order.end());
        save.number(order.size());
        for (const Estate::Entity entity : order) {
            save.number(entity);
            each(map.at(entity));
        }
    }

    static void save(const Correlator::State& state, snapshot::Save& out) {
        const Association& from = state.association;
        out.number(state.topology_parts.size());
        for (const auto& [name, part] : state.topology_parts) {
            out.text(name);
            out.topology(part);
        }
        std::uint64_t topology_size = from.estate_.topology_->size();
        estate(out, from.estate_, topology_size);
        std::vector<std::string_view> sources(from.paces_.size());
        for (const auto& [name, number] : from.source_numbers_) sources[number] = name;
        out.number(sources.size());
        for (std::size_t i = 0; i < sources.size(); ++i) {
            out.text(sources[i]);
            pace(out, from.paces_[i]);
        }
        save_sorted(from.failures_, out, [&out](const auto& known) { failure(out, known); });
        save_sorted(from.tallies_, out, [&out](const auto& known) { tally(out, known); });
        out.number(from.clusters_.size());
        for (const auto& [id, known] : from.clusters_) {
            out.number(id.value);
            cluster(out, known);
        }
        for (const std::uint32_t number : {from.habit_.incidents_, from.habit_.since_halved_, from.habit_.halvings_})
            out.number(number);
        out.number(from.last_incident_.value);
        signed_time(out, from.last_claimed_);
        out.number(state.gates.size());
        for (const auto& [id, known] : state.gates) {
            out.number(id.value);
            gate(out, known);
        }
    }

    static void load(Correlator::State& state, snapshot::Load& in) {
        Association& to = state.association;
        codec::Reader& r = in.reader();
        for (std::size_t left = r.count(3); left > 0 && !r.failed(); --left) {
            std::string name = r.string();
            TopologySpec& part = state.topology_parts[std::move(name)] = codec::read_topology(r);
            part.needs = codec::read_needs(r);
        }
        std::uint64_t topology_size = 0;
        estate(in, to.estate_, topology_size);
        to.estate_.restored_base_ = topology_size;
        const std::uint64_t entities = topology_size + to.estate_.heard_.size();
        if (topology_size > topology_entities_max) return r.reject();
        for (std::size_t left = r.count(20), i = 0; i < left && !r.failed(); ++i) {
            to.source_numbers_.emplace(r.string(), static_cast<std::uint16_t>(i));
            pace(in, to.paces_.emplace_back());
        }
        if (to.paces_.size() > sources_paced_max || to.source_numbers_.size() != to.paces_.size()) return r.reject();
        const auto entity = [&](Estate::Entity& value, bool may_be_none) {
            in.number(value);
            if (value >= entities && !(may_be_none && value == Estate::none)) r.reject();
        };
        for (std::size_t left = r.count(8); left > 0 && !r.failed(); --left) {
            Estate::Entity number = 0;
            entity(number, false);
            failure(in, to.failures_[number]);
        }
        for (std::size_t left = r.count(2); left > 0 && !r.failed(); --left) {
            Estate::Entity number = 0;
            entity(number, false);
            tally(in, to.tallies_[number]);
        }
        for (std::size_t left = r.count(8); left > 0 && !r.failed(); --left) {
            const IncidentId id{r.number()};
            if (!state.incidents.contains(id)) return r.reject();
            cluster(in, to.clusters_[id]);
        }
        for (auto* number : {&to.habit_.incidents_, &to.habit_.since_halved_, &to.habit_.halvings_}) in.number(*number);
        in.number(to.last_incident_.value);
        signed_time(in, to.last_claimed_);
        for (std::size_t left = r.count(4); left > 0 && !r.failed(); --left) {
            const IncidentId id{r.number()};
            if (!state.incidents.contains(id)) return r.reject();
            gate(in, state.gates[id]);
        }
        if (!r.failed() && !is_sound(to, entities)) r.reject();
    }

    // Whatever is later used as an index.
    static bool is_sound(const Association& to, std::uint64_t entities) {
        const auto known = [entities](Estate::Entity entity) { return entity < entities || entity == Estate::none; };
        for (const auto& [entity, failure] : to.failures_) {
            if (!known(failure.cause) || failure.last_source >= std::max<std::size_t>(to.paces_.size(), 1))
                return false;
            if (!failure.incident.is_set()) continue;
            const auto cluster = to.clusters_.find(failure.incident);
            if (cluster == to.clusters_.end() || failure.member >= cluster->second.members.size()) return false;
        }
        for (const auto& [entity, tally] : to.tallies_) {
            if (tally.next >= failed_lately_max) return false;
            for (const auto& one : tally.failed)
                if (one.child >= entities) return false;
        }
        for (const auto& [id, cluster] : to.clusters_) {
            if (!known(cluster.likeliest.entity) || !known(cluster.beside.entity) || !known(cluster.beside.through))
                return false;
            for (const FailedEntity& member : cluster.members)
                if (!known(member.entity)) return false;
        }
        for (const auto& heard : to.estate_.heard_)
            for (const auto* side : {&heard.uppers, &heard.lowers})
                for (const Topology::Link& link : *side)
                    if (link.to >= entities || !Estate::is_learned(link) ||
                        (side == &heard.lowers && link.to < to.estate_.restored_base_))
                        return false;
        return true;
    }

    static bool attach(Correlator::State& state) {
        Estate& estate = state.association.estate_;
        const auto topology = state.whole_topology();
        if (topology->size() != estate.restored_base_) return false;
        estate.topology_ = topology;
        for (std::size_t i = 0; i < estate.heard_.size(); ++i)
            estate.index_.emplace(short_name(canonical_name(estate.heard_[i].name)),
                                  static_cast<Estate::Entity>(topology->size() + i));
        estate.grow_topology();
        state.count_members();
        return true;
    }
};

namespace snapshot {

void encode_association(const Correlator::State& state, Save& save) { AssociationSnapshot::save(state, save); }
void decode_association(Correlator::State& state, Load& load) { AssociationSnapshot::load(state, load); }
bool attach_topology(Correlator::State& state) { return AssociationSnapshot::attach(state); }

}  // namespace snapshot
}  // namespace incidentd
