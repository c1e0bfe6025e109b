#!/bin/bash
# Starts, many of them and slow ones, with the real daemon, and ends in the middle of them.
. "$(dirname "${BASH_SOURCE[0]}")/../lib.sh"

modprobe nf_tables
export NFTTRACED_TEST_DAEMON=$build/daemon/nfttraced NFTTRACED_TEST_ALONE=1
check_suite bus/test_starts
