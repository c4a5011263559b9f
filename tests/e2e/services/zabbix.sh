#!/bin/bash
# Zabbix server with its own PostgreSQL, and its frontend for the API. Imports the media type this repository ships.
# URL=address of incidentd, TOKEN=its token (may be empty): macros that the media type uses. Publishes ZABBIX_PORT, and ANSWERS: where what its
# API answers of hosts and triggers stands (triggers.json, hosts.json, export.yaml).
# Problem and recovery: zabbix_sender -z 127.0.0.1 -p ZABBIX_PORT -s web01 -k app.status -o 1 (then 0).
also_stop() { "$SERVICES/postgres.sh" "$DIR/pg" stop; }
. "$(dirname "$0")/lib.sh"
need zabbix
pick_port ZABBIX_PORT
pick_port FRONTEND_PORT

"$SERVICES/postgres.sh" "$DIR/pg" >/dev/null
POSTGRES_PORT=$(sed -n 's/^POSTGRES_PORT=//p' "$DIR/pg/env")
query=(psql -qAtX -h 127.0.0.1 -p "$POSTGRES_PORT" -U postgres)
if [ -z "$("${query[@]}" -c "select 1 from pg_database where datname = 'zabbix'")" ]; then
    "${query[@]}" -c 'create database zabbix'
    for part in schema images data; do zcat "/usr/share/zabbix-server-pgsql/$part.sql.gz"; done |
        PGOPTIONS=-cclient_min_messages=error "${query[@]}" -1 -v ON_ERROR_STOP=1 -d zabbix >"$DIR/schema.log" 2>&1 ||
        { tail "$DIR/schema.log" >&2; die "cannot import Zabbix's schema"; }
fi

mkdir -p "$DIR"/{run,alertscripts,sessions}
# The path of the frontend's configuration is a constant in its source, so it runs from a copy.
if [ ! -e "$DIR/web/index.php" ]; then
    cp -r /usr/share/zabbix "$DIR/web"
    sed -i "s|'/etc/zabbix/zabbix.conf.php'|'$DIR/zabbix.conf.php'|" "$DIR/web/include/classes/core/CConfigFile.php"
fi
cat >"$DIR/zabbix.conf.php" <<EOF
<?php
\$DB['TYPE']='POSTGRESQL'; \$DB['SERVER']='127.0.0.1'; \$DB['PORT']='$POSTGRES_PORT'; \$DB['DATABASE']='zabbix';
\$DB['USER']='postgres'; \$DB['PASSWORD']=''; \$DB['SCHEMA']=''; \$DB['ENCRYPTION']=false; \$DB['DOUBLE_IEEE754']=true;
\$ZBX_SERVER='127.0.0.1'; \$ZBX_SERVER_PORT='$ZABBIX_PORT'; \$ZBX_SERVER_NAME='test';
\$IMAGE_FORMAT_DEFAULT=IMAGE_FORMAT_PNG;
EOF
# As few processes as Zabbix takes; StartPollersUnreachable=0 is refused.
cat >"$DIR/zabbix_server.conf" <<EOF
ListenIP=127.0.0.1
ListenPort=$ZABBIX_PORT
DBHost=127.0.0.1
DBPort=$POSTGRES_PORT
DBName=zabbix
DBUser=postgres
LogType=console
PidFile=$DIR/run/zabbix_server.pid
SocketDir=$DIR/run
AlertScriptsPath=$DIR/alertscripts
CacheUpdateFrequency=1
StartPollers=1
StartPollersUnreachable=1
StartTrappers=2
StartPingers=0
StartDiscoverers=0
StartHTTPPollers=0
StartPreprocessors=1
StartDBSyncers=1
StartAlerters=2
StartEscalators=1
StartTimers=1
StartLLDProcessors=1
EOF
chown -R zabbix: "$DIR/run" "$DIR/sessions"
PHP_CLI_SERVER_WORKERS=2 background "$DIR/web.pid" "$DIR/web.log" \
    setpriv --reuid zabbix --regid zabbix --init-groups -- php -d post_max_size=16M -d max_execution_time=300 \
    -d max_input_time=300 -d memory_limit=256M -d session.save_path="$DIR/sessions" -d date.timezone=UTC \
    -d display_errors=0 -S "127.0.0.1:$FRONTEND_PORT" -t "$DIR/web"
background "$DIR/pid" "$DIR/zabbix_server.log" zabbix_server -f -c "$DIR/zabbix_server.conf"
api=http://127.0.0.1:$FRONTEND_PORT/api_jsonrpc.php
wait_for 60 "Zabbix's frontend" curl -sf -H 'Content-Type: application/json-rpc' "$api" \
    -d '{"jsonrpc":"2.0","method":"apiinfo.version","params":[],"id":1}'
wait_for 60 "Zabbix's server" tcp_up "$ZABBIX_PORT"
/usr/bin/python3 "$SERVICES/zabbix_setup.py" "$api" "$REPOSITORY/adapters/sources/zabbix/media_incidentd.yaml" "$DIR" \
    "INCIDENTD.URL=${URL:?}" ${TOKEN:+"INCIDENTD.TOKEN=$TOKEN"} || die "cannot set up Zabbix's objects"
# An event counts only once items, trigger and action are in the server's cache, which is read in parts: a value that is taken
# shows that the reading has begun, the next reading is complete.
zabbix_server -R config_cache_reload -c "$DIR/zabbix_server.conf" >/dev/null 2>&1 || :
wait_for 60 "Zabbix's item" zabbix_sender -z 127.0.0.1 -p "$ZABBIX_PORT" -s web01 -k app.status -o 0
sleep 2
publish "ZABBIX_PORT=$ZABBIX_PORT" "ANSWERS=$DIR"
