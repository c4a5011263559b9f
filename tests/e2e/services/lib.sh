# shellcheck shell=bash
# Sourced by every script here; usage: NAME.sh DIR [start|stop]
# A script installs what it needs, keeps everything under DIR, listens on loopback only, and waits until it is ready.
#   DIR/env         KEY=VALUE lines for the caller, also printed by start
#   DIR/pid         the main process, leader of its process group; DIR/NAME.pid: further ones
# Runs as root: the systems run under their own users.
set -euo pipefail
[ "$(id -u)" -eq 0 ] || exec sudo -n --preserve-env -- "$0" "$@"
export LC_ALL=C.UTF-8 PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
[ $# -ge 1 ] || { echo "usage: $0 DIR [start|stop]" >&2; exit 2; }
SERVICES=$(cd "$(dirname "$0")" && pwd)
# shellcheck disable=SC2034
REPOSITORY=$(cd "$SERVICES/../../.." && pwd)
mkdir -p "$1"
DIR=$(cd "$1" && pwd)
ACTION=${2:-start}

die() { echo "$(basename "$0"): $*" >&2; exit 1; }

need() { "$REPOSITORY/cmake/install-dependencies.sh" "$@" || die "cannot install what $* needs"; }

# kill -0 is true for a zombie, and who reaps orphans may take its time.
runs() { [ -r "/proc/$1/stat" ] && [[ "$(sed 's/.*) //' "/proc/$1/stat" 2>/dev/null)" != [ZX]* ]]; }
alive() { [ -s "$1" ] && runs "$(cat "$1")"; }

tcp_up() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# pick_port NAME: sets $NAME to a free port unless the caller's environment has one.
pick_port() {
    local -n chosen=$1
    [ -z "${chosen:-}" ] || return 0
    while :; do
        chosen=$((20000 + RANDOM % 12000))
        tcp_up "$chosen" || return 0
    done
}

# background PIDFILE LOG COMMAND...: in a session of its own, so that stop ends the whole group.
background() {
    local pid_file=$1 log=$2
    shift 2
    setsid "$@" </dev/null >>"$log" 2>&1 &
    echo $! >"$pid_file"
    disown
}

as_user() { # as_user USER COMMAND...
    local user=$1
    shift
    setpriv --reuid "$user" --regid "$user" --init-groups -- "$@"
}

wait_for() { # wait_for SECONDS WHAT COMMAND...
    local end=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $end ] || { tail -n 5 "$DIR"/*.log >&2; die "$what is not ready in time"; }
        [ ! -s "$DIR/pid" ] || alive "$DIR/pid" || { tail -n 5 "$DIR"/*.log >&2; die "$what ended"; }
        sleep 0.1
    done
}

stop_group() { # stop_group PIDFILE: SIGTERM to the group, SIGKILL after 20 s
    [ -s "$1" ] || return 0
    local leader tries
    leader=$(cat "$1")
    kill -TERM -- "-$leader" 2>/dev/null || :
    for ((tries = 0; tries < 200; tries++)); do
        runs "$leader" || break
        sleep 0.1
    done
    kill -KILL -- "-$leader" 2>/dev/null || :
    rm -f "$1"
}

stop_everything() {
    local pid_file
    stop_group "$DIR/pid"
    for pid_file in "$DIR"/*.pid; do stop_group "$pid_file"; done
}

publish() { printf '%s\n' "$@" | tee "$DIR/env"; }

case $ACTION in
    stop) stop_everything; if declare -F also_stop >/dev/null; then also_stop; fi; exit 0 ;;
    start) stop_everything ;;
    *) die "unknown action '$ACTION', allowed: start, stop" ;;
esac
