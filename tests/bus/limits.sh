#!/bin/bash
# Sessions that end by themselves, rates, and a daemon that may not change the system.
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"

bus_start
daemon_start
network
ruleset server <<'END'
table inet filter { chain input { type filter hook input priority 0; udp dport 8080 drop; }; }
END

session_start --verdicts drop --filter 'udp port 8080' --limit 50
on client traffic udp 10.0.42.2 8080 200 >/dev/null
check "a session ends by itself when it has its limit" await 20 session_is_over
nfttracectl show --no-pager "$NFTTRACED_STATE_DIR/$session" >"$work/text"
sees "with that many events" 50 '^  table filter .* drop$'

session_start --verdicts drop --filter 'udp port 8080' --rate 10
on client traffic udp 10.0.42.2 8080 2000 >/dev/null
session_stop
check "every packet of a session with a rate is in the totals" equal "$(total matched)" 2000
check "and most are suppressed" at_least "$(total suppressed)" 1000
check "but not all" at_least "$(total journaled)" 10
daemon_stop

printf '[Daemon]\nDropCounters=no\nAllowSystemChanges=no\n' >"$work/nfttraced.conf"
daemon_start --config "$work/nfttraced.conf"
session_start --verdicts drop --filter 'udp port 8080'
check "where it may change nothing there is no namespace of its own" not_armed
check "it is not armed" equal "$(manager_property Armed)" false
check "and the missing part is named" property_becomes Problem "meta nftrace set 1"
nft 'table inet administrator { chain trace { meta nftrace set 1; }; }'
check "until the rule is there" problem_ends
on client traffic udp 10.0.42.2 8080 7 >/dev/null
session_stop
sees "and it records" 7 '^  table filter .* drop$'
nft delete table inet administrator
daemon_stop

printf '[Daemon]\nAttach=sideways\n' >"$work/nfttraced.conf"
check "a configuration that is wrong is refused by file and line" refused 78 "nfttraced.conf:2" nfttraced --config "$work/nfttraced.conf"
check "a command line that is wrong is refused" refused 2 "--help" nfttraced --frobnicate
