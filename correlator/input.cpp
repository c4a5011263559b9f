#include "correlator/input.hpp"

#include "correlator/codec.hpp"
#include "correlator/fingerprint.hpp"

#include <optional>

namespace incidentd {

using codec::Reader;
using codec::Writer;

namespace {

constexpr std::uint8_t format_version = 1;

enum class RecordKind : std::uint8_t {
    genesis = 1,
    alerts = 2,
    delivery = 3,
    rules = 4,
    command = 5,
    tick = 6,
    started = 7,
    silence_set = 8,
    silence_expired = 9,
    topology_changed = 10,
};

// Set in the byte of an event's kind: only fingerprint, starts_at and expires_at follow.
constexpr std::uint8_t refresh_flag = 0x80;

void encode_event(const AlertEvent& e, Writer& w) {
    w.fixed64(e.fingerprint.high);
    w.fixed64(e.fingerprint.low);
    w.byte(static_cast<std::uint8_t>(static_cast<std::uint8_t>(e.kind) | (e.refresh ? refresh_flag : 0)));
    if (e.refresh) {
        w.time(e.starts_at);
        w.time(e.expires_at);
        return;
    }
    w.byte(static_cast<std::uint8_t>(e.severity));
    w.time(e.starts_at);
    w.time(e.ends_at);
    w.time(e.expires_at);
    for (const std::string_view text : {e.key, e.episode, e.title, e.text, e.url, e.actor}) w.text(text);
    w.labels(e.labels);
    w.labels(e.annotations);
}

struct Encode {
    Writer& w;
    void head(RecordKind kind) const {
        w.byte(format_version);
        w.byte(static_cast<std::uint8_t>(kind));
    }
    void operator()(const Genesis& in) const {
        head(RecordKind::genesis);
        w.text(in.instance);
        w.text(in.engine_version);
    }
    void operator()(const AlertsReceived& in) const {
        head(RecordKind::alerts);
        w.text(in.events.empty() ? std::string_view{} : in.events.front().source);
        w.number(in.events.size());
        for (const AlertEvent& event : in.events) encode_event(event, w);
    }
    void operator()(const DeliveryReported& in) const {
        head(RecordKind::delivery);
        w.number(in.incident.value);
        w.text(in.sink);
        w.number(in.revision);
        w.byte(static_cast<std::uint8_t>(in.kind));
        w.byte(in.delivered ? 1 : 0);
        w.text(in.ticket);
        w.text(in.ticket_url);
        w.text(in.detail);
    }
    void operator()(const RulesActivated& in) const {
        head(RecordKind::rules);
        w.text(in.hash);
        w.text(in.text);
    }
    void operator()(const OperatorCommand& in) const {
        head(RecordKind::command);
        w.byte(static_cast<std::uint8_t>(in.verb));
        w.number(in.incident.value);
        w.text(in.sink);
        w.text(in.actor);
        w.text(in.comment);
    }
    void operator()(const Tick&) const { head(RecordKind::tick); }
    void operator()(const Started& in) const {
        head(RecordKind::started);
        w.number(static_cast<std::uint64_t>(in.grace.ms));
    }
    void operator()(const SilenceSet& in) const {
        head(RecordKind::silence_set);
        w.text(in.id);
        w.text(in.replaces);
        codec::write_matchers(w, in.match);
        w.time(in.starts_at);
        w.time(in.ends_at);
        w.text(in.created_by);
        w.text(in.comment);
    }
    void operator()(const SilenceExpired& in) const {
        head(RecordKind::silence_expired);
        w.text(in.id);
        w.text(in.actor);
    }
    void operator()(const TopologyChanged& in) const {
        head(RecordKind::topology_changed);
        w.text(in.part);
        w.byte(in.replaces ? 1 : 0);
        codec::write_topology(w, in.add);
        codec::write_topology(w, in.remove);
        if (in.add.needs.empty() && in.remove.needs.empty()) return;  // as records were before there were groups
        codec::write_needs(w, in.add.needs);
        codec::write_needs(w, in.remove.needs);
    }
};

// Fills scratch.labels from `r` and returns where they start; the vector may move, so spans are made at the very end.
struct LabelRange {
    std::size_t first = 0;
    std::size_t count = 0;
};

LabelRange decode_labels(Reader& r, DecodeScratch& scratch) {
    const LabelRange range{scratch.labels.size(), r.count(2)};
    for (std::size_t i = 0; i < range.count; ++i) {
        const std::string_view name = r.text();
        scratch.labels.push_back({name, r.text()});
    }
    return range;
}

bool sorted_and_whole(LabelsView labels) {
    for (std::size_t i = 0; i < labels.size(); ++i) {
        if (labels[i].name.empty() || labels[i].value.empty()) return false;
        if (i > 0 && !(labels[i - 1].name < labels[i].name)) return false;
    }
    return true;
}

struct EventRanges {
    LabelRange labels, annotations;
};

EventRanges decode_event(Reader& r, DecodeScratch& scratch, AlertEvent& e) {
    e.fingerprint.high = r.fixed64();
    e.fingerprint.low = r.fixed64();
    const std::uint8_t kind = r.byte();
    e.refresh = (kind & refresh_flag) != 0;
    e.kind = r.checked(static_cast<std::uint8_t>(kind & ~refresh_flag), EventKind::note);
    if (e.refresh) {
        e.starts_at = r.time();
        e.expires_at = r.time();
        return {};
    }
    e.severity = r.member(Severity::critical);
    e.starts_at = r.time();
    e.ends_at = r.time();
    e.expires_at = r.time();
    for (std::string_view* text : {&e.key, &e.episode, &e.title, &e.text, &e.url, &e.actor}) *text = r.text();
    const LabelRange labels = decode_labels(r, scratch);
    return {labels, decode_labels(r, scratch)};
}

bool is_consistent(const AlertEvent& e) {
    if (e.refresh) return e.kind == EventKind::firing;
    return sorted_and_whole(e.labels) && sorted_and_whole(e.annotations) &&
           e.fingerprint == fingerprint_of(e.source, e.key, e.labels);
}

bool decode_alerts(Reader& r, DecodeScratch& scratch) {
    const std::string_view source = r.text();
    constexpr std::size_t least_event_bytes = 19;  // a refresh
    const std::size_t count = r.count(least_event_bytes);
    std::vector<EventRanges> ranges(count);
    scratch.events.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
        scratch.events[i] = AlertEvent{};
        scratch.events[i].source = source;
        ranges[i] = decode_event(r, scratch, scratch.events[i]);
    }
    if (r.failed()) return false;
    const LabelsView all(scratch.labels);
    for (std::size_t i = 0; i < count; ++i) {
        AlertEvent& e = scratch.events[i];
        e.labels = all.subspan(ranges[i].labels.first, ranges[i].labels.count);
        e.annotations = all.subspan(ranges[i].annotations.first, ranges[i].annotations.count);
        if (!is_consistent(e)) return false;
    }
    return true;
}

DeliveryReported decode_delivery(Reader& r) {
    DeliveryReported in;
    in.incident.value = r.number();
    in.sink = r.string();
    in.revision = r.number();
    in.kind = r.member(ActionKind::resolve_ticket);
    in.delivered = r.flag();
    in.ticket = r.string();
    in.ticket_url = r.string();
    in.detail = r.string();
    return in;
}

OperatorCommand decode_command(Reader& r) {
    OperatorCommand in;
    in.verb = r.member(OperatorCommand::Verb::unacknowledge);
    in.incident.value = r.number();
    in.sink = r.string();
    in.actor = r.string();
    in.comment = r.string();
    return in;
}

SilenceSet decode_silence(Reader& r) {
    SilenceSet in;
    in.id = r.string();
    in.replaces = r.string();
    in.match = codec::read_matchers(r);
    in.starts_at = r.time();
    in.ends_at = r.time();
    in.created_by = r.string();
    in.comment = r.string();
    return in;
}

std::optional<Input> decode_body(RecordKind kind, Reader& r, DecodeScratch& scratch) {
    switch (kind) {
        case RecordKind::genesis: {
            Genesis in;
            in.instance = r.string();
            in.engine_version = r.string();
            return in;
        }
        case RecordKind::alerts:
            if (!decode_alerts(r, scratch)) return std::nullopt;
            return AlertsReceived{scratch.events};
        case RecordKind::delivery:
            return decode_delivery(r);
        case RecordKind::rules: {
            RulesActivated in;
            in.hash = r.string();
            in.text = r.string();
            return in;
        }
        case RecordKind::command:
            return decode_command(r);
        case RecordKind::tick:
            return Tick{};
        case RecordKind::silence_set:
            return decode_silence(r);
        case RecordKind::silence_expired: {
            SilenceExpired in;
            in.id = r.string();
            in.actor = r.string();
            return in;
        }
        case RecordKind::topology_changed: {
            TopologyChanged in;
            in.part = r.string();
            in.replaces = r.flag();
            in.add = codec::read_topology(r);
            in.remove = codec::read_topology(r);
            if (r.failed() || r.done()) return in;
            in.add.needs = codec::read_needs(r);
            in.remove.needs = codec::read_needs(r);
            return in;
        }
        case RecordKind::started:
            return Started{Duration{static_cast<std::int64_t>(r.number())}};
    }
    return std::nullopt;
}

}  // namespace

void encode(const Input& input, std::string& out) {
    Writer writer(out);
    std::visit(Encode{writer}, input);
}

Result<Input> decode(std::string_view record, DecodeScratch& scratch) {
    scratch.events.clear();
    scratch.labels.clear();
    Reader reader(record);
    if (const std::uint8_t version = reader.byte(); version != format_version)
        return Error(ErrorCode::corrupt, "record format " + std::to_string(version) + " is not known to this version");
    const auto kind = static_cast<RecordKind>(reader.byte());
    std::optional<Input> input = decode_body(kind, reader, scratch);
    if (!input || !reader.done())
        return Error(ErrorCode::corrupt,
                     "record of kind " + std::to_string(static_cast<int>(kind)) + " does not read back");
    return std::move(*input);
}

}  // namespace incidentd
