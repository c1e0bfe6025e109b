#!/bin/bash
# What the guest with systemd has before systemd starts: the build, installed, and a firewall of the
# boot's own with a recorder that is to see its first rule. The scenario systemd/boot.sh looks at
# what became of it.

set -euo pipefail

# Through tar, which goes through links such as /lib where cp does not.
tar -C "${NFTTRACED_ROOT:?names the installed tree}" -c . | tar -C / -x --keep-directory-symlink --no-overwrite-dir
# An emulated machine, beside others, takes its time.
mkdir -p /usr/lib/systemd/system/nfttraced.service.d
cat >/usr/lib/systemd/system/nfttraced.service.d/00-lab.conf <<'END'
[Service]
TimeoutStartSec=90
TimeoutStopSec=90
END
systemctl -q enable nfttraced.service nftables.service

# Traffic that comes with the firewall: the first packets that any rule sees.
cat >/etc/systemd/system/boot-traffic.service <<'END'
[Unit]
Description=The first packets
DefaultDependencies=no
After=nftables.service
Before=network-pre.target
[Service]
Type=oneshot
ExecStart=/bin/bash -c 'for n in {1..20}; do echo $n >/dev/udp/127.0.0.1/4242; done'
END
mkdir -p /etc/nfttraced
cat >/etc/nfttraced/nfttraced.conf <<'END'
[Session boot]
Verdicts=drop
END
cat >/etc/nftables.conf <<'END'
#!/usr/sbin/nft -f
flush ruleset
table inet boot {
        chain input {
                type filter hook input priority filter; policy accept;
                udp dport 4242 counter drop comment "the first rule"
        }
}
END

# The lab's target is not multi-user.target, which would take too much with it.
wants=/etc/systemd/system/nfttraced-lab.target.wants
mkdir -p "$wants"
ln -sf /etc/systemd/system/boot-traffic.service "$wants/"
cp -a /etc/systemd/system/multi-user.target.wants/. "$wants/"
