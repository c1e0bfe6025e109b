#!/bin/bash
# The daemon under a small service manager, for scenarios that kill it. Sourced after lib.sh.

# shellcheck source-path=SCRIPTDIR source=../manager.sh
. "$source_root/tests/manager.sh"

# manager_start [--no-store]: the daemon under a service manager. The program that it starts is
# $work/nfttraced.
manager_start() {
        mkdir -p "$NFTTRACED_STATE_DIR"
        printf '[Daemon]\nRingSize=64M\nDropCounters=%s\nDropSummaryInterval=1s\n' "${manager_counters:-no}" >"$work/nfttraced.conf"
        ln -sfn "$build/daemon/nfttraced" "$work/nfttraced"
        manager_run "$@" "$work/nfttraced" --state-dir "$NFTTRACED_STATE_DIR" --config "$work/nfttraced.conf" \
                ${NFTTRACED_ATTACH:+--attach "$NFTTRACED_ATTACH"}
}

daemon_is() {
        equal "$(readlink "/proc/$(manager_daemon)/exe")" "$1"
}

# manager_upgrade PROGRAM: the daemon is killed, and the next one is that.
manager_upgrade() {
        kill -STOP "$manager_pid"
        kill -KILL "$(manager_daemon)"
        ln -sfn "$1" "$work/nfttraced"
        kill -CONT "$manager_pid"
        manager_await daemon_is "$1"
        manager_settled
}

journaled() {
        session_property Journaled
}

journaled_is_at_least() {
        at_least "$(journaled)" "$1"
}

# journaled_becomes COUNT
journaled_becomes() {
        await 60 journaled_is_at_least "$1"
}

# nothing_runs: it is not armed, and no daemon has a program or a link. nothing_left: nor a map. The
# kernel frees in its own time.
nothing_runs() {
        await 30 nothing_attached
}

nothing_left() {
        await 30 nothing_there
}

nothing_attached() {
        not_armed && ! programs_of_ours &&
                ! bpftool link show | grep -E '(perf_event|tracing|raw_tracepoint) +prog'
}

nothing_there() {
        nothing_attached && ! bpftool map show | grep -E 'name (drop_|frames|tracker|rings|[a-z]+_stages|pipelin)'
}

# numbered COUNT TIMES [--at-most]: each of the packets is in the journal so often.
numbered() {
        nfttracectl pcap "$session" -o "$work/numbers.pcapng" 2>"$work/numbers.err" || [ $? = 3 ] || return 1
        python3 -IS "$here/journal-numbers.py" "$work/numbers.pcapng" "$@"
}
