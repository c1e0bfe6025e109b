#!/bin/bash
# Every family of tables and every hook of the kernel gives its events: ip, ip6, inet, bridge,
# netdev, arp.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# lladdr NETNS DEVICE: its link-layer address.
lladdr() {
        ip -n "$1" -json link show "$2" | jq -r '.[0].address'
}

bus_start
programs_stay
daemon_start
network
ip netns add inner
ip -n server link add w0 type veth peer name w1 netns inner
ip -n server address add 10.0.43.1/24 dev w0
ip -n server link set w0 up
ip -n inner address add 10.0.43.2/24 dev w1
ip -n inner link set w1 up
ip -n inner route add default via 10.0.43.1
ip -n client route add 10.0.43.0/24 via 10.0.42.2
on server sysctl -qw net.ipv4.ip_forward=1
ip -n server neighbour add 10.0.43.2 lladdr "$(lladdr inner w1)" dev w0 nud permanent

for family in ip ip6 inet; do
        ruleset server <<END
table $family t {
        chain prerouting { type filter hook prerouting priority -300; udp dport 7001 drop; }
        chain input { type filter hook input priority 0; udp dport 7002 drop; }
        chain forward { type filter hook forward priority 0; udp dport 7003 drop; }
        chain output { type filter hook output priority 0; udp dport 7004 drop; }
        chain postrouting { type filter hook postrouting priority 100; udp dport 7005 drop; }
}
END
        address=10.0.42.2 back=10.0.42.1
        [ $family = ip6 ] && address=fd00::2 back=fd00::1
        session_start --verdicts drop --filter 'udp'
        on client traffic udp $address 7001 2 >/dev/null
        on client traffic udp $address 7002 2 >/dev/null
        [ $family = ip6 ] || on client traffic udp 10.0.43.2 7003 2 >/dev/null
        on server traffic udp $back 7004 2 >/dev/null
        on server traffic udp $back 7005 2 >/dev/null
        session_stop
        for hook in prerouting input output postrouting; do
                sees "a drop in $family $hook" 2 "^  table t \\([0-9]+\\) chain $hook \\([0-9]+\\) handle [0-9]+ drop\$"
        done
        [ $family = ip6 ] || sees "a drop in $family forward" 2 "^  table t \\([0-9]+\\) chain forward \\([0-9]+\\) handle [0-9]+ drop\$"
done
sees "drops on the way out have their device" 4 '^  ns 0x[0-9a-f]+/[0-9]+ .*\(v1\)$'

ruleset server <<'END'
table netdev t {
        chain ingress { type filter hook ingress device v1 priority 0; udp dport 7006 drop; }
}
END
session_start --verdicts drop --filter 'udp port 7006'
on client traffic udp 10.0.42.2 7006 2 >/dev/null
session_stop
sees "a drop in netdev ingress" 2 '^  table t \([0-9]+\) chain ingress \([0-9]+\) handle [0-9]+ drop$'

ruleset client <<'END'
table netdev t {
        chain egress { type filter hook egress device v0 priority 0; udp dport 7007 drop; }
}
END
session_start --verdicts drop --filter 'udp port 7007'
on client traffic udp 10.0.42.2 7007 2 >/dev/null
session_stop
sees "a drop in netdev egress" 2 '^  table t \([0-9]+\) chain egress \([0-9]+\) handle [0-9]+ drop$'
ruleset client </dev/null

ruleset server <<'END'
table arp t {
        chain input { type filter hook input priority 0; arp operation request drop; }
}
END
session_start --verdicts drop --filter 'arp'
on client traffic frame v0 "ffffffffffff 020000000001 0806 0001080006040001 020000000001 0a002a01 000000000000 0a002a02" 2 >/dev/null
session_stop
sees "a drop in arp input" 2 '^  table t \([0-9]+\) chain input \([0-9]+\) handle [0-9]+ drop$'
sees "an ARP request as text" 2 '^  .*10\.0\.42\.2.*10\.0\.42\.1'

ip netns add bridge
ip -n bridge link add br0 type bridge
ip -n client link add b0 type veth peer name b1 netns bridge
ip -n server link add c0 type veth peer name c1 netns bridge
for port in b1 c1; do
        ip -n bridge link set $port master br0 up
done
ip -n bridge link set br0 up
ip -n client address add 10.0.44.1/24 dev b0
ip -n client link set b0 up
ip -n server address add 10.0.44.2/24 dev c0
ip -n server link set c0 up
ip -n client neighbour add 10.0.44.2 lladdr "$(lladdr server c0)" dev b0 nud permanent
ruleset bridge <<'END'
table bridge t {
        chain forward { type filter hook forward priority 0; udp dport 7008 drop; }
        chain prerouting { type filter hook prerouting priority 0; udp dport 7009 drop; }
}
END
session_start --verdicts drop --filter 'ether proto 0x0800 and (udp port 7008 or udp port 7009)'
on client traffic udp 10.0.44.2 7008 2 >/dev/null
on client traffic udp 10.0.44.2 7009 2 >/dev/null
session_stop
sees "a drop in bridge forward" 2 '^  table t \([0-9]+\) chain forward \([0-9]+\) handle [0-9]+ drop$'
sees "a drop in bridge prerouting" 2 '^  table t \([0-9]+\) chain prerouting \([0-9]+\) handle [0-9]+ drop$'
