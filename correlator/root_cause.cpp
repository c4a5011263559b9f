#include "correlator/root_cause.hpp"

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>

#include <algorithm>

namespace incidentd {
namespace {

using Entity = Estate::Entity;
using Link = Topology::Link;

constexpr std::size_t links_asked = 64;
constexpr int rounds = 12;    // hops that blame travels
constexpr double kept = 0.3;  // of its blame, that an entity keeps though there is somebody to pass it to
// A cause may be noticed later than its effect: fully believed up to the first bound, hardly beyond the second.
constexpr Duration late_little = seconds(60), late_much = seconds(150);
constexpr double habit_explains = 0.3;  // share of its weight, when it fails always and the lower one seldom
constexpr double silent_failed_least = 3, silent_share_least = 0.3;

class Ranking {
public:
    Ranking(const Estate& estate, std::span<const FailedEntity> failed) : estate_(estate) {
        nodes_.reserve(failed.size() + 4);
        index_.reserve(failed.size() + 4);
        for (const FailedEntity& one : failed) add(one);
        failed_count_ = nodes_.size();
        find_silent();
        find_lost_groups();
        for (std::size_t at = 0; at < failed_count_; ++at) follow_uppers(at);
        caused_.assign(failed_count_, false);
        for (std::size_t at = 0; at < failed_count_; ++at) caused_[at] = !nodes_[at].flows.empty();
        for (std::size_t at = 0; at < nodes_.size(); ++at)
            if (at < failed_count_ || nodes_[at].is_group) follow_members(at);
        find_silent_groups();
    }

    std::vector<RootCandidate> result() {
        pass_blame();
        std::vector<std::size_t> order;
        double all = 0;
        for (std::size_t at = 0; at < nodes_.size(); ++at) {
            order.push_back(at);
            nodes_[at].score = weighed(at);
            all += nodes_[at].score;
        }
        const std::size_t most = std::min(order.size(), root_candidates_max);
        std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most), order.end(),
                          [this](std::size_t a, std::size_t b) {
                              if (nodes_[a].score != nodes_[b].score) return nodes_[a].score > nodes_[b].score;
                              return nodes_[a].known.entity < nodes_[b].known.entity;
                          });
        std::vector<RootCandidate> out;
        for (std::size_t i = 0; i < most; ++i) {
            const Node& node = nodes_[order[i]];
            out.push_back({std::string(estate_.name(node.known.entity)),
                           all > 0 ? static_cast<std::uint32_t>(node.score * 100 / all + 0.5) : 0, node.silent,
                           reason(order[i])});
        }
        order.resize(most);
        for (const std::size_t at : order) add_neighbours(at, out);
        return out;
    }

private:
    struct Flow {
        std::size_t to = 0;
        double weight = 0;
    };
    struct Node {
        FailedEntity known;
        bool silent = false;
        bool is_group = false;         // silent: a redundancy group with fewer members than it needs
        std::uint32_t dependants = 0;  // failed entities whose blame may flow here
        std::uint32_t of = 0;          // silent: all its dependants
        boost::container::small_vector<Flow, 4> flows;
        double passed = 0, strongest = 0;  // by weight: to all of them, to the one that gets most
        double blame = 0, next = 0, score = 0;
    };

    void add(const FailedEntity& one) {
        if (one.entity == Estate::none) return;  // its name left with a topology, and the table was full
        const auto [at, is_new] = index_.try_emplace(one.entity, nodes_.size());
        if (is_new) {
            Node& node = nodes_.emplace_back();
            node.known = one;
            return;
        }
        FailedEntity& known = nodes_[at->second].known;  // left the incident and came back
        known.first = std::min(known.first, one.first);
        known.checks += one.checks;
        known.worst = std::max(known.worst, one.worst);
        known.only_silence = known.only_silence && one.only_silence;
        known.changed = known.changed || one.changed;
        known.earlier = std::min(known.earlier, one.earlier);
    }

    std::size_t in(Entity entity) const {
        const auto found = index_.find(entity);
        return found == index_.end() ? SIZE_MAX : found->second;
    }

    template <class Each>
    static void some(std::span<const Link> links, const Each& each) {
        for (const Link& link : links.first(std::min(links.size(), links_asked))) each(link);
    }

    void find_silent() {
        boost::unordered_flat_map<Entity, std::uint32_t> failed;
        std::vector<Entity> order;
        for (std::size_t at = 0; at < failed_count_; ++at)
            some(estate_.uppers(nodes_[at].known.entity), [&](const Link& link) {
                if (link.kind != LinkKind::depends || in(link.to) != SIZE_MAX) return;
                if (++failed[link.to] == 1) order.push_back(link.to);
            });
        for (const Entity entity : order) {
            const double k = failed[entity];
            const auto of = static_cast<double>(estate_.lowers(entity).size());
            if (k >= silent_failed_least && k >= silent_share_least * of)
                add_silent(entity, static_cast<std::uint32_t>(of));
        }
    }

