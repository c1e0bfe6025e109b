#!/bin/bash
# Runs scenarios in one guest with systemd as its init, with the build installed as a distribution
# would. Exits as the lab's run.sh does.
#
# usage: systemd.sh KERNEL BUILD [SCENARIO...]     names or files; by default all in systemd/, "boot" first

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
kernel=${1:?names the kernel}
build=$(readlink -e "${2:?names the build directory}")
shift 2

root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"
DESTDIR=$root meson install -C "$build" --no-rebuild --quiet
[ -x "$root/usr/sbin/nfttraced" ] || {
        echo "systemd.sh: $build installs elsewhere than to /usr: meson configure $build --prefix=/usr" >&2
        exit 2
}

scenarios=()
if [ $# = 0 ]; then
        scenarios=("$here/systemd/boot.sh")
        for scenario in "$here"/systemd/*.sh; do
                [ "${scenario##*/}" = boot.sh ] || scenarios+=("$scenario")
        done
fi
for name in "$@"; do
        [ -r "$name" ] || name=$here/systemd/$name.sh
        scenarios+=("$(readlink -e "$name")")
done
bash "$here/../lab/run.sh" --kernel "$kernel" --init systemd --smp 1 --timeout "${NFTTRACED_GUEST_TIMEOUT:-1500}" \
        --setup "$here/systemd-setup.sh" --env NFTTRACED_BUILD="$build" --env NFTTRACED_ROOT="$root" \
        --env NFTTRACED_CYCLES="${NFTTRACED_CYCLES:-}" ${NFTTRACED_GUEST_LOG:+--log "$NFTTRACED_GUEST_LOG"} \
        -- bash "$here/all.sh" "${scenarios[@]}"
