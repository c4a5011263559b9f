// What a regex must contain, as far as its text shows at a glance: decides how it is looked for among many, never what
// it matches. Private to correlator/.
#pragma once

#include <string>
#include <string_view>

namespace incidentd {

struct RegexShape {
    // Text that every match holds; empty: none is known.
    std::string literal;
    // Nothing but its end repeats without bound (`db-[0-9]{1,3}-.*`, not `.*-db`): thousands of such regexes make a
    // small automaton, thousands of the others a huge one.
    bool repeats_only_at_end = false;
};

// `regex`: one that RE2 takes. What is not understood counts as unknown.
RegexShape shape_of(std::string_view regex);

}  // namespace incidentd
