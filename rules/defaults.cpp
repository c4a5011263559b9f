#include "rules/rules.hpp"

namespace incidentd {

// What failed is named by `host` where Nagios, Icinga and Zabbix speak. In Kubernetes `instance` is often the
// exporter's address and not the thing that failed, so the namespace comes first there, as in kube-prometheus.
std::string_view default_rules() {
    return R"yaml(version: 1
correlate:
  - {name: default-host, by: [host], within: 15m}
  - {name: default-namespace, match: 'namespace!=""', by: [cluster, namespace], require: optional, within: 15m}
  - {name: default-instance, by: [instance], within: 15m}
  - {name: default-alertname, by: [alertname, cluster, job, service], require: optional, within: 15m}
priority:
  matrix:
    high: {critical: P1, high: P1, medium: P2, low: P3}
    medium: {critical: P1, high: P2, medium: P3, low: P4}
    low: {critical: P2, high: P3, medium: P4, low: P5}
)yaml";
}

}  // namespace incidentd
