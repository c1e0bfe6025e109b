#!/bin/bash
# The daemon under a small service manager, for scenarios that kill it. Sourced after lib.sh.

manager_pid=
manager_log=$work/manager.log

# manager_start [--no-store]: the daemon under a service manager. The one that it begins is $work/nfttraced.
manager_start() {
        mkdir -p "$NFTTRACED_STATE_DIR"
        printf '[Daemon]\nRingSize=256M\nDropCounters=%s\nDropSummaryInterval=1s\n' "${manager_counters:-no}" >"$work/nfttraced.conf"
        ln -sfn "$build/daemon/nfttraced" "$work/nfttraced"
        python3 "$here/service-manager.py" ${1:+"$1"} "$work/nfttraced" --state-dir "$NFTTRACED_STATE_DIR" \
                --config "$work/nfttraced.conf" ${NFTTRACED_ATTACH:+--attach "$NFTTRACED_ATTACH"} >"$manager_log" 2>>"$daemon_log" &
        manager_pid=$!
        manager_ready 1
}

# manager_ready COUNT: waits until a daemon was ready that often.
manager_ready() {
        local end=$((SECONDS + 90))
        until [ "$(grep -c '^ready$' "$manager_log")" -ge "$1" ]; do
                [ $SECONDS -lt $end ] || {
                        echo "not ok - the daemon is ready for the time number $1"
                        sed 's/^/#   /' "$manager_log"
                        exit 1
                }
                sleep 0.05
        done
}

manager_daemon() {
        sed -n 's/^begun \([0-9]*\) .*/\1/p' "$manager_log" | tail -n 1
}

# manager_settled: waits until the daemon that was begun last is ready.
manager_settled() {
        local end=$((SECONDS + 90))
        until [ "$(grep -E '^(begun|ready)' "$manager_log" | tail -n 1)" = ready ]; do
                [ $SECONDS -lt $end ] || {
                        echo "not ok - the daemon is ready"
                        sed 's/^/#   /' "$manager_log"
                        exit 1
                }
                sleep 0.05
        done
        gdbus wait --system --timeout 60 org.nfttraced1
}

manager_begun() {
        grep -c '^begun' "$manager_log"
}

# manager_kill: the next daemon has begun when this returns.
manager_kill() {
        local before
        before=$(manager_begun)
        kill -KILL "$(manager_daemon)"
        until [ "$(manager_begun)" -gt "$before" ]; do sleep 0.02; done
}

# manager_upgrade PROGRAM: the daemon is killed, and the next one is that.
manager_upgrade() {
        kill -STOP "$manager_pid"
        kill -KILL "$(manager_daemon)"
        ln -sfn "$1" "$work/nfttraced"
        kill -CONT "$manager_pid"
        until [ "$(readlink "/proc/$(manager_daemon)/exe")" = "$1" ]; do sleep 0.05; done
        manager_settled
}

manager_stop() {
        kill -TERM "$manager_pid"
        wait "$manager_pid"
        local status=$?
        manager_pid=
        return $status
}

journaled() {
        busctl get-property org.nfttraced1 "/org/nfttraced1/session/$session" org.nfttraced1.Session Journaled | awk '{print $2}'
}

# journaled_becomes COUNT
journaled_becomes() {
        local end=$((SECONDS + 60)) got
        until got=$(journaled) && [ "$got" -ge "$1" ]; do
                [ $SECONDS -lt $end ] || {
                        echo "journaled is $got"
                        return 1
                }
                sleep 0.05
        done
}

# nothing_runs: no arming, program or link of a daemon that may be there, with its maps. nothing_left: nor a map. The
# kernel frees in its own time.
nothing_runs() {
        await 30 nothing_attached
}

nothing_left() {
        await 30 nothing_there
}

nothing_attached() {
        not_armed && ! bpftool prog show | grep -E 'nfttraced|kprobe_|fentry_|probe_|matcher' &&
                ! bpftool link show | grep -E '(perf_event|tracing|raw_tracepoint) +prog'
}

nothing_there() {
        nothing_attached && ! bpftool map show | grep -E 'name (drop_|frames|tracker|rings|[a-z]+_stages|pipelin)'
}

# numbered COUNT TIMES [--at-most]: each of the packets is in the journal so often.
numbered() {
        nfttracectl pcap "$session" -o "$work/numbers.pcapng" 2>"$work/numbers.err" || [ $? = 3 ] || return 1
        python3 "$here/journal-numbers.py" "$work/numbers.pcapng" "$@"
}
