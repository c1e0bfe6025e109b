#!/bin/bash
# A user who may make network namespaces takes neither the counters nor the texts of the host's
# rules, nor all those of root's other namespaces, however many rules he has.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"
. "$here/drops-lib.sh"

max=64 # counters: half of them for root's other namespaces, a quarter for users'
rules=400

# table NAME COUNT: rules that drop, one a port.
table() {
        echo "table inet $1 {"
        echo "chain input { type filter hook input priority 0; policy accept;"
        for ((i = 1; i <= $2; i++)); do
                printf 'udp dport %d counter drop comment "%s%04d%0110d"\n' $((10000 + i)) "$1" "$i" 0
        done
        echo "}"
        echo "}"
}

# send COUNT: a packet to each of COUNT ports.
cat >"$work/send" <<'END'
import socket, sys
end = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for port in range(10001, 10001 + int(sys.argv[1])):
    end.sendto(b"x", ("127.0.0.1", port))
END

# user_begin NAME: a namespace of a user's with many rules, which waits for a word to send its
# packets.
user_begin() {
        mkfifo -m 666 "$work/$1.go"
        setpriv --reuid 65534 --regid 65534 --clear-groups unshare -Urn sh -c "
                ip link set lo up && nft -f '$work/users' && read -r word <'$work/$1.go' &&
                        python3 '$work/send' 100; echo sent >'$work/$1.done'; exec sleep infinity" &
        users+=($!)
        : >"$work/$1.done"
        chmod 666 "$work/$1.done"
}

# drop PORT: by a new rule of the host's, which has a text of its own.
drop() {
        nft "add rule inet own input udp dport $1 counter drop comment \"text$1\""
        traffic udp 127.0.0.1 "$1" 1 >/dev/null
}

users=()
ip link set lo up
# Without rules anywhere it would wait for the first one, and not have counted the user's.
nft add table inet own
table users $rules >"$work/users"
table roots 40 >"$work/roots"
table own 16 >"$work/own"
chmod 755 "$work"
daemon_config DropCounters=yes DropCountersMax=$max RuleTextsSize=1M
bus_start
daemon_start
check "it counts drops" property_becomes Armed true

user_begin one
user_begin two
echo go >"$work/one.go"
echo go >"$work/two.go"
check "a user has two namespaces with many rules, of which 200 drop" await 60 grep -q sent "$work/one.done"
check "both" await 60 grep -q sent "$work/two.done"
check "a quarter of the counters are his" drops_become 'len(of(table="users"))' $((max / 4))
check "what has no counter is in the total" equal "$(drops 't.packets, t.uncounted')" "(200, $((200 - max / 4)))"

ip netns add other
ip -n other link set lo up
ip netns exec other nft -f "$work/roots"
ip netns exec other python3 "$work/send" 40
check "root's other namespaces have half of them" drops_become 'len(of(table="roots"))' $((max / 2))
check "and the rest of theirs is in the total" equal "$(drops 't.uncounted')" $((200 - max / 4 + 40 - max / 2))

nft -f "$work/own"
python3 "$work/send" 16
check "each of the host's rules has a counter though the others have more than they may have" drops_become 'len(of(table="own"))' 16
check "nothing of the host's is uncounted" equal "$(drops 't.packets, t.uncounted')" "(256, $((200 - max / 4 + 40 - max / 2)))"

nfttracectl start --name texts --verdicts drop >/dev/null
check "the user's rules do not all find room for their texts" await 60 eval 'at_least "$(counter texts-refused)" $rules'
drop 11001
check "a new rule of the host's has its text" await 30 shows_rule texts text11001
check "though the user's texts are within a quarter of the room" at_least $((1 << 18)) "$(counter texts-bytes)"

nfttracectl stop texts >/dev/null
kill "${users[@]}"
wait "${users[@]}" 2>/dev/null
nft delete table inet own
