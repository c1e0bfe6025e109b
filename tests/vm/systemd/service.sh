#!/bin/bash
# The unit: limits that leave it all it needs, stop and reload, a bus that goes and comes, a daemon
# that hangs.
. "$(dirname "${BASH_SOURCE[0]}")/../systemd-lib.sh"

# score UNIT MOST: systemd's opinion of a unit.
score() {
        local score
        score=$(systemd-analyze security --offline=true --no-pager "$1" | sed -n 's/^→ Overall exposure level for .*: \([0-9.]*\) .*/\1/p')
        echo "$1: ${score:-no score}"
        [ -n "$score" ] && [ "$(bc <<<"$score <= $2")" = 1 ]
}

verified() {
        systemd-analyze verify --man=no nfttraced.service 'nfttraced-names@.service' nfttraced-names.socket
}

# capabilities NAME: of the process of that name, effective.
capabilities() {
        sed -n 's/^CapEff:\t//p' "/proc/$(pgrep -x "$1")/status"
}

# shown OPTION...: the text of $session in $work/text.
shown() {
        nfttracectl show --no-pager "$@" "$session" >"$work/text"
}

matched_some() {
        at_least "$(session_property Matched)" 1
}

nothing_left() {
        not_armed && ! pgrep -x 'nfttraced.*' && ! programs_of_ours &&
                [ ! -e /run/nfttraced/names ]
}

# usec COMMAND...: how long it takes.
usec() {
        local begin
        begin=$(date +%s%6N)
        "$@" || return
        echo $(($(date +%s%6N) - begin))
}

check "the units are well formed" verified
check "the recorder's unit has an exposure of at most 2.5" score /lib/systemd/system/nfttraced.service 2.5
check "that of the names, of at most 2.9" score /lib/systemd/system/nfttraced-names@.service 2.9

# Debian's kernels know a level 3; others take it for a 2.
echo 3 >/proc/sys/kernel/perf_event_paranoid
network
ruleset server <<'END'
table inet filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 8080 counter drop comment "keep out"
        }
}
END
service_start DropCounters=no
check "it has four capabilities" equal "$(capabilities nfttraced)" "$(printf '%016x' $((1 << 12 | 1 << 21 | 1 << 38 | 1 << 39)))"
check "the process that compiles filters has none" equal "$(capabilities nfttraced-pcap)" 0000000000000000
check "the names are the business of a process of the service manager's" \
        equal "$(ps -o ppid= -C nfttraced-names | tr -d ' ')" 1
# The boot has shown that it attaches by fentry, where there is that; a kprobe is perf_event_open's.
configure DropCounters=no Attach=kprobe
systemctl restart nfttraced
session_start --verdicts drop --filter 'udp port 8080' --probe ip_rcv --stack
on client traffic udp 10.0.42.2 8080 5 >/dev/null
# The first stack has the kernel's names read, which takes an emulated processor longer than a stop
# waits for.
names_functions() {
        nfttracectl show --no-pager "$session" 2>/dev/null | grep -q 'nf_hook_slow+0x'
}
await 30 names_functions >/dev/null
session_stop
shown --rules
sees "under its limits it records" 5 'table filter \([0-9]+\) chain input \([0-9]+\) handle [0-9]+ drop'
sees "with the texts of another namespace's rules" 5 '^  rule udp dport 8080 counter drop comment "keep out"$'
sees "and with the name of that namespace" 10 '^  ns 0x[0-9a-f]+/[0-9]+ \(server\) if .*'
check "and with the names of kernel functions" grep -q 'nf_hook_slow+0x' "$work/text"

# Reload: sessions continue.
session_start --verdicts drop --filter 'udp port 8080'
on client traffic udp 10.0.42.2 8080 2 >/dev/null
pid=$(service_property MainPID)
check "it reloads" systemctl reload nfttraced
check "and says nothing is wrong" equal "$(busctl call org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager Reload 2>&1)" ""
mkdir -p "$configuration.d"
printf '[Daemon]\nJournalSize=banana\n' >"$configuration.d/wrong.conf"
journal_mark
check "with a wrong configuration it fails" bash -c '! systemctl reload nfttraced'
check "the journal says why" journal_has "$configuration.d/wrong.conf:2: JournalSize=" -u nfttraced
check "so does the call" bash -c "busctl call org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager Reload 2>&1 | grep -q 'wrong.conf:2: JournalSize='"
check "and the status" bash -c "nfttracectl status | grep -q 'wrong.conf:2: JournalSize='"
rm "$configuration.d/wrong.conf"
check "mended, it reloads" systemctl reload nfttraced
check "and the status is well" nfttracectl status --quiet
check "it is still the same process" await 10 equal "$(service_property MainPID) $(service_property ActiveState)" "$pid active"

