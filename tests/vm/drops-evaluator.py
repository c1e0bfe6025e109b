#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: drops-evaluator.py REPLY

Reads Python expressions, one a line, and prints the value of each on a line: on the list of counters c and the totals t of
a reply of GetDropCounters, which busctl has written to the file REPLY as JSON. A "-" in a key is "_".
"""
import json
import sys
from types import SimpleNamespace


def plain(entry):
    named = {key.replace("-", "_"): value["data"] for key, value in entry.items()}
    return SimpleNamespace(**{"handle": 0, "rule": "", "netns": "", "example": "", "missed": -1, **named})


def evaluate(expression):
    with open(sys.argv[1]) as reply:
        counters, totals = json.load(reply)["data"]
    c, t = [plain(entry) for entry in counters], plain(totals)

    def of(**wanted):
        return [x for x in c if all(getattr(x, key) == value for key, value in wanted.items())]

    def packets(**wanted):
        return sum(x.packets for x in of(**wanted))

    return eval(expression, {"c": c, "t": t, "of": of, "packets": packets})


for line in sys.stdin:
    try:
        value = evaluate(line.rstrip("\n"))
    except Exception as error:  # the scenario's check fails with it
        value = repr(error)
    print(str(value).replace("\n", " "), flush=True)
