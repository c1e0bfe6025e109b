#!/bin/bash
# Another host: what ssh is asked for, and all of it through a real one.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

bus_start
daemon_start

bridge_to_bus

# use_real: ssh and sshd, joined by a pipe in place of a network.
use_real() {
        mkdir -p /run/sshd
        ssh-keygen -q -t ed25519 -N '' -f "$work/host_key"
        ssh-keygen -q -t ed25519 -N '' -f "$work/key"
        cp "$work/key.pub" "$work/authorized"
        cat >"$work/sshd_config" <<END
HostKey $work/host_key
AuthorizedKeysFile $work/authorized
PermitRootLogin yes
StrictModes no
UsePAM no
SetEnv DBUS_SYSTEM_BUS_ADDRESS=$DBUS_SYSTEM_BUS_ADDRESS PATH=$work/bin:/usr/bin:/bin
END
        cat >"$work/ssh_config" <<END
Host web1
        ProxyCommand /usr/sbin/sshd -i -e -f $work/sshd_config 2>>$work/sshd.log
        IdentityFile $work/key
        UserKnownHostsFile /dev/null
        StrictHostKeyChecking no
        LogLevel ERROR
END
        cat >"$work/bin/ssh" <<END
#!/bin/sh
exec /usr/bin/ssh -F "$work/ssh_config" "\$@"
END
        chmod +x "$work/bin/ssh"
}

follow_end() {
        nfttracectl -H root@web1 follow "$1" >"$work/followed" 2>&1 &
        local follower=$!
        await 20 grep -q recorded "$work/followed" || return
        nfttracectl stop "$1" >"$work/stopped"
        wait $follower
}

verbs() {
        check "a session is started there" equal "$(nfttracectl start -H root@web1 --name "far $1")" "$2"
        check "list, before or behind the verb" equal "$(nfttracectl list -H root@web1)" "$(nfttracectl -H root@web1 list)"
        check "list is what it is here" equal "$(nfttracectl --host=root@web1 list)" "$(nfttracectl list)"
        check "set" nfttracectl --host root@web1 set "far $1" --filter "udp port 53"
        check "status" has "$(nfttracectl status -Hroot@web1)" "healthy: 1 session, recording since"
        check "show, by a name that a shell must not split" equal "$(nfttracectl show -H root@web1 "far $1")" "$(nfttracectl show "far $1")"
        check "stats" equal "$(nfttracectl stats -H root@web1 "$2")" "$(nfttracectl stats "$2")"
        check "export" equal "$(nfttracectl export -H root@web1 "$2" | nfttracectl show -)" "$(nfttracectl show "$2")"
        check "follow, until the session ends" follow_end "$2"
        check "what was followed has the session's end" grep -q '^-- .*matched 0 = ' "$work/followed"
        check "a session that does not exist is reported by the other host" refused 1 "no session and no journal \"99\"" nfttracectl show -H root@web1 99
        check "remove" equal "$(nfttracectl remove -H root@web1 "far $1")" "removed the journal of session $2: freed 4.0 KiB"
}

ssh_stand_in
verbs fake 1
check "ssh is given the host behind --, so that it is no option" test -z "$(grep -v -- '-xT.* -- root@web1 ' "$work/asked")"
check "what the other host's shell reads is quoted" grep -qF "nfttracectl export -- 'far fake'" "$work/asked"
rm "$work/asked"
nfttracectl show -H web1 "\$(touch $work/run); '" 2>"$work/err"
check "a name is not run by the other host's shell" test ! -e "$work/run"
rm -f "$work/asked"
for host in -oProxyCommand=x root@-x "a b" "" @x x@ "x;y" a/b web1:22 "$(printf 'x\ny')"; do
        check "$(printf '%q is no host' "$host")" refused 2 "[USER@]HOST" nfttracectl -H "$host" list
        check "$(printf '%q is no host behind the verb' "$host")" refused 2 "[USER@]HOST" nfttracectl show 1 "--host=$host"
done
check "ssh was not run for them" test ! -e "$work/asked"
check "profiles are of this host" refused 2 "Unknown option" nfttracectl profiles -H web1
daemon_stop
check "a daemon that is not running there is reported" refused 1 "nfttraced is not running" nfttracectl list -H web1
check "status prints nothing of this kernel then" equal "$(nfttracectl status -H web1)" "not running: start it with 'systemctl start nfttraced'"
nfttracectl status -H web1 --quiet
check "and has its exit status" equal $? 4
daemon_start

use_real
verbs real 2
sed -i 's/^AuthorizedKeysFile.*/AuthorizedKeysFile none/; s/^UsePAM.*/&\nPasswordAuthentication no\nKbdInteractiveAuthentication no/' "$work/sshd_config"
check "a host that refuses the login is reported" refused 1 "the system bus of web1 can't be reached" nfttracectl list -H web1
check "with the command that must work" refused 1 "'ssh web1 systemd-stdio-bridge' must work" nfttracectl stop -H web1 1
check "when reading, too" refused 1 "the export on web1 failed (exit status 255)" nfttracectl show -H web1 1
