#!/bin/bash
# Followers resume after the daemon has ended: each event once, in every format, from here and from
# another host.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

. "$source_root/tests/manager.sh"

# manager_start: events come all the time. daemon_pid is the service manager's, which the end of the
# test stops.
manager_start() {
        NFTTRACED_FAKE_EVENTS=3000 manager_run --no-store "$daemon" --state-dir "$work/state"
        daemon_pid=$manager_pid
        readied=1
        name_await
}

# ready_again: the next daemon is ready.
ready_again() {
        readied=$((readied + 1))
        manager_ready $readied
}

# more FILE: it grows.
more() {
        local before
        before=$(wc -l <"$1")
        await 20 has_lines "$1" $((before + 100))
}

# restarted SIGNAL FILE...: the daemon gets the signal while the followers read, and they resume.
restarted() {
        local signal=$1 file
        shift
        for file in "$@"; do more "$file" || return; done
        if [ "$signal" = HUP ]; then kill -HUP "$daemon_pid"; else kill "-$signal" "$(manager_daemon)"; fi
        ready_again || return
        for file in "$@"; do more "$file" || return; done
}

again_and_again() {
        restarted KILL "$work/whole" && restarted KILL "$work/whole" && restarted KILL "$work/whole"
}

# events FILE: what has been printed of events, without the rest. Those of several rings, close to
# one another, may be printed in another order when they come one by one.
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
await 20 test -s "$work/capture"
for signal in KILL HUP; do
        check "followers resume when the daemon gets SIG$signal" restarted "$signal" "$work/whole" "$work/part" "$work/json"
done
check "and when it is killed again and again" again_and_again
nfttracectl stop web >/dev/null
wait $whole
check "the end of the session is the follower's end, with its losses in the exit status" equal $? 3
wait $part $json $capture
nfttracectl show web >"$work/shown" 2>/dev/null
check "events were recorded" has_lines <(events "$work/shown") 1000
check "each event was printed once" once_each "$work/whole"
check "and from the follower's beginning on" no_gap "$work/part"
check "as JSON, too" equal "$(grep -c '"kernel"' "$work/json")" "$(events "$work/shown" | wc -l)"
check "in a capture, all of the same" equal "$(tail -n 1 "$work/capture.err")" "$(nfttracectl pcap web -o "$work/again" 2>&1 | tail -n 1)"
check "each return of the daemon is reported once" equal "$(grep -c '^nfttracectl: nfttraced is back after ' "$work/whole.err")" 5
check "with the gap" equal "$(grep -cE 'back after [0-9.]+ s: events of [0-9.]+ s are missing, their number is unknown$' "$work/whole.err")" 5
check "and each gap is in its place" equal "$(grep -c 'nfttraced was not running' "$work/whole")" 5
check "nothing else is reported" equal "$(grep -vc 'nfttraced is back' "$work/whole.err")" 0

# bound HOST...: a session that is started and followed in one, from here or from there.
bound() {
        nfttracectl start --follow --name bound "$@" >"$work/bound" 2>"$work/bound.err" &
        local follower=$!
        await 20 has_lines "$work/bound" 100
        check "start --follow $*: it resumes when the daemon is killed" restarted KILL "$work/bound"
        kill -INT $follower
        check "start --follow $*: Ctrl-C stops the session" exits $follower 3
        nfttracectl show bound >"$work/shown" 2>/dev/null
        check "start --follow $*: each event was printed once" once_each "$work/bound"
        check "start --follow $*: with the totals" has "$(tail -n 1 "$work/bound")" "matched $(events "$work/bound" | wc -l) = "
        check "start --follow $*: the gap is reported" equal "$(grep -c 'nfttraced is back after .* missing' "$work/bound.err")" 1
        check "start --follow $*: and nothing else" equal "$(wc -l <"$work/bound.err")" 1
        nfttracectl remove bound >/dev/null
}

bound
nfttracectl start --limit 3 --name short >"$work/short"
check "a session ends at its limit of events" await 20 bash -c 'nfttracectl list --all | grep -q " short *ended:limit "'
bridge_to_bus
ssh_stand_in
bound -H web1

nfttracectl start --name far -H web1 >/dev/null
nfttracectl follow --from-start -H web1 far >"$work/whole" 2>"$work/whole.err" &
whole=$!
nfttracectl pcap --follow --from-start far -H web1 -o "$work/capture" 2>"$work/capture.err" &
capture=$!
await 20 has_lines "$work/whole" 100
check "from another host they resume, too" restarted KILL "$work/whole"
check "however often" restarted HUP "$work/whole"

# The bus goes, and then the daemon.
kill "$bus_pid"
wait "$bus_pid" 2>/dev/null
bus_start
gdbus wait --system --timeout 60 org.nfttraced1
nfttracectl follow far >"$work/part" 2>"$work/part.err" &
part=$!
await 20 has_lines "$work/part" 100
check "over another bus" restarted KILL "$work/whole" "$work/part"
nfttracectl stop far >/dev/null
check "the session's end is theirs" exits $whole 3
check "a capture's, too" exits $capture 3
wait $part
nfttracectl show far >"$work/shown" 2>/dev/null
check "there each event was printed once" once_each "$work/whole"
check "and here, from the beginning on" no_gap "$work/part"
check "in the capture, all of the same" equal "$(tail -n 1 "$work/capture.err")" "$(nfttracectl pcap far -o "$work/again" 2>&1 | tail -n 1)"
check "each return is reported" equal "$(grep -c 'nfttraced is back after ' "$work/whole.err")" 3

# The counters.
nfttracectl top -d 0.1 >"$work/top" 2>"$work/top.err" &
top=$!
await 20 has_lines "$work/top" 1
kill -USR1 "$daemon_pid"
check "top reports that the daemon is away" await 20 grep -qx 'nfttracectl: nfttraced went away: waiting for it' "$work/top.err"
kill -USR2 "$daemon_pid"
ready_again
check "and that it is back" await 20 grep -q '^nfttracectl: nfttraced is back after ' "$work/top.err"
rounds=$(wc -l <"$work/top")
check "and continues" await 20 has_lines "$work/top" $((rounds + 1))
kill -INT $top
check "until it has enough" exits $top 0

# The session is over.
nfttracectl start --name gone >/dev/null
nfttracectl follow gone >"$work/gone" 2>"$work/gone.err" &
gone=$!
await 20 has_lines "$work/gone" 100
kill -USR1 "$daemon_pid"
await 60 grep -q '^stopped' "$manager_log"
rm "$work/state/sessions"
kill -USR2 "$daemon_pid"
ready_again
check "a session that was not resumed is an error" exits $gone 1
check "in a sentence" equal "$(cat "$work/gone.err")" "nfttracectl: the session has ended while nfttraced was away: 'nfttracectl show' prints what it has recorded"
