#!/bin/bash
# The sections of an event: connections as conntrack has them, the skb's own fields, and that what a
# session did not choose is not there. In both ways of attaching; conntrack is loaded after the
# pipeline.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# A rule that asks for a connection's state makes a namespace track connections.
rules() {
        ruleset server <<'RULES'
table inet t {
        ct expectation coming {
                protocol udp
                dport 3051
                timeout 1m
                size 4
                l3proto ip
        }
        chain raw {
                type filter hook prerouting priority -300; policy accept;
                udp dport 3001 notrack
                udp dport 3002 ct zone set 7
                udp dport 3003 ct original zone set 8
        }
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 3004 ct mark set 42
                udp dport 3005 ct label set 3
                udp dport 3050 ct expectation set "coming"
                ct state invalid counter
        }
        chain output {
                type filter hook output priority 0; policy accept;
        }
}
RULES
}

# events_of CHAIN REGEX: how many events of a chain of the server's match, all their lines on one.
events_of() {
        [ "$work/lines" -nt "$work/text" ] || tr '\n' '\t' <"$work/text" | sed 's/\t\t/\n/g' >"$work/lines"
        awk -v chain="chain $1 " 'index($0, chain)' "$work/lines" | grep -cE -- "$2" || true
}

# connection SENTENCE COUNT CHAIN REGEX
connection() {
        check "$attach: $1" connections_are "$2" "$3" "ct_state $4"
}

connections_are() {
        equal "$(events_of "$2" "$3")" "$1" || {
                echo "wanted: $3"
                grep -E 'ct_state|parent' "$work/text" | sort -u
                return 1
        }
}

packets() {
        on client traffic udp 10.0.42.2 "$1" 1 >/dev/null
}

sctp_exchange() {
        on server timeout 20 socat -u SCTP-LISTEN:3040,reuseaddr OPEN:/dev/null 2>/dev/null &
        local listener=$!
        await 20 listens server sctp 3040
        echo hello | on client timeout 20 socat -u STDIN SCTP:10.0.42.2:3040
        wait $listener
}

# The echo is read before the connection is closed: it comes while both sides have it established.
tcp_exchange() {
        on server timeout 20 socat TCP-LISTEN:3010,reuseaddr PIPE &
        local listener=$!
        await 20 listens server tcp 3010
        on client timeout 20 bash -c 'exec 5<>/dev/tcp/10.0.42.2/3010 && echo hello >&5 && read -r -u 5 _'
        wait $listener
}

# An answer to a socket that is gone: the client's error is on its own connection.
late_answer() {
        rm -f "$work/gone"
        cat >"$work/answer" <<'ANSWER'
#!/bin/bash
read -r gone
until [ -e "$gone" ]; do sleep 0.05; done
echo answer
ANSWER
        chmod 755 "$work/answer"
        on server timeout 20 socat -t 1 UDP-LISTEN:3020 EXEC:"$work/answer" 2>/dev/null &
        local listener=$!
        await 20 listens server udp 3020
        echo "$work/gone" | on client timeout 20 socat -u STDIN UDP:10.0.42.2:3020
        : >"$work/gone"
        wait $listener
}

connections() {
        local from='10\.0\.42\.1' to='10\.0\.42\.2'
        session_start --verdicts accept --filter 'ip or ip6'
        rules
        for port in 3000 3001 3002 3003 3004 3005 3050; do
                packets $port
        done
        echo x | on server socat -u STDIN UDP:10.0.42.1:3051,sourceport=3052
        on client traffic udp fd00::2 3006 1 >/dev/null
        on client ping -q -c 1 -W 5 10.0.42.2 >/dev/null
        on client ping -q -c 1 -W 5 fd00::2 >/dev/null
        tcp_exchange
        late_answer
        [ -z "$sctp" ] || sctp_exchange
        session_stop

        local v4="udp orig \\[$from\\.[0-9]+ > $to\\.PORT\\] reply \\[$to\\.PORT > $from\\.[0-9]+\\]"
        connection "a new connection, both tuples, zone and mark" 1 input "NEW status 0x0 ${v4//PORT/3000} zone 0 mark 0"
        connection "an error about it is in the reply direction" 1 output "RELATED_REPLY status 0x[0-9a-f]+ ${v4//PORT/3000} zone 0 mark 0"
        check "$attach: untracked packets" equal "$(events_of input '\.3001 .*ct_state UNTRACKED$')" 1
        connection "a zone" 1 input "NEW status 0x0 ${v4//PORT/3002} zone 7 mark 0"
        connection "a zone of one direction" 1 input "NEW status 0x0 ${v4//PORT/3003} orig-zone 8 mark 0"
        connection "a mark" 1 output "RELATED_REPLY status 0x[0-9a-f]+ ${v4//PORT/3004} zone 0 mark 42"
        connection "labels" 1 output "RELATED_REPLY status 0x[0-9a-f]+ ${v4//PORT/3005} zone 0 mark 0 labels 0x8"
        connection "a connection that another one expected" 1 output "RELATED status 0x[0-9a-f]+ udp orig \\[$to\\.3052 > $from\\.3051\\] reply \\[$from\\.3051 > $to\\.3052\\] zone 0 mark 0.*parent \\[status 0x[0-9a-f]+ ${v4//PORT/3050} zone 0 mark 0"
        connection "IPv6" 1 input "NEW status 0x0 udp orig \\[fd00::1\\.[0-9]+ > fd00::2\\.3006\\] reply \\[fd00::2\\.3006 > fd00::1\\.[0-9]+\\] zone 0"
        connection "ICMP" 1 input "NEW status 0x0 icmp orig \\[$from > $to type 8 code 0 id [0-9]+\\] reply \\[$to > $from type 0 code 0 id [0-9]+\\] zone 0"
        connection "its reply" 1 output "REPLY status 0x[0-9a-f]+ icmp orig \\[$from > $to type 8 code 0"
        connection "ICMPv6" 1 input 'NEW status 0x0 icmpv6 orig \[fd00::1 > fd00::2 type 128 code 0 id [0-9]+\] reply \[fd00::2 > fd00::1 type 129 code 0 id [0-9]+\] zone 0'
        local tcp="orig \\[$from\\.[0-9]+ > $to\\.3010\\] reply \\[$to\\.3010 > $from\\.[0-9]+\\] zone 0 mark 0"
        connection "TCP, the first packet" 1 input "NEW status 0x0 tcp \\(SYN_SENT\\) $tcp"
        connection "TCP, the answer" 1 output "REPLY status 0x[0-9a-f]+ tcp \\(SYN_RECV\\) $tcp"
        check "$attach: TCP, established" at_least "$(events_of input "ct_state ESTABLISHED status 0x[0-9a-f]+ tcp \\(ESTABLISHED\\) $tcp")" 2
        check "$attach: TCP, established, in the reply direction" at_least "$(events_of output "ct_state REPLY status 0x[0-9a-f]+ tcp \\(ESTABLISHED\\) $tcp")" 1
        connection "an error about an answer is in the original direction" 1 input "RELATED status 0x[0-9a-f]+ ${v4//PORT/3020}"
        if [ -n "$sctp" ]; then
                local ends="orig \\[$from\\.[0-9]+ > $to\\.3040 vtag 0x[0-9a-f]+\\] reply \\[$to\\.3040 > $from\\.[0-9]+ vtag 0x[0-9a-f]+\\]"
                check "$attach: SCTP and its tags" at_least "$(events_of input "ct_state ESTABLISHED status 0x[0-9a-f]+ sctp \\([A-Z_]+\\) $ends")" 1
        fi
}

