#!/bin/bash
# How scenarios read drop counters. Sourced after lib.sh.

# One interpreter for all expressions of a scenario: starting it takes longer than the rest
# together.
coproc drops_evaluator { exec python3 -IS "$here/drops-evaluator.py" "$work/drops.json" 2>&1; }
exec {drops_question}>&"${drops_evaluator[1]}" {drops_answer}<&"${drops_evaluator[0]}"

# drops_read: has the counters in a file, for the next functions.
drops_read() {
        busctl --json=short call org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager GetDropCounters 'a{sv}' 0 >"$work/drops.json"
}

# drops EXPRESSION: a Python expression on the list of counters c and the totals t, with "-" in keys
# as "_".
drops() {
        local answer
        printf '%s\n' "${1//$'\n'/ }" >&"$drops_question"
        IFS= read -r -t 60 -u "$drops_answer" answer
        printf '%s\n' "$answer"
}

drops_are() {
        drops_read && equal "$(drops "$1")" "$2" || {
                drops 'c, t'
                return 1
        }
}

# drops_become EXPRESSION VALUE: reads until it has that value.
drops_become() {
        await 30 drops_are "$1" "$2"
}
