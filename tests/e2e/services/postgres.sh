#!/bin/bash
# PostgreSQL with a cluster of its own for Zabbix; durability off, everybody on loopback trusted. Publishes POSTGRES_PORT.
. "$(dirname "$0")/lib.sh"
need zabbix
pick_port POSTGRES_PORT
bin=/usr/lib/postgresql/15/bin
chown postgres: "$DIR"
if [ ! -s "$DIR/data/PG_VERSION" ]; then
    as_user postgres $bin/initdb -D "$DIR/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$DIR/initdb.log" 2>&1 ||
        { tail "$DIR/initdb.log" >&2; die "initdb failed"; }
fi
background "$DIR/pid" "$DIR/postgres.log" setpriv --reuid postgres --regid postgres --init-groups -- $bin/postgres \
    -D "$DIR/data" -p "$POSTGRES_PORT" -c listen_addresses=127.0.0.1 -c unix_socket_directories="$DIR" \
    -c fsync=off -c synchronous_commit=off -c full_page_writes=off
wait_for 30 PostgreSQL $bin/pg_isready -q -h 127.0.0.1 -p "$POSTGRES_PORT"
publish "POSTGRES_PORT=$POSTGRES_PORT"
