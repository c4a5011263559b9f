// Dependencies of triggers must become links between the right hosts: answers of the API, exports of either syntax,
// templates; and what is none of them is told with its place.
#include "rules/import/zabbix_dependencies.hpp"
#include "rules/topology_files.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace incidentd;

namespace {

struct Imported {
    explicit Imported(std::initializer_list<std::string_view> texts) {
        ZabbixObjects objects;
        int number = 0;
        for (const std::string_view text : texts) objects.read(text, "f" + std::to_string(++number), problems);
        made = objects.topology(problems);
    }
    // Without the two lines that each topology begins with.
    std::string body() const { return made.yaml.substr(made.yaml.find("version: 1\n") + 11); }
    Problems problems;
    ZabbixTopology made;
};

// As Zabbix 6.0 answers, with its escaped slashes.
constexpr std::string_view answer = R"({"jsonrpc":"2.0","result":[
{"triggerid":"1","description":"App on web01, \/srv","hosts":[{"hostid":"10","host":"web01","name":"Shop web 1"}],
 "dependencies":[{"triggerid":"2"},{"triggerid":"3"}]},
{"triggerid":"2","hosts":[{"hostid":"11","host":"sw1","name":"sw1"}],"dependencies":[]},
{"triggerid":"3","hosts":[{"hostid":"10","host":"web01"}],"dependencies":[{"triggerid":"99"}]},
{"triggerid":"4","hosts":[{"hostid":"10"},{"hostid":"12","host":"web02"}],"dependencies":[{"triggerid":"2"}]}],"id":1})";
constexpr std::string_view hosts = R"([{"hostid":"11","host":"sw1","name":"Switch 1","interfaces":[
{"ip":"192.0.2.1","dns":"sw1.example.com"},{"ip":"127.0.0.1","dns":"{$NAME}"}]}])";

constexpr std::string_view exported = R"(zabbix_export:
  version: '6.0'
  templates:
    - template: App
      name: App
      items:
        - name: up
          triggers:
            - {expression: 'last(/App/up)=0', name: down, dependencies: [{name: gone, expression: 'last(/router/ping)=0'}]}
            - {expression: 'last(/App/up)=1', name: other, dependencies: [{name: down, expression: 'last(/App/up)=0'}]}
    - {template: Web, name: Web, templates: [{name: App}]}
  hosts:
    - host: web01
      name: Shop web 1
      templates: [{name: Web}]
      interfaces: [{ip: 192.0.2.11, interface_ref: if1}]
    - host: old
      items:
        - name: x
          triggers:
            - expression: '{old:x[/var/log].last()}=0 and {$LIMIT}=1'
              name: x
              dependencies: [{name: y, expression: '{router:ping.last()}=0'}, {name: z, expression: '{old:z.last()}=0'}]
  triggers:
    - {expression: 'min(/web01/a,5m)>min(/old/b[/c,/d],5m)', name: both, dependencies: [{name: n, expression: 'last(/nas/f[/g])=1'}]}
)";

}  // namespace

TEST_CASE("what trigger.get and host.get answer becomes links between hosts and their other names") {
    const Imported all{answer, hosts};
    CHECK(all.problems.text() == "");
    CHECK(all.made.hosts == 3);
    CHECK(all.made.links == 2);
    CHECK(all.made.aliases == 4);
    CHECK(all.body() ==
          "links:\n"
          "  - {upper: ['sw1'], lower: ['web01'], kind: depends}\n"
          "  - {upper: ['sw1'], lower: ['web02'], kind: depends}\n"
          "aliases:\n"
          "  - {entity: 'sw1', names: ['Switch 1', 'sw1.example.com', '192.0.2.1']}\n"
          "  - {entity: 'web01', names: ['Shop web 1']}\n");
    REQUIRE(all.problems.warnings().size() == 1);
    CHECK(to_string(all.problems.warnings().front()) ==
          "f1:5:75: dependencies: names the trigger '99', which is in no file; let trigger.get answer all triggers");
    Problems problems;
    CHECK(parse_topology(all.made.yaml, "made.yaml", problems).links.size() == 2);
    CHECK(problems.text() == "");
}

TEST_CASE("an export of hosts and templates: both syntaxes of expressions, triggers of several hosts") {
    const Imported all{exported};
    CHECK(all.problems.text() == "");
    CHECK(all.body() ==
          "links:\n"
          "  - {upper: ['nas', 'router'], lower: ['old'], kind: depends}\n"
          "  - {upper: ['nas', 'router'], lower: ['web01'], kind: depends}\n"
          "aliases:\n"
          "  - {entity: 'web01', names: ['Shop web 1', '192.0.2.11']}\n");
    CHECK(Imported{R"({"zabbix_export":{"hosts":[{"host":"a"}],"triggers":[{"expression":"last(/a/x)=1","dependencies":[
{"expression":"last(/b/x)=1"}]}]}})"}
              .made.links == 1);
}

TEST_CASE("what cannot be used is told with its place") {
    CHECK(Imported{"<?xml version=\"1.0\"?>\n<zabbix_export/>"}.problems.text() ==
          "f1:1:1: is XML; export it as YAML or JSON\n");
    CHECK(Imported{"{\"jsonrpc\":\"2.0\",\n\"error\":{\"code\":-32602,\"message\":\"Invalid params.\",\"data\":\"Not "
                   "authorised.\"}}"}
              .problems.text() ==
          "f1:2:9: error: is an answer of Zabbix that says: Invalid params. Not authorised.; ask again with a token "
          "that may read "
          "triggers\n");
    CHECK(Imported{"hosts: []\n"}.problems.text() ==
          "f1:1:1: is neither an answer of trigger.get or host.get nor an export of Zabbix; give the whole answer, or "
          "its "
          "list `result`, or a file that begins with zabbix_export\n");
    CHECK(Imported{"[{\"triggerid\":\"1\"},\n{\"triggerid\":\"2\",\"hosts\":[{\"host\":\"a\"}]},\n{\"x\":1}]"}
              .problems.text() ==
          "f1:1:2: [0]: trigger '1' has no hosts; ask trigger.get with \"selectHosts\": [\"host\", \"name\"]\n"
          "f1:2:1: [1]: trigger '2' has no list of dependencies; ask trigger.get with \"selectDependencies\": "
          "[\"triggerid\"]\n"
          "f1:3:1: [2]: is neither a trigger nor a host; ask trigger.get for triggerid, host.get for host\n");
    CHECK(Imported{"zabbix_export:\n  triggers:\n    - {expression: '1', dependencies: []}\n"}.problems.text() ==
          "f1:3:7: zabbix_export.triggers[0].expression: names no host, found '1'; it looks like last(/host/key)=1\n");
    CHECK_FALSE(Imported{"[{\"triggerid\":\"1\""}.problems.empty());
}
