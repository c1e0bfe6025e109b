#!/bin/bash
# The text of the programs that packets run through is not patched while sessions start, change and
# stop.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# texts ATTACH: a checksum of the machine code of each program that runs at every traced call, and
# which it is.
texts() {
        program-texts "$1_stub" "$1_capture" "$1_emit" "$1_sections" | sort
}

# as_before ATTACH: all that ran when the first session had started has the text that it had then. A
# session with probes has programs more.
as_before() {
        texts "$1" >"$work/after"
        equal "$(comm -23 "$work/before" "$work/after")" ""
}

bus_start
network
ruleset server <<'END'
table inet filter {
        chain input { type filter hook input priority 0; udp dport 8080 counter drop; }
}
END
for attach in kprobe fentry; do
        daemon_start --attach "$attach"
        session_start --verdicts drop
        first=$session
        texts "$attach" >"$work/before"
        check "the four programs of $attach have a text" equal "$(grep -c . "$work/before")" 4
        session_start --verdicts drop --filter 'udp port 8080'
        check "$attach: a second session patches none of it" as_before "$attach"
        session_start --probe ip_local_deliver --probe net:netif_receive_skb --filter 'udp'
        check "$attach: nor does one with probes" as_before "$attach"
        on client traffic udp 10.0.42.2 8080 10 >/dev/null
        session_stop
        check "$attach: nor does its end" as_before "$attach"
        check "$attach: its probes were hit" at_least "$(count_lines 'ip_local_deliver #')" 10
        session=$first
        session_stop
        sees "$attach: what passes is recorded" 10 'chain input \([0-9]+\) handle [0-9]+ drop$'
        check "$attach: nor does the end of the first" as_before "$attach"
        daemon_stop
done
