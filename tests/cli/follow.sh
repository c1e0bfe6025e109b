#!/bin/bash
# Followers go on over the daemon's end: each event once, in whatever form, from here and from another host.
. "$(dirname "${BASH_SOURCE[0]}")/kit.sh"

manager_log=$work/manager.log
readied=0

# manager_start: the daemon under a service manager, which begins it again; events come all the time.
manager_start() {
        NFTTRACED_FAKE_EVENTS=3000 python3 "$source_root/tests/vm/service-manager.py" --no-store "$daemon" \
                --state-dir "$work/state" >>"$manager_log" 2>>"$work/daemon.log" &
        daemon_pid=$! # what the end of the test stops
        manager_ready
        gdbus wait --system --timeout 60 org.nfttraced1
}

readied_again() {
        [ "$(grep -c '^ready$' "$manager_log")" -ge "$readied" ]
}

manager_ready() {
        readied=$((readied + 1))
        wait_until 60 readied_again
}

manager_daemon() {
        sed -n 's/^begun \([0-9]*\) .*/\1/p' "$manager_log" | tail -n 1
}

# lines FILE COUNT: it has so many lines and more.
lines() {
        [ "$(wc -l <"$1" 2>/dev/null)" -ge "$2" ]
}

# more FILE: it grows.
more() {
        local before
        before=$(wc -l <"$1")
        wait_until 20 lines "$1" $((before + 100))
}

# restarted SIGNAL FILE...: the daemon gets the signal while the followers are at it, and they go on.
restarted() {
        local signal=$1 file
        shift
        for file in "$@"; do more "$file" || return; done
        if [ "$signal" = HUP ]; then kill -HUP "$daemon_pid"; else kill "-$signal" "$(manager_daemon)"; fi
        manager_ready || return
        for file in "$@"; do more "$file" || return; done
}

again_and_again() {
        restarted KILL "$work/whole" && restarted KILL "$work/whole" && restarted KILL "$work/whole"
}

# events FILE: what has been printed of events, without the rest. Those of several rings, close to one another, may
# be printed in another order when they come one by one.
events() {
        grep -E '^[0-9]+ \(' "$1" | sort -n
}

# once_each FOLLOWED: all that the journal has, once.
once_each() {
        cmp <(events "$1") <(events "$work/shown")
}

# from TIME FILE: the events from that time on.
from() {
        events "$2" | awk -v from="$1" '$1 >= from'
}

# no_gap FOLLOWED: each event once, and from soon after the first on all that the journal has.
no_gap() {
        local early
        early=$(events "$1" | sed -n '50s/ .*//p')
        [ -n "$early" ] && cmp <(from "$early" "$1") <(from "$early" "$work/shown") &&
                cmp <(events "$1") <(events "$1" | uniq)
}

bus_start
manager_start
session=$(nfttracectl start --name web)
nfttracectl follow --from-start web >"$work/whole" 2>"$work/whole.err" &
whole=$!
nfttracectl follow web >"$work/part" 2>"$work/part.err" &
part=$!
nfttracectl follow --from-start --json web >"$work/json" 2>"$work/json.err" &
json=$!
nfttracectl pcap --follow --from-start web -o "$work/capture" 2>"$work/capture.err" &
capture=$!
wait_until 20 test -s "$work/capture"
for signal in KILL HUP; do
        check "followers go on when the daemon gets SIG$signal" restarted "$signal" "$work/whole" "$work/part" "$work/json"
done
check "and when it is killed again and again" again_and_again
nfttracectl stop web >/dev/null
wait $whole
check "the end of the session is the follower's end, with its losses in the exit status" equal $? 3
wait $part $json $capture
nfttracectl show web >"$work/shown" 2>/dev/null
check "events were recorded" lines <(events "$work/shown") 1000
check "each event was printed once" once_each "$work/whole"
check "and from the follower's beginning on" no_gap "$work/part"
check "as JSON, too" equal "$(grep -c '"kernel"' "$work/json")" "$(events "$work/shown" | wc -l)"
check "in a capture, all of the same" equal "$(tail -n 1 "$work/capture.err")" "$(nfttracectl pcap web -o "$work/again" 2>&1 | tail -n 1)"
check "it is told once for each time" equal "$(grep -c '^nfttracectl: nfttraced is back after ' "$work/whole.err")" 5
check "with what is missing" equal "$(grep -cE 'back after [0-9.]+ s: events of [0-9.]+ s are missing, their number is unknown$' "$work/whole.err")" 5
check "and each gap is in its place" equal "$(grep -c 'nfttraced was not running' "$work/whole")" 5
check "nothing else is told" equal "$(grep -vc 'nfttraced is back' "$work/whole.err")" 0

