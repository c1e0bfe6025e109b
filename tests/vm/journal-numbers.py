#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: journal-numbers.py PCAPNG COUNT TIMES [--at-most]

Checks that each of the datagrams 0 to COUNT - 1, which carry their number in their last 4 bytes, is in the file exactly
TIMES times, or at most, and nothing else is.
"""
import collections
import struct
import sys

BLOCK_PACKET = 6
HEAD = 20  # bytes of an enhanced packet block's own fields

data = open(sys.argv[1], "rb").read()
count, times = int(sys.argv[2]), int(sys.argv[3])
numbers = collections.Counter()
at = 0
while at < len(data):
    kind, size = struct.unpack_from("=II", data, at)
    if kind == BLOCK_PACKET:
        captured = struct.unpack_from("=I", data, at + 8 + 12)[0]
        end = at + 8 + HEAD + captured
        numbers[struct.unpack(">I", data[end - 4 : end])[0]] += 1
    at += size
at_most = sys.argv[4:] == ["--at-most"]
wrong = [
    number
    for number in set(numbers) | set(range(count))
    if number >= count or numbers[number] > times or (numbers[number] < times and not at_most)
]
for number in sorted(wrong)[:10]:
    print(f"{number} is there {numbers[number]} times")
print(f"{len(wrong)} of {count} are wrong")
sys.exit(bool(wrong))
