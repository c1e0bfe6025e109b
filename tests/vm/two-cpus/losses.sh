#!/bin/bash
# Every kind of loss is counted and reported: a ring that is full, a journal that is too small, a
# tracker that is too small.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# status_of COMMAND...: its exit status, on standard output.
status_of() {
        "$@" >/dev/null 2>&1
        echo $?
}

cat >"$work/nfttraced.conf" <<'END'
[Daemon]
DropCounters=no
RingSize=64K
TrackerSize=1024
END
bus_start
daemon_start --config "$work/nfttraced.conf"
network
ruleset server <<'END'
table inet filter { chain input { type filter hook input priority 0; udp dport { 8080, 8081 } drop; }; }
END

# The daemon is stopped while packets come: what does not fit into the ring is lost, and nothing
# else.
session_start --verdicts drop --filter 'udp port 8080' --no-track
kill -STOP "$daemon_pid"
on client traffic udp 10.0.42.2 8080 3000 >/dev/null
kill -CONT "$daemon_pid"
status=0
session_stop || status=$?
check "while the daemon stands still every packet is matched" equal "$(total matched)" 3000
check "the ring takes some" at_least "$(total journaled)" 10
check "and the rest is lost" at_least "$(total lost)" 1000
check "with the reason" grep -q "(ring-full $(total lost))" "$work/totals"
check "and the exit status of stop is that of a loss" equal "$status" 3
sees "what is shown is what was journaled" "$(total journaled)" '^  table filter .* drop$'
sees "and a line says how many are missing" 1 "^-- $(total lost) events lost: ring full"
check "show says by its exit status that some are missing" equal "$(status_of nfttracectl show --no-pager "$session")" 3

# The smallest journal there is.
session_start --verdicts drop --filter 'udp port 8080' --no-track --size 256K
for _ in 1 2 3 4 5 6 7 8 9 10; do
        on client traffic udp 10.0.42.2 8080 500 >/dev/null
done
session_stop
shown=$(count_lines '^  table filter .* drop$')
removed=$(sed -nE 's/^-- ([0-9]+) events lost: removed to keep.*/\1/p' "$work/text" | awk '{ sum += $1 } END { print sum + 0 }')
check "a journal of 256K loses its oldest events" at_least "$removed" 1000
check "what is shown and what was removed is what was journaled" equal $((shown + removed)) "$(total journaled)"
check "show says by its exit status that some were removed" equal "$(status_of nfttracectl show --no-pager "$session")" 3
check "and it is no larger than that" sh -c "[ \$(du -sk '$NFTTRACED_STATE_DIR/$session' | cut -f1) -le 320 ]"

# More packets are under way at a time than the tracker has room for: they wait for a program that
# does not read.
ruleset server <<'END'
table inet filter { chain input { type filter hook input priority 0; udp dport 8080 accept; }; }
END
room=$(sysctl -n net.core.rmem_default)
sysctl -qw net.core.rmem_default=67108864
mkfifo "$work/ready"
ip netns exec server traffic receive 8080 1 >"$work/ready" &
receiver=$!
exec {ready}<"$work/ready"
read -r -u "$ready" _
sysctl -qw net.core.rmem_default="$room"
kill -STOP "$receiver"
check "the tracker was large enough until now" equal "$(counter tracker-full)" 0
session_start --verdicts accept --filter 'udp port 8080'
on client traffic udp 10.0.42.2 8080 2000 >/dev/null
session_stop
check "packets that it has no room for are counted" at_least "$(counter tracker-full)" 100
check "and recorded all the same" equal "$(total matched)" 2000
kill -KILL "$receiver"
wait "$receiver" 2>/dev/null

# A filter that looks far into a packet.
ruleset server <<'END'
table inet filter { chain input { type filter hook input priority 0; udp dport 8080 drop; }; }
END
ip -n client link set v0 mtu 65535
ip -n server link set v1 mtu 65535
session_start --verdicts drop --filter 'udp port 8080 and udp[16000] = 0'
on client traffic udp 10.0.42.2 8080 5 20000 >/dev/null
on client traffic udp 10.0.42.2 8080 5 100 >/dev/null
session_stop
check "a filter sees 16000 bytes into a packet, and no byte behind its end" equal "$(total matched)" 5
check "and nothing that it asked for was missing" equal "$(counter view-clipped)" 0

session_start --verdicts drop --filter 'udp port 8080 and udp[17000] = 0' --no-track
on client traffic udp 10.0.42.2 8080 5 20000 >/dev/null
on client traffic udp 10.0.42.2 8080 5 100 >/dev/null
session_stop
check "what is further away than a view reaches is not seen" equal "$(total matched)" 0
check "and counted for each packet that has it" equal "$(counter view-clipped)" 5
