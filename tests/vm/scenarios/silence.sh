#!/bin/bash
# Somebody switches the kernel's probes off while the daemon records: it says so with the remedy,
# and the journal has from when to when nothing was seen.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

bus_start
daemon_start
network
ruleset server <<'END'
table inet filter { chain input { type filter hook input priority 0; udp dport 8080 drop; }; }
END

# silenced SWITCH REMEDY: a session during which SWITCH is off for a while.
silenced() {
        session_start --verdicts drop --filter 'udp port 8080' --no-track
        check "$1: nothing is wrong at first" problem_ends
        on client traffic udp 10.0.42.2 8080 5 >/dev/null
        echo 0 >"$1"
        check "$1: that it is off is reported, with the remedy" property_becomes Problem "$2"
        on client traffic udp 10.0.42.2 8080 5 >/dev/null
        echo 1 >"$1"
        check "$1: and that it is on again" problem_ends
        on client traffic udp 10.0.42.2 8080 5 >/dev/null
        session_stop
        sees "$1: what happened before and after is there" 10 '^  table filter .* drop$'
        sees "$1: and that something is missing, from when to when" 1 "^-- events lost, their number is unknown: the kernel's probes were switched off \(between "
}

silenced /proc/sys/kernel/ftrace_enabled 'sysctl kernel.ftrace_enabled=1'
check "the daemon ends with status 0 on SIGTERM" daemon_stop
daemon_start --attach kprobe
silenced /sys/kernel/debug/kprobes/enabled 'write 1 to that file'
