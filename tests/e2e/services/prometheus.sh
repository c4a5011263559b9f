#!/bin/bash
# Prometheus with one alerting rule: DemoDown fires while demo_up{...} in METRICS_FILE is 0.
# ALERTMANAGER=host:port is told of alerts; TARGET=host:port is scraped as job "incidentd". Publishes PROMETHEUS, METRICS_FILE.
. "$(dirname "$0")/lib.sh"
need prometheus
pick_port PROMETHEUS_PORT
pick_port EXPORTER_PORT
mkdir -p "$DIR/data" "$DIR/metrics"
cat >"$DIR/metrics/metrics" <<'EOF'
# TYPE demo_up gauge
demo_up{service="shop",node="web01"} 1
demo_up{service="shop",node="db01"} 1
EOF
cat >"$DIR/rules.yml" <<'EOF'
groups:
- name: demo
  interval: 1s
  rules:
  - alert: DemoDown
    expr: demo_up == 0
    for: 1s
    labels: {severity: critical}
    annotations: {summary: 'demo {{ $labels.node }} is down', description: 'value {{ $value }}'}
EOF
cat >"$DIR/prometheus.yml" <<EOF
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: [rules.yml]
alerting: {alertmanagers: [{static_configs: [{targets: ['${ALERTMANAGER:?}']}], timeout: 5s}]}
scrape_configs:
- job_name: demo
  static_configs: [{targets: ['127.0.0.1:$EXPORTER_PORT']}]
EOF
[ -z "${TARGET:-}" ] || cat >>"$DIR/prometheus.yml" <<EOF
- job_name: incidentd
  static_configs: [{targets: ['$TARGET']}]
EOF
promtool check config "$DIR/prometheus.yml" >"$DIR/check.log" 2>&1 || { cat "$DIR/check.log" >&2; die "bad configuration"; }
background "$DIR/exporter.pid" "$DIR/exporter.log" \
    /usr/bin/python3 -m http.server --bind 127.0.0.1 --directory "$DIR/metrics" "$EXPORTER_PORT"
background "$DIR/pid" "$DIR/prometheus.log" prometheus --config.file="$DIR/prometheus.yml" --storage.tsdb.path="$DIR/data" \
    --web.listen-address="127.0.0.1:$PROMETHEUS_PORT" --rules.alert.resend-delay=5s
wait_for 30 Prometheus curl -sf "http://127.0.0.1:$PROMETHEUS_PORT/-/ready"
publish "PROMETHEUS=http://127.0.0.1:$PROMETHEUS_PORT" "METRICS_FILE=$DIR/metrics/metrics"
