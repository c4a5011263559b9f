#include "daemon/api/alert_query.hpp"

#include "adapters/json.hpp"
#include "adapters/source.hpp"

#include <fmt/format.h>
#include <algorithm>

namespace incidentd {
namespace {

// Alertmanager's answer always has an end; an alert whose source promises no refresh gets one far enough away.
constexpr Duration open_end = hours(24);

template <class Pairs>
void put_map(std::string& out, std::string_view name, const Pairs& members) {
    append_json_string(out, name);
    out += ":{";
    bool first = true;
    for (const auto& [key, value] : members) {
        if (!first) out += ',';
        first = false;
        append_json_string(out, key);
        out += ':';
        append_json_string(out, value);
    }
    out += '}';
}

std::string receivers_as_json(const std::vector<std::string>& names) {
    std::string out = "[";
    for (const std::string& name : names) {
        if (out.size() > 1) out += ',';
        out += "{\"name\":";
        append_json_string(out, name);
        out += '}';
    }
    return out += ']';
}

}  // namespace

AlertQuery::AlertQuery(Inbox& inbox, AlertFilter filter, std::vector<std::string> receivers, ReplyPtr reply)
    : inbox_(inbox),
      filter_(std::move(filter)),
      receivers_json_(receivers_as_json(receivers)),
      receiver_name_(receivers.empty() ? std::string() : receivers.front()),
      reply_(std::move(reply)) {}

void AlertQuery::start(Inbox& inbox, AlertFilter filter, std::vector<std::string> receivers, ReplyPtr reply) {
    const std::shared_ptr<AlertQuery> query(
        new AlertQuery(inbox, std::move(filter), std::move(receivers), std::move(reply)));
    query->post();
}

void AlertQuery::post() {
    InboxItem item = QueryItem{[self = shared_from_this()](const Correlator& engine) { self->step(engine); }};
    if (inbox_.push(item, true) != Inbox::Push::taken)
        reply_->send(json_error(503, "incidentd is busy or stopping; ask again"));
}

void AlertQuery::step(const Correlator& engine) {
    if (phase_ == Phase::begin) {
        slots_ = engine.alert_slots();
        phase_ = Phase::collect;
    } else if (phase_ == Phase::collect) {
        if (collect(engine)) phase_ = Phase::render;
    } else if (render(engine)) {
        return finish();
    }
    post();
}

bool AlertQuery::collect(const Correlator& engine) {
    const std::size_t end = std::min(next_ + slice, slots_.size());
    for (; next_ < end; ++next_) {
        const Correlator::AlertState state = engine.alert_state(slots_[next_]);
        if (!state.held || !state.firing) continue;
        if (state.suppressed ? !wants_suppressed(engine, slots_[next_]) : !filter_.active) continue;
        const AlertRow row = engine.alert_row(slots_[next_]);
        if (!filter_.match.empty() &&
            !matches_all(filter_.match, std::vector<LabelView>(row.labels.begin(), row.labels.end())))
            continue;
        found_.push_back({row.alertmanager_fingerprint, row.fingerprint, state.incident});
    }
    if (next_ < slots_.size()) return false;
    std::sort(found_.begin(), found_.end(), [grouped = filter_.grouped](const Found& a, const Found& b) {
        if (grouped && a.incident != b.incident) return a.incident < b.incident;
        return a.alertmanager_fingerprint != b.alertmanager_fingerprint
                   ? a.alertmanager_fingerprint < b.alertmanager_fingerprint
                   : a.fingerprint < b.fingerprint;
    });
    slots_ = {};
    next_ = 0;
    body_ = "[";
    return true;
}

bool AlertQuery::wants_suppressed(const Correlator& engine, std::uint32_t slot) const {
    if (filter_.silenced && filter_.inhibited) return true;
    const Correlator::SuppressedBy by = engine.suppressed_by(slot);
    return (filter_.silenced || (by.silences.empty() && !by.source)) && (filter_.inhibited || by.inhibitors.empty());
}

bool AlertQuery::render(const Correlator& engine) {
    const std::size_t end = std::min(next_ + slice, found_.size());
    for (; next_ < end; ++next_) {
        const std::optional<std::uint32_t> slot = engine.find_alert(found_[next_].fingerprint);
        if (!slot || !engine.alert_state(*slot).firing) continue;  // resolved since
        if (filter_.grouped && group_ != found_[next_].incident) open_group(engine, found_[next_].incident);
        if (body_.back() == '}') body_ += ',';
        render_alert(engine, engine.alert_row(*slot), *slot);
    }
    return next_ >= found_.size();
}

void AlertQuery::open_group(const Correlator& engine, IncidentId incident) {
    if (group_) body_ += "]},";
    group_ = incident;
    const std::optional<IncidentView> view = engine.find_incident(incident);
    body_ += "{\"receiver\":{\"name\":";
    append_json_string(body_, receiver_name_);
    body_ += "},";
    put_map(body_, "labels", view ? view->group_labels : decltype(view->group_labels){});
    body_ += ",\"alerts\":[";
}

void AlertQuery::render_alert(const Correlator& engine, const AlertRow& row, std::uint32_t slot) {
    const Correlator::AlertState state = engine.alert_state(slot);
    const Instant ends = state.expires_at.is_set() ? state.expires_at : row.last_seen + open_end;
    OwnedLabels annotations = row.annotations;
    // Sources other than Prometheus carry their words outside of annotations.
    if (row.annotations.empty()) {
        if (!row.title.empty()) annotations.add({"summary", row.title});
        if (!row.text.empty()) annotations.add({"description", row.text});
    }
    body_ += '{';
    put_map(body_, "annotations", annotations);
    body_ += fmt::format(R"(,"endsAt":"{}","fingerprint":"{:016x}","receivers":{},"startsAt":"{}",)", to_rfc3339(ends),
                         row.alertmanager_fingerprint, receivers_json_, to_rfc3339(row.starts_at));
    render_status(row.suppressed ? engine.suppressed_by(slot) : Correlator::SuppressedBy{}, row.suppressed);
    body_ += fmt::format(R"("updatedAt":"{}",)", to_rfc3339(row.last_seen));
    if (!row.url.empty()) {
        body_ += "\"generatorURL\":";
        append_json_string(body_, row.url);
        body_ += ',';
    }
    put_map(body_, "labels", row.labels);
    body_ += '}';
}

void AlertQuery::render_status(const Correlator::SuppressedBy& by, bool suppressed) {
    body_ += R"("status":{"inhibitedBy":[)";
    for (std::size_t i = 0; i < by.inhibitors.size(); ++i)
        body_ += fmt::format("{}\"{:016x}\"", i == 0 ? "" : ",", by.inhibitors[i]);
    body_ += R"(],"mutedBy":[],"silencedBy":[)";
    if (by.source) body_ += "\"source\"";
    for (const std::string& id : by.silences) {
        if (body_.back() != '[') body_ += ',';
        append_json_string(body_, id);
    }
    body_ += fmt::format(R"(],"state":"{}"}},)", suppressed ? "suppressed" : "active");
}

void AlertQuery::finish() {
    if (group_) body_ += "]}";
    body_ += "]\n";
    reply_->send(HttpReply{200, "application/json", std::move(body_), {}});
}

}  // namespace incidentd
