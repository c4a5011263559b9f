// Nagios' own object files must become a topology that loads: comments, templates, lists, hosts without parents.
#include "rules/import/nagios_objects.hpp"
#include "rules/topology_files.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace incidentd;

namespace {

constexpr std::string_view cache = R"(########################################
#       NAGIOS OBJECT CACHE FILE
########################################

define timeperiod {
	timeperiod_name	24x7
	}

define host {
	host_name	web1
	alias	The; shop
	address	192.0.2.11
	parents	sw1,sw2
	}

define host {
	host_name	sw1
	address	192.0.2.1
	}

define host{
	use	edge
	host_name	sw2
	address	sw2
	}

define host{
	name	edge
	parents	router ; the way out
	register	0
	}

define host {
	host_name	router
	address	127.0.0.1
	}

define hostdependency {
	host_name	router
	dependent_host_name	web1
	}
)";

}  // namespace

TEST_CASE("parents, inherited parents, dependencies and addresses become links and aliases") {
    NagiosObjects objects;
    Problems problems;
    objects.read(cache, "objects.cache", problems);
    const NagiosTopology made = objects.topology(problems);
    CHECK(problems.text() == "");
    CHECK(problems.warnings().size() == 0);
    CHECK(made.hosts == 4);
    CHECK(made.links == 4);
    CHECK(made.yaml ==
          "# Written by `incidentd topology import nagios`: parents and dependencies of 4 hosts.\n"
          "version: 1\n"
          "links:\n"
          "  - {upper: ['sw1', 'sw2'], lower: ['web1'], kind: parent}\n"
          "  - {upper: ['router'], lower: ['sw2'], kind: parent}\n"
          "  - {upper: ['router'], lower: ['web1'], kind: depends}\n"
          "aliases:\n"
          "  - {entity: 'web1', names: ['192.0.2.11']}\n"
          "  - {entity: 'sw1', names: ['192.0.2.1']}\n");
    const TopologySpec spec = parse_topology(made.yaml, "made.yaml", problems);
    CHECK(problems.text() == "");
    CHECK(spec.links.size() == 4);
}

TEST_CASE("a definition without an end and a parent that is not there are told with their place") {
    NagiosObjects objects;
    Problems problems;
    objects.read("define host {\n host_name a\n parents b\n }\ndefine host {\n host_name c\n", "hosts.cfg", problems);
    CHECK(problems.text() ==
          "hosts.cfg:5:1: host: the definition that begins here is never closed; end it with a line }\n");
    objects.topology(problems);
    REQUIRE(problems.warnings().size() == 1);
    CHECK(problems.warnings().front().message == "names the host 'b', which is defined nowhere");
}
