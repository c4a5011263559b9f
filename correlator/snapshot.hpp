// The engine's whole state as bytes and back: what a start loads instead of replaying everything. Equal states give
// equal bytes, and an engine made from them goes on exactly as the one that was written down.
#pragma once

#include "correlator/co_occurrence.hpp"
#include "correlator/correlator.hpp"
#include "correlator/result.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd {

struct RestoredEngine {
    Correlator engine;
    std::string version;  // of the program that wrote the snapshot
};

class EngineSnapshot {
public:
    // The text of a RulesActivated, compiled again; nullptr: it does not compile.
    using Compile = std::function<std::shared_ptr<const RuleSet>(const std::string& text)>;

    // Appends. `version` names the program, at most 255 bytes. What the visit_ functions wait to tell is not part of
    // the state.
    static void encode(const Correlator& engine, std::string_view version, std::string& out);

    // Errors: corrupt, with what is wrong; invalid when the rules do not compile. Every alert and incident counts as
    // changed: nobody knows what the read model was told last.
    static Result<RestoredEngine> decode(std::string_view bytes, EngineLimits limits, const Compile& compile,
                                         std::uint64_t hash_salt = 0);

    // Of what is in it, for people to look at: checks that were learned to follow one another, the surest first.
    static std::vector<LearnedPair> learned_pairs(const Correlator& engine, std::size_t most);
};

}  // namespace incidentd
