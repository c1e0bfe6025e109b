#!/bin/bash
# Runs a command as root in a throw-away guest of the lab, on a kernel of choice, and exits with
# that command's status.
#
# usage: run.sh [--kernel 6.1|6.12|newest] [--init script|systemd] [--icount] [--memory SIZE] [--smp N]
#               [--timeout SECONDS] [--share HOSTDIR] [--env NAME=VALUE]... [--log FILE] [--setup FILE]
#               -- COMMAND [ARGUMENT]...
#
# The guest's root is this machine's / below an overlay: all that is built here runs there as it is,
# in the same directory, and nothing that the guest writes stays, but for what it writes to
# /run/share, which is HOSTDIR. Standard output carries what the command prints, both of its
# streams, byte for byte, and nothing else; the kernel has a serial port of its own, whose log goes
# to FILE on request. With systemd, the script that --setup names is run before systemd is, with the
# same variables: what is to be there at boot.
#
# The exit status is the command's own, except
#   2    the guest was not started: the reason is on standard error
#   124  the guest was still running after the timeout
#   125  the guest went away without a result: panic, reboot, or the boot failed
#   126  the command finished, but the kernel logged a BUG, an oops, a WARNING or a general protection fault

set -euo pipefail

lab=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
cache=${NFTTRACED_LAB:-${XDG_CACHE_HOME:-$HOME/.cache}/nfttraced-lab}

kernel=6.1
init=script
icount=
memory=2G
smp=2
timeout=600
share=
log=
setup=
environment=()

# Lines of a kernel log that mean that the kernel is broken.
splat='^(<[0-9]+>)?(\[[^]]*\])* ?(BUG:|Oops|WARNING:|general protection|kernel BUG at|invalid opcode|divide error)'

die() {
        echo "run.sh: $*" >&2
        exit 2
}

need_value() {
        [ "$2" -ge 2 ] || die "$1 needs a value"
}

while [ $# -gt 0 ]; do
        case $1 in
        --kernel | --init | --memory | --smp | --timeout | --share | --env | --log | --setup)
                need_value "$1" $#
                case $1 in
                --kernel) kernel=$2 ;;
                --init) init=$2 ;;
                --memory) memory=$2 ;;
                --smp) smp=$2 ;;
                --timeout) timeout=$2 ;;
                --share) share=$2 ;;
                --log) log=$2 ;;
                --setup) setup=$2 ;;
                --env)
                        [[ $2 =~ ^[A-Za-z_][A-Za-z_0-9]*= ]] || die "--env needs NAME=VALUE, not \"$2\""
                        environment+=("$2")
                        ;;
                esac
                shift 2
                ;;
        --icount)
                icount=yes
                shift
                ;;
        --)
                shift
                break
                ;;
        *) die "unexpected argument \"$1\": the command comes after --" ;;
        esac
done

[ $# -gt 0 ] || die "no command: run.sh [OPTION]... -- COMMAND [ARGUMENT]..."
[[ $timeout =~ ^[1-9][0-9]*$ ]] || die "--timeout needs a number of seconds, not \"$timeout\""
[[ $smp =~ ^[1-9][0-9]*$ ]] || die "--smp needs a number, not \"$smp\""
case $init in
script | systemd) ;;
*) die "--init is script or systemd, not \"$init\"" ;;
esac
if [ -n "$share" ]; then
        share=$(cd "$share" 2>/dev/null && pwd -P) || die "--share needs a directory that exists"
fi
if [ -n "$setup" ]; then
        [ "$init" = systemd ] || die "--setup is for --init systemd"
        setup=$(readlink -e "$setup") || die "--setup needs a file that exists"
fi
for tool in qemu-system-x86_64 busybox cpio modprobe timeout; do
        command -v "$tool" >/dev/null || die "$tool is missing"
done

if [ ! -s "$cache/$kernel/release" ]; then
        "$lab/kernels.sh" "$kernel" || die "there is no kernel $kernel"
fi
initramfs=$("$lab/initramfs.sh" "$cache/$kernel") || die "no initramfs for the kernel $kernel"

