#!/bin/bash
# Bad input gets one clear sentence with the remedy, exit status 1 or 2, and harms nothing.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

check "without a system bus the client says so" refused 1 "is dbus running" nfttracectl list
bus_start
check "without a daemon it says what to start" refused 1 "nfttraced is not running" nfttracectl list
daemon_start
network
ruleset server <<'END'
table inet filter { chain input { type filter hook input priority 0; udp dport 8080 drop; }; }
END
session_start --verdicts drop --filter 'udp port 8080' --name steady
on client traffic udp 10.0.42.2 8080 5 >/dev/null

check "an unknown verdict" refused 1 "explode" nfttracectl start --verdicts drop,explode
check "an expression that libpcap refuses, in its words" refused 1 "syntax error" nfttracectl start --filter 'udp port port'
check "a host name is not resolved" refused 1 "example" nfttracectl start --filter 'host host.example'
# Of one direction: for both, libpcap takes twenty times as long.
long=$(for number in $(seq 210); do printf 'udp dst port %d or ' $((1000 + number)); done)
check "an expression of ${#long} characters that makes sense is taken" nfttracectl start --name long --filter "${long}udp port 2"
nfttracectl stop long >/dev/null 2>&1
check "one of 4,000 characters that makes none is refused" refused 1 "can't parse" nfttracectl start --filter "${long:0:3990}udp port ("
words=$(for number in $(seq 1700); do printf 'tcp[%d] = 80 or ' "$number"; done)
check "an expression over the limit of instructions" refused 1 "shorten it" nfttracectl start --filter "${words% or }"
words=$(for number in $(seq 3000); do printf 'host 10.%d.%d.1 or ' $((number / 250)) $((number % 250)); done)
check "an expression that libpcap would need minutes for" refused 1 "shorten it" nfttracectl start --filter "${words% or }"
check "a name with a slash" refused 1 "name" nfttracectl start --name 'a/b'
check "a name with a control character" refused 1 "name" nfttracectl start --name $'a\eb'
check "a name that is taken" refused 1 "steady" nfttracectl start --name steady
check "a session that does not exist" refused 1 "nosuch" nfttracectl stop nosuch
check "a path where no journal is" refused 1 "/nowhere" nfttracectl show --no-pager /nowhere
check "a file that is no journal" refused 1 "journal" nfttracectl show --no-pager /etc/passwd
check "an unknown option" refused 2 "--help" nfttracectl start --frobnicate
check "an unknown verb" refused 2 "--help" nfttracectl frobnicate
check "an unknown option key on the bus" sh -c "busctl call org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager StartSession 'a{sv}' 1 Colour s blue 2>&1 | grep -q Colour"
check "a wrong type on the bus" sh -c "busctl call org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager StartSession 'a{sv}' 1 Filter u 7 2>&1 | grep -q Filter"
check "a user other than root" refused 1 "root" setpriv --reuid 65534 --regid 65534 --clear-groups "$build/client/nfttracectl" list
check "a second daemon" refused 1 "already running" nfttraced --state-dir "$work/second"

on client traffic udp 10.0.42.2 8080 5 >/dev/null
session_stop
sees "nothing that was recorded was harmed" 10 '^  table filter .* drop$'
sees "and nothing was written twice" "$events" '__nft_trace_packet'

journal=$(ls "$NFTTRACED_STATE_DIR/$session"/*.nftj | tail -n 1)
mkdir "$work/torn"
size=$(stat -c %s "$journal")
head -c $((size - 900)) "$journal" >"$work/torn/0000000001.nftj"
nfttracectl show --no-pager "$work/torn" >"$work/text" 2>/dev/null
check "a truncated journal is shown as far as it goes" at_least "$(count_lines '^  table filter .* drop$')" 5
cp -r "$NFTTRACED_STATE_DIR/$session" "$work/bad"
printf 'XXXXXXXX' | dd of="$(ls "$work"/bad/*.nftj | tail -n 1)" bs=1 seek=$((size - 1600)) conv=notrunc 2>/dev/null
status=0
nfttracectl show --no-pager "$work/bad" >"$work/text" 2>&1 || status=$?
check "a damaged journal ends with status 3" equal "$status" 3
check "and costs the damaged record only" at_least "$(count_lines '^  table filter .* drop$')" 8
