#include "daemon/read_model/batch.hpp"

#include <algorithm>

namespace incidentd {
namespace {

// One packed piece is read as a whole, so it stays small enough for that.
constexpr std::size_t piece_bytes = 4 * 1024 * 1024;

// What a state weighs besides an alert's texts, roughly.
constexpr std::size_t state_bytes = 1024;

std::size_t text_bytes(const AlertRow& row) {
    std::size_t bytes = row.title.size() + row.text.size() + row.url.size();
    for (const auto* pairs : {&row.labels, &row.annotations})
        for (const auto& [name, value] : *pairs) bytes += name.size() + value.size();
    return bytes;
}

}  // namespace

HistoryWriter& ReadModelBatch::history(Instant at) {
    last_at_ = std::max(last_at_, at);
    if (history_.empty() || history_.back().bytes() >= piece_bytes) history_.emplace_back();
    return history_.back();
}

void ReadModelBatch::add(const Effect& effect) {
    const std::size_t before = history_.empty() ? 0 : history_.back().bytes();
    const std::size_t pieces = history_.size();
    std::visit([this, &effect](const auto& what) { put(effect.at, what); }, effect.what);
    if (!history_.empty()) weight_ += history_.back().bytes() - (pieces == history_.size() ? before : 0);
}

void ReadModelBatch::put(Instant, const IncidentChanged& changed) {
    if (incidents_.insert_or_assign(changed.incident->id, *changed.incident).second) weight_ += state_bytes;
}

void ReadModelBatch::put(Instant at, const DeliveryChanged& changed) {
    if (deliveries_.insert_or_assign({changed.incident, changed.sink}, DeliveryAt{at, changed}).second)
        weight_ += state_bytes;
}

void ReadModelBatch::add(std::unique_ptr<const StateUpdate> state) {
    for (const IncidentView& view : state->incidents) incidents_.insert_or_assign(view.id, view);
    for (const AlertRow& row : state->alerts) weight_ += text_bytes(row);
    weight_ += state->size() * state_bytes;
    states_.push_back(std::move(state));
}

}  // namespace incidentd
