#!/bin/bash
# The part of pipeline.sh that runs in the guest: prints a line a case, in nanoseconds of a clock
# that counts instructions.
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"

packets=$1
baseline=
network
rules() {
        ruleset server <<END
table inet firewalld {
        chain policies { udp dport 8080 drop; }
        chain input {
                type filter hook input priority 0; policy accept;
                jump policies
        }
}
$1
END
}

# ready: returns when the daemon has loaded its pipeline, so that its start is in nobody's figure.
ready() {
        until busctl get-property org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager State | grep -q ready; do :; done
}

# busy: what the daemon and its processes have used of the processor, in ticks.
busy() {
        cat /proc/[0-9]*/stat 2>/dev/null | awk '/\(nfttraced/ { sum += $14 + $15 } END { print sum + 0 }'
}

# settled: returns when they do nothing any more: rules are read when a session starts, names when
# its first events come, and neither is a packet's cost.
settled() {
        local quiet=0 before now
        before=$(busy)
        while [ $quiet -lt 20 ]; do
                now=$(busy)
                if [ "$now" = "$before" ]; then quiet=$((quiet + 1)); else quiet=0; fi
                before=$now
        done
}

# measure NAME: the load, once to warm up and once for the figure.
measure() {
        local each
        on client traffic udp 10.0.42.2 8080 2000 >/dev/null
        settled
        each=$(on client traffic udp 10.0.42.2 8080 "$packets" | sed 's/.*ns-per-packet //')
        [ -n "$baseline" ] || baseline=$each
        printf '%-58s %7d %+7d\n' "$1" "$each" $((each - baseline))
}

# session NAME OPTION...: the load with one session.
session() {
        local name=$1
        shift
        session_start "$@"
        measure "$name"
        nfttracectl stop "$session" >"$work/totals" || true
        totals_balance || echo "not ok - the totals balance: $(cat "$work/totals")"
        printf '    %s\n' "$(cat "$work/totals")"
}

# sections ATTACH: what the sections of a recorded drop cost, with conntrack at work.
sections() {
        local untouched=$baseline
        rules 'table inet tracked { chain raw { type filter hook prerouting priority 0; ct state invalid counter; }; }'
        baseline=
        measure "$1: conntrack at work, no session (more: than this)"
        session "$1: drop recorded, nft alone" --verdicts drop --filter 'udp port 8080' --no-track --sections nft
        session "$1: drop recorded, the default without ct" --verdicts drop --filter 'udp port 8080' --no-track \
                --sections packet,dev,ns,nft,tracking,drop
        session "$1: drop recorded, the default" --verdicts drop --filter 'udp port 8080' --no-track
        session "$1: drop recorded, all" --verdicts drop --filter 'udp port 8080' --no-track --sections all
        rules ''
        baseline=$untouched
}

printf '%-58s %7s %7s\n' "case, kernel $(uname -r), $packets packets" "instr." "more"
rules ''
measure "no daemon, nothing armed"
rules 'table inet key { chain trace { meta nftrace set 1; }; }'
measure "the static key on, no probe"
rules ''
for attach in kprobe fentry; do
        NFTTRACED_STATE_DIR=$work/state-$attach
        bus_start
        daemon_start --attach $attach
        ready
        measure "$attach: daemon idle"
        session "$attach: nobody wants the verdicts (two calls)" --verdicts queue --no-track
        daemon_stop
        daemon_config DropCounters=yes DropSummary=no
        daemon_start --attach $attach
        ready
        measure "$attach: drop counted, no session (two calls)"
        daemon_stop
        daemon_config DropCounters=no
        daemon_start --attach $attach
        ready
        session "$attach: drop wanted, filter rejects" --verdicts drop --filter 'udp port 9' --no-track
        session "$attach: drop recorded" --verdicts drop --filter 'udp port 8080' --no-track
        session_start --verdicts drop --filter 'udp port 8080' --no-track
        kill -STOP "$daemon_pid"
        measure "$attach: the kernel's part of it (daemon stopped)"
        kill -CONT "$daemon_pid"
        nfttracectl stop "$session" >"$work/totals"
        session "$attach: drop recorded, tracked" --verdicts drop --filter 'udp port 8080'
        session "$attach: every call recorded" --verdicts all --no-track
        session "$attach: every call recorded, tracked" --verdicts all
        sections $attach
        measure "$attach: after the last session"
        daemon_stop
        kill "$bus_pid"
        wait "$bus_pid" 2>/dev/null || true
done
rules 'table inet key { chain trace { meta nftrace set 1; }; }'
bpftrace -e 'BEGIN { printf("ready\n"); } kprobe:__nft_trace_packet { printf("%llx\n", arg0); }' >"$work/bpftrace" 2>&1 &
tool=$!
until grep -q ready "$work/bpftrace"; do :; done
measure "bpftrace one-liner on the same probe"
kill $tool
wait $tool 2>/dev/null || true
rules 'table inet key { chain trace { type filter hook prerouting priority -300; meta nftrace set 1; }; }'
on server nft monitor trace >"$work/monitor" 2>&1 &
tool=$!
on client traffic udp 10.0.42.2 8080 100 >/dev/null
until [ -s "$work/monitor" ]; do on client traffic udp 10.0.42.2 8080 1 >/dev/null; done
measure "nft monitor trace"
kill $tool
wait $tool 2>/dev/null || true
