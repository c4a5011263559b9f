#!/bin/bash
# Request Tracker 5 on SQLite with its own small server (one request at a time). Publishes RT_URL and RT_TOKEN.
# The queue is "General"; the token belongs to root.
. "$(dirname "$0")/lib.sh"
need request_tracker
pick_port RT_PORT
mkdir -p "$DIR"/{mason,session,log,conf.d}
cat >"$DIR/RT_SiteConfig.pm" <<EOF
Set(\$rtname, 'rt.test'); Set(\$Organization, 'test');
Set(\$WebDomain, '127.0.0.1'); Set(\$WebPort, $RT_PORT); Set(\$WebPath, '');
Set(\$CorrespondAddress, 'rt\@localhost'); Set(\$CommentAddress, 'rt-comment\@localhost');
Set(\$DatabaseType, 'SQLite'); Set(\$DatabaseName, '$DIR/rt.sqlite'); Set(\$DatabaseHost, ''); Set(\$DatabasePort, '');
Set(\$DatabaseUser, ''); Set(\$DatabasePassword, '');
Set(\$LogToSyslog, undef); Set(\$LogToSTDERR, 'warning'); Set(\$LogToFile, undef);
# Mail goes to files under TMPDIR.
Set(\$MailCommand, 'testfile'); Set(\$SendmailPath, '/bin/true'); Set(\$Timezone, 'UTC');
Set(%FullTextSearch, Enable => 0); Set(\$WebSessionClass, 'Apache::Session::File');
Set(%GnuPG, Enable => 0); Set(%SMIME, Enable => 0);
\$RT::MasonDataDir = '$DIR/mason'; \$RT::MasonSessionDir = '$DIR/session';
1;
EOF
export RT_SITE_CONFIG="$DIR/RT_SiteConfig.pm" RT_SITE_CONFIG_DIR="$DIR/conf.d" TMPDIR="$DIR/log" HOME="$DIR"
chown -R www-data: "$DIR"
make_token='
    RT::LoadConfig(); RT::Init(); require RT::AuthToken;
    my $user = RT::CurrentUser->new(RT->SystemUser); $user->Load("root");
    my ($ok, $message, $token) = RT::AuthToken->new($user)->Create(Owner => $user->id, Description => "incidentd");
    die $message unless $ok;
    print $token'
if [ ! -s "$DIR/token" ]; then
    rm -f "$DIR/rt.sqlite"
    as_user www-data rt-setup-database-5 --action init --skip-create </dev/null >"$DIR/setup.log" 2>&1 ||
        { tail "$DIR/setup.log" >&2; die "cannot set up RT's database"; }
    as_user www-data perl -I/usr/share/request-tracker5/lib -MRT -e "$make_token" >"$DIR/token" 2>>"$DIR/setup.log" ||
        { rm -f "$DIR/token"; tail "$DIR/setup.log" >&2; die "cannot make an RT token"; }
fi
background "$DIR/pid" "$DIR/rt.log" setpriv --reuid www-data --regid www-data --init-groups -- \
    perl /usr/share/request-tracker5/libexec/rt-server --host 127.0.0.1 --port "$RT_PORT"
RT_TOKEN=$(cat "$DIR/token")
wait_for 60 RT curl -sf -H "Authorization: token $RT_TOKEN" "http://127.0.0.1:$RT_PORT/REST/2.0/rt"
publish "RT_URL=http://127.0.0.1:$RT_PORT" "RT_TOKEN=$RT_TOKEN"
