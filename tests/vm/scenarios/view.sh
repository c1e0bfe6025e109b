#!/bin/bash
# A filter sees the packet, not just its first bytes in memory: data in page fragments, and the VLAN
# tag that the kernel took out of the packet.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# A connection that carries 200,000 times X.
transfer() {
        on server timeout 30 socat -u TCP-LISTEN:7000,reuseaddr OPEN:/dev/null &
        local listener=$!
        await 20 listens server tcp 7000
        head -c 200000 /dev/zero | tr '\0' X | on client socat -u STDIN TCP:10.0.42.2:7000
        wait $listener
}

modprobe 8021q
bus_start
programs_stay
daemon_start
network
ruleset client <<'END'
table ip t {
        chain output { type filter hook output priority 0; policy accept; }
}
END
ruleset server <<'END'
table netdev t {
        chain ingress { type filter hook ingress device v1 priority 0; policy accept; }
}
END
session_start --verdicts accept --filter 'tcp dst port 7000 and tcp[1000:4] = 0x58585858' --no-track
transfer
session_stop
there=$(count_lines '^  table t \([0-9]+\) chain output \([0-9]+\) accept \(policy\)$')
check "data in page fragments is seen when it is sent" at_least "$there" 1
there=$(count_lines '^  table t \([0-9]+\) chain ingress \([0-9]+\) accept \(policy\)$')
check "and where it is received" at_least "$there" 1

session_start --verdicts accept --filter 'tcp dst port 7000 and tcp[1000:4] = 0x59585858' --no-track
transfer
session_stop
check "and what is not there is not" equal "$events" 0

ip -n client link add link v0 name v0.5 type vlan id 5
ip -n server link add link v1 name v1.5 type vlan id 5
for end in client:v0.5:10.0.45.1 server:v1.5:10.0.45.2; do
        IFS=: read -r netns device address <<<"$end"
        ip -n "$netns" address add "$address/24" dev "$device"
        ip -n "$netns" link set "$device" up
done
session_start --verdicts accept --filter 'vlan 5 and udp port 7100' --no-track
on client traffic udp 10.0.45.2 7100 3 >/dev/null
session_stop
sees "a tag that was taken out of the packet is put back" 3 '^  table t \([0-9]+\) chain ingress \([0-9]+\) accept \(policy\)$'
session_start --verdicts accept --filter 'vlan 6 and udp port 7100' --no-track
on client traffic udp 10.0.45.2 7100 3 >/dev/null
session_stop
check "and is the packet's own" equal "$events" 0

session_start --verdicts accept --filter 'ip[6:2] & 0x3fff != 0 and net 10.0.42.0/24' --no-track
on client traffic udp 10.0.42.2 8080 2 3000 >/dev/null
session_stop
sees "the first fragment is shown with its ports" 2 '^  10.0.42.1.[0-9]+ > 10.0.42.2.8080 tos 0x0 ttl 64 id [0-9]+ off 0 \[\+\] len 1500 proto UDP'
sees "the next is shown with its offset" 2 '^  10.0.42.1 > 10.0.42.2 tos 0x0 ttl 64 id [0-9]+ off 1480 \[\+\] len 1500 proto UDP'
sees "and the last" 2 '^  10.0.42.1 > 10.0.42.2 tos 0x0 ttl 64 id [0-9]+ off 2960 len 68 proto UDP'
