// The keys of the section `topology` and of topology files.
#include "rules/schema.hpp"

namespace incidentd {
namespace {

using Type = FieldType;

constexpr Field link_fields[] = {
    {.key = "upper",
     .type = Type::text_list,
     .required = true,
     .least = 1,
     .most = 10'000,
     .remedy = "name what the lower one needs",
     .note = "what is needed: a host's switch, a pod's node, a service's database"},
    {.key = "lower",
     .type = Type::text_list,
     .required = true,
     .least = 1,
     .most = 10'000,
     .remedy = "name what needs the upper one",
     .note = "what needs it; each lower one needs each upper one"},
    {.key = "kind",
     .initial = "`depends`",
     .note =
         "a word, shown in explanations: `power`, `runs` ... `member` (or `instance`, `replica`, `redundancy`): the "
         "lower one is a whole that consists of the upper ones. `link` (or `peer`, `neighbour`): a failure travels "
         "either way"},
};
constexpr Shape link_shape{"topology.links", link_fields};

constexpr Field alias_fields[] = {
    {.key = "entity", .required = true, .remedy = "name the entity", .note = "its name in the links"},
    {.key = "names",
     .type = Type::text_list,
     .required = true,
     .least = 1,
     .most = 1'000,
     .remedy = "list the other names, such as [10.0.0.12]",
     .note = "other names that alerts call it by"},
};
constexpr Shape alias_shape{"topology.aliases", alias_fields};

constexpr Field group_fields[] = {
    {.key = "name", .required = true, .remedy = "name the whole", .note = "the whole, as links and alerts name it"},
    {.key = "members",
     .type = Type::text_list,
     .least = 1,
     .most = 10'000,
     .note = "what it consists of, as links of `kind: member` to it do"},
    {.key = "needs",
     .type = Type::integer,
     .least = 1,
     .most = 10'000,
     .note = "so many of its members it needs to live, whichever way they are given. Without it any may be missed, as "
             "nobody knows"},
};
constexpr Shape group_shape{"topology.groups", group_fields};

constexpr Field groups_field{.key = "groups",
                             .type = Type::map_list,
                             .shape = &group_shape,
                             .note = "redundancy groups: wholes, their members, and how many of these they need"};
constexpr Field links_field{.key = "links", .type = Type::map_list, .shape = &link_shape, .note = "what needs what"};
constexpr Field aliases_field{
    .key = "aliases", .type = Type::map_list, .shape = &alias_shape, .note = "other names of one entity"};

constexpr Field learn_fields[] = {
    {.key = "similarity",
     .type = Type::boolean,
     .initial = "`true`",
     .note = "`op: topology`: alerts that read alike, or whose hosts are named alike, may belong together"},
    {.key = "co_occurrence",
     .type = Type::boolean,
     .initial = "`true`",
     .note = "`op: topology`: checks that follow one another more often than by chance may belong together"},
    {.key = "habits",
     .type = Type::boolean,
     .initial = "`true`",
     .note = "checks that usually fire alone: such an alert opens an incident late"},
    {.key = "labels",
     .type = Type::boolean,
     .initial = "`true`",
     .note = "`op: topology`: labels say which pod runs on which node, and which deployment and service it is a part of"},
    {.key = "recurrence",
     .type = Type::boolean,
     .initial = "`true`",
     .note = "an incident like an earlier one says so, and what became of that one; of all rules"},
};
constexpr Shape learn_shape{"topology.learn", learn_fields};

constexpr Field topology_fields[] = {
    {.key = "files",
     .type = Type::text_list,
     .most = 100,
     .note = "topology files, from the rule file's folder on: YAML with the keys `links`, `aliases` and `groups`, or "
             "tables"},
    links_field,
    aliases_field,
    groups_field,
    {.key = "learn", .type = Type::map, .shape = &learn_shape, .note = "what is learned from the alerts themselves"},
};

constexpr Field topology_file_fields[] = {rule_file_version, links_field, aliases_field, groups_field};

constexpr Shape topology_file{"topology file", topology_file_fields};

}  // namespace

const Shape topology_shape{"topology", topology_fields};

const Shape& topology_file_shape() { return topology_file; }

}  // namespace incidentd
