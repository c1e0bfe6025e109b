#!/bin/bash
# How scenarios read drop counters. Sourced after lib.sh.

# drops_read: has the counters in a file, for the next functions.
drops_read() {
        busctl --json=short call org.nfttraced1 /org/nfttraced1 org.nfttraced1.Manager GetDropCounters 'a{sv}' 0 >"$work/drops.json"
}

# drops EXPRESSION: a Python expression on the list of counters c and the totals t, with "-" in keys as "_".
drops() {
        python3 - "$work/drops.json" "$1" <<'END'
import json, sys
from types import SimpleNamespace
def plain(entry):
    named = {key.replace("-", "_"): value["data"] for key, value in entry.items()}
    return SimpleNamespace(**{"handle": 0, "rule": "", "netns": "", "example": "", "missed": -1, **named})
counters, totals = json.load(open(sys.argv[1]))["data"]
def of(**wanted):
    return [x for x in c if all(getattr(x, k) == v for k, v in wanted.items())]
def packets(**wanted):
    return sum(x.packets for x in of(**wanted))
c, t = [plain(x) for x in counters], plain(totals)
print(eval(sys.argv[2]))
END
}

# drops_become EXPRESSION VALUE: reads until it has that value.
drops_become() {
        local end=$((SECONDS + 30))
        until drops_read && [ "$(drops "$1")" = "$2" ]; do
                [ $SECONDS -lt $end ] || {
                        drops "$1"
                        drops 'c, t'
                        return 1
                }
                sleep 0.1
        done
}
