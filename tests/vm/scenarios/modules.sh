#!/bin/bash
# nf_tables absent when the daemon starts, loaded late, removed and loaded again.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

bus_start
check "nf_tables is not loaded at first" module_unload nf_tables
daemon_start --attach kprobe
check "the daemon starts without nf_tables and waits for it" property_becomes State "waiting"
check "and did not load it" sh -c '! grep -q "^nf_tables " /proc/modules'
session_start --verdicts drop --filter 'udp port 8080'
check "a session loads it" nf_tables_loaded
check "and the daemon is ready" property_becomes State "ready"
network
ruleset server <<'END'
table inet filter {
        chain input { type filter hook input priority 0; udp dport 8080 drop; }
}
END
on client traffic udp 10.0.42.2 8080 5 >/dev/null
session_stop
sees "and records" 5 '^  table filter .* drop$'

ruleset server </dev/null
check "nf_tables can be removed beside the daemon" module_unload nf_tables
check "which notices" property_becomes State "waiting"
modprobe nf_tables
check "and is ready when it is loaded again" property_becomes State "ready"
ruleset server <<'END'
table inet filter {
        chain input { type filter hook input priority 0; udp dport 8080 drop; }
}
END
session_start --verdicts drop --filter 'udp port 8080'
on client traffic udp 10.0.42.2 8080 5 >/dev/null
session_stop
sees "and records again" 5 '^  table filter .* drop$'
