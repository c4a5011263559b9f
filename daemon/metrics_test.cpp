// A metric that is misnamed, unbounded or wrong sends people to the wrong place at the worst time.
#include "daemon/metrics.hpp"

#include <doctest/doctest.h>

#include <unistd.h>
#include <cstdio>
#include <cstdlib>
#include <string>

using namespace incidentd;

namespace {

bool has_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
}

Effect effect_of(decltype(Effect::what) what) { return {Instant{1}, std::move(what)}; }

// Touches every family once.
void use_everything(Metrics& metrics) {
    metrics.request_done(0, 200, 0.001);
    metrics.request_done(0, 418, 0.001);
    metrics.request_refused(0, RejectReason::unauthorized);
    metrics.alert_rejected(0, RejectReason::invalid_field);
    metrics.connection_refused("limit");
    metrics.alerts_received("prom", "opened", 3);
    metrics.engine_seconds(0.00001);
    metrics.commit_seconds(0.002);
    metrics.commit_entries(5);
    metrics.commit_failed();
    metrics.effect(effect_of(AlertDecided{{}, Verdict::joined, {}, {}, {}}));
    metrics.effect(effect_of(IncidentOpened{"network", Priority::p2, {}}));
    metrics.effect(effect_of(IncidentRecurred{"network", Priority::p2, {}}));
    metrics.effect(effect_of(IncidentResolved{"network", Priority::p2, {}}));
    metrics.effect(effect_of(KpiSampled{Kpi::time_to_resolve, "shop", Priority::p1, minutes(10)}));
    metrics.effect(effect_of(KpiSampled{Kpi::time_to_acknowledge, "shop", Priority::p1, minutes(1)}));
    metrics.effect(effect_of(KpiSampled{Kpi::time_between_failures, "shop", Priority::p1, hours(10)}));
    metrics.delivery("rt", "delivered", 0.3);
    metrics.config_reload(true);
    metrics.log_suppressed(7);
    metrics.on_scrape([] {
        MetricsSample sample;
        sample.engine.alerts_firing = 4;
        sample.journal_sequence = 10;
        sample.read_model_sequence = 7;
        return sample;
    });
}

}  // namespace

TEST_CASE("counters, gauges and histograms show what was told") {
    Metrics metrics({"prom"}, {"rt"}, "0.1.0");
    use_everything(metrics);
    metrics.alerts_received("prom", "opened", 2);
    const std::string text = metrics.text();
    CHECK(has_line(text, R"(incidentd_alerts_received_total{outcome="opened",source="prom"} 5)"));
    CHECK(has_line(text, R"(incidentd_requests_total{code="200",source="prom"} 1)"));
    CHECK(has_line(text, R"(incidentd_requests_total{code="418",source="prom"} 1)"));
    CHECK(has_line(text, R"(incidentd_requests_refused_total{reason="unauthorized",source="prom"} 1)"));
    CHECK(has_line(text, R"(incidentd_alerts_active 4)"));
    CHECK(has_line(text, R"(incidentd_read_model_lag_entries 3)"));
    CHECK(has_line(text, R"(incidentd_incidents_opened_total{category="network",priority="P2"} 1)"));
    CHECK(has_line(text, R"(incidentd_incidents_recurred_total{category="network",priority="P2"} 1)"));
    CHECK(has_line(text, R"(incidentd_time_to_resolve_seconds_sum{priority="P1",service="shop"} 600)"));
    CHECK(has_line(text, R"(incidentd_time_to_resolve_seconds_bucket{priority="P1",service="shop",le="300"} 0)"));
    CHECK(has_line(text, R"(incidentd_time_to_resolve_seconds_bucket{priority="P1",service="shop",le="900"} 1)"));
    CHECK(has_line(text, R"(incidentd_time_between_failures_seconds_sum{service="shop"} 36000)"));
    CHECK(has_line(text, R"(incidentd_deliveries_total{result="delivered",sink="rt"} 1)"));
    CHECK(has_line(text, R"(incidentd_build_info{version="0.1.0"} 1)"));
    CHECK(has_line(text, R"(incidentd_log_lines_suppressed_total 7)"));
}

TEST_CASE("series known beforehand start at zero") {
    Metrics metrics({"prom", "zbx"}, {"rt"}, "0.1.0");
    const std::string text = metrics.text();
    CHECK(has_line(text, R"(incidentd_alerts_received_total{outcome="opened",source="zbx"} 0)"));
    CHECK(has_line(text, R"(incidentd_deliveries_total{result="rejected",sink="rt"} 0)"));
    CHECK(has_line(text, R"(incidentd_connections_refused_total{reason="timeout"} 0)"));
}

TEST_CASE("labels stay bounded whatever alerts bring") {
    Metrics metrics({"prom"}, {"rt"}, "0.1.0", 2);
    for (int i = 0; i < 50; ++i) {
        const std::string name = "svc" + std::to_string(i);
        metrics.effect(effect_of(KpiSampled{Kpi::time_between_failures, name, Priority::p3, minutes(5)}));
        metrics.effect(effect_of(IncidentOpened{name, Priority::p3, {}}));
        metrics.alerts_received(name, name, 1);
        metrics.delivery(name, "retried", 1);
    }
    metrics.effect(effect_of(IncidentOpened{"", Priority::p3, {}}));
    const std::string text = metrics.text();
    CHECK(has_line(text, R"(incidentd_time_between_failures_seconds_count{service="svc1"} 1)"));
    CHECK(has_line(text, R"(incidentd_time_between_failures_seconds_count{service="other"} 48)"));
    CHECK(has_line(text, R"(incidentd_incidents_opened_total{category="other",priority="P3"} 48)"));
    CHECK(has_line(text, R"(incidentd_incidents_opened_total{category="none",priority="P3"} 1)"));
    CHECK(has_line(text, R"(incidentd_alerts_received_total{outcome="other",source="other"} 50)"));
    CHECK(has_line(text, R"(incidentd_deliveries_total{result="retried",sink="other"} 50)"));
}

TEST_CASE("label values are escaped") {
    Metrics metrics({"prom"}, {"rt"}, "0.1.0");
    metrics.effect(effect_of(IncidentOpened{"a\"b\\c\nd", Priority::p3, {}}));
    CHECK(has_line(metrics.text(), R"(incidentd_incidents_opened_total{category="a\"b\\c\nd",priority="P3"} 1)"));
}

TEST_CASE("promtool finds nothing to complain about") {
    if (std::system("command -v promtool >/dev/null 2>&1") != 0) {
        MESSAGE("promtool is not installed: skipped");
        return;
    }
    Metrics metrics({"prom"}, {"rt"}, "0.1.0");
    use_everything(metrics);
    std::FILE* pipe = popen("promtool check metrics >/dev/null", "w");
    REQUIRE(pipe != nullptr);
    const std::string text = metrics.text();
    CHECK(std::fwrite(text.data(), 1, text.size(), pipe) == text.size());
    CHECK(pclose(pipe) == 0);
}
