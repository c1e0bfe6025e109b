#!/bin/bash
# Drop counters have current names: of a chain that is renamed, and of a network namespace that is
# deleted while another one of the same name, and often of the same inode, takes its place.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$here/drops-lib.sh"

send() {
        on client traffic udp 10.0.42.2 8080 "$1" >/dev/null
}

bus_start
daemon_config DropCounters=yes
network
ruleset server <<'END'
table inet fw {
        chain deny { udp dport 8080 counter drop; }
        chain input { type filter hook input priority 0; policy accept; udp dport 8080 jump deny; }
}
END
daemon_start
check "it is ready" property_becomes State ready
send 3
check "a rule is counted under its chain's name" drops_become '[(x.chain, x.packets) for x in c]' "[('deny', 3)]"
on server nft rename chain inet fw deny refuse
send 2
drops_read
check "a chain that was renamed has its new name at once, and its count" equal "$(drops '[(x.chain, x.packets) for x in c]')" "[('refuse', 5)]"
on server nft rename chain inet fw refuse deny
send 1
drops_read
check "and the old one when it gets that back" equal "$(drops '[(x.chain, x.packets) for x in c]')" "[('deny', 6)]"
check "it is one counter for nft, too" equal "$(counted_by_nft server)" 6
check "the namespace has its name" drops_become '[x.netns for x in c]' "['server']"

ip netns del server
ip netns del client
check "the rules of a namespace that was deleted are not under its name" \
        equal "$(nfttracectl drops --json --netns server | grep -c '"chain"')" 0
check "but shown as of one that is gone" has "$(nfttracectl drops)" "in netns server (gone)"
network
ruleset server <<'END'
table inet second {
        chain input { type filter hook input priority 0; policy accept; udp dport 8080 counter drop; }
}
END
check "nor under that of a new one which has dropped nothing" \
        equal "$(nfttracectl drops --json --netns server | grep -c '"chain"')" 0
send 2
check "the new one has its own" drops_become \
        'sorted((x.table, x.netns, getattr(x, "netns_gone", False), x.packets) for x in c)' \
        "[('fw', 'server', True, 6), ('second', 'server', False, 2)]"
check "which alone is under its name" equal "$(nfttracectl drops --json --netns server | grep -o '"table":"[a-z]*"')" '"table":"second"'
inode=$(on server stat -Lc %i /proc/self/ns/net)
check "and under its inode" equal "$(nfttracectl drops --json --netns "$inode" | grep -o '"table":"[a-z]*"')" '"table":"second"'
check "metrics have a sample for each" equal "$(nfttracectl drops --openmetrics | grep -c '^nfttraced_drop_packets_total')" 2
mount --bind /run/netns/server /run/netns/renamed 2>/dev/null || { touch /run/netns/renamed && mount --bind /run/netns/server /run/netns/renamed; }
umount -l /run/netns/server && rm -f /run/netns/server
check "a namespace that was renamed has its new name" drops_become \
        'sorted((x.table, x.netns, getattr(x, "netns_gone", False)) for x in c)' \
        "[('fw', 'server', True), ('second', 'renamed', False)]"
