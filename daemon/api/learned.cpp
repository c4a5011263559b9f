#include "daemon/api/learned.hpp"

#include "adapters/source.hpp"
#include "correlator/snapshot.hpp"
#include "daemon/cli_text.hpp"

#include <cmath>
#include <memory>
#include <utility>

namespace incidentd {
namespace {

constexpr std::size_t pairs_shown = 100, links_shown = 100;

void write_link(JsonObject& object, const Estate::LearnedLink& link) {
    object.text("upper", link.upper);
    object.text("lower", link.lower);
    object.text("kind", link.word);
}

void write_pair(JsonObject& object, const LearnedPair& pair) {
    object.text("first", pair.first);
    object.text("then", pair.then);
    object.text("where", pair.reach == Reach::linked ? "linked" : "apart");
    object.number("cases", std::lround(pair.near));
    object.number("of", std::lround(pair.of));
    object.number("by_chance", std::lround(pair.control));
    object.raw("lift", fmt::format("{:.2f}", pair.lift));
    object.raw("attributable", fmt::format("{:.2f}", pair.attributable));
}

}  // namespace

std::string learned_as_json(const Learned& learned) {
    std::string out = "{\"learn\":", switches;
    JsonObject object(switches);
    object.flag("similarity", learned.learn.similarity);
    object.flag("co_occurrence", learned.learn.co_occurrence);
    object.flag("habits", learned.learn.habits);
    object.flag("labels", learned.learn.labels);
    object.flag("recurrence", learned.learn.recurrence);
    object.end();
    return out + switches + ",\"pairs\":" + json_list(learned.pairs, write_pair) +
           ",\"links_total\":" + std::to_string(learned.links_total) +
           ",\"links\":" + json_list(learned.links, write_link) + "}\n";
}

std::string learned_as_text(const Learned& learned) {
    const auto word = [](bool on) { return on ? "on" : "off"; };
    std::string out =
        fmt::format("similarity {}, co_occurrence {}, habits {}, labels {}, recurrence {}\n", word(learned.learn.similarity),
                    word(learned.learn.co_occurrence), word(learned.learn.habits), word(learned.learn.labels), word(learned.learn.recurrence));
    if (learned.pairs.empty()) {
        out += "no checks are known to follow one another\n";
    } else {
        out +=
            fmt::format("{:>6} {:>6} {:>9} {:>7}  {:<6}  {}\n", "cases", "of", "by chance", "lift", "where", "checks");
    }
    for (const LearnedPair& pair : learned.pairs)
        out += fmt::format("{:>6} {:>6} {:>9} {:>7.1f}  {:<6}  {} follows {}\n", std::lround(pair.near),
                           std::lround(pair.of), std::lround(pair.control), pair.lift,
                           pair.reach == Reach::linked ? "linked" : "apart", clean(pair.then), clean(pair.first));
    if (learned.links_total > 0) out += fmt::format("{} links by labels\n", learned.links_total);
    for (const Estate::LearnedLink& link : learned.links)
        out += link.word == "member" ? fmt::format("  {} is a part of {}\n", clean(link.upper), clean(link.lower))
                                     : fmt::format("  {} runs on {}\n", clean(link.lower), clean(link.upper));
    if (learned.links.size() < learned.links_total)
        out += fmt::format("  and {} more\n", learned.links_total - learned.links.size());
    return out;
}

void answer_learned(Inbox& inbox, const HttpRequestView& request, ReplyPtr reply) {
    std::string output;
    const bool as_text = form_value(request.query, "output", output) && output == "text";
    const auto shared = std::make_shared<ReplyPtr>(std::move(reply));
    InboxItem item = QueryItem{[shared, as_text](const Correlator& engine) {
        const Learned learned{engine.learning(), EngineSnapshot::learned_pairs(engine, pairs_shown),
                              engine.estate().learned_links(links_shown), engine.estate().learned_link_count()};
        (*shared)->send({200,
                         as_text ? "text/plain; charset=utf-8" : "application/json",
                         as_text ? learned_as_text(learned) : learned_as_json(learned),
                         {}});
    }};
    if (inbox.push(item, true) != Inbox::Push::taken)
        (*shared)->send({503, "text/plain", "incidentd is busy or stopping; try again\n", {}});
}

}  // namespace incidentd
