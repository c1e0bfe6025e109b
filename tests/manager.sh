# A daemon under a small service manager, for tests that kill it and start it again. Sourced after
# kit.sh.
# shellcheck shell=bash

manager_pid=
manager_log=$work/manager.log

# manager_run [--no-store] COMMAND...: returns when the daemon is ready; its standard error is added
# to $work/daemon.log.
manager_run() {
        # The log of an earlier one has lines that would be taken for this one's.
        : >"$manager_log"
        python3 -IS "$source_root/tests/service-manager.py" "$work/notify" "$@" >>"$manager_log" 2>>"$work/daemon.log" &
        manager_pid=$!
        manager_ready 1
}

# manager_count WORD: how many lines of the manager's log begin with it.
manager_count() {
        local word count=0
        while read -r word _; do
                [ "$word" != "$1" ] || count=$((count + 1))
        done <"$manager_log"
        echo $count
}

manager_begun() {
        manager_count begun
}

# manager_has COUNT WORD: that many lines, and more.
manager_has() {
        at_least "$(manager_count "$2")" "$1"
}

# manager_await COMMAND...: ends the test if it does not come true.
manager_await() {
        await 90 "$@" || {
                echo "not ok - the service manager has the daemon ready"
                sed 's/^/#   /' "$manager_log"
                exit 1
        }
}

# manager_ready COUNT: waits until a daemon was ready that often.
manager_ready() {
        manager_await manager_has "$1" ready
}

last_is_ready() {
        local word last=
        while read -r word _; do
                case $word in begun | ready) last=$word ;; esac
        done <"$manager_log"
        equal "$last" ready
}

# manager_settled: waits until the daemon that was started last is ready.
manager_settled() {
        manager_await last_is_ready
        name_await
}

# manager_daemon: the PID of the daemon that was started last.
manager_daemon() {
        local word pid last
        while read -r word pid _; do
                [ "$word" != begun ] || last=$pid
        done <"$manager_log"
        echo "$last"
}

# manager_kill [PID...]: the daemon, and these after it. Returns when the next daemon has started.
manager_kill() {
        local before
        before=$(manager_begun)
        kill -KILL "$(manager_daemon)" "$@"
        manager_await manager_has $((before + 1)) begun
}

manager_stop() {
        kill -TERM "$manager_pid"
        wait "$manager_pid"
        local status=$?
        manager_pid=
        return $status
}

# running: ids of the sessions that the daemon lists. has_ended ID: by its journal, which may have a
# gap.
running() {
        nfttracectl list | awk 'NR > 1 { print $1 }' | sort -n | tr '\n' ' '
}

has_ended() {
        nfttracectl show --no-pager "$1" >"$work/shown" || [ $? = 3 ] || return 1
        grep -q "^-- session $1: matched" "$work/shown"
}

# sessions_whole STATE ID...: these run; each that runs has a journal in the directory STATE which
# has not ended, and each other one there has ended.
sessions_whole() {
        local id listed state=$1
        shift
        listed=" $(running)"
        for id in "$@"; do
                [[ $listed == *" $id "* ]] || {
                        echo "session $id was answered and is not there"
                        return 1
                }
        done
        for id in $listed; do
                [ -d "$state/$id" ] || {
                        echo "session $id runs and has no journal"
                        return 1
                }
        done
        for id in $(find "$state" -mindepth 1 -maxdepth 1 -type d -printf '%f\n'); do
                if [[ $listed == *" $id "* ]]; then
                        if has_ended "$id"; then
                                echo "session $id runs and has ended"
                                return 1
                        fi
                elif ! has_ended "$id"; then
                        echo "session $id has neither begun nor ended"
                        nfttracectl show --no-pager "$id"
                        return 1
                fi
        done
}
