// Deliveries to sinks: what is due, delivered or dead, read from the read model.
#include "daemon/cli_text.hpp"

namespace incidentd {
namespace {

void write_row(JsonObject& object, const StoredDelivery& delivery) {
    object.text("incident", to_string(delivery.incident));
    write_delivery(object, delivery);
}

void print_delivery(const StoredDelivery& d) {
    fmt::print("{}  {}  {}\n\n", to_string(d.incident), d.sink, d.state);
    fmt::print("  last action {} (revision {})\n", d.kind, d.revision);
    fmt::print("  ticket      {} {}\n", d.ticket.empty() ? "-" : clean(d.ticket), clean(d.ticket_url));
    fmt::print("  since       {}\n", time_or_dash(d.at));
    if (!d.detail.empty()) fmt::print("  detail      {}\n", clean(d.detail));
    if (d.state == "dead")
        fmt::print(
            "\nTry it again:  incidentd deliveries retry {0} {1}\nGive it up:    incidentd deliveries drop {0} {1}\n",
            to_string(d.incident), d.sink);
}

}  // namespace

int list_deliveries(const ReadOptions& options, const std::string& state, int most) {
    Result<ReadModelQueries> queries = ReadModelQueries::open(options.state_directory);
    if (!queries) return fail(queries.error().message);
    const Result<std::vector<StoredDelivery>> rows = queries->deliveries(state, most);
    if (!rows) return fail(rows.error().message);
    if (options.json) {
        fmt::print("{}\n", json_list(*rows, write_row));
        return exit_ok;
    }
    if (rows->empty())
        fmt::print("no deliveries{}\n", state.empty() ? "" : " in state " + state);
    else
        fmt::print("{:<10} {:<16} {:<10} {:<14} {:<10} {:<25} {}\n", "INCIDENT", "SINK", "STATE", "ACTION", "TICKET",
                   "SINCE", "DETAIL");
    for (const StoredDelivery& d : *rows)
        fmt::print("{:<10} {:<16} {:<10} {:<14} {:<10} {:<25} {}\n", to_string(d.incident), d.sink, d.state, d.kind,
                   d.ticket.empty() ? "-" : clean(d.ticket), to_rfc3339(d.at), clean(d.detail));
    return exit_ok;
}

int show_delivery(const ReadOptions& options, const std::string& incident, const std::string& sink) {
    const std::optional<IncidentId> id = incident_from(incident);
    if (!id) return fail("'" + incident + "' is not an incident; expected something like INC-42");
    Result<ReadModelQueries> queries = ReadModelQueries::open(options.state_directory);
    if (!queries) return fail(queries.error().message);
    const Result<std::vector<StoredDelivery>> rows = queries->deliveries_of(*id);
    if (!rows) return fail(rows.error().message);
    for (const StoredDelivery& delivery : *rows) {
        if (delivery.sink != sink) continue;
        if (options.json)
            fmt::print("{}\n", json_list(std::vector{delivery}, write_row));
        else
            print_delivery(delivery);
        return exit_ok;
    }
    return fail(to_string(*id) + " has no delivery to a sink '" + sink +
                "'; `incidentd deliveries list` shows what there is");
}

}  // namespace incidentd
