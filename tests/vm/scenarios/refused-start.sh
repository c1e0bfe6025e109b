#!/bin/bash
# A kernel or a caller that does not have what the daemon needs: one sentence with the remedy, exit
# status 1, and nothing left behind. A daemon that runs reports it on the bus.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

# objects KIND: how many programs, maps or BTF objects the kernel has.
objects() {
        bpftool "$1" show 2>/dev/null | grep -c '^[0-9]\+:'
}

# nothing_left: as many programs and maps as before, which the kernel frees in its own time, and it
# is not armed.
nothing_left() {
        await 30 as_before
}

as_before() {
        echo "$(objects prog) programs, were $programs; $(objects map) maps, were $maps"
        [ "$(objects prog)" -le "$programs" ] && [ "$(objects map)" -le "$maps" ] && not_armed
}

# said_once: what was refused said one sentence, in one line.
said_once() {
        cat "$work/refused.err"
        [ "$(wc -l <"$work/refused.err")" = 1 ]
}

# refuses SENTENCE TEXT COMMAND...
refuses() {
        local sentence=$1
        shift
        check "$sentence" refused 1 "$@"
        check "in one sentence" said_once
        check "and nothing is left" nothing_left
}

bus_start
modprobe nf_tables
programs=$(objects prog)
maps=$(objects map)
daemon=(timeout 120 nfttraced --state-dir "$work/refused")
mkdir -m 755 "$work/nobody"
chown 65534:65534 "$work/nobody"

mount -t tmpfs tmpfs /sys/kernel/btf
refuses "without the kernel's type information" CONFIG_DEBUG_INFO_BTF "${daemon[@]}"
umount /sys/kernel/btf

mkdir "$work/btf"
cp /sys/kernel/btf/vmlinux "$work/btf"
mount --bind "$work/btf" /sys/kernel/btf
refuses "without that of nf_tables" CONFIG_DEBUG_INFO_BTF_MODULES "${daemon[@]}"
head -c 1000 /dev/zero >"$work/btf/vmlinux"
refuses "with one that is no type information" "type information (/sys/kernel/btf/vmlinux)" "${daemon[@]}"
umount /sys/kernel/btf

mount -t tmpfs tmpfs /sys/devices/kprobe
refuses "without kprobes" CONFIG_KPROBE_EVENTS "${daemon[@]}"
umount /sys/devices/kprobe

refuses "as somebody who is not root" "run it as root" \
        setpriv --reuid 65534 --regid 65534 --clear-groups timeout 120 nfttraced --state-dir "$work/nobody"
refuses "who can't write the state" "can't use the state directory" \
        setpriv --reuid 65534 --regid 65534 --clear-groups timeout 120 nfttraced --state-dir "$work/other"
for attach in fentry kprobe; do
        refuses "as root without capabilities, attaching by $attach" "CAP_BPF" \
                setpriv --bounding-set=-all --inh-caps=-all "${daemon[@]}" --attach "$attach"
        refuses "without those for BPF only" "CAP_BPF" \
                setpriv --bounding-set=-sys_admin,-bpf,-perfmon --inh-caps=-all "${daemon[@]}" --attach "$attach"
done

# Refused when nf_tables comes, the daemon stays and says so.
module_unload nf_tables >/dev/null
daemon_start
check "without nf_tables it waits" property_becomes State waiting
mount -t tmpfs tmpfs /sys/kernel/btf
modprobe nf_tables
check "what it lacks when nf_tables comes is reported on the bus" property_becomes Problem CONFIG_DEBUG_INFO_BTF
check "and its state" property_becomes State failed
check "status prints it" sh -c 'nfttracectl status | grep -q CONFIG_DEBUG_INFO_BTF'
check "start reports it, too" refused 1 CONFIG_DEBUG_INFO_BTF nfttracectl start
umount /sys/kernel/btf
session_start --verdicts drop
check "a session that can be started is, without a new daemon" property_becomes State ready
check "and there is no problem any more" property_becomes Problem '""'
session_stop
check "the daemon ends well" daemon_stop
check "and leaves nothing" nothing_left
