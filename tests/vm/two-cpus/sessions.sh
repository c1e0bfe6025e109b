#!/bin/bash
# Several sessions at once, each with its own verdicts and filter; changing one while packets flow
# loses nothing and repeats nothing; up to 64 of them.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

bus_start
daemon_start
network
ruleset server <<'END'
table inet filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 2001 drop
                udp dport 2002 drop
                udp dport 2003 accept
        }
}
END
session_start --verdicts drop --filter 'udp port 2001' --name one
one=$session
session_start --verdicts drop --filter 'udp portrange 2001-2002' --name both
both=$session
session_start --verdicts accept --filter 'ip6' --name six
six=$session
session_start --verdicts all --name everything
everything=$session
on client traffic udp 10.0.42.2 2001 3 >/dev/null
on client traffic udp fd00::2 2002 4 >/dev/null
on client traffic udp fd00::2 2003 5 >/dev/null
session=$one
session_stop
sees "the first session has its port's drops" 3 '^  table filter .* drop$'
sees "and nothing else" "$events" '^  10\.0\.42\.1\.[0-9]+ > 10\.0\.42\.2\.2001 '
session=both
session_stop
sees "the second, stopped by its name, has both ports" 7 '^  table filter .* drop$'
session=$six
session_stop
sees "the third has what was accepted of IPv6" 5 '^  table filter .* accept$'
session=$everything
session_stop
sees "the fourth has all of it" 12 '^  table filter \([0-9]+\) chain input \([0-9]+\) handle [0-9]+ (drop|accept)$'

# A stream of numbered packets while a session changes its filter to and fro: each that matched
# before and after is there exactly once.
packets=6000
session_start --verdicts drop --filter 'udp port 2001' --no-track --name changing
changing=$session
session_start --verdicts drop --filter 'udp port 2001' --no-track --name steady
steady=$session
on client traffic udp 10.0.42.2 2001 $packets >"$work/traffic" &
sender=$!
changes=0
while kill -0 $sender 2>/dev/null; do
        nfttracectl set changing --filter 'udp dst portrange 2000-2001' || failed=$((failed + 1))
        nfttracectl set changing --verdicts drop,accept || failed=$((failed + 1))
        nfttracectl set changing --filter 'udp port 2001' || failed=$((failed + 1))
        nfttracectl set changing --verdicts drop || failed=$((failed + 1))
        changes=$((changes + 4))
done
wait $sender
missed=$(missed)
missed=${missed:-0}
session=$changing
session_stop
sees "a session that changes $changes times in mid-stream has every packet once (missed $missed)" $((packets - missed)) '^  table filter .* drop$'
check "at least one change happened in mid-stream" at_least "$changes" 4
session=$steady
session_stop
sees "and so has the one beside it" $((packets - missed)) '^  table filter .* drop$'

# As many as there may be.
for number in $(seq 64); do
        session_start --verdicts drop --filter "udp port $((3000 + number)) or udp port 2002" --no-track --name "many$number" >/dev/null
done
check "a 65th session is refused" refused 1 "64" nfttracectl start --name more
on client traffic udp 10.0.42.2 2002 10 >/dev/null
nfttracectl stop --all >"$work/totals"
check "each of 64 sessions has its 10 packets" equal "$(grep -c '"many[0-9]*": matched 10 = journaled 10 + lost 0 + suppressed 0 + pending 0;' "$work/totals")" 64
check "no session is left" equal "$(nfttracectl list | grep -c many)" 0
