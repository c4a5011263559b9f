// Reads the body of POST /api/v2/alerts. This is the hot path: On-Demand parsing, everything reused, no allocation a
// label; and an alert whose bytes are known is not read again.
#pragma once

#include "adapters/json_reader.hpp"
#include "adapters/source.hpp"
#include "adapters/sources/prometheus/known_alerts.hpp"

#include <simdjson.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace incidentd::sources::prometheus {

// What is wrong with one alert, as Alertmanager would say it.
struct PostableFault {
    enum class Step { decode, schema, validation };  // in the order in which Alertmanager meets them
    Step step = Step::validation;
    int code = 0;  // of a schema error: 601 wrong form, 602 missing
    RejectReason reason = RejectReason::invalid_field;
    std::string message;
};

struct PostableOutcome {
    std::vector<ItemError> rejected;
    PostableFault worst;               // of `rejected`: the first of the earliest step
    std::optional<ItemError> refused;  // the body as a whole
};

// One thread at a time; keeps its buffers from request to request.
class PostableAlertsReader {
public:
    PostableAlertsReader(Duration resolve_timeout, EventLimits limits)
        : resolve_timeout_(resolve_timeout), limits_(limits), known_(known_bytes_max) {}

    PostableOutcome read(std::string_view body, Instant received_at, AlertBatch& out);

private:
    static constexpr std::size_t known_bytes_max = std::size_t{32} << 20U;

    // What a look over an alert finds, before anything of it is read.
    struct Glance {
        AlertBytes bytes;
        Instant starts_at, ends_at;
        bool is_usual = true;  // otherwise only reading it tells what it means
    };

    simdjson::error_code read_all(simdjson::padded_string_view text, AlertBatch& out, PostableOutcome& outcome);
    simdjson::error_code take_alert(simdjson::ondemand::value value, AlertBatch& out, PostableOutcome& outcome);
    static simdjson::error_code glance(simdjson::ondemand::object& object, Glance& at);
    bool add_known(const Glance& at, std::uint64_t hash, AlertBatch& out);
    simdjson::error_code read_alert(simdjson::ondemand::object object);
    simdjson::error_code read_member(std::string_view key, simdjson::ondemand::value value);
    simdjson::error_code read_set(std::string_view name, simdjson::ondemand::value value, std::vector<LabelView>& into);
    simdjson::error_code read_time(std::string_view name, simdjson::ondemand::value value, Instant& into);
    simdjson::error_code read_text(std::string_view name, simdjson::ondemand::value value, std::string_view& into);

    void interpret();  // members -> draft
    void check_labels();
    void settle_times();
    void fault(PostableFault::Step step, int code, std::string message,
               RejectReason reason = RejectReason::invalid_field);

    const Duration resolve_timeout_;
    const EventLimits limits_;
    PaddedText padded_;
    std::optional<simdjson::ondemand::parser> parser_;
    KnownAlerts known_;

    // Of the alert being read.
    AlertDraft draft_;
    std::string title_;
    std::size_t index_ = 0;
    Instant received_at_;
    bool has_labels_ = false;
    std::optional<PostableFault> fault_;
};

}  // namespace incidentd::sources::prometheus