    std::size_t add_silent(Entity entity, std::uint32_t of) {
        Node node;
        node.known.entity = entity;
        node.silent = true;
        node.of = of;
        index_.emplace(entity, nodes_.size());
        nodes_.push_back(std::move(node));
        return nodes_.size() - 1;
    }

    // A group that lost more members than it can spare failed, also when it says nothing.
    void find_lost_groups() {
        for (std::size_t at = 0; at < failed_count_; ++at) {
            const auto groups = estate_.groups_with(nodes_[at].known.entity);
            for (const Entity whole : groups.first(std::min(groups.size(), links_asked))) {
                if (!estate_.standing(whole)->is_lost()) continue;
                const std::size_t known = in(whole);
                if (known == SIZE_MAX)
                    nodes_[add_silent(whole, estate_.standing(whole)->members)].is_group = true;
                else if (nodes_[known].silent)
                    nodes_[known].is_group = true;
            }
        }
    }

    // How well the upper one explains the lower one.
    static double explains(const Node& upper, const Node& lower) {
        const Duration late = upper.known.first - lower.known.first;
        const double timely = late <= late_little ? 1.0 : late <= late_much ? 0.5 : 0.2;
        const bool is_habit = upper.known.is_habitual() && lower.known.is_rarer_than(upper.known);
        return is_habit ? timely * habit_explains : timely;
    }

    void flow(std::size_t from, std::size_t to, double weight) {
        if (from == to) return;
        auto& flows = nodes_[from].flows;
        const bool is_known = std::any_of(flows.begin(), flows.end(), [&](const Flow& one) { return one.to == to; });
        if (!is_known) ++nodes_[to].dependants;  // several ways up are one dependant, though more blame
        flows.push_back({to, weight});
    }

    void follow_uppers(std::size_t at) {
        some(estate_.uppers(nodes_[at].known.entity), [&](const Link& link) {
            if (link.kind != LinkKind::depends) return;
            const std::size_t upper = in(link.to);
            if (upper == SIZE_MAX) return follow_through(at, link.to);
            const Node& other = nodes_[upper];
            if (other.is_group) {
                flow(at, upper, 1);
            } else if (other.silent) {
                flow(at, upper, 0.8 * static_cast<double>(share_failed(link.to)));
            } else if (!other.known.only_silence) {
                flow(at, upper, explains(other, nodes_[at]));
            }
        });
    }

    double share_failed(Entity silent) const {
        std::size_t failed = 0, of = 0;
        some(estate_.lowers(silent), [&](const Link& link) {
            ++of;
            const std::size_t at = in(link.to);
            if (at != SIZE_MAX && at < failed_count_) ++failed;
        });
        return of > 0 ? static_cast<double>(failed) / static_cast<double>(of) : 0;
    }

    // The upper one is silent and not to be blamed; what it depends on may be.
    void follow_through(std::size_t at, Entity silent) {
        if (estate_.lowers(silent).size() >= 8) return;
        some(estate_.uppers(silent), [&](const Link& link) {
            const std::size_t upper = in(link.to);
            if (upper >= failed_count_ || link.kind != LinkKind::depends || nodes_[upper].known.only_silence) return;
            flow(at, upper, 0.6 * explains(nodes_[upper], nodes_[at]));
        });
    }

    // Members that fail for a reason of their own pass no blame up; several that fail without one blame the whole.
    // A group that lives on the rest of its members has nothing to do with those that failed.
    void follow_members(std::size_t whole) {
        const auto group = estate_.standing(nodes_[whole].known.entity);
        if (group.has_value() && !group->is_lost()) return;
        std::vector<std::size_t> members;
        std::size_t without_cause = 0;
        some(estate_.uppers(nodes_[whole].known.entity), [&](const Link& link) {
            const std::size_t member = in(link.to);
            if (link.kind != LinkKind::member || member >= failed_count_) return;
            members.push_back(member);
            if (!caused_[member]) ++without_cause;
        });
        for (const std::size_t member : members) {
            if (caused_[member])
                flow(whole, member, 1);
            else if (without_cause >= 2)
                flow(member, whole, 1);
            else
                flow(whole, member, 0.6);
            if (nodes_[whole].is_group && !caused_[member] && without_cause < 2) flow(member, whole, 0.25);
        }
    }

    void find_silent_groups() {
        boost::unordered_flat_map<Entity, std::vector<std::size_t>> members;
        std::vector<Entity> order;
        for (std::size_t at = 0; at < failed_count_; ++at) {
            if (caused_[at]) continue;
            some(estate_.lowers(nodes_[at].known.entity), [&](const Link& link) {
                if (link.kind != LinkKind::member || in(link.to) != SIZE_MAX) return;
                if (estate_.standing(link.to).has_value()) return;  // lost ones are known already
                auto& known = members[link.to];
                if (known.empty()) order.push_back(link.to);
                known.push_back(at);
            });
        }
        for (const Entity entity : order) {
            if (members[entity].size() < 2) continue;
            const std::size_t whole = add_silent(entity, static_cast<std::uint32_t>(estate_.uppers(entity).size()));
            for (const std::size_t member : members[entity]) flow(member, whole, 1);
        }
    }

