#!/bin/bash
# Drop counters beside an nf_tables that goes and comes again: the counts stay, and counting
# continues.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$here/drops-lib.sh"

traced() {
        ruleset server <<'END'
table inet filter {
        chain trace { meta nftrace set 1; }
        chain input { type filter hook input priority 0; policy accept; udp dport 5001 counter drop; }
}
END
}

bus_start
network
modprobe nf_tables
daemon_config DropCounters=yes DropSummary=no
daemon_start --attach kprobe
check "it is armed" property_becomes Armed true
check "the rule that switches tracing on keeps nf_tables loaded, as any rule does" sh -c '! modprobe -r nf_tables'
daemon_stop
check "and no longer than the daemon runs" module_unload nf_tables
modprobe nf_tables
daemon_config AllowSystemChanges=no
traced
daemon_start --attach kprobe
check "with no rule of its own" property_becomes State ready
check "there is none" equal "$(nft list tables)" ""
on client traffic udp 10.0.42.2 5001 50 >/dev/null
check "which it says beside the counters" has "$(nfttracectl drops 2>&1 >/dev/null)" 'AllowSystemChanges=no: unless there is one in another namespace, the kernel reports nothing'
check "it counts what another rule makes the kernel show" drops_become t.packets 50
ruleset server </dev/null
check "nf_tables can be removed beside it" module_unload nf_tables
check "which it notices" property_becomes State waiting
check "and says beside the counters" has "$(nfttracectl drops 2>&1 >/dev/null)" 'nfttraced is waiting: '
check "and forgets nothing" drops_become 't.packets, [(x.packets, x.table) for x in c]' "(50, [(50, 'filter')])"
modprobe nf_tables
check "it is ready when it is loaded again" property_becomes State ready
traced
on client traffic udp 10.0.42.2 5001 30 >/dev/null
check "and counts on" drops_become 't.packets, sum(x.packets for x in c)' "(80, 80)"
