#!/bin/bash
# What the tests of nfttracectl from the outside share beside tests/kit.sh: a daemon whose kernel
# side is one for tests. Sourced; needs root.
#
# usage of those who source it: NAME.sh NFTTRACECTL NFTTRACED SOURCE

set -uo pipefail

# The daemon switches tracing on in a network namespace of the test's own.
[ -n "${NFTTRACED_TEST_NETNS:-}" ] || NFTTRACED_TEST_NETNS=1 exec unshare --net bash "$0" "$@"

ctl=$(readlink -f "$1")
daemon=$(readlink -f "$2")
source_root=$(readlink -f "$3")
work=$(mktemp -d)
# shellcheck source-path=SCRIPTDIR source=../kit.sh
. "$source_root/tests/kit.sh"
chmod 755 "$work"
mkdir "$work/bin" "$work/state"
ln -s "$ctl" "$work/bin/nfttracectl"
export PATH=$work/bin:$PATH LC_ALL=C.UTF-8 NO_COLOR=1
export NFTTRACED_STATE_DIR=$work/elsewhere # what is read, comes from the daemon

daemon_start() {
        "$daemon" --state-dir "$work/state" "$@" 2>>"$work/daemon.log" &
        daemon_pid=$!
        name_await
}

# bridge_to_bus: what ssh runs on the other host, whose bus is the test's: a bridge ignores the
# address in its environment.
bridge_to_bus() {
        cat >"$work/bin/systemd-stdio-bridge" <<END
#!/bin/sh
exec /usr/bin/systemd-stdio-bridge --bus-path="$DBUS_SYSTEM_BUS_ADDRESS"
END
        chmod +x "$work/bin/systemd-stdio-bridge"
}

# ssh_stand_in: an ssh that writes its arguments to $work/asked and runs the command here.
ssh_stand_in() {
        cat >"$work/bin/ssh" <<END
#!/bin/sh
printf '%s\n' "\$*" >>"$work/asked"
while [ "\$1" != -- ]; do shift; done
shift 2
exec sh -c "\$*"
END
        chmod +x "$work/bin/ssh"
}

finish() {
        daemon_stop
        bus_stop
        [ "$failed" = 0 ] || sed 's/^/# daemon: /' "$work/daemon.log" | tail -n 20
        rm -rf "$work"
        checks_sum
        exit $?
}
trap finish EXIT
