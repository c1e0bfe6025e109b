#!/bin/bash
# The bus contract with the real daemon on a real kernel; runs in a guest of the lab, as root.
#
# usage: NFTTRACED_BUILD=DIRECTORY contract.sh
. "$(dirname "${BASH_SOURCE[0]}")/../vm/lib.sh"

modprobe nf_tables
export NFTTRACED_TEST_DAEMON=$build/daemon/nfttraced NFTTRACED_TEST_DBUS=$source_root/dbus
check_suite bus/test_bus
check_suite bus/test_bus_sessions
check_suite bus/test_bus_daemon
