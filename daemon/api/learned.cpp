#include "daemon/api/learned.hpp"

#include "adapters/source.hpp"
#include "correlator/snapshot.hpp"
#include "daemon/cli_text.hpp"

#include <cmath>
#include <memory>
#include <utility>

namespace incidentd {
namespace {

constexpr std::size_t pairs_shown = 100;

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

std::string learned_as_json(const LearnSettings& learn, const std::vector<LearnedPair>& pairs) {
    std::string out = "{\"learn\":", switches;
    JsonObject object(switches);
    object.flag("similarity", learn.similarity);
    object.flag("co_occurrence", learn.co_occurrence);
    object.flag("habits", learn.habits);
    object.flag("recurrence", learn.recurrence);
    object.end();
    return out + switches + ",\"pairs\":" + json_list(pairs, write_pair) + "}\n";
}

std::string learned_as_text(const LearnSettings& learn, const std::vector<LearnedPair>& pairs) {
    const auto word = [](bool on) { return on ? "on" : "off"; };
    std::string out = fmt::format("similarity {}, co_occurrence {}, habits {}, recurrence {}\n", word(learn.similarity),
                                  word(learn.co_occurrence), word(learn.habits), word(learn.recurrence));
    if (pairs.empty()) return out + "no checks are known to follow one another\n";
    out += fmt::format("{:>6} {:>6} {:>9} {:>7}  {:<6}  {}\n", "cases", "of", "by chance", "lift", "where", "checks");
    for (const LearnedPair& pair : pairs)
        out += fmt::format("{:>6} {:>6} {:>9} {:>7.1f}  {:<6}  {} follows {}\n", std::lround(pair.near),
                           std::lround(pair.of), std::lround(pair.control), pair.lift,
                           pair.reach == Reach::linked ? "linked" : "apart", clean(pair.then), clean(pair.first));
    return out;
}

void answer_learned(Inbox& inbox, const HttpRequestView& request, ReplyPtr reply) {
    std::string output;
    const bool as_text = form_value(request.query, "output", output) && output == "text";
    const auto shared = std::make_shared<ReplyPtr>(std::move(reply));
    InboxItem item = QueryItem{[shared, as_text](const Correlator& engine) {
        const std::vector<LearnedPair> pairs = EngineSnapshot::learned_pairs(engine, pairs_shown);
        (*shared)->send(
            {200,
             as_text ? "text/plain; charset=utf-8" : "application/json",
             as_text ? learned_as_text(engine.learning(), pairs) : learned_as_json(engine.learning(), pairs),
             {}});
    }};
    if (inbox.push(item, true) != Inbox::Push::taken)
        (*shared)->send({503, "text/plain", "incidentd is busy or stopping; try again\n", {}});
}

}  // namespace incidentd
