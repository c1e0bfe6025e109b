#!/bin/bash
# Installs what building and testing need, on Debian 12 or later, as root.
#
# usage: prepare.sh build|test

set -euo pipefail

build=(gcc libc6-dev meson ninja-build pkg-config clang llvm bpftool libbpf-dev libelf-dev libsystemd-dev libmnl-dev
        libnftables-dev libnftnl-dev libjson-c-dev libglib2.0-dev libpcap-dev libxxhash-dev)
run=(dbus libglib2.0-bin systemd nftables iproute2 kmod procps less)
lab=(qemu-system-x86 busybox-static cpio)
test=(check clang-format clang-tidy bpftrace bc jq tcpdump tshark groff man-db zsh openssh-client openssh-server)
# What guests only need: peers, disks that fail, services and what talks to them.
guest=(socat iputils-ping dmsetup e2fsprogs xfsprogs polkitd firewalld python3-dbus python3-gi gir1.2-glib-2.0)

case ${1:-} in
build) wanted=("${build[@]}" "${run[@]}" "${lab[@]}" check) ;;
test) wanted=("${build[@]}" "${run[@]}" "${lab[@]}" "${test[@]}" "${guest[@]}") ;;
*)
        echo "usage: prepare.sh build|test" >&2
        exit 2
        ;;
esac

missing=()
for package in "${wanted[@]}"; do
        [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done
[ ${#missing[@]} = 0 ] && exit 0
if [ "$(id -u)" != 0 ]; then
        echo "prepare.sh: as root: apt-get install ${missing[*]}" >&2
        exit 1
fi
export DEBIAN_FRONTEND=noninteractive

# Nothing that is installed here starts here: a firewall least of all.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
        trap 'rm -f "$policy"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
fi
# Nor at the next boot.
disable() {
        [[ " ${missing[*]} " != *" firewalld "* ]] || systemctl disable -q firewalld.service
}

# A source that does not answer now is apt's to complain of: what is missing in the end is ours.
apt-get -qq update || true
for attempt in 1 2 3; do
        apt-get -qq install -y --no-install-recommends "${missing[@]}" >/dev/null && disable && exit 0
        echo "prepare.sh: attempt $attempt failed" >&2
        apt-get -qq update || true
done
echo "prepare.sh: these packages could not be installed: ${missing[*]}" >&2
exit 1
