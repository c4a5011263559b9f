// The keys of rule files, section by section.
#include "rules/rules.hpp"
#include "rules/schema.hpp"

#include <algorithm>

namespace incidentd {
namespace {

using Type = FieldType;

constexpr std::int64_t second = 1000;
constexpr std::int64_t minute = 60 * second;
constexpr std::int64_t hour = 60 * minute;
constexpr std::int64_t day = 24 * hour;

constexpr std::string_view requires_choices[] = {"present", "optional"};
constexpr std::string_view op_choices[] = {"group", "threshold", "sequence", "absence", "topology", "similar"};
constexpr std::string_view impact_choices[] = {"low", "medium", "high"};
constexpr std::string_view urgency_choices[] = {"low", "medium", "high", "critical"};
constexpr std::string_view priority_choices[] = {"P1", "P2", "P3", "P4", "P5"};
constexpr std::string_view severity_choices[] = {"info", "unknown", "warning", "error", "critical"};

constexpr std::string_view match_note = "against the alert's labels";
constexpr std::string_view require_note =
    "`present`: only alerts that have all of these labels. `optional`: a missing label counts as empty";

constexpr Field match_field(std::string_view note = match_note) {
    return {.key = "match", .type = Type::matchers, .initial = "everything", .note = note};
}
constexpr Field name_field(std::string_view note) { return {.key = "name", .required = true, .note = note}; }
constexpr Field require_field(std::string_view note = require_note) {
    return {.key = "require", .type = Type::choice, .initial = "`present`", .choices = requires_choices, .note = note};
}

constexpr Field enrich_fields[] = {
    match_field("against the labels as the rules before it left them"),
    {.key = "set",
     .type = Type::templates,
     .most = 64,
     .note =
         "labels and their new values. `{{name}}` is a group `(?P<name>...)` of the rule's own regexes, else a label. "
         "An empty result removes the label"},
    {.key = "lookup",
     .note = "a CSV file, from the rule file's folder on. Its first line names the columns; comma, semicolon or tab"},
    {.key = "on", .type = Type::label, .note = "with `lookup`: the label whose value is looked up"},
    {.key = "key",
     .initial = "the same as `on`",
     .note = "with `lookup`: the column it is looked up in. Of rows with equal keys the first counts"},
    {.key = "take",
     .type = Type::label_list,
     .least = 1,
     .most = 64,
     .note = "with `lookup`: columns that become labels. An empty cell leaves the label as it is"},
};
constexpr Shape enrich_shape{"enrich", enrich_fields};

constexpr Field dedup_fields[] = {
    match_field(),
    {.key = "key",
     .type = Type::label_list,
     .required = true,
     .least = 1,
     .most = 16,
     .remedy = "list the labels whose values say which alert it is",
     .note = "equal values are one alert of the source. An alert without one of them goes on to the next rule"},
};
constexpr Shape dedup_shape{"dedup", dedup_fields};

constexpr Field pair_fields[] = {
    {.key = "name", .initial = "`pair-1` ...", .note = "unique in the section"},
    {.key = "problem", .type = Type::matchers, .required = true, .note = "the alerts that fire"},
    {.key = "clear", .type = Type::matchers, .required = true, .note = "the messages that resolve them"},
    {.key = "equal",
     .type = Type::label_list,
     .required = true,
     .least = 1,
     .most = 16,
     .remedy = "list the labels that problem and clear share, such as [host]",
     .note = "labels whose values must be the same in both"},
    require_field(),
};
constexpr Shape pair_shape{"pair", pair_fields};

constexpr Field schedule_fields[] = {
    {.key = "weekdays",
     .type = Type::ranges,
     .initial = "every day",
     .note = "days or ranges of them: `sat`, `'monday:friday'`; the day the window begins"},
    {.key = "days_of_month",
     .type = Type::ranges,
     .initial = "every day",
     .note = "1 to 31, or from the month's end: `-1` is its last day; `'1:7'`, `'-3:-1'`"},
    {.key = "months", .type = Type::ranges, .initial = "every month", .note = "`dec`, `12`, `'may:august'`"},
    {.key = "years", .type = Type::ranges, .initial = "every year", .note = "`2027`, `'2026:2028'`"},
    {.key = "at",
     .type = Type::time_of_day,
     .initial = "`00:00`",
     .note = "when the window begins, by the zone's clock"},
    {.key = "for",
     .type = Type::duration,
     .required = true,
     .least = minute,
     .most = 7 * day,
     .remedy = "say how long it lasts, such as for: 2h",
     .note = "how long it lasts; it may end on a later day"},
    {.key = "zone", .initial = "`UTC`", .note = "a name of the time zone database, such as `Europe/Berlin`"},
};
constexpr Shape schedule_shape{"schedule", schedule_fields};

constexpr Field silence_fields[] = {
    name_field("unique among silences and maintenance windows"),
    {.key = "match",
     .type = Type::matchers,
     .required = true,
     .remedy = "name the alerts; `match: []` means all of them",
     .note = match_note},
    {.key = "from",
     .type = Type::instant,
     .initial = "no bound",
     .note = "it holds from then on: `2026-12-01T20:00:00Z`"},
    {.key = "to", .type = Type::instant, .initial = "no bound", .note = "until then"},
    {.key = "schedule",
     .type = Type::map_or_list,
     .most = 50,
     .shape = &schedule_shape,
     .note = "again and again, by the calendar; several: any of them. With `from` and `to`: only between them"},
    {.key = "comment", .note = "why; shown with every alert it keeps quiet"},
};
constexpr Shape silence_shape{"silences", silence_fields};
constexpr Shape maintenance_shape{"maintenance", silence_fields};

constexpr Field inhibit_fields[] = {
    name_field("unique in the section"),
    {.key = "source", .type = Type::matchers, .required = true, .note = "while such an alert fires ..."},
    {.key = "target", .type = Type::matchers, .required = true, .note = "... these open nothing"},
    {.key = "equal",
     .type = Type::label_list,
     .initial = "`[]`",
     .most = 16,
     .note = "labels whose values must be the same in both; `[]`: one source is enough for all targets"},
    require_field(
        "`present`: alerts without one of the labels neither inhibit nor are inhibited. `optional`: a missing "
        "label counts as empty, as in Alertmanager"),
};
constexpr Shape inhibit_shape{"inhibit", inhibit_fields};

constexpr Field flapping_fields[] = {
    {.key = "name", .initial = "`flapping-1` ...", .note = "unique in the section"},
    match_field(),
    {.key = "window",
     .type = Type::duration,
     .initial = "`30m`",
     .least = minute,
     .most = day,
     .note = "time-window form: changes are counted over this span"},
    {.key = "start",
     .type = Type::integer,
     .initial = "`6`",
     .least = 2,
     .most = 1000,
     .note = "time-window form: so many changes between firing and resolved, and it flaps"},
    {.key = "stop_quiet",
     .type = Type::duration,
     .initial = "`15m`",
     .least = minute,
     .most = day,
     .note = "without a change for so long, it no longer flaps"},
    {.key = "high",
     .type = Type::number,
     .least = 1,
     .most = 100,
     .note =
         "check-count form, as in Nagios and Icinga 2, with `low` and without `window` and `start`: percent of changes "
         "in the last 20 messages, newer ones weighing more, at which it flaps"},
    {.key = "low", .type = Type::number, .least = 0, .most = 100, .note = "below so many percent it no longer flaps"},
};
constexpr Shape flapping_shape{"flapping", flapping_fields};

constexpr Field storm_fields[] = {
    {.key = "name", .initial = "`storm-1` ...", .note = "unique in the section"},
    match_field(),
    {.key = "per",
     .type = Type::label,
     .initial = "`source`",
     .note = "`source`, or a label whose values are watched each for itself"},
    {.key = "floor",
     .type = Type::integer,
     .initial = "`200`",
     .least = 1,
     .most = 10'000'000,
     .note = "new alerts within `window` below which nothing is a storm"},
    {.key = "factor",
     .type = Type::number,
     .initial = "`10`",
     .least = 1,
     .most = 1000,
     .note = "a storm is so many times the usual rate"},
    {.key = "window",
     .type = Type::duration,
     .initial = "`1m`",
     .least = second,
     .most = hour,
     .note = "the span counted"},
    {.key = "leave_after",
     .type = Type::duration,
     .initial = "`5m`",
     .least = second,
     .most = day,
     .note = "below the bound for so long: the storm is over"},
    {.key = "pass",
     .type = Type::choice,
     .initial = "`critical`",
     .choices = severity_choices,
     .note = "alerts at least so severe are correlated as usual, storm or not"},
};
constexpr Shape storm_shape{"storm", storm_fields};

constexpr Field close_fields[] = {
    {.key = "quiet",
     .type = Type::duration,
     .initial = "`5m`",
     .most = 30 * day,
     .note = "all alerts resolved for so long: the incident resolves. An alert that fires again meanwhile is still the "
             "same "
             "incident"},
    {.key = "max_age",
     .type = Type::duration,
     .initial = "`24h`",
     .most = 365 * day,
     .note = "an older incident takes no new alerts; the next one begins another. `0s`: no such bound"},
    {.key = "max_alerts",
     .type = Type::integer,
     .initial = "`10000`",
     .least = 1,
     .most = 1'000'000,
     .note = "a full incident takes no new alerts; the next one begins another. `topology`: 100000 unless given"},
    {.key = "max_depth",
     .type = Type::integer,
     .initial = "`12`",
     .least = 1,
     .most = 1000,
     .note = "`topology`: hops from the first failure; chains do not grow for ever"},
};
constexpr Shape close_shape{"close", close_fields};

constexpr Field gate_fields[] = {
    {.key = "checks",
     .type = Type::integer,
     .initial = "`2`",
     .least = 1,
     .most = 64,
     .note = "so many different checks worse than `info` open it; `1`: the first one does"},
    {.key = "critical_after",
     .type = Type::duration,
     .initial = "`0s`",
     .most = day,
     .note =
         "an alert that is critical, or of unknown severity, opens it alone when it fires for so long; `0s`: at once"},
    {.key = "other_after",
     .type = Type::duration,
     .initial = "`4h`",
     .most = 30 * day,
     .note = "likewise any other alert worse than `info`"},
    {.key = "habitual_after",
     .type = Type::duration,
     .initial = "`4h`",
     .most = 30 * day,
     .note =
         "likewise such an alert whose check usually fires alone (learned); `0s`: habits do not count. Never sooner "
         "than `other_after`"},
};
constexpr Shape gate_shape{"gate", gate_fields};

constexpr Field incident_fields[] = {
    {.key = "title", .type = Type::text_template, .initial = "the alert's title, else its `alertname`", .note = ""},
    {.key = "category", .type = Type::text_template, .initial = "`monitoring`", .note = ""},
    {.key = "service",
     .type = Type::text_template,
     .initial = "the label `service` if there is no `host`, else `host`, `instance`, `job`, `alertname`",
     .note = "what MTTR and MTBF are kept for (see [operations.md](operations.md))"},
    {.key = "assign", .type = Type::text_template, .initial = "nobody", .note = "the assignment group"},
    {.key = "impact", .type = Type::level, .initial = "`medium`", .choices = impact_choices, .note = ""},
    {.key = "urgency", .type = Type::level, .initial = "from the severity", .choices = urgency_choices, .note = ""},
    {.key = "knowledge",
     .type = Type::text_list,
     .initial = "`[]`",
     .most = 16,
     .note = "articles that help, as the sinks show them: `runbooks/db-outage`"},
};
constexpr Shape incident_shape{"incident", incident_fields};

constexpr Field correlate_fields[] = {
    name_field("unique over all files; `default-` is kept for the built-in rules"),
    match_field(),
    {.key = "op", .type = Type::choice, .initial = "`group`", .choices = op_choices, .note = "see below"},
    {.key = "by",
     .type = Type::label_list,
     .initial = "required; `[]` with `topology`",
     .most = 16,
     .note = "equal values form a group. `[]`: all it matches is one group. `topology`: alerts with different values "
             "never share an incident"},
    require_field(
        "`present`: an alert without one of the labels of `by` goes on to the next rule. `optional`: a missing "
        "label counts as empty"),
    {.key = "continue",
     .type = Type::boolean,
     .initial = "`false`",
     .note = "the rules after it are asked too, if its own incident did not open"},
    {.key = "within",
     .type = Type::duration,
     .initial = "`0s`",
     .most = 30 * day,
     .note = "`group`: an alert joins only if the group's last new alert is no older; each one extends the window; "
             "`0s`: as "
             "long as the incident is open. The other operations need it, see below"},
    {.key = "count",
     .type = Type::integer,
     .least = 2,
     .most = 100'000,
     .note = "`threshold`: so many firing alerts, or so many values of `distinct`"},
    {.key = "distinct", .type = Type::label, .note = "`threshold`: the label whose different values are counted"},
    {.key = "steps",
     .type = Type::matchers_list,
     .least = 2,
     .most = 16,
     .note = "`sequence`: matchers of each step, in this order"},
    {.key = "until", .type = Type::matchers, .initial = "as `match`", .note = "`absence`: what must come in time"},
    {.key = "hold",
     .type = Type::duration,
     .initial = "`0s`",
     .most = day,
     .note = "wait so long for more before the incident opens. If all is over by then, nobody is told"},
    {.key = "gate", .type = Type::map, .shape = &gate_shape, .note = "`topology`: what it takes to open"},
    {.key = "close", .type = Type::map, .shape = &close_shape, .note = "when it ends"},
    {.key = "incident", .type = Type::map, .shape = &incident_shape, .note = "what people see"},
};
constexpr Shape correlate_shape{"correlate", correlate_fields};

constexpr Field row_fields[] = {
    {.key = "low", .type = Type::choice, .choices = priority_choices},
    {.key = "medium", .type = Type::choice, .choices = priority_choices},
    {.key = "high", .type = Type::choice, .choices = priority_choices},
    {.key = "critical", .type = Type::choice, .choices = priority_choices},
};
constexpr Shape row_shape{"priority.matrix.impact", row_fields};
constexpr Field matrix_fields[] = {
    {.key = "low", .type = Type::map, .shape = &row_shape, .note = "by urgency"},
    {.key = "medium", .type = Type::map, .shape = &row_shape, .note = "by urgency"},
    {.key = "high", .type = Type::map, .shape = &row_shape, .note = "by urgency"},
};
constexpr Shape matrix_shape{"priority.matrix", matrix_fields};
constexpr Field priority_fields[] = {
    {.key = "matrix", .type = Type::map, .shape = &matrix_shape, .note = "impact, then urgency: `P1` to `P5`"},
};
constexpr Shape priority_shape{"priority", priority_fields};

constexpr Field route_fields[] = {
    match_field("against the incident, see below"),
    {.key = "to",
     .type = Type::text_list,
     .required = true,
     .most = 100,
     .remedy = "list sinks, or [] to tell nobody",
     .note = "names from `sinks` of incidentd.yaml; `[]`: nobody"},
    {.key = "continue", .type = Type::boolean, .initial = "`false`", .note = "the routes after it are asked too"},
    {.key = "update_every",
     .type = Type::duration,
     .initial = "`1m`",
     .most = day,
     .note = "least time between two updates of one ticket. Opening and resolving never wait"},
};
constexpr Shape route_shape{"route", route_fields};

constexpr Field section(std::string_view key, const Shape& shape, std::string_view note) {
    return {.key = key, .type = Type::map_list, .shape = &shape, .note = note};
}
constexpr Field later(std::string_view key, std::string_view why) {
    return {.key = key, .type = Type::refused, .note = why};
}

constexpr Field file_fields[] = {
    rule_file_version,
    section("enrich", enrich_shape, "adds or rewrites labels before anything else looks at them"),
    section("dedup", dedup_shape, "which messages are about the same alert, where the source's own key is not wanted"),
    section("pair", pair_shape, "clears that name their problem differently"),
    section("silences", silence_shape, "alerts that open nothing for a time"),
    section("maintenance", maintenance_shape, "likewise, and MTTR and MTBF do not count it"),
    section("inhibit", inhibit_shape, "alerts that open nothing while another one fires"),
    section("flapping", flapping_shape, "alerts that change too often"),
    section("storm", storm_shape, "too many new alerts at once"),
    section("correlate", correlate_shape, "which alerts become which incident"),
    {.key = "topology", .type = Type::map, .shape = &topology_shape, .note = "what depends on what"},
    {.key = "priority", .type = Type::map, .shape = &priority_shape, .note = "from impact and urgency"},
    section("route", route_shape, "which sinks learn of an incident"),
    later("sla", "time limits for acknowledging and resolving come with a later version"),
    later("escalate", "escalation comes with a later version"),
};
constexpr Shape file_shape{"rule file", file_fields};

void collect(const Shape& shape, std::vector<const Shape*>& out) {
    if (std::find(out.begin(), out.end(), &shape) != out.end()) return;
    out.push_back(&shape);
    for (const Field& field : shape.fields) {
        if (field.shape != nullptr) collect(*field.shape, out);
    }
}

}  // namespace

const Field* Shape::find(std::string_view key) const {
    const auto found = std::find_if(fields.begin(), fields.end(), [&](const Field& f) { return f.key == key; });
    return found == fields.end() ? nullptr : &*found;
}

const Shape& rule_file_shape() { return file_shape; }

std::vector<const Shape*> all_shapes() {
    std::vector<const Shape*> shapes;
    collect(file_shape, shapes);
    return shapes;
}

}  // namespace incidentd
