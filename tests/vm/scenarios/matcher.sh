#!/bin/bash
# What the generated matcher says, against libpcap's own interpreter, before this kernel's verifier and JIT; and that
# the largest set of sessions which the budget admits is one that this kernel loads.

set -uo pipefail

build=${NFTTRACED_BUILD:?names the build directory}
status=0
for subject in matcher matcher_expressions matcher_budget matcher_fuzz; do
        # Random programs in user space need no other kernel.
        [ "$subject" = matcher_fuzz ] && export CK_RUN_CASE=kernel
        CK_TAP_LOG_FILE_NAME=- CK_DEFAULT_TIMEOUT=600 "$build/tests/unit/test_$subject" |
                sed -uE 's/^(not ok|ok) [0-9]+ - [^:]*:([^:]*):([^:]*): (.*)$/\1 - \3 # \4/; /^(not )?ok/s/_/ /g; s/ # Passed$//'
        [ "${PIPESTATUS[0]}" = 0 ] || status=1
done
exit $status
