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

# wait_until SECONDS COMMAND...
wait_until() {
        local end=$((SECONDS + $1))
        shift
        until "$@" >/dev/null 2>&1; do
                [ $SECONDS -lt $end ] || {
                        echo "in vain: $*"
                        return 1
                }
                sleep 0.05
        done
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

# events FILE: what has been printed of events, without the rest.
events() {
        grep -E '^[0-9]+ \(' "$1"
}

# once_each FOLLOWED: all that the journal has, once.
once_each() {
        cmp <(events "$1") <(events "$work/shown")
}

# no_gap FOLLOWED: of what the journal has from the first event in it on, all and once.
no_gap() {
        local first
        first=$(events "$1" | head -n 1)
        [ -n "$first" ] && cmp <(events "$1") <(events "$work/shown" | sed -n "/^${first%% *} /,\$p")
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
