#!/bin/bash
# The guest's side of service.sh, which see. Each start is done three times.
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"

# clock_start KEY=VALUE...: a daemon with that configuration. clock_stop: it ends.
clock_start() {
        printf '%s\n' '[Daemon]' "$@" >"$work/clock.conf"
        rm -rf "$NFTTRACED_STATE_DIR"
        mkdir "$NFTTRACED_STATE_DIR"
        coproc CLOCK { exec python3 "$source_root/tests/bench/service-clock.py" nfttraced --state-dir "$NFTTRACED_STATE_DIR" --config "$work/clock.conf" 2>>"$daemon_log"; }
        clock_pid=$CLOCK_PID
        { read -r _ clocked && read -r _ ready; } <&"${CLOCK[0]}" || {
                echo "not ok - the daemon starts"
                exit 1
        }
        gdbus wait --system --timeout 60 org.nfttraced1
}

clock_stop() {
        exec {CLOCK[1]}>&-
        read -r _ ended <&"${CLOCK[0]}"
        wait "$clock_pid"
        printf '%-44s ready %7d us, ended %7d us\n' "$1" "$ready" "$ended"
}

# memory SENTENCE: of the daemon, in KiB. RssFile has the ring of 16 MiB and what else is shared
# with the kernel.
memory() {
        echo "$1: $(grep -E '^(VmRSS|RssAnon|RssFile|RssShmem)' "/proc/$clocked/status" | tr -s '\t ' ' ' | paste -sd,)"
}

modprobe nf_tables
bus_start
network
ruleset server <<'END'
table inet filter {
        chain input { type filter hook input priority 0; udp dport 8080 drop; }
}
END
# Once for what is read from the disk: that clock stands still, or jumps, while the guest waits for
# its host.
clock_start DropCounters=yes
clock_stop "from the disk" >/dev/null
for attach in fentry kprobe; do
        for _ in 1 2 3; do
                clock_start Attach=$attach DropCounters=no
                clock_stop "$attach, nothing to do"
        done
        for _ in 1 2 3; do
                clock_start Attach=$attach DropCounters=yes
                clock_stop "$attach, drops counted"
        done
        for _ in 1 2 3; do
                clock_start Attach=$attach DropCounters=yes '[Session boot]' Verdicts=drop
                clock_stop "$attach, drops counted, a session at start"
        done
        for _ in 1 2 3; do
                clock_start Attach=$attach DropCounters=yes
                for _ in 1 2 3 4 5; do nfttracectl start --verdicts all >/dev/null; done
                clock_stop "$attach, drops counted, ends with 5 sessions"
        done
done
clock_start DropCounters=yes
memory "drops counted, no session"
for _ in $(seq 64); do nfttracectl start --verdicts drop --filter 'udp port 8080' >/dev/null; done
memory "drops counted, 64 sessions"
on client traffic udp 10.0.42.2 8080 2000 >/dev/null
memory "drops counted, 64 sessions, 2000 packets"
clock_stop "with 64 sessions"
