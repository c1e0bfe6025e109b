#!/bin/bash
# The daemon is killed at any moment while sessions are started and stopped: what was answered holds, and nothing is half
# done. Its kernel side is one for tests, which begins anew each time.
#
# NFTTRACED_RESTARTS: how often.
. "$(dirname "${BASH_SOURCE[0]}")/kit.sh"

log=$work/manager.log
times=${NFTTRACED_RESTARTS:-12}
declare -A answered # sessions that shall run

begun() {
        grep -c '^begun' "$log"
}

# settled: the daemon that was begun last is ready, or will be.
settled() {
        local end=$((SECONDS + 60))
        until [ "$(grep -E '^(begun|ready)' "$log" | tail -n 1)" = ready ]; do
                [ $SECONDS -lt $end ] || return 1
                sleep 0.02
        done
        gdbus wait --system --timeout 60 org.nfttraced1
}

# killed_within SECONDS [PROCESS...]: and these after it. The next daemon has begun when this returns.
killed_within() {
        local before
        before=$(begun)
        sleep "$1"
        shift
        kill -KILL "$(sed -n 's/^begun \([0-9]*\) .*/\1/p' "$log" | tail -n 1)" "$@"
        until [ "$(begun)" -gt "$before" ]; do sleep 0.02; done
}

# moment I: seconds, each time a little more.
moment() {
        echo "0.0$(($1 * 37 % 60 + 10))"
}

# running: ids that the daemon lists; directories: ids that have one.
running() {
        nfttracectl list | awk 'NR > 1 { print $1 }' | sort -n | tr '\n' ' '
}

directories() {
        find "$work/state" -mindepth 1 -maxdepth 1 -type d -printf '%f\n' | sort -n | tr '\n' ' '
}

# has_ended ID: by its journal, which may have a gap.
has_ended() {
        nfttracectl show --no-pager "$1" >"$work/shown" || [ $? = 3 ] || return 1
        grep -q "^-- session $1: matched" "$work/shown"
}

# whole: each session that was answered runs, whatever runs has a directory, and who has one and does not run has ended.
whole() {
        local id listed
        listed=" $(running)"
        for id in "${!answered[@]}"; do
                [[ $listed == *" $id "* ]] || {
                        echo "session $id was answered and is not there"
                        return 1
                }
        done
        for id in $listed; do
                if has_ended "$id"; then
                        echo "session $id runs and has ended"
                        return 1
                fi
        done
        for id in $(directories); do
                [[ $listed == *" $id "* ]] || has_ended "$id" || {
                        echo "session $id has neither begun nor ended"
                        nfttracectl show --no-pager "$id"
                        return 1
                }
        done
}

bus_start
mkdir -p "$work/state"
python3 "$source_root/tests/vm/service-manager.py" "$daemon" --state-dir "$work/state" >"$log" 2>>"$work/daemon.log" &
daemon_pid=$!
until [ -s "$log" ]; do sleep 0.02; done
settled

wrong=0
for ((i = 0; i < times; i++)); do
        nfttracectl start --filter "udp port $((i + 1))" >"$work/started" 2>/dev/null &
        starter=$!
        killed_within "$(moment "$i")"
        if wait $starter; then
                answered[$(cat "$work/started")]=1
        fi
        settled
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
        settled
        if [ $status = 0 ] && [[ " $(running)" == *" $id "* ]]; then
                echo "session $id was stopped and runs" >>"$work/wrong"
                wrong=$((wrong + 1))
        fi
        whole >>"$work/wrong" 2>&1 || wrong=$((wrong + 1))
        nfttracectl stop "$id" >/dev/null 2>&1
done
check "killed while sessions are stopped, each runs or has ended ($times times)" equal "$(head -n 20 "$work/wrong")$wrong" 0

# Five daemons that get no further than to go on.
for pause in 0 0.01 0.02 0.03 0.04; do
        killed_within "$pause"
done
settled
check "five are killed in a row, and sessions go on" equal "$(running | wc -w)" "$rest"
check "nothing of it was a crash" equal "$(grep -cE '^ended (6|11|256|19968)$' "$log")" 0

# A caller that is killed with the daemon.
nfttracectl start --follow --name bound >"$work/bound" 2>&1 &
caller=$!
check "a session is bound to its caller" wait_until 20 bash -c 'nfttracectl list | grep -q " bound "'
killed_within 0 $caller
settled
wait $caller 2>"$work/killed"
check "it ends when its caller does not come back" wait_until 20 bash -c 'nfttracectl list --all | grep -q " bound *ended:caller-gone "'
