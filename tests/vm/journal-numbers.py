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
block = struct.Struct("=II")
length = struct.Struct("=I")
number = struct.Struct(">I")
numbers = collections.Counter()
at = 0
while at < len(data):
    kind, size = block.unpack_from(data, at)
    if kind == BLOCK_PACKET:
        captured = length.unpack_from(data, at + 8 + 12)[0]
        numbers[number.unpack_from(data, at + 8 + HEAD + captured - 4)[0]] += 1
    at += size
at_most = sys.argv[4:] == ["--at-most"]
wrong = [
    packet
    for packet in set(numbers) | set(range(count))
    if packet >= count or numbers[packet] > times or (numbers[packet] < times and not at_most)
]
for packet in sorted(wrong)[:10]:
    print(f"{packet} is there {numbers[packet]} times")
print(f"{len(wrong)} of {count} are wrong")
sys.exit(bool(wrong))
