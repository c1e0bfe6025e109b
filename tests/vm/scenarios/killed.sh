#!/bin/bash
# The daemon is killed several times in a row, while it starts, while it carries out requests, and
# to be replaced by another version: where the state can be reused nothing is lost, and where it
# can't a gap is recorded.
#
# NFTTRACED_RESTART_PACKETS: packets of a stream; NFTTRACED_RESTARTS: kills while requests are
# carried out.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$here/manager-lib.sh"
. "$here/drops-lib.sh"

count=${NFTTRACED_RESTART_PACKETS:-5000}

# counters: packets that the drop counters have of rules in the namespace server.
counters() {
        drops_read
        drops "packets(netns_inode=$(stat -c %i /run/netns/server))"
}

# summed_up: packets of all summaries together. The name of a namespace may not be known yet when
# one is written.
summed_up() {
        sed -nE 's/.*Dropped ([0-9]+) packets? .* in netns (server|[0-9]+).*/\1/p' "$daemon_log" | awk '{ sum += $1 } END { print sum + 0 }'
}

summed_up_at_least() {
        at_least "$(summed_up)" "$1"
}

# summed_up_becomes COUNT: that, and no more.
summed_up_becomes() {
        await 30 summed_up_at_least "$1"
        sleep 1.5
        equal "$(summed_up)" "$1"
}

# stream: in the background for 6 s at least, numbered packets; sets $sender. Returns when events
# are there.
stream() {
        on client traffic udp 10.0.42.2 8080 "$count" 4 $((600000000 / count)) >/dev/null &
        sender=$!
        journaled_becomes 200 >/dev/null
}

# stubs: links of the stub's program. capture: the tag of the one behind it.
stubs() {
        local link program
        bpftool link show | sed -nE 's/^([0-9]+): .* prog ([0-9]+).*/\1 \2/p' | while read -r link program; do
                [[ $(bpftool prog show id "$program") =~ \ name\ (fentry|kprobe)_stub\  ]] && echo "$link"
        done
}

capture() {
        bpftool prog show | sed -nE 's/^[0-9]+: .* name (fentry|kprobe)_capture +tag ([0-9a-f]+).*/\2/p'
}

server_rules() {
        ruleset server <<'END'
table inet filter {
        chain input { type filter hook input priority 0; udp dport 8080 counter drop; }
}
END
}

bus_start
network
server_rules
manager_counters=yes manager_start

# Several in a row, most of them while the one before them was not ready.
session_start --verdicts drop --filter 'udp port 8080' --probe ip_local_deliver
was_ready=$(grep -c '^ready$' "$manager_log")
stream
for pause in 0 0.1 0.2 0.4 0; do
        manager_kill
        sleep $pause
done
manager_settled
early=$((5 - $(grep -c '^ready$' "$manager_log") + was_ready))
wait "$sender"
echo "# $early of 5 were killed before they were ready"
check "some are killed while they start" at_least "$early" 1
session_stop
check "five in a row: each packet is in the journal once for each probe" numbered "$count" 2
check "the totals have them all" equal "$(total matched) $(total journaled)" "$((2 * count)) $((2 * count))"
sees "there is no gap" 0 'events? lost'
check "the drop counters have each once" equal "$(counters)" "$(counted_by_nft server)"
check "all summaries together have each once" summed_up_becomes "$count"
check "one stub is attached" equal "$(stubs | wc -l)" 1
check "it is armed once" equal "$(hidden-netns)" 1

# Another version, of the same layout.
session_start --verdicts drop --filter 'udp port 8080'
stub=$(stubs)
capture=$(capture)
stream
manager_upgrade "$build/tests/vm/nfttraced-other-programs"
wait "$sender"
check "another version reuses the stub that is attached" equal "$(stubs)" "$stub"
check "and has programs of its own behind it" test "$capture" != "$(capture)"
session_stop
check "each packet is in the journal once" numbered "$count" 1
sees "and there is no gap" 0 'events? lost'
check "the drop counters continue" equal "$(counters)" "$(counted_by_nft server)"
check "all summaries together have each once, still" summed_up_becomes $((2 * count))

# One of another layout.
session_start --verdicts drop --filter 'udp port 8080'
stream
begun=$(manager_begun)
manager_upgrade "$build/tests/vm/nfttraced-other-layout"
wait "$sender"
check "no packet is in the journal twice" numbered "$count" 1 --at-most
before=$(journaled)
on client traffic udp 10.0.42.2 8080 10 >/dev/null
check "a version of another layout resumes the session" journaled_becomes $((before + 10))
check "it is started once" equal "$(manager_begun)" $((begun + 1))
check "and logs why it reuses nothing else" grep -q 'they are of an incompatible version' "$daemon_log"
session_stop
sees "there is one gap" 1 'nfttraced was not running'
sed -nE 's/.*not running \(between ([0-9]+) and ([0-9]+)\).*/\1 \2/p' "$work/text" >"$work/gap"
echo "# the gap: $(awk '{ print ($2 - $1) / 1e6 }' "$work/gap") ms, $(total matched) of $((count + 10)) events were seen"
check "of a length that can be" awk '{ exit !($1 > 0 && $2 > $1 && $2 - $1 < 60e9) }' "$work/gap"
check "one stub is attached then, too" equal "$(stubs | wc -l)" 1
check "and it is armed once" equal "$(hidden-netns)" 1

# While requests are carried out.
times=${NFTTRACED_RESTARTS:-2}
answered=()
wrong=0
: >"$work/wrong"
for ((i = 0; i < times; i++)); do
        nfttracectl start --verdicts drop --filter "udp port $((9000 + i))" >"$work/started" 2>/dev/null &
        starter=$!
        sleep 0.$((i * 23 % 80 + 10))
        manager_kill
        wait $starter && answered+=("$(cat "$work/started")")
        manager_settled
        sessions_whole "$NFTTRACED_STATE_DIR" "${answered[@]}" >>"$work/wrong" || wrong=$((wrong + 1))
done
check "killed while sessions are started, each is there or was never there ($times times, ${#answered[@]} were answered)" \
        equal "$(head -n 10 "$work/wrong")$wrong" 0
for id in "${answered[@]}"; do
        nfttracectl stop "$id" >"$work/stopped" 2>&1 &
        stopper=$!
        sleep 0.$((id * 29 % 60 + 10))
        manager_kill
        wait $stopper
        manager_settled
        sessions_whole "$NFTTRACED_STATE_DIR" >>"$work/wrong" || wrong=$((wrong + 1))
        nfttracectl stop "$id" >/dev/null 2>&1
done
check "killed while sessions are stopped, each runs or has ended" equal "$(head -n 10 "$work/wrong")$wrong" 0
nfttracectl stop --all >/dev/null 2>&1
session_start --verdicts drop --filter 'udp port 8080'
on client traffic udp 10.0.42.2 8080 10 >/dev/null
session_stop
check "what was there before comes to no other session" equal "$(total matched) $(total journaled)" "10 10"

# Stopped under load.
session_start --verdicts drop --filter 'udp port 8080' --probe ip_local_deliver
stream
check "the service manager stops it under load" manager_stop
check "and nothing of it is left in the kernel" nothing_left
wait "$sender"