# use_fake: an ssh that does here what it is asked.
use_fake() {
        cat >"$work/bin/systemd-stdio-bridge" <<END
#!/bin/sh
exec /usr/bin/systemd-stdio-bridge --bus-path="$DBUS_SYSTEM_BUS_ADDRESS"
END
        cat >"$work/bin/ssh" <<'END'
#!/bin/sh
while [ "$1" != -- ]; do shift; done
shift 2
exec sh -c "$*"
END
        chmod +x "$work/bin/systemd-stdio-bridge" "$work/bin/ssh"
}

# ended PID STATUS: it ends, with that status.
ended() {
        local got=0
        wait "$1" || got=$?
        equal $got "$2"
}

# bound HOST...: a session that is started and followed in one, from here or from there.
bound() {
        nfttracectl start --follow --name bound "$@" >"$work/bound" 2>"$work/bound.err" &
        local follower=$!
        wait_until 20 lines "$work/bound" 100
        check "start --follow $*: it goes on when the daemon is killed" restarted KILL "$work/bound"
        kill -INT $follower
        check "start --follow $*: Ctrl-C stops the session" ended $follower 3
        nfttracectl show bound >"$work/shown" 2>/dev/null
        check "start --follow $*: each event was printed once" once_each "$work/bound"
        check "start --follow $*: with the books" has "$(tail -n 1 "$work/bound")" "matched $(events "$work/bound" | wc -l) = "
        check "start --follow $*: it was told what is missing" equal "$(grep -c 'nfttraced is back after .* missing' "$work/bound.err")" 1
        check "start --follow $*: and nothing else" equal "$(wc -l <"$work/bound.err")" 1
        nfttracectl remove bound >/dev/null
}

bound
nfttracectl start --limit 3 --name short >"$work/short"
check "a session ends at its limit of events" wait_until 20 bash -c 'nfttracectl list --all | grep -q " short *ended:limit "'
use_fake
bound -H web1

nfttracectl start --name far -H web1 >/dev/null
nfttracectl follow --from-start -H web1 far >"$work/whole" 2>"$work/whole.err" &
whole=$!
nfttracectl pcap --follow --from-start far -H web1 -o "$work/capture" 2>"$work/capture.err" &
capture=$!
wait_until 20 lines "$work/whole" 100
check "from another host they go on, too" restarted KILL "$work/whole"
check "however often" restarted HUP "$work/whole"

# The bus goes, and then the daemon.
kill "$bus_pid"
wait "$bus_pid" 2>/dev/null
bus_start
gdbus wait --system --timeout 60 org.nfttraced1
nfttracectl follow far >"$work/part" 2>"$work/part.err" &
part=$!
wait_until 20 lines "$work/part" 100
check "over another bus" restarted KILL "$work/whole" "$work/part"
nfttracectl stop far >/dev/null
check "the session's end is theirs" ended $whole 3
check "a capture's, too" ended $capture 3
wait $part
nfttracectl show far >"$work/shown" 2>/dev/null
check "there each event was printed once" once_each "$work/whole"
check "and here, from the beginning on" no_gap "$work/part"
check "in the capture, all of the same" equal "$(tail -n 1 "$work/capture.err")" "$(nfttracectl pcap far -o "$work/again" 2>&1 | tail -n 1)"
check "it was told of each time" equal "$(grep -c 'nfttraced is back after ' "$work/whole.err")" 3

# The counters.
nfttracectl top -d 0.1 >"$work/top" 2>"$work/top.err" &
top=$!
wait_until 20 lines "$work/top" 1
kill -USR1 "$daemon_pid"
check "top tells that the daemon is away" wait_until 20 grep -qx 'nfttracectl: nfttraced went away: waiting for it' "$work/top.err"
kill -USR2 "$daemon_pid"
manager_ready
check "and that it is back" wait_until 20 grep -q '^nfttracectl: nfttraced is back after ' "$work/top.err"
rounds=$(wc -l <"$work/top")
check "and goes on" wait_until 20 lines "$work/top" $((rounds + 1))
kill -INT $top
check "until it has enough" ended $top 0

# The session is over.
nfttracectl start --name gone >/dev/null
nfttracectl follow gone >"$work/gone" 2>"$work/gone.err" &
gone=$!
wait_until 20 lines "$work/gone" 100
kill -USR1 "$daemon_pid"
wait_until 60 grep -q '^stopped' "$manager_log"
rm "$work/state/sessions"
kill -USR2 "$daemon_pid"
manager_ready
check "a session that is not gone on with is told" ended $gone 1
check "in a sentence" equal "$(cat "$work/gone.err")" "nfttracectl: the session has ended while nfttraced was away: 'nfttracectl show' prints what it has recorded"