# A bus that goes and comes.
journal_mark
check "the bus restarts" systemctl restart dbus.service
check "it is back on the bus" await 30 busctl get-property org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager State
check "it said so" journal_has "the bus is back" -u nfttraced
on client traffic udp 10.0.42.2 8080 3 >/dev/null
session_stop
sees "the session continued, over a reload and another bus" 5 'handle [0-9]+ drop'

# The log.
systemctl service-log-level nfttraced debug
check "systemctl sets the level of its log" equal "$(systemctl service-log-level nfttraced)" debug
check "and prints the target of its log" equal "$(systemctl service-log-target nfttraced)" journal

# Stop, under load: soon, and nothing is left. A second, where nothing is emulated.
session_start --verdicts all
ip netns exec client traffic udp 10.0.42.2 8080 1000000 4 20000 >/dev/null &
load=$!
check "events come in" await 20 matched_some
took=$(usec systemctl stop nfttraced)
check "it stops soon" at_least 15000000 "$took"
check "it is well then" equal "$(service_property Result)" success
check "nothing is left" await 30 nothing_left
check "though packets still come" kill $load

# A service that was stopped stays stopped, whatever the client asks for, except that a new session
# starts it.
user_add nfttrace-nosy
absent=0
for verb in list 'list --all' drops status 'list --names' 'stop --all' 'vacuum --size 1G'; do
        for who in root nfttrace-nosy; do
                # shellcheck disable=SC2086
                as "$who" nfttracectl $verb >"$work/said" 2>&1 </dev/null
                if grep -q "not running: start it with 'systemctl start nfttraced'" "$work/said"; then
                        absent=$((absent + 1))
                else
                        echo "# $verb by $who: $(head -n 1 "$work/said")"
                fi
        done
done
as nfttrace-nosy nfttracectl show 1 >/dev/null 2>&1
as nfttrace-nosy busctl get-property org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager State >/dev/null 2>&1
check "each verb says that it is not running, and how to start it" equal $absent 14
check "and leaves it so" equal "$(service_property ActiveState)" inactive
check "a stranger may not start it" bash -c "! setpriv --reuid nfttrace-nosy --regid nfttrace-nosy --clear-groups nfttracectl start 2>'$work/said'"
check "and the error says who may" grep -q "starting it needs root: 'systemctl start nfttraced'" "$work/said"
check "it is still stopped" equal "$(service_property ActiveState)" inactive
check "root's start has the service manager start it" nfttracectl start --name woken
check "it is active" systemctl is-active nfttraced
check "and records" bash -c "nfttracectl list | grep -q ' woken .* running '"
nfttracectl stop woken >/dev/null
systemctl stop nfttraced
systemctl mask --runtime -q nfttraced
check "where it is masked the start fails" bash -c "! nfttracectl start 2>'$work/said'"
check "and says so" grep -qi "masked" "$work/said"
systemctl unmask --runtime -q nfttraced

# A command line and a configuration that are wrong are not tried again.
configure NoSuchKey=1
check "with a wrong configuration it does not start" bash -c '! systemctl start nfttraced'
check "and is not started again" equal "$(service_property NRestarts) $(service_property ActiveState)" "0 failed"
systemctl reset-failed nfttraced
rm -f "$configuration"

# One that hangs is ended by the watchdog, and started again.
dropin watchdog <<'END'
[Service]
WatchdogSec=3
END
service_start DropCounters=no
pid=$(service_property MainPID)
journal_mark
kill -STOP "$pid"
check "one that hangs is started again" await 40 bash -c '[ "$(systemctl show -P NRestarts nfttraced)" = 1 ] && systemctl -q is-active nfttraced'
check "for that" journal_has "Watchdog timeout"
check "it works then" await 30 nfttracectl list

# One that does not start keeps nobody waiting.
systemctl stop nfttraced nftables
dropin hang <<'END'
[Service]
ExecStart=
ExecStart=sleep infinity
TimeoutStartSec=3
Restart=no
END
systemctl start --no-block nfttraced
took=$(usec systemctl start nftables)
check "a firewall waits for one that hangs no longer than it may" at_least 10000000 "$took"
check "and for as long" at_least "$took" 1000000
check "it is there then" systemctl is-active nftables
systemctl stop nftables
dropin hang <<'END'
[Service]
ExecStart=
ExecStart=/bin/false
END
systemctl reset-failed nfttraced
systemctl start --no-block nfttraced
check "nor does a firewall mind one that fails" systemctl start nftables
