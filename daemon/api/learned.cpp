#include "daemon/api/learned.hpp"

#include "correlator/snapshot.hpp"
#include "daemon/cli_text.hpp"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

namespace incidentd {
namespace {

constexpr std::size_t pairs_shown = 100;

std::string as_json(const std::vector<LearnedPair>& pairs) {
    return json_list(pairs, [](JsonObject& object, const LearnedPair& pair) {
        object.text("first", pair.first);
        object.text("then", pair.then);
        object.text("where", pair.reach == Reach::linked ? "linked" : "apart");
        object.number("cases", std::lround(pair.near));
        object.number("of", std::lround(pair.of));
        object.number("by_chance", std::lround(pair.control));
        object.raw("lift", fmt::format("{:.2f}", pair.lift));
        object.raw("attributable", fmt::format("{:.2f}", pair.attributable));
    });
}

}  // namespace

void answer_learned(Inbox& inbox, ReplyPtr reply) {
    const auto shared = std::make_shared<ReplyPtr>(std::move(reply));
    InboxItem item = QueryItem{[shared](const Correlator& engine) {
        (*shared)->send({200, "application/json", as_json(EngineSnapshot::learned_pairs(engine, pairs_shown)) + "\n", {}});
    }};
    if (inbox.push(item, true) != Inbox::Push::taken)
        (*shared)->send({503, "text/plain", "incidentd is busy or stopping; try again\n", {}});
}

}  // namespace incidentd
