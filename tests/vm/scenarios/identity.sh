#!/bin/bash
# One packet, one identity: each way in which the kernel gives a packet another head, or another
# packet the head of one that was there before.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# identities CHAIN REGEX: of the events in a chain whose packet line matches.
identities() {
        awk -v chain=" chain $1 (" -v packet="$2" '
                /^[0-9]+ \(/ { identity = "untracked"; hit = 0; if (match($0, /#[0-9a-f]+/)) identity = substr($0, RSTART, RLENGTH) }
                $0 ~ packet { hit = 1 }
                hit && index($0, chain) { print identity }' "$work/text"
}

distinct() {
        identities "$@" | sort -u | wc -l
}

# keeps SENTENCE EVENTS CHAIN REGEX BEFORE BEFORE_REGEX: as many events in a chain, each with an
# identity that there was in the chain before it.
keeps() {
        check "$1" equal "$(identities "$3" "$4" | wc -l) events, $(comm -13 <(identities "$5" "$6" | sort -u) <(identities "$3" "$4" | sort -u) | wc -l) new identities" "$2 events, 0 new identities"
}

# consumer ARGUMENT...: of an nfqueue of the server.
consumer() {
        # Not by "on": what ends it must not end a shell in front of it only.
        ip netns exec server packets queue "$@" >"$work/queue.$1" 2>&1 &
        consumers+=($!)
        await 30 grep -q ready "$work/queue.$1"
}

# Of the queues whose packets come back.
queues_empty() {
        on server awk '$1 < 2 { waiting += $3 } END { exit waiting != 0 }' /proc/net/netfilter/nfnetlink_queue
}

bus_start
daemon_start
network
consumers=()
for netns in client server third; do
        ip netns add $netns 2>/dev/null && ip -n $netns link set lo up
        on $netns sysctl -qw net.ipv4.ip_no_pmtu_disc=1
done
ip -n client link set v0 mtu 9000
ip -n server link set v1 mtu 9000
ip -n server link add m0 address 02:00:00:00:00:03 type veth peer name m1 address 02:00:00:00:00:04 netns third
ip -n client link add x0 address 02:00:00:00:00:05 type veth peer name x1 address 02:00:00:00:00:06 netns server
for device in "server m0 10.0.43.1" "third m1 10.0.43.2" "client x0 10.0.45.1" "server x1 10.0.45.2"; do
        read -r netns name address <<<"$device"
        on "$netns" sysctl -qw "net.ipv6.conf.$name.disable_ipv6=1"
        ip -n "$netns" address add "$address/24" dev "$name"
        ip -n "$netns" link set "$name" up
done
ip -n server neighbour add 10.0.43.2 lladdr 02:00:00:00:00:04 dev m0 nud permanent
ip -n third neighbour add 10.0.43.1 lladdr 02:00:00:00:00:03 dev m1 nud permanent
ip -n client neighbour add 10.0.45.2 lladdr 02:00:00:00:00:06 dev x0 nud permanent
ip -n client route add 10.0.43.0/24 via 10.0.42.2
on server sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0

ruleset client <<'END'
table inet t {
        chain out { type filter hook output priority 0; policy accept; }
        chain in { type filter hook input priority 0; policy drop; }
}
END
ruleset server <<'END'
table inet t {
        chain pre { type filter hook prerouting priority -450; policy accept; }
        chain in {
                type filter hook input priority 0; policy accept;
                udp dport { 8080, 8082 } queue num 0
                udp dport 8081 queue num 1
                tcp dport 7002 queue num 2
                tcp dport 7001 drop
        }
        chain after { type filter hook input priority 10; policy drop; }
        chain forward { type filter hook forward priority 0; udp dport 8083 queue num 0; accept; }
        chain forwarded { type filter hook forward priority 10; policy accept; }
}
END
ruleset third <<'END'
table inet t {
        chain arrived { type filter hook prerouting priority -450; policy accept; }
        chain end { type filter hook input priority 0; policy drop; }
}
END
check "programs take packets from the queues" eval 'consumer 0 same && consumer 1 grow && consumer 2 hold'
check "an XDP program is in a driver" on server packets xdp x1
session_start --verdicts drop,accept,queue --filter 'udp or tcp or ip[6:2] & 0x1fff != 0 or ip6 proto 44'

# Sent again, by a sender that waits for an answer; meanwhile the rest.
for peer in 10.0.42.2/7001 10.0.42.2/7002 fd00::2/7001; do
        on client timeout 4 bash -c ": >/dev/tcp/$peer" 2>"$work/null" &
        senders+=($!)
done
on client traffic udp 10.0.42.2 8080 20 >"$work/null"
on client traffic udp 10.0.42.2 8081 20 >"$work/null"
on client packets segments 10.0.42.2 8082 100 5
on client packets segments 10.0.43.2 8083 100 6
on client traffic udp 10.0.42.2 8084 1 20000 >"$work/null"
on client traffic udp fd00::2 8084 1 20000 >"$work/null"
on client traffic udp 10.0.43.2 8085 1 4000 >"$work/null"
on client traffic udp 10.0.45.2 8086 20 1000 >"$work/null"
check "the queues become empty" await 30 queues_empty
wait "${senders[@]}"
session_stop

to='10\.0\.42\.1\.[0-9]+ > 10\.0\.42\.2'
keeps "a queue gives packets back as they were" 20 after "$to\.8080 " out "$to\.8080 "
keeps "and with more bytes" 20 after "$to\.8081 " out "$to\.8081 "
check "which are longer" equal "$(grep -cE "$to\.8081 .* len 432 " "$work/text")" 20
keeps "what was segmented for the queue is the packet that it was" 5 after "$to\.8082 " out "$to\.8082 "
keeps "also if it is forwarded" 6 forwarded '10\.0\.43\.2\.8083 ' out '10\.0\.43\.2\.8083 '
check "packets in the queue are distinguished" equal "$(distinct after "$to\.8080 ")" 20

fragments='10\.0\.42\.1(\.[0-9]+)? > 10\.0\.42\.2.* id [0-9]+ off ([1-9][0-9]*|0 \[\+\])'
keeps "fragments have the identity of the datagram" 3 pre "$fragments" out "$to\.8084 "
keeps "and it has it where it is put together" 1 after "$to\.8084 " out "$to\.8084 "
keeps "the same with IPv6" 1 after 'fd00::2\.8084 ' out 'fd00::2\.8084 '
check "whose fragments have one identity" equal "$(distinct pre 'fd00::1.* > fd00::2.*[Ff]rag')" 1
keeps "a router's fragments have the identity of what it forwards" 3 arrived '10\.0\.42\.1(\.[0-9]+)? > 10\.0\.43\.2.* id [0-9]+ off ([1-9][0-9]*|0 \[\+\])' out '10\.0\.43\.2\.8085 '

keeps "a packet that is copied for an XDP program stays itself" 20 after '10\.0\.45\.2\.8086 ' out '10\.0\.45\.2\.8086 '

sent=$(identities out '> 10\.0\.42\.2\.7001 ' | wc -l)
check "a dropped SYN is sent more than once" at_least "$sent" 2
check "each time it is another packet" equal "$(distinct out '> 10\.0\.42\.2\.7001 ')" "$sent"
keeps "which has its identity where it is dropped" "$sent" in '> 10\.0\.42\.2\.7001 ' out '> 10\.0\.42\.2\.7001 '
sent=$(identities out '> fd00::2\.7001 ' | wc -l)
check "with IPv6, too" at_least "$sent" 2
check "is each another packet" equal "$(distinct out '> fd00::2\.7001 ')" "$sent"
sent=$(identities out '> 10\.0\.42\.2\.7002 ' | wc -l)
check "a SYN that waits in a queue is sent more than once" at_least "$sent" 2
check "and so is what is sent while an earlier one is still there" equal "$(distinct out '> 10\.0\.42\.2\.7002 ')" "$sent"
keeps "which waits, too" "$sent" in '> 10\.0\.42\.2\.7002 ' out '> 10\.0\.42\.2\.7002 '

check "no identity was without room" equal "$(counter tracker-full)" 0
check "this kernel lets packets be followed everywhere" equal "$(nfttracectl status | grep -c 'no function to attach to')" 0
kill "${consumers[@]}"
wait "${consumers[@]}" || true
