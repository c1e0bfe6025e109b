#!/bin/bash
# The daemon is killed under load: what the ring had handed over is in the journal, which is whole;
# nothing of ours is left in the kernel; the next daemon starts and uses a new id.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# whole STATUS: what show made of the journal: nothing is missing, or its very end, because the kill
# came in the middle of a write. Which it says.
whole() {
        cat "$work/text.err"
        grep -nE '^-- ' "$work/text"
        [ "$1" = 0 ] || {
                [ "$1" = 3 ] && equal "$(grep -c '^-- ' "$work/text")" 1 &&
                        equal "$(tail -n 1 "$work/text")" "-- events lost, their number is unknown: journal damaged"
        }
}

no_program() {
        ! programs_of_ours
}

bus_start
daemon_start
network
ruleset server <<'END'
table inet filter {
        chain input { type filter hook input priority 0; udp dport 8080 drop; }
}
END
session_start --verdicts drop --filter 'udp port 8080' --no-track
killed=$session
check "it is armed while a session exists" equal "$(hidden-netns)" 1
# From one CPU, so that all goes through one ring: rings are emptied one after the other, and a kill
# in between leaves more of one than of another.
on client taskset -c 0 traffic udp 10.0.42.2 8080 200000 >"$work/traffic" &
sender=$!
# Under way when a thousand events are in the journal.
journaled=0
while [ "$journaled" -lt 1000 ] && kill -0 $sender 2>/dev/null; do journaled=$(session_property Journaled); done
before=$journaled
kill -KILL "$daemon_pid"
wait "$daemon_pid" 2>/dev/null
daemon_pid=
kill $sender
wait $sender 2>/dev/null
check "events were flowing" at_least "$before" 1000
status=0
nfttracectl show --no-pager "$NFTTRACED_STATE_DIR/$killed" >"$work/text" 2>"$work/text.err" || status=$?
check "the journal is read without the daemon, whole up to where the kill cut it" whole "$status"
shown=$(count_lines '^  table filter .* drop$')
check "every event that was journaled is there" at_least "$shown" "$before"
identities=$(count_lines '__nft_trace_packet')
check "with all its lines" equal "$shown" "$identities"
ids=$(sed -nE 's/.* ttl 64 id ([0-9]+) off.*/\1/p' "$work/text" | awk 'NR > 1 && $1 != (last + 1) % 65536 { gaps++ } { last = $1 } END { print gaps + 0 }')
check "none is missing between the first and the last" equal "$ids" 0
check "it is not armed any more" not_armed
bpftrace -e 'BEGIN { printf("ready\n"); } kprobe:__nft_trace_packet { @hits = count(); }' >"$work/bpftrace" 2>&1 &
counter=$!
until grep -q ready "$work/bpftrace"; do
        kill -0 $counter || break
done
on client traffic udp 10.0.42.2 8080 100 >/dev/null
kill -INT $counter
wait $counter
cat "$work/bpftrace"
check "and the kernel no longer calls the probe's function" sh -c "grep -q ready $work/bpftrace && ! grep -q '@hits: [1-9]' $work/bpftrace"
check "no program of ours is left" await 30 no_program
daemon_start
session_start --verdicts drop --filter 'udp port 8080'
check "the next session has a new id" at_least "$session" $((killed + 1))
on client traffic udp 10.0.42.2 8080 5 >/dev/null
session_stop
sees "and records" 5 '^  table filter .* drop$'
