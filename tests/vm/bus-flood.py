#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Floods the daemon with method calls over the system bus, as nobody, and says how they were answered.

bus-flood.py SOCKET SECONDS change|read [unread]

change: SetFilter with 1 kB, and no reply is wanted. read: GetManagedObjects, Introspect and GetAll by turns, every
other one without a reply. unread: replies are left in the socket. Prints "sent N limited N answered N".
"""

import os
import select
import socket
import struct
import sys
import time

NOBODY = 65534
NO_REPLY = 1
METHOD_RETURN, ERROR = 2, 3
BATCH = 64
LIMITED = b"org.freedesktop.DBus.Error.LimitsExceeded"


def pad(data, size):
    return data + b"\0" * (-len(data) % size)


def string(text):
    data = text.encode()
    return struct.pack("<I", len(data)) + data + b"\0"


def call(serial, flags, destination, path, interface, member, *arguments):
    """A method call whose arguments are all strings."""
    body = b""
    for argument in arguments:
        body = pad(body, 4) + string(argument)
    fields = b""
    for code, kind, value in ((1, "o", path), (2, "s", interface), (3, "s", member), (6, "s", destination)):
        fields = pad(fields, 8) + bytes([code, 1]) + kind.encode() + b"\0" + string(value)
    if arguments:
        signature = b"s" * len(arguments)
        fields = pad(fields, 8) + bytes([8, 1]) + b"g\0" + bytes([len(signature)]) + signature + b"\0"
    head = struct.pack("<BBBBIII", ord("l"), 1, flags, 1, len(body), serial, len(fields))
    return pad(head + fields, 8) + body


def to_daemon(serial, flags, path, interface, member, *arguments):
    return call(serial, flags, "org.nfttraced1", path, interface, member, *arguments)


def change(serial):
    return to_daemon(serial, NO_REPLY, "/org/nfttraced1/session/1", "org.nfttraced1.Session", "SetFilter", "x" * 1000)


def read(serial):
    flags = NO_REPLY if serial % 2 else 0
    path = "/org/nfttraced1"
    kind = serial // 2 % 3
    if kind == 0:
        return to_daemon(serial, flags, path, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
    if kind == 1:
        return to_daemon(serial, flags, path, "org.freedesktop.DBus.Introspectable", "Introspect")
    return to_daemon(serial, flags, path, "org.freedesktop.DBus.Properties", "GetAll", "org.nfttraced1.Manager")


def connect(path):
    bus = socket.socket(socket.AF_UNIX)
    bus.connect(path)
    bus.sendall(b"\0AUTH EXTERNAL " + str(NOBODY).encode().hex().encode() + b"\r\n")
    bus.recv(4096)
    bus.sendall(b"BEGIN\r\n")
    name = "org.freedesktop.DBus"
    bus.sendall(call(1, 0, name, "/org/freedesktop/DBus", name, "Hello"))
    return bus


class Answers:
    """Takes messages apart, as far as it needs to count them."""

    def __init__(self):
        self.buffer = b""
        self.limited = self.answered = 0

    def take(self, data):
        self.buffer += data
        while len(self.buffer) >= 16:
            body, _, fields = struct.unpack_from("<III", self.buffer, 4)
            size = (16 + fields + 7) // 8 * 8 + body
            if len(self.buffer) < size:
                return
            if self.buffer[1] == METHOD_RETURN:
                self.answered += 1
            elif self.buffer[1] == ERROR and LIMITED in self.buffer[:size]:
                self.limited += 1
            self.buffer = self.buffer[size:]


def main():
    path, seconds, what = sys.argv[1], float(sys.argv[2]), sys.argv[3]
    unread = "unread" in sys.argv[4:]
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    bus = connect(path)
    bus.setblocking(False)
    make = change if what == "change" else read
    batch = b"".join(make(serial) for serial in range(2, 2 + BATCH))
    answers = Answers()
    sent, rest = 0, b""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        readable, writable, _ = select.select([] if unread else [bus], [bus], [], 0.2)
        try:
            if readable:
                data = bus.recv(1 << 16)
                if not data:
                    break
                answers.take(data)
            if writable:
                rest = rest or batch
                count = bus.send(rest)
                rest = rest[count:]
                sent += 0 if rest else BATCH
        except BlockingIOError:
            continue
        except OSError as error:
            print("flood:", error, file=sys.stderr)
            break
    print("sent", sent, "limited", answers.limited, "answered", answers.answered)


main()
