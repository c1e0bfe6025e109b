#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""usage: saved-sessions-edit.py FILE KEY=VALUE

Changes a key in the list of sessions that a daemon leaves, and makes its checksum right again.
"""
import sys


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


key, value = sys.argv[2].split("=", 1)
title, body = open(sys.argv[1], encoding="utf-8").read().split("\n", 1)
lines = [f"{key}={value}" if line.startswith(key + "=") else line for line in body.split("\n")]
body = "\n".join(lines)
words = title.split()
with open(sys.argv[1], "w", encoding="utf-8") as out:
    out.write(f"{words[0]} {words[1]} {crc32c(body.encode()):08x}\n{body}")
