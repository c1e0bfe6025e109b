#!/bin/bash
# Verdicts whose code or whose packet is out of the ordinary: queues of every number, with bypass
# and fanout; packets that a rule steals, which are gone when that is known: a session with a filter
# has them, with the identity, the bytes and the sessions that they had when they came to the base
# chain.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# events PYTHON: how many events of the session it is true for; e is the event, n its nft section.
events() {
        nfttracectl show --json --no-pager "$session" |
                python3 -c "import json,sys; print(sum(bool($1) for e in map(json.loads, sys.stdin) if 'nft' in e for n in [e['nft']]))"
}

bus_start
programs_stay
daemon_start
network
modprobe nft_queue
modprobe nft_fwd_netdev
ruleset server <<'END'
table inet fw {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 9000 counter queue num 0 bypass
                udp dport 9001 counter queue num 32767 bypass
                udp dport 9002 counter queue num 32768 bypass
                udp dport 9003 counter queue flags bypass,fanout to 65000-65001
                udp dport 9004 counter queue num 65535
        }
}
END
session_start --verdicts queue --filter 'udp dst portrange 9000-9004'
for port in 9000 9001 9002 9003 9004; do
        on client traffic udp 10.0.42.2 $port 1 >/dev/null
done
session_stop
check "every queue's number is recorded" equal "$(for q in 0 32767 32768 65535; do events "n['verdict'] == 'queue' and n['queue'] == $q"; done | paste -sd' ')" "1 1 1 1"
check "and one of a range" equal "$(events "n['queue'] in (65000, 65001)")" 1
sees "in the text, too" 1 ' queue num 32768$'

ip -n server link add w0 type veth peer name w1 netns client
ip -n server link set w0 up
ip -n client link set w1 up
on server nft -f - <<'END'
table netdev steal {
        chain in {
                type filter hook ingress device v1 priority 0; policy accept;
                udp dport 8080 counter fwd to w0
        }
}
END
session_start --verdicts stolen --filter 'udp dst port 8080'
filtered=$session
session_start --verdicts stolen --filter 'udp dst port 8081'
other=$session
session_start --verdicts stolen --filter 'less 1000 and not udp'
negative=$session
session_start --verdicts stolen
on client traffic udp 10.0.42.2 8080 4 >/dev/null
on client traffic udp 10.0.42.2 8081 2 >/dev/null
session_stop
stolen="n['verdict'] == 'stolen' and n['table_name'] == 'steal'"
check "without a filter each packet that was stolen has an event" equal "$(events "$stolen")" 4
check "with the packet as it came, and its identity" equal "$(events "$stolen and 'packet' in e and 'skb-tracking' in e")" 4
session=$filtered
session_stop
check "so has a session whose filter matched it before" equal "$(events "$stolen")" 4
sees "with the packet" 4 '^  10\.0\.42\.1\.[0-9]+ > 10\.0\.42\.2\.8080 .*proto UDP'
session=$other
session_stop
check "one whose filter did not match it has none" equal "$events" 0
session=$negative
session_stop
check "nor one that would have matched nothing at all" equal "$events" 0
check "nothing was left undecided" equal "$(counter stolen-unknown)" 0
