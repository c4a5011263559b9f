#!/bin/bash
# Installs the Debian 12 packages a task needs. Quick and silent when all of them are there.
#   cmake/install-dependencies.sh GROUP...     groups: build, test, bench, fuzz, nagios, zabbix, prometheus, request_tracker
#   cmake/install-dependencies.sh --list GROUP...
# Installing never starts a service: the packages' daemons would listen on their default ports.
set -euo pipefail
export LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin

packages_of() {
    case $1 in
        build) echo g++ cmake ninja-build ccache mold pkg-config libboost1.81-dev libsimdjson-dev libyaml-cpp-dev \
            libspdlog-dev libfmt-dev libpugixml-dev libcli11-dev libcurl4-openssl-dev libssl-dev libsqlite3-dev \
            prometheus-cpp-dev libre2-dev libsystemd-dev libconcurrentqueue-dev libxxhash-dev libzstd-dev doctest-dev \
            libgoogle-perftools-dev tzdata ;;
        test) echo curl openssl sqlite3 systemd libfaketime ;;
        bench) echo prometheus-alertmanager curl ;;
        fuzz) echo clang ;;
        nagios) echo nagios4-core monitoring-plugins-basic curl ;;
        zabbix) echo zabbix-server-pgsql zabbix-frontend-php zabbix-agent php-cli php-pgsql php-curl php-bcmath php-gd \
            php-mbstring php-xml postgresql-15 postgresql-client-15 python3 curl ;;
        prometheus) echo prometheus prometheus-alertmanager python3 curl ;;
        request_tracker) echo request-tracker5 rt5-db-sqlite rt5-standalone libdbd-sqlite3-perl curl ;;
        *) echo "install-dependencies.sh: unknown group '$1'; groups: build test bench fuzz nagios zabbix prometheus" \
            "request_tracker" >&2; return 2 ;;
    esac
}

missing_of() {
    local package
    for package; do
        dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || echo "$package"
    done
}

list_only=
[ "${1:-}" != --list ] || { list_only=1; shift; }
[ $# -gt 0 ] || { echo "usage: $0 [--list] GROUP..." >&2; exit 2; }
wanted=()
for group; do
    names=$(packages_of "$group")
    # shellcheck disable=SC2206
    wanted+=($names)
done
if [ -n "$list_only" ]; then printf '%s\n' "${wanted[@]}" | sort -u; exit 0; fi
mapfile -t missing < <(missing_of "${wanted[@]}" | sort -u)
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "These packages are missing: ${missing[*]}" >&2
        echo "Install them as root (apt-get install), or run this as root." >&2
        exit 1
    }
    exec sudo -- "$0" "$@"
fi

# Two of these at once (tests in parallel) must neither fight over the policy file nor over dpkg.
exec 9>/run/incidentd-dependencies.lock
flock 9
mapfile -t missing < <(missing_of "${wanted[@]}" | sort -u)
[ ${#missing[@]} -gt 0 ] || exit 0

policy=/usr/sbin/policy-rc.d
denies() {
    local code=0
    [ -x $policy ] || return 1
    $policy none start >/dev/null 2>&1 || code=$?
    [ "$code" -eq 101 ]
}
restore_policy() {
    rm -f $policy
    [ ! -e $policy.before-incidentd ] || mv $policy.before-incidentd $policy
}
if ! denies; then
    [ ! -e $policy ] || mv $policy $policy.before-incidentd
    trap restore_policy EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 755 $policy
fi

log=$(mktemp /tmp/incidentd-apt.XXXXXX)
started=$SECONDS
install() { apt-get -o DPkg::Lock::Timeout=600 install -y -q --no-install-recommends "${missing[@]}" >>"$log" 2>&1; }
update() { apt-get -o DPkg::Lock::Timeout=600 update -q >>"$log" 2>&1; }
echo "Installing ${#missing[@]} packages and what they need: ${missing[*]}" >&2
# Package lists older than a day name versions that mirrors may have dropped.
fresh=$(find /var/lib/apt/lists -name '*Packages*' -mtime -1 -print -quit 2>/dev/null || :)
[ -n "$fresh" ] || update || { tail -n 20 "$log" >&2; echo "apt-get update failed, see $log" >&2; exit 1; }
install || { update && install; } || { tail -n 20 "$log" >&2; echo "apt-get install failed, see $log" >&2; exit 1; }
rm -f "$log"
echo "Installed in $((SECONDS - started)) s." >&2
