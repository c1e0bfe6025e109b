#!/bin/bash
# Runs the scenarios in this guest, one after the other, and prints how many checks passed and
# failed.
#
# usage: NFTTRACED_BUILD=DIR all.sh [SCENARIO[@ATTACH]...]
#
# A scenario is a name or a file; its daemon attaches by ATTACH, "kprobe" or "fentry", and by
# default as it is configured.

set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
passed=0
failed=0

if [ $# = 0 ]; then
        set -- "$here"/scenarios/*.sh "$here"/two-cpus/*.sh "$here"/../bus/*.sh
fi
for scenario in "$@"; do
        attach=${NFTTRACED_ATTACH:-}
        [[ $scenario != *@* ]] || attach=${scenario##*@} scenario=${scenario%@*}
        [ -r "$scenario" ] || scenario=$(find "$here/scenarios" "$here/two-cpus" -name "$scenario.sh")
        name=$(basename "$scenario" .sh)${attach:+@$attach}
        echo "# $name on $(uname -r)"
        begin=$(date +%s)
        output=$(mktemp)
        NFTTRACED_ATTACH=$attach timeout --kill-after=10 "${NFTTRACED_SCENARIO_TIMEOUT:-1200}" bash "$scenario" </dev/null 2>&1 | tee "$output"
        status=${PIPESTATUS[0]}
        good=$(grep -c '^ok - ' "$output")
        bad=$(grep -c '^not ok - ' "$output")
        # A scenario that ends badly without saying why, or that checks nothing, has failed.
        if { [ "$status" != 0 ] && [ "$bad" = 0 ]; } || [ $((good + bad)) = 0 ]; then
                echo "not ok - $name ended with status $status"
                bad=$((bad + 1))
        fi
        echo "# $name: $good passed, $bad failed, $(($(date +%s) - begin)) s"
        passed=$((passed + good))
        failed=$((failed + bad))
        rm -f "$output"
done
echo "# on $(uname -r): $passed passed, $failed failed"
[ "$failed" = 0 ]
