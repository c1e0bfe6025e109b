#!/bin/bash
# Every verdict of nf_tables, as events in the reference's words, with the handles that nft itself
# prints.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

bus_start
programs_stay
daemon_start
network
ruleset server <<'END'
table inet other {
        chain filter_INPUT {
                type filter hook input priority 20; policy accept;
        }
}
table inet firewalld {
        chain leaf {
                udp dport 1002 drop comment "leaf drop"
                udp dport 1003 return comment "leaf return"
        }
        chain gone {
                udp dport 1005 accept comment "goto accept"
        }
        chain filter_INPUT {
                type filter hook input priority 0; policy accept;
                udp dport 1001 drop comment "plain drop"
                udp dport { 1002, 1003 } jump leaf comment "the jump"
                udp dport 1005 goto gone comment "the goto"
                udp dport 1006 counter comment "only counts"
                udp dport 1007 queue num 77 bypass comment "to nobody"
                udp dport 1008 reject with icmpx admin-prohibited comment "the reject"
        }
}
END
handles() {
        handle_of_rule server inet firewalld "$1" "$2"
}
table=$(handle_of_table server inet firewalld)
base=$(handle_of_chain server inet firewalld filter_INPUT)
leaf=$(handle_of_chain server inet firewalld leaf)
gone=$(handle_of_chain server inet firewalld gone)
in_base="table firewalld \\($table\\) chain filter_INPUT \\($base\\)"
in_leaf="table firewalld \\($table\\) chain leaf \\($leaf\\)"
other="table other \\($(handle_of_table server inet other)\\) chain filter_INPUT \\($(handle_of_chain server inet other filter_INPUT)\\)"

session_start --verdicts all --filter 'udp'
for port in 1001 1002 1003 1005 1006 1007 1008 1009; do
        on client traffic udp 10.0.42.2 $port 1 >/dev/null
done
session_stop
sees "a rule that drops" 1 "^  $in_base handle $(handles filter_INPUT 'plain drop') drop\$"
sees "a jump with its target" 2 "^  $in_base handle $(handles filter_INPUT 'the jump') jump chain leaf\$"
sees "a drop in the chain that was jumped to" 1 "^  $in_leaf handle $(handles leaf 'leaf drop') drop\$"
sees "a return" 1 "^  $in_leaf handle $(handles leaf 'leaf return') return\$"
sees "a goto with its target" 1 "^  $in_base handle $(handles filter_INPUT 'the goto') goto chain gone\$"
sees "an accept behind a goto" 1 "^  table firewalld \\($table\\) chain gone \\($gone\\) handle $(handles gone 'goto accept') accept\$"
sees "a rule that only counts continues" 1 "^  $in_base handle $(handles filter_INPUT 'only counts') continue\$"
sees "a queue" 1 "^  $in_base handle $(handles filter_INPUT 'to nobody') queue"
sees "a reject is a drop" 1 "^  $in_base handle $(handles filter_INPUT 'the reject') drop\$"
sees "a policy has no rule handle" 3 "^  $in_base accept \\(policy\\)\$"
sees "the same chain name in another table is distinguished" 5 "^  $other accept \\(policy\\)\$"
sees "every event has its header line" "$events" '^[0-9]+ \([0-9]+\) \[(traffic|ksoftirqd/[0-9]+)\] [0-9]+ \[k\] __nft_trace_packet #[0-9a-f]+ \(skb [0-9a-f]+\)$'
sees "every event has its packet" "$events" '^  10\.0\.42\.1\.[0-9]+ > 10\.0\.42\.2\.100[0-9] tos 0x0 ttl 64 id [0-9]+ off 0 \[DF\] len 32 proto UDP \(17\) len 4$'
inode=$(on server stat -Lc %i /proc/self/ns/net)
sees "every event has its namespace and device" "$events" "^  ns 0x[0-9a-f]+/$inode \\(server\\) if [0-9]+ \\(v1\\) rxif [0-9]+\$"

session_start --verdicts drop --filter 'udp port 8080'
on client traffic udp 10.0.42.2 8080 3 >/dev/null
session_stop
sees "an accepted packet is no drop" 0 '__nft_trace_packet'
ruleset server <<'END'
table ip filter {
        chain input {
                type filter hook input priority 0; policy drop;
                udp dport 1 accept
        }
}
END
session_start --verdicts drop --filter 'udp port 8080'
on client traffic udp 10.0.42.2 8080 3 >/dev/null
on client traffic udp 10.0.42.2 8081 3 >/dev/null
session_stop
sees "a policy that drops" 3 'table filter \([0-9]+\) chain input \([0-9]+\) drop \(policy\)$'
