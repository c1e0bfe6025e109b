#!/bin/bash
# Runs a command with a D-Bus system bus of its own at the standard address, for guests without
# systemd.
#
# usage: [NFTTRACED_BUS_POLICY=FILE] with-bus.sh COMMAND [ARGUMENT]...
#
# The bus has the configuration that dbus ships, and that of FILE, such as the project's bus policy.
# It ends with the command, whose status is this script's. Because the address is the standard one,
# this is for a guest, and as root.

set -euo pipefail

die() {
        echo "with-bus.sh: $*" >&2
        exit 125
}

[ $# -gt 0 ] || die "usage: with-bus.sh COMMAND [ARGUMENT]..."
[ "$(id -u)" = 0 ] || die "a system bus needs root"
[ ! -S /run/dbus/system_bus_socket ] || die "there is a system bus already"

policy=${NFTTRACED_BUS_POLICY:-}
include=
if [ -n "$policy" ]; then
        policy=$(readlink -f "$policy")
        [ -r "$policy" ] || die "can't read the bus policy $NFTTRACED_BUS_POLICY"
        include="<include>$policy</include>"
fi

mkdir -p /run/dbus
cat >/run/dbus/lab.conf <<END
<!DOCTYPE busconfig>
<busconfig>
  <include>/usr/share/dbus-1/system.conf</include>
  $include
</busconfig>
END

# The daemon prints its address when it listens; it closes the pipe when it fails.
exec {address}< <(exec dbus-daemon --nofork --nopidfile --config-file=/run/dbus/lab.conf --print-address=1)
bus=$!
trap 'kill "$bus" 2>/dev/null || true' EXIT
read -r -u "$address" _ || die "the bus did not start"

status=0
"$@" || status=$?
exit "$status"
