// The engine's input: everything that may change its state, in one totally ordered log. Each entry is a journal record.
#pragma once

#include "correlator/action.hpp"
#include "correlator/alert.hpp"
#include "correlator/ids.hpp"
#include "correlator/rule_set.hpp"
#include "correlator/time.hpp"

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace incidentd {

// First entry of every journal. `instance` makes ticket keys unique among installations.
struct Genesis {
    std::string instance;        // 12 lower-case hex digits, drawn once
    std::string engine_version;  // what wrote the journal
};

// One request's alerts. Borrows: the batch or the record must outlive apply().
struct AlertsReceived {
    std::span<const AlertEvent> events;
};

// The shell's word on one action: how the delivery ended. Retries are the dispatcher's own business and are not
// reported.
struct DeliveryReported {
    IncidentId incident;
    std::string sink;
    std::uint64_t revision = 0;  // of the action
    ActionKind kind = ActionKind::open_ticket;
    bool delivered = false;  // false: rejected for good, a dead letter
    std::string ticket;      // the sink's name for the ticket, from open_ticket on
    std::string ticket_url;
    std::string detail;  // why it was rejected
};

// From now on these rules hold. `text` is all the rules layer needs to compile the same set again (see
// rules/bundle.hpp).
struct RulesActivated {
    std::string hash;
    std::string text;
    std::shared_ptr<const RuleSet> compiled;  // shared: effects of earlier rules may still read theirs; not journaled
};

struct OperatorCommand {
    enum class Verb : std::uint8_t { acknowledge = 0, retry_delivery = 1, drop_delivery = 2, unacknowledge = 3 };
    Verb verb = Verb::acknowledge;
    IncidentId incident;
    std::string sink;  // for the delivery verbs
    std::string actor;
    std::string comment;
};

// Through Alertmanager's API. `id` is new, or names a silence whose times change; `replaces` ends at once.
struct SilenceSet {
    std::string id;  // a UUID, drawn by the shell
    std::string replaces;
    Matchers match;
    Instant starts_at, ends_at;
    std::string created_by, comment;
};
struct SilenceExpired {
    std::string id;
    std::string actor;
};

// A part of the topology came through the API. `replaces`: `add` is all of it now; else `remove` goes first.
// Of a link to be removed `kind` does not count, of a group the number that it needs. A part that is empty is
// forgotten.
struct TopologyChanged {
    std::string part;
    bool replaces = false;
    TopologySpec add, remove;
};

// Time passed and a deadline fired without other input.
struct Tick {};

// The daemon came up again. For `grace` from now no alert expires: while it was down nobody could refresh them, and a
// false recovery would close tickets that are then opened anew. Takes effect before the deadlines that are due.
struct Started {
    Duration grace{0};
};

using Input = std::variant<Genesis, AlertsReceived, DeliveryReported, RulesActivated, OperatorCommand, Tick, Started,
                           SilenceSet, SilenceExpired, TopologyChanged>;

// Appends the input's record to `out`. The format is versioned by its first byte; see docs/journal-format.md.
void encode(const Input& input, std::string& out);

// Memory for the label arrays of a decoded record; reuse it from record to record.
struct DecodeScratch {
    std::vector<AlertEvent> events;
    std::vector<LabelView> labels;
};

// Reads one record. The result borrows from `record` and `scratch`. RulesActivated comes back without `compiled`.
// Errors: ErrorCode::corrupt. Alerts are checked again as on parse (sorted labels, sizes within the record).
Result<Input> decode(std::string_view record, DecodeScratch& scratch);

}  // namespace incidentd
