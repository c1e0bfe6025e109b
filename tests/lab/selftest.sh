#!/bin/bash
# Proves that the lab reports the truth: statuses come back, faults are noticed, and the guest can
# do what tests need.
#
# usage: selftest.sh [6.1|6.12|newest]...
#
# Without arguments: 6.1 and 6.12. Ends with status 1 when a check failed. It takes about two
# minutes a kernel.

# Commands for the guest are in single quotes on purpose.
# shellcheck disable=SC2016

set -euo pipefail

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
kernel=
failed=0
output=$(mktemp)
share=$(mktemp -d)
trap 'rm -rf "$output" "$share"' EXIT

# expect STATUS[|STATUS] DESCRIPTION [OPTION]... -- COMMAND...: one guest, the status it has to end
# with.
expect() {
        local wanted=$1 description=$2 status=0
        shift 2

        "$lab/run.sh" --kernel "$kernel" --timeout 120 "$@" >"$output" 2>&1 || status=$?
        case "|$wanted|" in
        *"|$status|"*) echo "ok: $kernel: $description" ;;
        *)
                echo "FAILED: $kernel: $description: status $status instead of $wanted"
                sed 's/^/    /' "$output"
                failed=1
                ;;
        esac
}

[ $# -gt 0 ] || set -- 6.1 6.12
for kernel in "$@"; do
        expect 0 "a command that succeeds gives 0" -- true
        expect 7 "a command that fails gives its status" -- sh -c 'exit 7'
        expect 127 "a command that does not exist gives 127" -- no-such-command-in-the-guest
        expect 143 "a command that a signal kills gives 128 and the signal" -- sh -c 'kill -TERM $$'
        expect 0 "arguments, variables and the directory arrive as they are" \
                --env "A=b 'c' \$d" --share "$share" -- \
                bash -c '[ "$1" = "x  y" ] && [ -z "$2" ] && [ "$A" = "b '\''c'\'' \$d" ] && [ "$PWD" = "$3" ] &&
                        echo hello >/run/share/file && printf "a\nb\r\n"' sh "x  y" "" "$PWD"
        [ "$(cat "$share/file")" = hello ] || { echo "FAILED: $kernel: the share is written"; failed=1; }
        [ "$(od -An -c "$output" | tr -d ' \n')" = 'a\nb\r\n' ] ||
                { echo "FAILED: $kernel: output is passed on byte for byte"; failed=1; }
        rm -f "$share/file"
        expect 125 "a panic gives 125" -- sh -c 'echo c >/proc/sysrq-trigger; sleep 60'
        expect 125 "a reboot gives 125" -- sh -c 'echo b >/proc/sysrq-trigger; sleep 60'
        expect 126 "a warning of the kernel gives 126" -- sh -c 'echo "<4>WARNING: a test" >/dev/kmsg'
        expect 124 "a hang gives 124" --timeout 20 -- sleep infinity
        expect 0 "with icount there is one CPU, and a command runs" --icount -- sh -c '[ "$(nproc)" = 1 ]'
        expect 5 "systemd runs the command with a bus" --init systemd -- \
                sh -c '[ "$(cat /proc/1/comm)" = systemd ] && busctl --system status org.freedesktop.systemd1 && exit 5'
        expect 4 "a bus without systemd" -- "$lab/with-bus.sh" \
                sh -c 'busctl --system call org.freedesktop.DBus / org.freedesktop.DBus GetId && exit 4'
        expect 0 "the kernel has what tests need" -- "$lab/selftest-guest.sh"
done
exit "$failed"
