# What every init of the lab does in the guest; sourced, not run.
# shellcheck shell=bash

export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Of the locale only the characters are wanted, by the name that it has on disk: each program opens
# a file for every other part of it, and one for every other way to write its name.
export HOME=/root USER=root LOGNAME=root SHELL=/bin/bash LC_CTYPE=C.utf8 TERM=dumb

# Mounts what a running system has, the share with the job, and the kernel's modules.
guest_mount() {
        local kernel release

        mount -t proc -o nosuid,nodev,noexec proc /proc
        mount -t sysfs -o nosuid,nodev,noexec sysfs /sys
        mount -t devtmpfs -o nosuid,mode=755 devtmpfs /dev
        mkdir -p /dev/pts /dev/shm
        mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
        mount -t tmpfs -o nosuid,nodev tmpfs /dev/shm
        mount -t tmpfs -o nosuid,nodev,mode=755 tmpfs /run
        mount -t cgroup2 -o nosuid,nodev,noexec cgroup2 /sys/fs/cgroup
        mount -t bpf -o nosuid,nodev,noexec,mode=700 bpf /sys/fs/bpf
        mount -t debugfs -o nosuid,nodev,noexec debugfs /sys/kernel/debug
        mount -t tracefs -o nosuid,nodev,noexec tracefs /sys/kernel/tracing
        ln -sf /proc/self/fd /dev/fd
        ln -sf /proc/self/fd/0 /dev/stdin
        ln -sf /proc/self/fd/1 /dev/stdout
        ln -sf /proc/self/fd/2 /dev/stderr

        # No host data is cached on these two: they are for files that the other side is to see at
        # once.
        mkdir -p /run/lab /run/lock
        mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 job /run/lab
        if [ "${lab_share:-}" = yes ]; then
                mkdir -p /run/share
                mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 share /run/share
        fi

        kernel=$(</run/lab/kernel)
        release=$(</proc/sys/kernel/osrelease)
        mkdir -p /lib/modules /boot
        ln -sfn "$kernel/modules" "/lib/modules/$release"
        [ ! -e "$kernel/config" ] || ln -sf "$kernel/config" "/boot/config-$release"

        # Where the machine itself is a container: the guest is none.
        rm -f /.dockerenv

        echo nfttraced-lab >/proc/sys/kernel/hostname
        ip link set lo up
}

# Runs the job and records its status where the host reads it.
guest_run_job() {
        local status=0

        stty -F /dev/ttyS0 raw -echo
        setsid --wait bash /run/lab/command </dev/null >/dev/ttyS0 2>&1 || status=$?
        # Waits until all the output is out.
        stty -F /dev/ttyS0 raw -echo
        echo "$status" >/run/lab/status.new
        mv /run/lab/status.new /run/lab/status
        sync -f /run/lab/status
}

# Ends the guest at once: nothing in it is worth keeping.
guest_end() {
        echo b >/proc/sysrq-trigger
}
