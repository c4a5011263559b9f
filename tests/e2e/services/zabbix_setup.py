"""Makes what the tests need in Zabbix through its API: a host with a trapper item and a trigger, our media type by
configuration.import, a user who receives it, an action, a dependency between
two triggers. Writes into DIRECTORY what Zabbix then answers and exports. Safe to repeat.

usage: zabbix_setup.py API_URL MEDIA_TYPE_FILE DIRECTORY [MACRO=VALUE ...]     global macros, without {$ }
"""
import json
import re
import sys
import urllib.request

API, MEDIA_TYPE_FILE, ANSWERS, *MACROS = sys.argv[1:]
session = None


def call(method, params):
    body = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
    if session:
        body["auth"] = session
    request = urllib.request.Request(API, json.dumps(body).encode(), {"Content-Type": "application/json-rpc"})
    with urllib.request.urlopen(request, timeout=60) as reply:
        answer = json.load(reply)
    if "error" in answer:
        raise SystemExit(f"{method}: {answer['error']}")
    return answer["result"]


def ensure(kind, name, params, key):
    found = call(kind + ".get", {"filter": name, "output": [key]})
    return found[0][key] if found else call(kind + ".create", params)[key + "s"][0]


def make_host(name):
    group = ensure("hostgroup", {"name": "shop"}, {"name": "shop"}, "groupid")
    host = ensure("host", {"host": name}, {"host": name, "groups": [{"groupid": group}]}, "hostid")
    if call("item.get", {"hostids": host, "filter": {"key_": "app.status"}}):
        return
    trapper, unsigned, high = 2, 3, 4
    agent = {"type": 1, "main": 1, "useip": 1, "ip": "192.0.2.7", "dns": name + ".example.com", "port": "10050"}
    call("hostinterface.create", {"hostid": host, **agent})
    call("item.create", {"name": "app status", "key_": "app.status", "hostid": host, "type": trapper,
                         "value_type": unsigned})
    call("trigger.create", {"description": "App down on {HOST.NAME}", "expression": f"last(/{name}/app.status)=1",
                            "priority": high, "tags": [{"tag": "service", "value": "shop"}]})


def make_dependency(lower, upper):
    """What trigger.get answers afterwards, as a user would ask it."""
    ids = {host: call("trigger.get", {"host": host, "output": ["triggerid"]})[0]["triggerid"] for host in (lower, upper)}
    call("trigger.update", {"triggerid": ids[lower], "dependencies": [{"triggerid": ids[upper]}]})
    ask = {"output": ["triggerid", "description"], "expandDescription": True, "selectHosts": ["host", "name"],
           "selectDependencies": ["triggerid"]}
    answers = {"triggers": ask, "hosts": {"output": ["host", "name"], "selectInterfaces": ["ip", "dns"]}}
    for name, params in answers.items():
        with open(f"{ANSWERS}/{name}.json", "w", encoding="utf-8") as file:
            json.dump({"jsonrpc": "2.0", "result": call(name[:-1] + ".get", params), "id": 1}, file)
    hosts = [host["hostid"] for host in call("host.get", {"filter": {"host": [lower, upper]}, "output": ["hostid"]})]
    with open(f"{ANSWERS}/export.yaml", "w", encoding="utf-8") as file:
        file.write(call("configuration.export", {"format": "yaml", "options": {"hosts": hosts}}))


def import_media_type():
    with open(MEDIA_TYPE_FILE, encoding="utf-8") as file:
        source = file.read()
    both = {"createMissing": True, "updateExisting": True}
    call("configuration.import", {"format": "yaml", "source": source, "rules": {"mediaTypes": both}})
    name = re.search(r"^\s+name: ['\"]?(.+?)['\"]?$", source, re.M).group(1)
    found = call("mediatype.get", {"filter": {"name": name}, "output": ["mediatypeid"]})
    if not found:
        raise SystemExit(f"media type '{name}' is not there after its import")
    return found[0]["mediatypeid"]


def set_macros():
    for macro in MACROS:
        name, value = macro.split("=", 1)
        name = "{$" + name + "}"
        found = call("usermacro.get", {"globalmacro": True, "filter": {"macro": name}, "output": ["globalmacroid"]})
        if found:
            call("usermacro.updateglobal", {"globalmacroid": found[0]["globalmacroid"], "value": value})
        else:
            call("usermacro.createglobal", {"macro": name, "value": value})


def notify(media_type):
    admin = "1"
    every_severity = 63
    call("user.update", {"userid": admin, "medias": [{"mediatypeid": media_type, "sendto": ["incidentd"], "active": 0,
                                                      "severity": every_severity, "period": "1-7,00:00-24:00"}]})
    send = {"operationtype": 0, "opmessage": {"default_msg": 1, "mediatypeid": media_type},
            "opmessage_usr": [{"userid": admin}]}
    all_involved = {"opmessage": {"default_msg": 1}}
    ensure("action", {"name": "incidentd"}, {
        "name": "incidentd", "eventsource": 0, "esc_period": "60s", "filter": {"evaltype": 0, "conditions": []},
        "operations": [send], "recovery_operations": [{"operationtype": 11, **all_involved}],
        "update_operations": [{"operationtype": 12, **all_involved}]}, "actionid")


session = call("user.login", {"username": "Admin", "password": "zabbix"})
for host_name in ("web01", "db01"):
    make_host(host_name)
make_dependency("web01", "db01")
set_macros()
notify(import_media_type())
