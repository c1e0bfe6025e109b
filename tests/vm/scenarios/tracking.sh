#!/bin/bash
# A packet keeps its identity through NAT and through a veth into another namespace, stays matched
# when NAT hides it from the filter, and a buffer that is used again gets a new identity.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

bus_start
programs_stay
daemon_start
network
ruleset client <<'END'
table ip out {
        chain output { type filter hook output priority 0; policy accept; }
}
END
ruleset server <<'END'
table ip nat {
        chain pre { type nat hook prerouting priority dstnat; udp dport 7070 dnat to 10.0.42.2:8080; }
}
table ip filter {
        chain input { type filter hook input priority 0; udp dport 8080 drop; }
}
END
session_start --verdicts drop,accept --filter 'udp dst port 7070'
on client traffic udp 10.0.42.2 7070 5 >/dev/null
session_stop
sees "the packets leave their own namespace" 5 '^  table out \([0-9]+\) chain output \([0-9]+\) accept \(policy\)$'
sees "each, a flow of its own because the one before was dropped, is translated by a rule" 5 '^  table nat \([0-9]+\) chain pre \([0-9]+\) handle [0-9]+ accept$'
sees "translated packets stay matched though the filter no longer fits" 5 '^  10\.0\.42\.1\.[0-9]+ > 10\.0\.42\.2\.8080 .* proto UDP'
sees "and are seen dropped" 5 '^  table filter \([0-9]+\) chain input \([0-9]+\) handle [0-9]+ drop$'
identities=$(grep -oE '#[0-9a-f]{17,}' "$work/text" | sort | uniq -c | awk '{print $1}' | sort -n | xargs)
check "each packet has one identity from its sender to its end" equal "$identities" "3 3 3 3 3"
namespaces=$(grep -oE '^  ns 0x[0-9a-f]+' "$work/text" | sort -u | wc -l)
check "over two namespaces" equal "$namespaces" 2

session_start --verdicts drop,accept --filter 'udp dst port 7070' --no-track
on client traffic udp 10.0.42.2 7070 5 >/dev/null
session_stop
sees "without tracking there is no identity" 0 '#[0-9a-f]{17,}'
sees "and what NAT hides from the filter is not matched" 0 '^  table filter .* drop$'

# Clones: a packet socket that listens makes one of each packet.
ruleset server <<'END'
table netdev early {
        chain ingress { type filter hook ingress device v1 priority 0; policy accept; }
}
table ip filter {
        chain input { type filter hook input priority 0; udp dport 8080 drop; }
}
END
ip netns add third
ip -n server link add m0 type veth peer name m1 netns third
ip -n server link set m0 up
ip -n third link set m1 up
ip -n server link add br0 type bridge
ip -n client link add e0 type veth peer name e1 netns server
for port in e1 m0; do
        ip -n server link set $port master br0 up
done
ip -n server link set br0 up
ip -n client link set e0 up
ruleset third <<'END'
table netdev t {
        chain ingress { type filter hook ingress device m1 priority 0; policy accept; }
}
END
ruleset server <<'END'
table bridge b {
        chain pre { type filter hook prerouting priority 0; policy accept; }
        chain forward { type filter hook forward priority 0; policy accept; }
        chain input { type filter hook input priority 0; policy accept; }
}
END
session_start --verdicts accept --filter 'ether broadcast and udp dst port 9'
on client traffic frame e0 "ffffffffffff 020000000009 0800 4500001c000040004011 0000 0a000001 0affffff 00090009 00080000" 1 >/dev/null
session_stop
copies=$(grep -oE '#[0-9a-f]{17,} \(skb [0-9a-f]+\)' "$work/text" | sort -u | wc -l)
identities=$(grep -oE '#[0-9a-f]{17,}' "$work/text" | sort -u | wc -l)
check "the copies of a flooded frame have one identity" equal "$identities" 1
check "and are distinguished by the address of their skb" at_least "$copies" 2

ruleset server <<'END'
table ip filter {
        chain input { type filter hook input priority 0; udp dport 8080 drop; }
}
END
session_start --verdicts drop --filter 'udp port 8080'
on client traffic udp 10.0.42.2 8080 500 >/dev/null
session_stop
identities=$(grep -oE '#[0-9a-f]{17,}' "$work/text" | sort -u | wc -l)
check "500 packets in few buffers have 500 identities" equal "$identities" 500
