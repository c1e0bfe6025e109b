#!/bin/bash
# What connection tracking made of a packet: INVALID where it has seen the packet and has no entry,
# UNTRACKED where it was told to leave it alone, and nothing where it has not seen the packet or is
# not at work. nf_tables' own counters of "ct state" are the truth.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# stray PORT...: a SYN+ACK to each port, of no connection that anybody knows.
stray() {
        on client python3 - "$@" <<'END'
import socket, struct, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
ends = socket.inet_aton('10.0.42.1') + socket.inet_aton('10.0.42.2')
for port in map(int, sys.argv[1:]):
    h = struct.pack('>HHIIBBHHH', 5000, port, 1, 1, 0x50, 0x12, 1000, 0, 0)
    t = sum(struct.unpack('>16H', ends + struct.pack('>BBH', 0, 6, 20) + h))
    t = (t & 0xffff) + (t >> 16)
    s.sendto(h[:16] + struct.pack('>H', ~((t & 0xffff) + (t >> 16)) & 0xffff) + h[18:], ('10.0.42.2', 0))
END
}

# states CHAIN: the states that packets had in a chain, as PORT=STATE; "-" is no line.
states() {
        nfttracectl show --json --no-pager "$session" | python3 -c "
import base64, json, sys
for e in map(json.loads, sys.stdin):
    if e.get('nft', {}).get('chain_name') == '$1' and e['nft']['verdict'] == 'continue':
        ct = e.get('ct') or e.get('nfttraced', {}).get('ct') or {}
        frame = base64.b64decode(e['packet']['data'])
        if 'rule_handle' in e['nft'] and frame[23] == 6:
            print('%d=%s' % (int.from_bytes(frame[36:38], 'big'), ct.get('state', '-')))" | sort -u | paste -sd' '
}

has_states() {
        [ "$(states "$1")" = "$2" ] || {
                echo "expected: $2"
                echo "got:      $(states "$1")"
                return 1
        }
}

bus_start
daemon_start
network

# Nobody asks for a connection's state: tracking is not at work, whether or not the module is
# loaded.
modprobe nf_conntrack
ruleset server <<'END'
table inet t {
        chain input { type filter hook input priority 0; tcp dport 7000-7999 counter; }
}
END
session_start --verdicts continue --filter 'tcp dst portrange 7000-7999'
stray 7000
session_stop
check "without connection tracking nothing is said" has_states input "7000=-"

ruleset server <<'END'
table inet t {
        chain ahead { type filter hook prerouting priority -300; tcp dport 7000-7999 counter; }
        chain exempt { type filter hook prerouting priority -299; tcp dport 7002 notrack; }
        chain behind { type filter hook prerouting priority -199; tcp dport 7000-7999 counter; }
        chain leaf {
                tcp dport 7000-7999 counter
                ct state invalid counter comment "invalid"
        }
        chain input { type filter hook input priority 0; tcp dport 7000-7999 jump leaf; }
        chain output { type filter hook output priority 0; tcp sport 7000-7999 counter; }
}
table netdev n {
        chain ingress { type filter hook ingress device v1 priority 0; tcp dport 7000-7999 counter; }
}
table ip6 sixth {
        chain input { type filter hook input priority 0; udp dport 7003 counter; }
}
END
session_start --verdicts continue,drop --filter 'tcp dst portrange 7000-7999 or udp dst port 7003'
stray 7001 7002
on client traffic udp fd00::2 7003 1 >/dev/null
session_stop
check "nf_tables itself calls one of them invalid" equal "$(on server nft list chain inet t leaf | sed -n 's/.*invalid counter packets \([0-9]*\).*/\1/p')" 1
check "in the input hook the stray packet is INVALID, in a chain that was jumped to, too" has_states leaf "7001=invalid 7002=untracked"
check "behind connection tracking it is" has_states behind "7001=invalid 7002=untracked"
check "before it nothing is known yet" has_states ahead "7001=- 7002=-"
check "nor in the ingress of a device" has_states ingress "7001=- 7002=-"
check "a connection of IPv6 is new" at_least "$(nfttracectl show --no-pager "$session" | grep -c 'ct_state NEW .*fd00::2.7003')" 1
nfttracectl pcap "$session" -o "$work/capture"
check "the comments of a capture say so for each" equal "$(tr '\0' '\n' <"$work/capture" | grep -ac 'ct_state INVALID')" \
        "$(nfttracectl show --no-pager "$session" | grep -c 'ct_state INVALID$')"
