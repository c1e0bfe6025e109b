#!/bin/bash
# The real service manager: killed and restarted under load, sessions and drop counters lose and
# repeat nothing; a stop leaves nothing in the kernel, and is a gap in the journal.
. "$(dirname "${BASH_SOURCE[0]}")/../systemd-lib.sh"

nothing_left() {
        not_armed && ! programs_of_ours
}

# dropped: packets that the drop counters have of rules in the table "filter" of the namespace
# "server"; prints the counters of other rules as comments.
dropped() {
        busctl --json=short call org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager GetDropCounters 'a{sv}' 0 >"$work/drops.json"
        jq -c '.data[0][] | map_values(.data)' "$work/drops.json" | sed 's/^/# /' >&2
        jq --argjson server "$(stat -c %i /run/netns/server)" '[.data[0][] | map_values(.data)
                | select(.["netns-inode"] == $server and .table == "filter") | .packets] | add // 0' "$work/drops.json"
}

network
ruleset server <<'END'
table inet filter {
        chain input { type filter hook input priority 0; udp dport 8080 counter drop; }
}
END
service_start RingSize=256M DropCounters=yes DropSummary=no
check "what counts drops is in the descriptor store" at_least "$(service_property NFileDescriptorStore)" 1
count=${NFTTRACED_RESTART_PACKETS:-6000}
session_start --verdicts drop --filter 'udp port 8080' --probe ip_local_deliver
# For 10 s at least, so that both the kill and the restart are under load.
on client traffic udp 10.0.42.2 8080 "$count" 4 $((1000000000 / count)) >/dev/null &
sender=$!
await 30 bash -c "nfttracectl list | grep -q ' $session '"
pid=$(service_property MainPID)
systemctl kill --signal=KILL nfttraced
check "killed, it is started again" await 30 bash -c "[ \"\$(systemctl show -P NRestarts nfttraced)\" = 1 ] && systemctl -q is-active nfttraced"
check "by another process" test "$(service_property MainPID)" != "$pid"
systemctl restart nfttraced
check "a restart is one, too" systemctl -q is-active nfttraced
wait $sender
await 30 nfttracectl list
session_stop
check "the totals have every packet" equal "$(total matched) $(total journaled)" "$((2 * count)) $((2 * count))"
nfttracectl pcap "$session" -o "$work/numbers.pcapng" 2>/dev/null
check "each is there once for each probe" python3 -IS "$here/journal-numbers.py" "$work/numbers.pcapng" "$count" 2
sees "there is no gap" 0 'events? lost'
check "the drop counters have each packet once" equal "$(dropped)" "$count"

session_start --verdicts drop --filter 'udp port 8080'
on client traffic udp 10.0.42.2 8080 5 >/dev/null
systemctl stop nfttraced
check "a stop leaves nothing in the kernel" await 30 nothing_left
service_start
on client traffic udp 10.0.42.2 8080 5 >/dev/null
session_stop
sees "after a start the session has what came before and after" 10 'handle [0-9]+ drop'
sees "and the gap" 1 'nfttraced was not running'
