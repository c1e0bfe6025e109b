#!/bin/bash
# Sessions of the configuration record from the first packet; reloads change what runs and lose
# nothing; a bad one changes nothing; what waits for nf_tables records when it is there; rates with
# bursts.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

conf=$work/nfttraced.conf
drops=$conf.d/drops.conf
mkdir -p "$conf.d"
# Counting without sessions is in other scenarios.
printf '[Daemon]\nDropCounters=no\n' >"$conf"

reload() {
        local logged
        logged=$(grep -c 'configuration' "$daemon_log")
        kill -HUP "$daemon_pid"
        await 60 configuration_logged $((logged + 1))
}

configuration_logged() {
        at_least "$(grep -c 'configuration' "$daemon_log")" "$1"
}

# listed NAME STATE
listed() {
        await 60 is_listed "$1" "$2"
}

is_listed() {
        nfttracectl list >"$work/list" && grep -E "^ *[0-9]+ +$1 .* $2 " "$work/list" || {
                cat "$work/list"
                return 1
        }
}

firewall() {
        ruleset server <<'END'
table inet filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 2001 drop
                udp dport 2002 drop
                udp dport 2003 accept
        }
}
END
}

bus_start
network
firewall
cat >"$drops" <<'END'
[Session fleet]
Verdicts=drop
Filter=udp port 2001
Rate=0
END
daemon_start --config "$conf"
check "a session of the configuration runs when the daemon is ready" listed fleet running
on client traffic udp 10.0.42.2 2001 7 >/dev/null
check "its place is shown" sh -c "nfttracectl status --config | grep -q '^Filter .*udp port 2001 .*$drops:3$'"

# Numbered packets while the verdicts are changed to and fro.
packets=2000
on client traffic udp 10.0.42.2 2001 $packets >"$work/traffic" &
sender=$!
changes=0
while kill -0 $sender 2>/dev/null; do
        sed -i 's/^Verdicts=.*/Verdicts=drop accept/' "$drops"
        reload || failed=$((failed + 1))
        sed -i 's/^Verdicts=.*/Verdicts=drop/' "$drops"
        reload || failed=$((failed + 1))
        changes=$((changes + 2))
done
check "the configuration was read again several times meanwhile" at_least "$changes" 2

printf '[Daemon]\nRingsize=1M\n[Session other]\n' >"$conf.d/bad.conf"
check "a configuration with an error is answered" reload
check "and reported, with its place and the likely key" property_becomes Problem "$conf.d/bad.conf:2: unknown key \\\"Ringsize\\\" in [Daemon] (is it RingSize?)"
check "no session of it runs" sh -c '! nfttracectl list | grep -q other'
printf '[Session other]\nFilter=udp prt 5\n' >"$conf.d/bad.conf"
check "one with a bad filter is answered" reload
check "and reported, with its place and the reason of libpcap" property_becomes Problem "parse filter expression: syntax error"
on client traffic udp 10.0.42.2 2001 3 >/dev/null
rm "$conf.d/bad.conf"
check "one without is read" reload
check "and the problem is gone" property_becomes Problem '""'

session=fleet
session_stop
check "the session that ran all the time has every packet" equal "$(total journaled)" $((7 + packets + 3))
sees "once each" $((7 + packets + 3)) ' drop$'

# Rates: a burst, then at most the rate.
printf '[Session slow]\nVerdicts=drop\nFilter=udp port 2002\nRate=1\nBurst=25\n' >"$drops"
check "other sessions are read" reload
check "the one that is new runs" listed slow running
on client traffic udp 10.0.42.2 2002 500 >/dev/null
session=slow
session_stop
check "the allowed part of a burst is recorded" at_least "$(total journaled)" 25
check "and the others are counted" equal $(($(total journaled) + $(total suppressed))) 500
check "and not much more is recorded" at_least "$(total suppressed)" 400

# Held back by rule: what each of several sent, less what of it is in the journal.
for rate in slow quick; do
        printf '[Session %s]\nVerdicts=drop accept\nFilter=udp\nRate=10\nBurst=20\n' $rate
done >"$drops"
check "sessions with the same rules are read" reload
check "and run" listed quick running
for port in 2001 2002 2003; do
        on client traffic udp 10.0.42.2 $port $((port * 10 - 19900)) >/dev/null
done
on client traffic udp 10.0.42.2 2001 100 >/dev/null
for session in slow quick; do
        session_stop
        nfttracectl stats --top 100 "$session" >"$work/stats"
        check "$session: recorded and suppressed events are those sent" equal $((events)) $((110 + 120 + 130 + 100))
        for port in 2001 2002 2003; do
                handle=$(handle_of_rule server inet filter input "udp dport $port")
                sent=$((port * 10 - 19900 + (port == 2001 ? 100 : 0)))
                recorded=$(count_lines " handle $handle (drop|accept)\$")
                held=$(awk -v rule="handle $handle " '$0 ~ "^ *SUPPRESSED" { on = 1 } on && index($0 " ", rule) { print $1; exit }' "$work/stats")
                check "$session: of rule $port, $sent, too: $recorded and ${held:-none}" equal $((recorded + held)) "$sent"
        done
        check "$session: of every event that was held back the rule is known" sh -c "! grep 'of which the rule is not known' $work/stats"
done

# One that the configuration has no longer.
printf '[Session brief]\nVerdicts=drop\n' >"$drops"
check "a session is added" reload
check "and runs" listed brief running
: >"$drops"
check "it is taken out" reload
check "and has ended for that" await 30 sh -c 'nfttracectl list --all | grep -q " brief *ended:configuration "'

# Without the right to load it.
daemon_stop
ruleset server </dev/null
check "nf_tables is not loaded" module_unload nf_tables
printf '[Daemon]\nAllowSystemChanges=no\n[Session fleet]\nVerdicts=drop\nFilter=udp port 2001\n' >"$drops"
daemon_start --config "$conf" --attach kprobe
check "a session waits for nf_tables" listed fleet waiting
modprobe nf_tables
check "and runs when it is loaded" listed fleet running
# The rule that switches tracing on, which the daemon must not add.
nft add table inet tracing
nft add chain inet tracing on
nft add rule inet tracing on meta nftrace set 1
firewall
on client traffic udp 10.0.42.2 2001 5 >/dev/null
session=fleet
session_stop
sees "and records" 5 '^  table filter .* drop$'
nft delete table inet tracing
