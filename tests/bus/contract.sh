#!/bin/bash
# The bus contract with the real daemon on a real kernel; runs in a guest of the lab, as root.
#
# usage: NFTTRACED_BUILD=DIRECTORY contract.sh

set -uo pipefail

source_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
build=${NFTTRACED_BUILD:?names the build directory}

modprobe nf_tables
export NFTTRACED_TEST_DAEMON=$build/daemon/nfttraced NFTTRACED_TEST_DBUS=$source_root/dbus

# Check says: ok 1 - FILE:CASE:some_sentence_with_underscores: Passed
CK_TAP_LOG_FILE_NAME=- "$build/tests/bus/test_bus" |
        sed -uE 's/^(not ok|ok) [0-9]+ - [^:]*:([^:]*):([^:]*): (.*)$/\1 - \3 # \4/; /^(not )?ok/s/_/ /g; s/ # Passed$//'
exit "${PIPESTATUS[0]}"
