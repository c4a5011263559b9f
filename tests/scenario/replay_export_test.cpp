// Whoever judges an export judges the engine by it: a merge that is left out, or a suspect that is not the engine's,
// makes the figures those of something else.
#include "daemon/replay/export.hpp"
#include "daemon/replay/replay.hpp"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

using namespace incidentd;

namespace {

constexpr Instant start{1'767'225'600'000};

std::shared_ptr<const RuleSet> topology_rules() {
    RuleSet set;
    CorrelationRule rule;
    rule.name = "estate";
    rule.op = CorrelationOp::topology;
    set.correlate = {rule};
    set.topology = std::make_shared<const Topology>(
        TopologySpec{{{"sw1,main", "web1", "net"}, {"sw1,main", "web2", "net"}, {"sw2", "far1", "net"}}, {}});
    return std::make_shared<const RuleSet>(std::move(set));
}

class Alerts : public Recording {
public:
    void fire(std::int64_t second, std::string_view host) {
        AlertDraft draft;
        draft.severity = Severity::critical;
        draft.labels = {{"alertname", "Down"}, {"host", host}};
        batches_.push_back(std::make_unique<AlertBatch>("nagios"));
        REQUIRE(batches_.back()->add(draft, {}).has_value());
        at_.push_back(start + seconds(second));
    }
    Result<void> read(const Visit& visit) override {
        visit(Genesis{"t", "0"}, start);
        for (std::size_t i = 0; i < batches_.size(); ++i) visit(AlertsReceived{batches_[i]->events()}, at_[i]);
        return {};
    }
    Result<Correlator> engine() override { return Correlator(); }
    std::string described() const override { return "alerts"; }

private:
    std::vector<std::unique_ptr<AlertBatch>> batches_;
    std::vector<Instant> at_;
};

struct Exported {
    Exported(Alerts& alerts, std::shared_ptr<const RuleSet> rules) {
        ReplayRun run(ReplayRules{"r", {}, std::move(rules)}, std::move(*alerts.engine()), true);
        const Result<ReplaySpan> span = replay(alerts, {&run}, Follow::messages);
        REQUIRE(span.has_value());
        char name[] = "/tmp/incidentd-export-XXXXXX";
        const std::string directory = mkdtemp(name);
        REQUIRE(export_replay(run, *span, directory).has_value());
        pred = text_of(directory + "/pred.tsv");
        roots = text_of(directory + "/roots.tsv");
        events = text_of(directory + "/events.tsv");
        std::filesystem::remove_all(directory);
    }
    static std::string text_of(const std::string& file) {
        std::ifstream in(file);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    std::string pred, roots, events;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("an export names root candidates, and lets alerts of a merged incident stand with what goes on") {
    Alerts alerts;
    alerts.fire(0, "web1");
    alerts.fire(5, "web2");
    alerts.fire(7, "far1");
    alerts.fire(60, "sw1,main");
    const Exported out(alerts, topology_rules());
    CHECK(out.pred == "idx\tincident\n0\tINC-1\n1\tINC-1\n2\tINC-3\n3\tINC-1\n");
    CHECK_MESSAGE(has(out.events, "1767225660000\tmerge\tINC-2\n"), out.events);
    CHECK_FALSE(has(out.events, "close"));
    CHECK(has(out.events, "1767225600000\topen\tINC-1\n"));
    CHECK_MESSAGE(has(out.roots, "INC-1\t1767225660000\t@sw1_main"), out.roots);
    CHECK_MESSAGE(has(out.roots, "INC-3\t1767225607000\t"), out.roots);
    CHECK_MESSAGE(!has(out.roots, "INC-2"), out.roots);
}
