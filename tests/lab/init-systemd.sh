#!/bin/bash
# The guest's process 1 before systemd: prepares a small system whose last service is the job, and
# hands over.

# shellcheck source-path=SCRIPTDIR source=guest.sh
. "${BASH_SOURCE[0]%/*}/guest.sh"

# Started by the job's unit, below.
if [ "${1:-}" = job ]; then
        guest_run_job
        guest_end
        exit
fi

guest_mount

units=/etc/systemd/system

# What this machine enables is not the guest's business; what packages ship and the job starts is.
rm -rf "$units"/*.wants "$units"/*.requires
rm -f "$units/default.target"
: >/etc/fstab
# Without an id, systemd would take this for a first boot and apply every preset.
echo 6e6674747261636564206c6162000001 >/etc/machine-id

# Slow, or of no use without hardware. An empty file masks a unit as a link to /dev/null does, and
# takes no process, which is what costs time here.
masked=(
        systemd-udevd.service systemd-udev-trigger.service systemd-udev-settle.service systemd-udevd-control.socket
        systemd-udevd-kernel.socket systemd-hwdb-update.service systemd-tmpfiles-setup.service
        systemd-tmpfiles-setup-dev.service systemd-tmpfiles-clean.timer systemd-modules-load.service
        systemd-binfmt.service systemd-random-seed.service systemd-pstore.service systemd-update-utmp.service
        systemd-update-utmp-runlevel.service systemd-remount-fs.service systemd-journal-flush.service
        systemd-journal-catalog-update.service systemd-machine-id-commit.service systemd-firstboot.service
        systemd-networkd.socket systemd-ask-password-console.path systemd-ask-password-wall.path
        proc-sys-fs-binfmt_misc.automount dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount
        sys-kernel-config.mount ldconfig.service keyboard-setup.service console-setup.service getty.target
        getty@.service serial-getty@.service console-getty.service timers.target cryptsetup.target
        kmod-static-nodes.service e2scrub_reap.service ssh.service
)
rm -f "${masked[@]/#/$units/}"
for unit in "${masked[@]}"; do
        : >"$units/$unit"
done

# A boot that fails ends the guest, which the host sees as a guest without a result.
rm -rf "$units/emergency.service" "$units/rescue.service"
cat >"$units/emergency.service" <<'END'
[Unit]
Description=End of a boot that failed
DefaultDependencies=no
[Service]
Type=oneshot
ExecStart=/bin/sh -c 'echo b >/proc/sysrq-trigger'
END

mkdir -p /etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nForwardToConsole=no\nRateLimitIntervalSec=0\n' >/etc/systemd/journald.conf.d/90-lab.conf

cat >"$units/nfttraced-lab.service" <<END
[Unit]
Description=The job of the lab
Wants=dbus.service
After=basic.target dbus.service

[Service]
Type=simple
StandardInput=null
StandardOutput=null
StandardError=journal
ExecStart=$(readlink -f "${BASH_SOURCE[0]}") job
END

cat >"$units/nfttraced-lab.target" <<'END'
[Unit]
Description=The lab
Requires=basic.target nfttraced-lab.service
After=basic.target
AllowIsolate=yes
END

# What the job needs to be there at boot; without it there is no use in going on.
if [ -e /run/lab/setup ]; then
        bash /run/lab/setup || exit
fi

exec env -i PATH="$PATH" LC_CTYPE="$LC_CTYPE" /lib/systemd/systemd
