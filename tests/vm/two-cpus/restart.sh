#!/bin/bash
# The daemon ends, is killed, or is restarted while it records: sessions resume with their ids and
# journals. With a descriptor store no event is lost or duplicated; without one the gap is recorded.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$here/manager-lib.sh"

bus_start
network
ruleset server <<'END'
table inet filter {
        chain input { type filter hook input priority 0; udp dport 8080 drop; }
}
END

# Without a store.
manager_start --no-store
session_start --verdicts drop --filter 'udp port 8080' --name edge
first=$session
on client traffic udp 10.0.42.2 8080 100 >/dev/null
check "events are recorded" journaled_becomes 100
nfttracectl follow edge >"$work/followed" 2>"$work/followed.err" &
follower=$!
await 60 test -s "$work/followed"
kill -KILL "$(manager_daemon)"
manager_ready 2
check "after it was killed the session is there, with its id and its name" sh -c "nfttracectl list | grep -E '^ *$first .*edge'"
on client traffic udp 10.0.42.2 8080 50 >/dev/null
check "and records" journaled_becomes 150
kill -HUP "$manager_pid"
manager_ready 3
on client traffic udp 10.0.42.2 8080 25 >/dev/null
check "so it does after a restart" journaled_becomes 175
session=$first
session_stop
check "its totals have all of it" equal "$(total journaled) $(total matched)" "175 175"
sees "and its journal has" 175 '^  table filter .* drop$'
sees "each gap has a record" 2 'nfttraced was not running'
wait "$follower"
check "its follower resumes, ends with it, and reports losses in its exit status" equal $? 3
check "the follower has the events since it started" equal "$(grep -c 'table filter .* drop$' "$work/followed")" 75
check "with the gaps" equal "$(grep -c 'nfttraced was not running' "$work/followed")" 2
check "and reported each time that some are missing" equal "$(grep -cE 'back after [0-9.]+ s: events of [0-9.]+ s are missing' "$work/followed.err")" 2
check "the service manager stops it" manager_stop
check "and nothing of it is left in the kernel" nothing_left

manager_itself() {
        echo "$manager_pid"
}

# followed PID COUNT: the capture that PID wrote all the time has each of the packets once.
followed() {
        wait "$1" && python3 -IS "$here/journal-numbers.py" "$work/followed.pcapng" "$2" 1
}

# seen_three_times: how many identities the session's events have exactly three times.
seen_three_times() {
        grep -oE '#[0-9a-f]+ \(skb ' "$work/text" |
                awk '{ times[$1]++ } END { for (id in times) count += times[id] == 3; print count + 0 }'
}

# under_load SIGNAL PID SENTENCE: packets at full speed, and the signal again and again meanwhile.
# The PID is asked for each time.
under_load() {
        local count=${NFTTRACED_RESTART_PACKETS:-6000} times=0 other
        session_start --verdicts drop --filter 'udp port 8080'
        other=$session
        nfttracectl pcap --follow --from-start "$other" -o "$work/followed.pcapng" 2>"$work/followed.err" &
        local follower=$!
        session_start --verdicts drop --filter 'udp port 8080' --probe ip_local_deliver --probe skb:kfree_skb
        # For 10 s at least, so that the daemon is killed several times meanwhile.
        on client traffic udp 10.0.42.2 8080 "$count" 4 $((1000000000 / count)) >/dev/null &
        local sender=$!
        journaled_becomes 500 >/dev/null
        while kill -0 $sender 2>/dev/null; do
                readied=$((readied + 1))
                times=$((times + 1))
                kill "-$1" "$($2)"
                manager_ready "$readied"
        done
        wait $sender
        echo "# $3: $times times under way"
        check "$3: it happened under way" at_least "$times" 1
        session_stop
        check "$3: with further probes each packet is there once for each of them" numbered "$count" 3
        check "$3: and the totals are right" equal "$(total matched) $(total journaled)" "$((3 * count)) $((3 * count))"
        check "$3: each under one identity" equal "$(seen_three_times)" "$count"
        session=$other
        session_stop
        check "$3: each packet is in the journal once" numbered "$count" 1
        check "$3: its follower has each packet once" followed "$follower" "$count"
        check "$3: and reported that nothing is missing" sh -c "grep -q 'nothing is missing' '$work/followed.err' && ! grep -v 'nothing is missing' '$work/followed.err'"
        check "$3: matched is what was sent, and all of it is journaled" equal "$(total matched) $(total journaled)" "$count $count"
        sees "$3: there is no gap" 0 'events? lost'
}

# With a store.
manager_start
readied=1
under_load KILL manager_daemon "killed"
under_load HUP manager_itself "restarted"

# State that the next version can't reuse.
session_start --verdicts drop --filter 'udp port 8080'
on client traffic udp 10.0.42.2 8080 10 >/dev/null
journaled_becomes 10
kill -STOP "$manager_pid"
kill -KILL "$(manager_daemon)"
python3 "$here/saved-sessions-edit.py" "$NFTTRACED_STATE_DIR/sessions" Layout=1
kill -CONT "$manager_pid"
manager_ready $((++readied))
on client traffic udp 10.0.42.2 8080 10 >/dev/null
check "state of another version is dropped, and the session resumes" journaled_becomes 20
session_stop
sees "with a gap in its journal" 1 'nfttraced was not running'

# A list that is damaged.
session_start --verdicts drop
kill -STOP "$manager_pid"
kill -KILL "$(manager_daemon)"
printf X | dd of="$NFTTRACED_STATE_DIR/sessions" bs=1 seek=60 conv=notrunc status=none
kill -CONT "$manager_pid"
manager_ready $((++readied))
check "a damaged list is set aside" test -e "$NFTTRACED_STATE_DIR/sessions.bad"
check "and reported once" equal "$(grep -c 'it is damaged' "$daemon_log")" 1
check "and nothing runs" equal "$(nfttracectl list | grep -c running)" 0
check "nothing of it is attached to the kernel then" nothing_runs

# Stopped.
session_start --verdicts drop --filter 'udp port 8080' --probe ip_local_deliver
kill -USR1 "$manager_pid"
await 60 manager_has 1 stopped
check "a stop leaves nothing in the kernel" nothing_left
kill -USR2 "$manager_pid"
manager_ready $((++readied))
on client traffic udp 10.0.42.2 8080 10 >/dev/null
check "and after a start the session resumes" journaled_becomes 20
session_stop
sees "with a gap in its journal" 1 'nfttraced was not running'
manager_stop
