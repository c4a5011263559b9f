// `priority` and `route`: how urgent an incident is, and who learns of it.
#include "rules/compiler.hpp"

#include <algorithm>

namespace incidentd {
namespace {

constexpr const char* incident_labels[] = {"priority", "severity", "rule", "category", "service", "assignment_group"};

void read_row(Compilation& compilation, const SettingsNode& node, const Shape& shape, Impact impact) {
    FieldReader cells(node, shape, compilation.problems);
    for (const Urgency urgency : {Urgency::low, Urgency::medium, Urgency::high, Urgency::critical}) {
        const std::optional<std::size_t> cell = cells.choice(to_string(urgency));
        if (!cell.has_value()) continue;
        compilation.set.priority[static_cast<std::size_t>(impact)][static_cast<std::size_t>(urgency)] =
            static_cast<Priority>(*cell + 1);
    }
}

}  // namespace

void compile_priority(Compilation& compilation, const SettingsNode& node) {
    static const Shape& shape = *rule_file_shape().find("priority")->shape;
    FieldReader reader(node, shape, compilation.problems);
    const SettingsNode* matrix = reader.map("matrix");
    if (matrix == nullptr) return;
    if (compilation.matrix_at.has_value()) {
        reader.problem("matrix", "is given in another file already, in " + compilation.matrix_at->file + " line " +
                                     std::to_string(compilation.matrix_at->line));
    }
    compilation.matrix_at = matrix->where;
    const Shape& matrix_shape = *shape.find("matrix")->shape;
    FieldReader rows(*matrix, matrix_shape, compilation.problems);
    for (const Impact impact : {Impact::low, Impact::medium, Impact::high}) {
        const SettingsNode* row = rows.map(to_string(impact));
        if (row != nullptr) read_row(compilation, *row, *matrix_shape.find(to_string(impact))->shape, impact);
    }
}

void compile_route(Compilation& compilation, const SettingsNode& node) {
    static const Shape& shape = *rule_file_shape().find("route")->shape;
    FieldReader reader(node, shape, compilation.problems);
    Route route;
    route.match = reader.matchers("match");
    const std::vector<std::string>& sinks = compilation.bundle.sinks;
    for (const SettingsNode* item : reader.scalars("to")) {
        route.to.push_back(item->scalar);
        if (std::find(sinks.begin(), sinks.end(), item->scalar) != sinks.end()) continue;
        const std::string near = hint_of(item->scalar, sinks);
        compilation.problems.add(item->where, node.path + ".to",
                                 "names the sink " + shown(item->scalar) + ", which is not configured",
                                 near + (near.empty() ? "" : " ") + "configured sinks: " + list_of(sinks));
    }
    reader.read("continue", route.proceed);
    reader.read("update_every", route.update_every);
    compilation.set.routes.push_back(std::move(route));
    compilation.places.routes.push_back({node.where, node.path});
}

// Routes see an incident, and of its alerts' labels only those that form groups: another label never has a value.
void check_routes(Compilation& compilation) {
    std::set<std::string> seen_by_routes = compilation.group_labels;
    seen_by_routes.insert(std::begin(incident_labels), std::end(incident_labels));
    const std::vector<std::string> seen(seen_by_routes.begin(), seen_by_routes.end());
    const std::vector<Route>& routes = compilation.set.routes;
    const std::vector<RulePlace>& places = compilation.places.routes;
    for (std::size_t i = 0; i < routes.size(); ++i) {
        for (const Matcher& matcher : routes[i].match) {
            if (seen_by_routes.contains(matcher.name())) continue;
            const std::string near = hint_of(matcher.name(), seen);
            compilation.problems.add(places[i].where, places[i].path + ".match",
                                     "the label " + shown(matcher.name()) +
                                         " is never there: routes see the incident and the labels its rules group by",
                                     near + (near.empty() ? "" : " ") + "there are: " + list_of(seen) +
                                         "; another label must be added to `by` of a correlate rule");
        }
    }
    if (routes.empty() || (routes.back().match.empty() && !routes.back().proceed)) return;
    compilation.problems.add(places.back().where, places.back().path,
                             "is the last route, yet not every incident ends here: the others would reach no sink",
                             "end with a route without match and continue: {to: [...]}, or {to: []} to tell nobody");
}

}  // namespace incidentd
