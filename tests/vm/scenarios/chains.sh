#!/bin/bash
# The chain is right on every event: chains of 10,000 rules, names of 255 bytes, the same chain name
# in two tables, chains replaced while packets flow.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

bus_start
programs_stay
daemon_start
network

long_table=$(printf 't%.0s' $(seq 255))
long_chain=$(printf 'c%.0s' $(seq 255))
long_target=$(printf 'j%.0s' $(seq 255))
ruleset server <<END
table inet $long_table {
        chain $long_target { udp dport 4001 drop; }
        chain $long_chain {
                type filter hook input priority 0; policy accept;
                jump $long_target
        }
}
END
session_start --verdicts all --filter 'udp port 4001'
on client traffic udp 10.0.42.2 4001 2 >/dev/null
session_stop
sees "names of 255 bytes in a jump" 2 "^  table $long_table \\([0-9]+\\) chain $long_chain \\([0-9]+\\) handle [0-9]+ jump chain $long_target\$"
sees "and in the drop behind it" 2 "^  table $long_table \\([0-9]+\\) chain $long_target \\([0-9]+\\) handle [0-9]+ drop\$"

rules=10000
{
        echo "table inet big {"
        echo "  chain long {"
        for port in $(seq $rules); do
                echo "    udp dport $((10000 + port)) drop"
        done
        echo "  }"
        echo "  chain input { type filter hook input priority 0; policy accept; jump long; udp dport 9999 drop; }"
        echo "}"
} | ruleset server
long=$(handle_of_chain server inet big long)
session_start --verdicts drop --filter 'udp'
for port in 10001 10002 15000 19999 20000; do
        on client traffic udp 10.0.42.2 $port 2 >/dev/null
done
on client traffic udp 10.0.42.2 9999 2 >/dev/null
session_stop
sees "the chain of a rule among $rules, wherever it stands" 10 "^  table big \\([0-9]+\\) chain long \\($long\\) handle [0-9]+ drop\$"
sees "and the chain that it was jumped to from" 2 '^  table big \([0-9]+\) chain input \([0-9]+\) handle [0-9]+ drop$'
sees "no event is without its chain" "$events" '^  table '

# Reloads under traffic: blobs and chains are freed and their memory used again, with other names.
session_start --verdicts drop --filter 'udp port 4100' --no-track
(
        for round in $(seq 40); do
                printf 'flush ruleset\ntable inet t%s {\n chain deep%s { udp dport 4100 drop; }\n chain in%s { type filter hook input priority 0; jump deep%s; }\n}\n' \
                        "$round" "$round" "$round" "$round" >"$work/round.nft"
                on server nft -f "$work/round.nft"
        done
) &
reloads=$!
while kill -0 $reloads 2>/dev/null; do
        on client traffic udp 10.0.42.2 4100 200 >/dev/null
done
wait $reloads
session_stop
check "events came while rulesets were replaced" at_least "$events" 200
mixed=$(grep '^  table t' "$work/text" | sed -E 's/^  table t([0-9]+) \([0-9]+\) chain deep([0-9]+) .*/\1 \2/' | awk '$1 != $2' | wc -l)
check "no event names a chain of another ruleset" equal "$mixed" 0
sees "every event has its chain" "$events" '^  table t[0-9]+ \([0-9]+\) chain deep[0-9]+ \([0-9]+\) handle [0-9]+ drop$'
