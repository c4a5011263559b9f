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