    void pass_blame() {
        for (std::size_t at = 0; at < failed_count_; ++at) nodes_[at].blame = nodes_[at].known.only_silence ? 0.2 : 1;
        for (Node& node : nodes_)
            for (const Flow& one : node.flows) {
                node.passed += one.weight;
                node.strongest = std::max(node.strongest, one.weight);
            }
        bool is_left = true;
        for (int round = 0; round < rounds && is_left; ++round) {
            for (Node& node : nodes_) {
                if (node.blame == 0) continue;
                const double total = node.passed;
                // Several poor explanations are not a good one.
                const double keep = kept + (1 - std::min(node.strongest, 1.0)) * (1 - kept);
                node.score += node.blame * keep;
                for (const Flow& one : node.flows) nodes_[one.to].next += node.blame * (1 - keep) * one.weight / total;
            }
            is_left = false;
            for (Node& node : nodes_) {
                node.blame = node.next;
                node.next = 0;
                is_left = is_left || node.blame != 0;
            }
        }
        for (Node& node : nodes_) node.score += node.blame;
    }

    double weighed(std::size_t at) const {
        const Node& node = nodes_[at];
        if (node.silent) return node.score;
        double score = node.known.only_silence ? node.score * 0.1 : node.score;
        if (node.known.changed) score += 1;
        if (node.known.worst == Severity::critical) score += 0.6;
        return score + 0.35 * std::min(node.known.checks, 4U);
    }

    std::string reason(std::size_t at) const {
        const Node& node = nodes_[at];
        std::string text;
        const auto say = [&text](const std::string& more) { text += (text.empty() ? "" : "; ") + more; };
        const auto group = estate_.standing(node.known.entity);
        const std::string lives = group.has_value() && group->is_lost()
                                      ? "it lives on " + std::to_string(group->live) + " of " +
                                            std::to_string(group->members) + " members, needs " +
                                            std::to_string(group->needs)
                                      : "";
        if (node.is_group) {
            say("sent no alert, inferred: " + lives);
        } else if (node.silent) {
            say("sent no alert, inferred: " + std::to_string(node.dependants) + " of " + std::to_string(node.of) +
                " next to it failed");
        } else if (node.dependants > 0) {
            say(std::to_string(node.dependants) + " of " + std::to_string(failed_count_ - 1) +
                " other failed entities depend on it");
        }
        if (!node.silent) {
            if (!lives.empty()) say(lives);
            if (node.flows.empty() && failed_count_ > 1) say("nothing it depends on failed");
            if (node.known.changed) say("it was changed just then");
            say(std::to_string(node.known.checks) + (node.known.checks == 1 ? " check" : " checks") +
                " of its own, worst " + std::string(to_string(node.known.worst)));
            if (node.known.only_silence) say("only signals that did not come");
            if (node.known.is_habitual())
                say("it fails often, in " + std::to_string(node.known.earlier) + " of " +
                    std::to_string(node.known.of) + " incidents before");
        }
        return text;
    }

    // Nothing speaks for what is silent next to a failed entity but that somebody would look there next.
    void add_neighbours(std::size_t at, std::vector<RootCandidate>& out) const {
        if (nodes_[at].silent || out.size() >= root_candidates_wanted) return;
        const Entity failed = nodes_[at].known.entity;
        const std::string name(estate_.name(failed));
        const auto add_from = [&](std::span<const Link> links, LinkKind kind, const std::string& why) {
            some(links, [&](const Link& link) {
                if (link.kind != kind || in(link.to) != SIZE_MAX || out.size() >= root_candidates_wanted) return;
                if (const auto standing = estate_.standing(link.to); standing && !standing->is_lost()) return;
                const std::string_view entity = estate_.name(link.to);
                const bool is_named =
                    std::any_of(out.begin(), out.end(), [&](const RootCandidate& one) { return one.entity == entity; });
                if (!is_named) out.push_back({std::string(entity), 0, true, "sent no alert; " + why});
            });
        };
        add_from(estate_.uppers(failed), LinkKind::depends, name + ", which failed, depends on it");
        add_from(estate_.uppers(failed), LinkKind::member, "it is a part of " + name + ", which failed");
        add_from(estate_.lowers(failed), LinkKind::member, name + ", which failed, is a part of it");
    }

    const Estate& estate_;
    std::vector<Node> nodes_;
    boost::unordered_flat_map<Entity, std::size_t> index_;
    std::size_t failed_count_ = 0;
    std::vector<bool> caused_;
};

}  // namespace

std::vector<RootCandidate> rank_roots(const Estate& estate, std::span<const FailedEntity> failed) {
    return Ranking(estate, failed).result();
}

}  // namespace incidentd