job=$(mktemp -d)
qemu=
# Called by the trap.
# shellcheck disable=SC2317
cleanup() {
        [ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true
        rm -rf "$job"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# What the guest is to do: a script, because that is the one form that keeps every argument as it
# is.
script() {
        echo "cd $(printf %q "$PWD") || exit 127"
        for variable in ${environment[@]+"${environment[@]}"}; do
                echo "export $(printf %q "$variable")"
        done
        echo "exec$(printf ' %q' "$@")"
}
script "$@" >"$job/command"
[ -z "$setup" ] || script bash "$setup" >"$job/setup"
echo "$cache/$kernel" >"$job/kernel"
build=
for variable in ${environment[@]+"${environment[@]}"}; do
        [ "${variable%%=*}" != NFTTRACED_BUILD ] || build=${variable#*=}
done
"$lab/programs.sh" "$job/programs.tar" ${build:+"$build"} || die "the programs can't be packed"

# shellcheck disable=SC2054
arguments=(
        -nodefaults -display none -no-reboot -m "$memory"
        -kernel "$cache/$kernel/vmlinuz" -initrd "$initramfs"
        -chardev stdio,id=output,signal=off -serial chardev:output
        -chardev "file,id=kernel,path=$job/kernel.log" -serial chardev:kernel
        -virtfs local,path=/,mount_tag=host,security_model=none,multidevs=remap,readonly=on
        -virtfs "local,path=$job,mount_tag=job,security_model=none,multidevs=remap"
)
# Where instructions are counted the processor has all that a real one has, and the kernel its
# defences. Elsewhere it goes without what an emulator pays most for: wide registers, a fifth level
# of page tables, a table for user space of its own (flushed at each system call), and libraries at
# another address in each process, whose code is translated anew each time: starting a program takes
# twice as long with them. Nor does it wait for a tick where the kernel can ask the other
# processors: detaching the programs takes a third less.
defences=
if [ -n "$icount" ]; then
        arguments+=(-cpu max -accel "tcg,thread=single" -icount "shift=0,sleep=off" -smp 1)
else
        arguments+=(-cpu "max,la57=off,avx2=off,avx=off,erms=off,fsrm=off" -accel "tcg,thread=multi" -smp "$smp")
        defences=off
fi
[ -z "$share" ] ||
        arguments+=(-virtfs "local,path=${share//,/,,},mount_tag=share,security_model=none,multidevs=remap")

# The watchdogs are off because a guest that waits for a busy host is not a guest that hangs.
cmdline="console=ttyS1 loglevel=5 panic=-1 nowatchdog rcupdate.rcu_cpu_stall_suppress=1"
cmdline+="${defences:+ mitigations=$defences norandmaps init_on_alloc=0 rcupdate.rcu_expedited=1}"
cmdline+=" lab_init=$lab/init-$init.sh${share:+ lab_share=yes}"
if [ "$init" = systemd ]; then
        cmdline+=" systemd.unit=nfttraced-lab.target systemd.show_status=0 systemd.firstboot=0"
fi

timeout --kill-after=10 "$timeout" qemu-system-x86_64 "${arguments[@]}" -append "$cmdline" </dev/null &
qemu=$!
ended=0
wait "$qemu" || ended=$?
qemu=

touch "$job/kernel.log"
[ -z "$log" ] || tr -d '\r' <"$job/kernel.log" >"$log"

finish() {
        local status=$1
        shift

        if tr -d '\r' <"$job/kernel.log" | grep -Eq "$splat|Kernel panic" || [ "$status" -eq 125 ]; then
                echo "run.sh: the end of the kernel's log:" >&2
                tr -d '\r' <"$job/kernel.log" | tail -n 80 >&2
        fi
        echo "run.sh: $*" >&2
        exit "$status"
}

case $ended in
0) ;;
124 | 137) finish 124 "the guest was still running after $timeout s" ;;
*) finish 125 "qemu failed with status $ended" ;;
esac

status=
[ ! -s "$job/status" ] || status=$(cat "$job/status")
if ! [[ $status =~ ^[0-9]+$ ]]; then
        finish 125 "the guest ended without a result"
fi
if tr -d '\r' <"$job/kernel.log" | grep -Eq "$splat"; then
        tr -d '\r' <"$job/kernel.log" | grep -E "$splat" >&2
        finish 126 "the kernel logged a fault; the command's own status was $status"
fi
exit "$status"
