#!/bin/bash
# Packs what a guest's scripts start again and again, with the libraries that it takes: the guest
# has it in memory, where a file of the machine costs a question to the emulator each time that it
# is opened.
#
# usage: programs.sh ARCHIVE [BUILD]     the programs named below, and those of this build directory

set -euo pipefail

archive=$1
build=${2:-}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

wanted="awk basename bash bc bpftool busctl cat chmod chown cmp cp cut date dbus-daemon dd diff dirname env expr find gdbus
grep head hostname id ip jq kill ln ls mkdir mkfifo mktemp modprobe mount mv nft nsenter od paste pgrep ping pkill ps
python3 readlink rm rmdir script sed seq setpriv setsid sh sleep socat sort ss stat stty sync sysctl systemctl tail
taskset tc tee timeout touch tr true truncate udevadm umount uniq unshare wc xargs"

# Programs that are not installed are not started either.
for name in $wanted; do
        type -P "$name" || true
done | xargs readlink -e >"$archive.programs"
[ -z "$build" ] || find "$build/client" "$build/daemon" "$build/tests/vm" -maxdepth 1 -type f -executable >>"$archive.programs"
{
        cat "$archive.programs"
        # It fails for what is a script.
        { xargs ldd <"$archive.programs" 2>/dev/null || true; } | grep -oE '/[^ :]+ \(' | tr -d ' (' | sort -u | xargs readlink -e
        find /etc/ld.so.cache /etc/iproute2 /usr/lib/locale/C.utf8 /usr/share/locale/locale.alias /usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache -type f 2>/dev/null || true
} | sort -u >"$archive.files"
# With the directories, so that they stay as they are.
awk -F/ '{ path = ""; for (i = 2; i <= NF; i++) { path = path "/" $i; if (!seen[path]++) print path } }' \
        "$archive.files" | tar -cf "$archive" -C / --no-recursion --absolute-names -T - --transform 's,^/,,'
rm -f "$archive.programs" "$archive.files"
