#!/bin/bash
# What became of the boot, before anything else is done.
. "$(dirname "${BASH_SOURCE[0]}")/../systemd-lib.sh"

check "the boot's firewall is there" systemctl is-active nftables.service
check "nfttraced runs since the boot" systemctl is-active nfttraced.service
