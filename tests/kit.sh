# What all tests written for the shell share: checks that print a line each, comparisons for them,
# waiting, a bus of the test's own, and a daemon on it. Sourced by tests that have a directory of
# their own, named by $work, and the source in $source_root. What is called often starts no program:
# starting one costs an emulated processor tens of milliseconds.
# shellcheck shell=bash

checks=0
failed=0
bus_pid=
daemon_pid=
exec {kit_silence}<> <(:) # a pipe that nobody writes to

# check SENTENCE COMMAND...: one line of result.
check() {
        local sentence=$1
        shift
        checks=$((checks + 1))
        if "$@" >"$work/check.out" 2>&1; then
                echo "ok - $sentence"
        else
                echo "not ok - $sentence"
                sed 's/^/#   /' "$work/check.out" | head -n 40
                failed=$((failed + 1))
        fi
}

# checks_sum: the summary that Check prints, which run.sh counts.
checks_sum() {
        echo "$((checks ? (checks - failed) * 100 / checks : 0))%: Checks: $checks, Failures: $failed, Errors: 0"
        [ "$failed" = 0 ] && [ "$checks" != 0 ]
}

# pause SECONDS: sleep without a program.
pause() {
        read -r -t "$1" -u "$kit_silence" || :
}

# await SECONDS COMMAND...: until it succeeds, on an idle machine in SECONDS, on a busy one in three
# times as many. The pause between two attempts is as long as the attempt was, so that what is
# awaited has at least half of a processor.
await() {
        local end=$((SECONDS + 3 * $1)) began took
        shift
        until
                began=${EPOCHREALTIME//[!0-9]/}
                "$@" >"$work/await.out" 2>&1
        do
                [ $SECONDS -lt $end ] || {
                        echo "this did not come true: $*"
                        cat "$work/await.out"
                        return 1
                }
                took=$((${EPOCHREALTIME//[!0-9]/} - began))
                [ $took -ge 50000 ] || took=50000
                [ $took -le 500000 ] || took=500000
                printf -v took '0.%06d' $took
                pause "$took"
        done
}

# equal VALUE EXPECTED
equal() {
        [ "$1" = "$2" ] || {
                printf 'expected: %s\ngot:      %s\n' "$2" "$1"
                return 1
        }
}

# at_least VALUE LEAST
at_least() {
        [ "$1" -ge "$2" ] || {
                echo "$1 is less than $2"
                return 1
        }
}

# has TEXT PART
has() {
        [[ $1 == *"$2"* ]] || {
                printf 'expected in it: %s\ngot: %s\n' "$2" "$1"
                return 1
        }
}

# file_has FILE TEXT: a line of the file has the text in it.
file_has() {
        grep -qF -- "$2" "$1" || {
                printf 'expected in it: %s\nits end:\n' "$2"
                tail -n 30 "$1"
                return 1
        }
}

# has_lines FILE COUNT: at least that many.
has_lines() {
        at_least "$(wc -l <"$1")" "$2"
}

# exits PID STATUS: waits for a program in the background, whose exit status is STATUS.
exits() {
        local got=0
        wait "$1" || got=$?
        equal $got "$2"
}

# refused STATUS TEXT COMMAND...: the command exits with STATUS and has TEXT in a line of standard
# error.
refused() {
        local status=$1 text=$2 got=0 error
        shift 2
        "$@" >"$work/refused.out" 2>"$work/refused.err" || got=$?
        IFS= read -r -d '' error <"$work/refused.err"
        [ "$got" = "$status" ] || {
                cat "$work/refused.out" "$work/refused.err"
                echo "exit status $got, not $status"
                return 1
        }
        [[ $error == *"$text"* ]] || {
                cat "$work/refused.out" "$work/refused.err"
                echo "standard error does not say: $text"
                return 1
        }
}

# bus_start: a system bus of the test's own, with the policy in $bus_policy, the project's by
# default; every program that the test starts finds it by its address, and root the daemon by the
# socket $bus_private_socket, if that is set.
bus_start() {
        export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus
        [ -z "${bus_private_socket:-}" ] || export NFTTRACED_PRIVATE_SOCKET=$bus_private_socket
        chmod 755 "$work"
        sed -e "s,@socket@,$work/bus," -e "s,@policy@,${bus_policy:-$source_root/dbus/org.nfttraced1.conf}," \
                "$source_root/tests/bus/bus.conf.in" >"$work/bus.conf"
        exec {bus_address}< <(exec dbus-daemon --nofork --nopidfile --config-file="$work/bus.conf" --print-address=1 2>>"$work/bus.log")
        bus_pid=$!
        read -r -u "$bus_address" _ || {
                echo "not ok - the bus starts"
                exit 1
        }
}

bus_stop() {
        [ -n "$bus_pid" ] || return 0
        kill "$bus_pid" 2>/dev/null
        bus_pid=
}

# name_await: returns when a daemon has its name on the bus.
name_await() {
        gdbus wait --system --timeout 60 org.nfttraced1
}

# daemon_stop: returns the exit status of the daemon.
daemon_stop() {
        [ -n "$daemon_pid" ] || return 0
        kill -TERM "$daemon_pid" 2>/dev/null
        wait "$daemon_pid"
        local status=$?
        daemon_pid=
        return $status
}
