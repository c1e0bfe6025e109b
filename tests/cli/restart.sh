#!/bin/bash
# The daemon is killed at any moment while sessions are started and stopped: what was answered
# holds, and nothing is half done. Its kernel side is one for tests, which starts empty each time.
#
# NFTTRACED_RESTARTS: how often.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$source_root/tests/manager.sh"

times=${NFTTRACED_RESTARTS:-12}
declare -A answered=() # sessions that shall run

# killed_within SECONDS [PROCESS...]: and these after it. Returns when the next daemon has started.
killed_within() {
        pause "$1"
        shift
        manager_kill "$@"
}

# moment I: seconds, each time another; on a slow machine more, so that some requests are answered
# before it and some not.
stretch=1
moment() {
        local milliseconds=$((($1 * 37 % 60 + 10) * stretch))
        printf '%d.%03d' $((milliseconds / 1000)) $((milliseconds % 1000))
}

# whole: each session that was answered runs, and each other one has ended.
whole() {
        sessions_whole "$work/state" "${!answered[@]}"
}

bus_start
mkdir -p "$work/state"
manager_run "$daemon" --state-dir "$work/state"
daemon_pid=$manager_pid # which the end of the test stops
manager_settled

wrong=0
for ((i = 0; i < times; i++)); do
        nfttracectl start --filter "udp port $((i + 1))" >"$work/started" 2>/dev/null &
        starter=$!
        killed_within "$(moment "$i")"
        if wait $starter; then
                answered[$(cat "$work/started")]=1
                stretch=1
        elif [ $stretch -lt 32 ]; then
                stretch=$((2 * stretch))
        fi
        manager_settled
        whole >>"$work/wrong" 2>&1 || wrong=$((wrong + 1))
done
check "killed while sessions are started, each is there or was never there ($times times, ${#answered[@]} were answered)" \
        equal "$(head -n 20 "$work/wrong" 2>/dev/null)$wrong" 0
rest=$(nfttracectl list | awk 'NR > 1' | wc -l)
check "some of them were answered" test "${#answered[@]}" -ge 1

wrong=0
: >"$work/wrong"
for ((i = 0; i < times; i++)); do
        id=$(nfttracectl start)
        nfttracectl stop "$id" >"$work/stopped" 2>/dev/null &
        stopper=$!
        killed_within "$(moment "$i")"
        status=0
        wait $stopper || status=$?
        manager_settled
        if [ $status = 0 ] && [[ " $(running)" == *" $id "* ]]; then
                echo "session $id was stopped and runs" >>"$work/wrong"
                wrong=$((wrong + 1))
        fi
        whole >>"$work/wrong" 2>&1 || wrong=$((wrong + 1))
        nfttracectl stop "$id" >/dev/null 2>&1
done
check "killed while sessions are stopped, each runs or has ended ($times times)" equal "$(head -n 20 "$work/wrong")$wrong" 0

# Five daemons that get no further than to resume the sessions.
for pause in 0 0.01 0.02 0.03 0.04; do
        killed_within "$pause"
done
manager_settled
check "five are killed in a row, and the sessions continue" equal "$(running | wc -w)" "$rest"
check "nothing of it was a crash" equal "$(grep -cE '^ended (6|11|256|19968)$' "$manager_log")" 0

# A caller that is killed with the daemon.
nfttracectl start --follow --name bound >"$work/bound" 2>&1 &
caller=$!
check "a session is bound to its caller" await 20 bash -c 'nfttracectl list | grep -q " bound "'
killed_within 0 $caller
manager_settled
wait $caller 2>"$work/killed"
check "it ends when its caller does not come back" await 20 bash -c 'nfttracectl list --all | grep -q " bound *ended:caller-gone "'
