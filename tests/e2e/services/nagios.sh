#!/bin/bash
# Nagios Core with seconds instead of minutes. Its contact notifies through the helper and the configuration snippet this
# repository ships. URL=address of incidentd, TOKEN=its token (may be empty). Publishes COMMAND_FILE and CHECKS.
# A check reads CHECKS/HOST.host or CHECKS/HOST.file: "2 text" is CRITICAL (host: DOWN), "0 text" or no file is fine.
. "$(dirname "$0")/lib.sh"
need nagios
mkdir -p "$DIR"/{rw,results,archives,tmp,checks}
cat >"$DIR/check_file.sh" <<'EOF'
#!/bin/bash
read -r code text 2>/dev/null <"$1" || { code=0; text='no file'; }
echo "${text:-state $code}"
exit "${code:-0}"
EOF
chmod 755 "$DIR/check_file.sh"

# The shipped files as an administrator installs them: the helper somewhere the user nagios can read, its command line with
# the daemon's address.
sources=$REPOSITORY/adapters/sources/nagios
install -m 755 "$sources/incidentd-nagios-notify" "$DIR/incidentd-nagios-notify"
printf '%s\n' "${TOKEN:-}" >"$DIR/token"
sed "s|/usr/bin/incidentd-nagios-notify|& --daemon ${URL:?} --spool $DIR/spool --token-file $DIR/token|;
     s|/usr/bin/incidentd-nagios-notify|$DIR/incidentd-nagios-notify|" "$sources/nagios-incidentd.cfg" >"$DIR/incidentd.cfg"
[ -n "${TOKEN:-}" ] || rm "$DIR/token"

# One directive a line: Nagios' parser wants it so.
cat >"$DIR/objects.cfg" <<EOF
define timeperiod {
    timeperiod_name 24x7
    alias always
    sunday 00:00-24:00
    monday 00:00-24:00
    tuesday 00:00-24:00
    wednesday 00:00-24:00
    thursday 00:00-24:00
    friday 00:00-24:00
    saturday 00:00-24:00
}
define command {
    command_name check_file
    command_line $DIR/check_file.sh $DIR/checks/\$HOSTNAME\$.\$ARG1\$
}
define host {
    name every_host
    register 0
    max_check_attempts 2
    check_interval 2
    retry_interval 1
    notification_interval 0
    notification_period 24x7
    check_period 24x7
    contacts incidentd
    check_command check_file!host
}
define service {
    name every_service
    register 0
    max_check_attempts 2
    check_interval 2
    retry_interval 1
    notification_interval 0
    notification_period 24x7
    check_period 24x7
    contacts incidentd
}
define host {
    use every_host
    host_name web01
    address 127.0.0.1
}
define host {
    use every_host
    host_name db01
    address 127.0.0.1
}
define hostgroup {
    hostgroup_name shop
    members web01,db01
}
define service {
    use every_service
    host_name web01
    service_description disk
    check_command check_file!file
}
EOF
cat >"$DIR/nagios.cfg" <<EOF
cfg_file=$DIR/objects.cfg
cfg_file=$DIR/incidentd.cfg
log_file=$DIR/nagios.log
object_cache_file=$DIR/objects.cache
precached_object_file=$DIR/objects.precache
status_file=$DIR/status.dat
state_retention_file=$DIR/retention.dat
temp_file=$DIR/tmp/nagios.tmp
temp_path=$DIR/tmp
check_result_path=$DIR/results
log_archive_path=$DIR/archives
lock_file=$DIR/tmp/nagios.lock
command_file=$DIR/rw/nagios.cmd
query_socket=$DIR/rw/nagios.qh
nagios_user=nagios
nagios_group=nagios
interval_length=1
check_external_commands=1
check_result_reaper_frequency=1
status_update_interval=1
service_inter_check_delay_method=n
host_inter_check_delay_method=n
enable_flap_detection=0
use_syslog=0
check_for_updates=0
cached_host_check_horizon=0
cached_service_check_horizon=0
illegal_object_name_chars=\`~!\$%^&*|'"<>?,()=
illegal_macro_output_chars=\`~\$&|'"<>
EOF
mkdir -p "$DIR/spool"
chown -R nagios: "$DIR"
chmod 2775 "$DIR/rw"
rm -f "$DIR/rw"/* "$DIR/tmp/nagios.lock"
/usr/sbin/nagios4 -v "$DIR/nagios.cfg" >"$DIR/verify.log" || { tail -20 "$DIR/verify.log" >&2; die "bad configuration"; }
background "$DIR/pid" "$DIR/stdout.log" /usr/sbin/nagios4 "$DIR/nagios.cfg"
wait_for 20 Nagios test -p "$DIR/rw/nagios.cmd" -a -s "$DIR/status.dat"
publish "COMMAND_FILE=$DIR/rw/nagios.cmd" "CHECKS=$DIR/checks"
