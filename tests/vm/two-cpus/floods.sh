#!/bin/bash
# A client that floods the bus keeps no other waiting: root is answered, at its private socket and
# on the bus, its bound session loses nothing, and the daemon takes no more memory than it may.

. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

flood_seconds=8
rss_allowed=$((32 * 1024)) # KiB
# ms, by the private socket, and on the bus, where dbus-daemon has the flood to go through first.
# These separate an answer from waiting behind the flood, which takes minutes; how long an answer
# took is printed, and depends on what else the machine does.
list_allowed=5000 start_allowed=5000 bus_allowed=30000

rss() {
        awk '/^VmRSS/ { print $2 }' "/proc/$daemon_pid/status"
}

milliseconds() {
        local from
        # In front of the flooders on the processors: it is the daemon that is looked at.
        renice -n -20 "$BASHPID" >/dev/null
        from=$(date +%s%N)
        "$@" >"$work/answer" 2>&1 || echo 999999
        echo $((($(date +%s%N) - from) / 1000000))
}

# longest COMMAND...: adds what it takes to $took if that is more, in ms.
longest() {
        local now
        now=$(milliseconds "$@" | head -n 1)
        [ "$now" -le "$took" ] || took=$now
}

start_one() {
        nfttracectl start --verdicts drop --filter 'udp port 10' >"$work/started" && nfttracectl stop "$(cat "$work/started")"
}

on_the_bus() {
        NFTTRACED_PRIVATE_SOCKET='' "$@"
}

# flood NAME MODE...: four connections of nobody's, and root's calls meanwhile.
flood() {
        local name=$1 before refused unanswered most=0 end listed=0 started=0 asked=0 now pids=()
        shift
        before=$(rss)
        refused=$(counter calls-refused) unanswered=$(counter calls-unanswered)
        for i in 1 2 3 4; do
                python3 -IS "$here/bus-flood.py" "$work/bus" "$flood_seconds" "$@" >"$work/flood.$i" 2>&1 &
                pids+=($!)
        done
        sleep 1
        end=$((SECONDS + flood_seconds - 2))
        while [ "$SECONDS" -lt "$end" ]; do
                took=$listed; longest nfttracectl list; listed=$took
                took=$started; longest start_one; started=$took
                took=$asked; longest on_the_bus nfttracectl list; asked=$took
                now=$(rss)
                [ "$now" -le "$most" ] || most=$now
        done
        wait "${pids[@]}"
        sed 's/^/# /' "$work"/flood.?
        echo "# $name: list $listed ms, start and stop $started ms, list on the bus $asked ms, memory $before to $most KiB"
        check "$name: root's list at the private socket takes $list_allowed ms at most" [ "$listed" -le "$list_allowed" ]
        check "$name: root's start and stop take $start_allowed ms each at most" [ "$started" -le $((2 * start_allowed)) ]
        check "$name: root's list on the bus is answered" [ "$asked" -le "$bus_allowed" ]
        check "$name: memory grows by 32 MiB at most" [ $((most - before)) -le "$rss_allowed" ]
        check "$name: calls that were refused are counted" [ "$(counter calls-refused)" -gt "$refused" ]
        check "$name: and those without an answer by themselves" [ "$(counter calls-unanswered)" -gt "$unanswered" ]
}

bus_start
daemon_start
# The rule counts what the session must have.
nft -f - <<'END'
table inet floods {
        chain input {
                type filter hook input priority 0; policy accept;
                udp dport 9 counter drop
        }
}
END
ip link set lo up
nfttracectl start --name watch --verdicts drop --filter 'udp port 9' --follow >"$work/follow" 2>"$work/follow.err" &
follower=$!
check "root's bound session runs" await 30 bash -c 'nfttracectl list | grep -q watch'
while sleep 0.05; do echo x >/dev/udp/127.0.0.1/9; done 2>"$work/sender.err" &
sender=$!

took=0; longest nfttracectl list; quiet=$took
took=0; longest start_one; quiet+=" ms, start and stop $took"
took=0; longest on_the_bus nfttracectl list
echo "# no flood: list $quiet ms, list on the bus $took ms"
flood "changes without a reply" change
for i in $(seq 5); do
        for _ in $(seq 10); do
                nfttracectl start --verdicts drop --filter 'udp port 11' >>"$work/many.$i" &
        done
        wait $(jobs -p | grep -vx -e "$follower" -e "$sender" -e "$daemon_pid" -e "$bus_pid")
done
check "fifty sessions run" [ "$(cat "$work"/many.? | wc -l)" = 50 ]
flood "everybody's calls" read
check "the flooder got LimitsExceeded" grep -q 'limited [1-9]' "$work"/flood.?
flood "replies that nobody reads" read unread

kill "$sender"
wait "$sender" 2>/dev/null
check "root's bound session continued" grep -q watch <(nfttracectl list)
kill -INT "$follower"
wait "$follower"
dropped=$(nft list chain inet floods input | grep -o 'packets [0-9]*' | cut -d' ' -f2)
check "and lost nothing of $dropped" [ "$(grep -c 'table floods .* drop' "$work/follow")" = "$dropped" ]
check "the daemon kept its connection to the bus" [ "$(counter bus-losses)" = 0 ]
nft delete table inet floods
