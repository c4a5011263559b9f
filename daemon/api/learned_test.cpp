// What people are told the engine has learned: figures under the wrong heading make them trust a coincidence.
#include "daemon/api/learned.hpp"

#include <doctest/doctest.h>

using namespace incidentd;

TEST_CASE("what was learned is told with its cases, its control and the switches") {
    LearnedPair pair;
    pair.first = "LinkDown";
    pair.then = "Queue\tGrows";
    pair.reach = Reach::apart;
    pair.near = 14.2;
    pair.of = 15.4;
    pair.control = 1.9;
    pair.lift = 7.47;
    pair.attributable = 0.8;
    const LearnSettings learn{.similarity = true, .co_occurrence = true, .habits = true, .recurrence = false, .labels = true};
    CHECK(learned_as_text(
              {learn, {pair}, {{"n1", "pod shop/p1", "node by labels"}, {"pod shop/p1", "shop", "member"}}, 3}) ==
          "similarity on, co_occurrence on, habits on, labels on, recurrence off\n"
          " cases     of by chance    lift  where   checks\n"
          "    14     15         2     7.5  apart   Queue Grows follows LinkDown\n"
          "3 links by labels\n  pod shop/p1 runs on n1\n  pod shop/p1 is a part of shop\n  and 1 more\n");
    CHECK(learned_as_json({learn, {pair}, {{"n1", "pod shop/p1", "node by labels"}}, 1}) ==
          "{\"learn\":{\"similarity\":true,\"co_occurrence\":true,\"habits\":true,\"labels\":true,\"recurrence\":false},\"pairs\":[{"
          "\"first\":"
          "\"LinkDown\",\"then\":\"Queue\\tGrows\",\"where\":\"apart\",\"cases\":14,\"of\":15,\"by_chance\":2,\"lift\":"
          "7.47,\"attributable\":0.80}],\"links_total\":1,\"links\":[{\"upper\":\"n1\",\"lower\":\"pod "
          "shop/p1\",\"kind\":\"node by labels\"}]}\n");
    CHECK(learned_as_text({{false, false, false, false, false}, {}, {}, 0}) ==
          "similarity off, co_occurrence off, habits off, labels off, recurrence off\nno checks are known to follow one another\n");
}
