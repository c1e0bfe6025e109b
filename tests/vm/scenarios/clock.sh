#!/bin/bash
# The wall clock is set a year ahead and back again while a session records: each event keeps the
# time that the clock showed then, where events are selected by time, printed or captured. Sets the
# guest's clock, and sets it back.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

bus_start
daemon_start
network
ruleset server <<'END'
table inet filter {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 8080-8082 drop
        }
}
END
year=31536000

# moves: how often the journal says that the clock was set.
moves() {
        nfttracectl show --no-pager --json "$session" 2>/dev/null | grep -c '"clock":{"cause":"set"'
}

moves_are() {
        equal "$(moves)" "$1"
}

# send PORT: one packet; prints when, by the wall clock.
send() {
        date +%s
        on client traffic udp 10.0.42.2 "$1" 1 >/dev/null
}

# set_clock SECONDS: moves it, and waits until the journal says so.
set_clock() {
        clock_moves=$((clock_moves + 1))
        date -s "@$(($(date +%s) + $1))" >/dev/null
        await 10 moves_are $clock_moves
}
clock_moves=0

# ports OPTION...: the destination ports of the events that are shown, in order.
ports() {
        nfttracectl show --no-pager "$session" "$@" 2>/dev/null |
                sed -nE 's/^  10\.0\.42\.1\.[0-9]+ > 10\.0\.42\.2\.([0-9]+) .*/\1/p' | paste -sd,
}

session_start --verdicts drop
first=$(send 8080)
set_clock $year
second=$(send 8081)
check "a year ahead, new events are from the last minute" equal "$(ports --since -1min)" 8081
check "and what was before is not" equal "$(ports --until -1min)" 8080
set_clock -$year
third=$(send 8082)
session_stop
check "each move is a line, by how far" equal \
        "$(nfttracectl show --no-pager "$session" | grep -cE '^-- .* the wall clock was set 315(35[89]|36[01])[0-9]{2}\.[0-9]{3} s (ahead|back)$')" 2
check "set back, the last minute has what came before and after" equal "$(ports --since -2min --until now)" 8080,8082
check "a time that existed once selects that" equal "$(ports --since "@$((second - 30))")" 8081
check "UTC is what the clock showed" equal \
        "$(nfttracectl show --no-pager --utc "$session" | grep -c "^$(date -u -d "@$second" +%Y-%m-%d) ")" 1
check "a capture has the same times" equal \
        "$(nfttracectl pcap "$session" -o - 2>/dev/null | tshark -r - -T fields -e frame.time_epoch 2>/dev/null |
                awk -v a="$first" -v b="$second" -v c="$third" '
                        { w = NR == 1 ? a : NR == 2 ? b : c; d = $1 - w; printf "%s", (d > -2 && d < 5) ? "y" : "n(" d ")" }')" yyy
