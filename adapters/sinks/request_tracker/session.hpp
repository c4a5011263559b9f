// One action's conversation with Request Tracker 5. RT answers 2xx to much that it did not do, so what matters is read
// back or looked up. A pure machine.
#pragma once

#include "adapters/json_reader.hpp"
#include "adapters/sink.hpp"
#include "correlator/rule_set.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace incidentd::sinks::request_tracker {

struct Settings {
    std::string url;
    std::string token;
    std::string queue;
    std::string requestor;
    std::string status_resolved;
    std::string update_as;
    std::vector<std::pair<std::string, Template>> custom_fields;
    Duration timeout;
    std::string external_url;
    std::string user_agent;
};

class Session final : public SinkSession {
public:
    Session(const Settings& settings, const Action& action, const Attempt& attempt)
        : settings_(settings), action_(action), look_up_first_(attempt.look_up_first) {}

    SinkStep start() override;
    SinkStep resume(const HttpAnswer& answer) override;
    using SinkSession::resume;

private:
    enum class Waiting : std::uint8_t { look_up, compare, create, comment, missing, before_resolve, resolve, confirm };

    HttpCall call(Waiting next, std::string method, std::string_view path, std::string body);
    HttpCall create();
    HttpCall comment(Waiting next, std::string_view status);
    HttpCall read_ticket(Waiting next, std::string_view ticket);
    SinkStep looked_up(const HttpAnswer& answer);
    SinkStep compared(const HttpAnswer& answer);
    SinkStep created(const HttpAnswer& answer);
    SinkStep commented(const HttpAnswer& answer);
    SinkStep found_before_resolve(const HttpAnswer& answer);
    SinkStep resolved(const HttpAnswer& answer);
    SinkStep confirmed(const HttpAnswer& answer);
    SinkVerdict done(std::string ticket) const;
    SinkVerdict failure(const HttpAnswer& answer, std::string_view what) const;
    SinkVerdict gone() const;
    std::string look_up_key() const;

    const Settings& settings_;
    const Action& action_;
    const bool look_up_first_;
    Waiting waiting_ = Waiting::create;
    std::vector<std::string> candidates_;  // tickets still to compare, the next one last
    std::string complaints_;               // what RT said instead of changing the status
    JsonReader reader_;
};

}  // namespace incidentd::sinks::request_tracker
