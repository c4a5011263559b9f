// What could break: alerts of one fault that read alike kept apart, strangers with a common phrase put together.
#include "correlator/alert_similarity.hpp"

#include <doctest/doctest.h>

#include <initializer_list>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

struct Stream {
    RecentOnset make(std::int64_t second, std::string_view title, std::string_view check, std::string_view entity,
                     std::initializer_list<LabelView> labels = {}) {
        RecentOnset one;
        one.received = one.at = start + seconds(second);
        one.scale = seconds(60);
        const LabelsView view(labels.begin(), labels.size());
        one.environment = Environment(view);
        tokens_of(title, check, entity, view, one);
        return one;
    }
    void add(const RecentOnset& one) {
        similarity.add(one, recent.end());
        recent.add(one);
    }
    // Every host pings badly now and then.
    void background() {
        for (int i = 0; i < 300; ++i)
            add(make(i, "PING CRITICAL - Packet loss = 100%", "HOST", "dc1-r" + std::to_string(i) + "-h1"));
    }
    double best(const RecentOnset& one) const {
        const auto found = similarity.find(one, recent, start);
        return found.empty() ? 0 : found.front().share;
    }
    AlertSimilarity similarity;
    RecentOnsets recent;
};

}  // namespace

TEST_CASE("Numbers do not make two texts differ, and rare words weigh more than those that all alerts have") {
    Stream s;
    s.background();
    s.add(s.make(400, "Replication lag of ledger is 17 s", "lag", "db-ledger-1"));
    CHECK(s.best(s.make(410, "Replication lag of ledger is 93 s", "lag", "db-ledger-2")) > 0.5);
    CHECK(s.best(s.make(410, "PING CRITICAL - Packet loss = 80%", "HOST", "dc2-x9-h7")) < 0.5);
}

TEST_CASE("A common beginning of two names says that they are near") {
    Stream s;
    s.background();
    s.add(s.make(400, "Socket timeout", "SSH", "dc7-r02-h05"));
    const double same_rack = s.best(s.make(410, "Socket timeout", "SSH", "dc7-r02-h09"));
    const double elsewhere = s.best(s.make(410, "Socket timeout", "SSH", "dc9-r17-h09"));
    CHECK(same_rack > elsewhere);
}

TEST_CASE("Nothing is like anything of another environment") {
    Stream s;
    s.add(s.make(400, "Replication lag", "lag", "db-1", {{"env", "test"}}));
    CHECK(s.best(s.make(410, "Replication lag", "lag", "db-1", {{"env", "production"}})) == 0);
    CHECK(s.best(s.make(410, "Replication lag", "lag", "db-1")) > 0.8);
}

TEST_CASE("The index is bounded, whatever comes") {
    Stream s;
    for (int i = 0; i < 20'000; ++i)
        s.add(s.make(i, "odd word" + std::string(1 + i % 50, 'x'), "c" + std::to_string(i), "h" + std::to_string(i)));
    CHECK(s.recent.end() - s.recent.first() == recent_onsets_max);
    CHECK(s.similarity.find(s.recent[s.recent.end() - 1], s.recent, start).size() <= similar_most);
}
