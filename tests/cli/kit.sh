#!/bin/bash
# What the tests of nfttracectl from the outside share: a bus and a daemon of their own, whose kernel side is one for
# tests; checks that print a line each, and their sum as Check says it. Sourced; needs root.
#
# usage of those who source it: NAME.sh NFTTRACECTL NFTTRACED SOURCE

set -uo pipefail

# The daemon switches tracing on in a network namespace of the test's own.
[ -n "${NFTTRACED_TEST_NETNS:-}" ] || NFTTRACED_TEST_NETNS=1 exec unshare --net bash "$0" "$@"

ctl=$(readlink -f "$1")
daemon=$(readlink -f "$2")
source_root=$(readlink -f "$3")
work=$(mktemp -d)
# shellcheck source-path=SCRIPTDIR source=../checks.sh
. "$source_root/tests/checks.sh"
chmod 755 "$work"
mkdir "$work/bin" "$work/state"
ln -s "$ctl" "$work/bin/nfttracectl"
export PATH=$work/bin:$PATH LC_ALL=C.UTF-8 NO_COLOR=1
export NFTTRACED_STATE_DIR=$work/elsewhere # what is read, comes from the daemon
export DBUS_SYSTEM_BUS_ADDRESS=unix:path=$work/bus
daemon_pid=
bus_pid=

bus_start() {
        sed -e "s,@socket@,$work/bus," -e "s,@policy@,${bus_policy:-$source_root/dbus/org.nfttraced1.conf}," "$source_root/tests/bus/bus.conf.in" >"$work/bus.conf"
        exec {address}< <(exec dbus-daemon --nofork --nopidfile --config-file="$work/bus.conf" --print-address=1 2>/dev/null)
        bus_pid=$!
        read -r -u "$address" _
}

daemon_start() {
        "$daemon" --state-dir "$work/state" "$@" 2>>"$work/daemon.log" &
        daemon_pid=$!
        gdbus wait --system --timeout 60 org.nfttraced1
}

daemon_stop() {
        [ -n "$daemon_pid" ] || return 0
        kill "$daemon_pid"
        wait "$daemon_pid"
        daemon_pid=
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

finish() {
        daemon_stop
        [ -z "$bus_pid" ] || kill "$bus_pid"
        [ "$failed" = 0 ] || sed 's/^/# daemon: /' "$work/daemon.log" | tail -n 20
        rm -rf "$work"
        checks_sum
        exit $?
}
trap finish EXIT
