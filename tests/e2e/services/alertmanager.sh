#!/bin/bash
# Alertmanager. WEBHOOK=URL receives its groups, resolved ones too. Publishes ALERTMANAGER.
. "$(dirname "$0")/lib.sh"
need prometheus
pick_port ALERTMANAGER_PORT
WEBHOOK=${WEBHOOK:-http://127.0.0.1:9/}
mkdir -p "$DIR/data"
cat >"$DIR/alertmanager.yml" <<EOF
route: {receiver: hook, group_by: [alertname], group_wait: 1s, group_interval: 2s, repeat_interval: 1h}
receivers: [{name: hook, webhook_configs: [{url: '$WEBHOOK', send_resolved: true}]}]
EOF
amtool check-config "$DIR/alertmanager.yml" >"$DIR/check.log" 2>&1 || { cat "$DIR/check.log" >&2; die "bad configuration"; }
# An empty cluster address: it would open a gossip port on all addresses otherwise.
background "$DIR/pid" "$DIR/alertmanager.log" prometheus-alertmanager --config.file="$DIR/alertmanager.yml" \
    --storage.path="$DIR/data" --web.listen-address="127.0.0.1:$ALERTMANAGER_PORT" --cluster.listen-address=
wait_for 30 Alertmanager curl -sf "http://127.0.0.1:$ALERTMANAGER_PORT/-/ready"
publish "ALERTMANAGER=127.0.0.1:$ALERTMANAGER_PORT" "ALERTMANAGER_PID=$(cat "$DIR/pid")"