fields() {
        session_start --verdicts accept --sections packet,nft,skb --filter 'tcp dst port 7000' --no-track
        on server timeout 30 socat -u TCP-LISTEN:7000,reuseaddr OPEN:/dev/null &
        local listener=$!
        await 20 listens server tcp 7000
        head -c 300000 /dev/zero | on client timeout 30 socat -u STDIN TCP:10.0.42.2:7000
        wait $listener
        session_stop
        check "$attach: a packet that is still to be cut into segments" at_least \
                "$(count_lines '^  skb \[csum partial \(start [0-9]+ off 16\) .*len [0-9]{4,} .*dataref [0-9]+\] gso \[type 0x[0-9a-f]+ .*size 1448\]$')" 1
        check "$attach: every packet has its users and references" equal "$(count_lines '^  skb \[.* users [1-9][0-9]* dataref [1-9][0-9]*\]')" "$events"
        sees "$attach: no connection, namespace or device that was not asked for" 0 '^  (ct_state|ns|if|oif) '
        check "$attach: the chosen ones are there" equal "$(count_lines '^  table t ')" "$events"
}

tags() {
        session_start --verdicts accept --sections nft,skb --filter 'vlan 5 and udp port 7100' --no-track
        on client traffic udp 10.0.45.2 7100 1 >/dev/null
        session_stop
        nfttracectl show --json "$session" >"$work/json"
        check "$attach: a tag that was taken out of the packet" grep -qE '"vlan_accel":\{("(pcp|dei|vid|proto)":(5|0|false|33024),?){4}\}' "$work/json"
}

choices() {
        session_start --verdicts accept --sections nft --filter 'udp port 3000' --name "bare-$attach"
        bare=$session
        session_start --verdicts accept --sections packet --filter 'udp port 3000'
        busctl call org.nfttraced1 "/org/nfttraced1/session/$bare" org.nfttraced1.Session Describe >"$work/described"
        check "$attach: Describe lists the sections" grep -q '"Sections" as 1 "nft"' "$work/described"
        packets 3000
        session_stop
        sees "$attach: the packet alone, although another session asked for more" 2 '^  10\.0\.42\.1\.'
        sees "$attach: and nothing of what that one asked for" 0 '^  (table|ct_state|ns|if) '
        session=$bare
        session_stop
        sees "$attach: the table line alone" 2 '^  table t '
        sees "$attach: and nothing of what the other one asked for" 0 '^  (10\.0|ct_state|ns|if) '
        check "$attach: an unknown section is refused with the list of sections" refused 1 "packet, dev, ns, ct, nft, tracking, drop, skb, stack or all" nfttracectl start --sections packet,nft,colour
}

sctp=
modprobe -q sctp && sctp=1
check "conntrack is not there when the pipeline is loaded" module_unload nf_conntrack
modprobe 8021q
modprobe nf_tables
network
ip -n client link add link v0 name v0.5 type vlan id 5
ip -n server link add link v1 name v1.5 type vlan id 5
for end in client:v0.5:10.0.45.1 server:v1.5:10.0.45.2; do
        IFS=: read -r netns device address <<<"$end"
        ip -n "$netns" address add "$address/24" dev "$device"
        ip -n "$netns" link set "$device" up
done
programs_stay
for attach in kprobe auto; do
        NFTTRACED_STATE_DIR=$work/state-$attach
        bus_start
        daemon_start --attach $attach
        property_becomes State ready
        connections
        ruleset client <<'RULES'
table ip t {
        chain output { type filter hook output priority 0; policy accept; }
}
RULES
        ruleset server <<'RULES'
table netdev t {
        chain ingress { type filter hook ingress device v1 priority 0; policy accept; }
}
RULES
        fields
        tags
        choices
        ruleset client </dev/null
        ruleset server </dev/null
        daemon_stop
        kill "$bus_pid"
        wait "$bus_pid" 2>/dev/null
done
