#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A service manager for tests, as a daemon sees one: runs a daemon, keeps the descriptors that it is given, and
hands them to the next one.

usage: service-manager.py SOCKET [--no-store] COMMAND...

SOCKET is the path of the socket that the daemon notifies, which is made here.

A daemon that is killed by a signal is started again at once. SIGHUP: restart; the daemon gets SIGTERM and is started
again. SIGUSR1: stop; the daemon gets SIGTERM and its descriptors are closed. SIGUSR2: start. SIGTERM: stop, and end.
Prints a line for each thing that happens: "begun PID with DESCRIPTORS", "ready", "ended STATUS", "stopped".
"""
import array
import os
import select
import signal
import socket
import sys

path, *arguments = sys.argv[1:]
with_store = arguments[0] != "--no-store"
if not with_store:
    arguments = arguments[1:]

notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
notify.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
notify.bind(path)
store = []  # (name, descriptor)
child = None
wanted = True  # the daemon shall run
ending = False
wake_read, wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
pending = []


def say(*words):
    print(*words, flush=True)


def on_signal(number, frame):
    pending.append(number)
    os.write(wake_write, b"x")


for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGCHLD):
    signal.signal(number, on_signal)


def begin():
    global child
    pid = os.fork()
    if pid == 0:
        environment = dict(os.environ, NOTIFY_SOCKET=path)
        # Out of the way first: numbers may overlap.
        copies = [os.dup(fd) for _, fd in store]
        high = max(copies, default=3) + len(copies) + 3
        copies = [os.dup2(fd, high + i) for i, fd in enumerate(copies)]
        for i, fd in enumerate(copies):
            os.dup2(fd, 3 + i, inheritable=True)
        os.closerange(3 + len(copies), high + len(copies) + 64)
        if store:
            environment.update(
                LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(store)), LISTEN_FDNAMES=":".join(n for n, _ in store)
            )
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGTERM, signal.SIGCHLD):
            signal.signal(number, signal.SIG_DFL)
        os.execvpe(arguments[0], arguments, environment)
    child = pid
    say("begun", pid, "with", len(store))


def let_go():
    while store:
        os.close(store.pop()[1])


def take(message, fds):
    fields = dict(line.split("=", 1) for line in message.decode().splitlines() if "=" in line)
    if fields.get("READY") == "1":
        say("ready")
    if fields.get("FDSTOREREMOVE") == "1":
        for entry in [e for e in store if e[0] == fields.get("FDNAME")]:
            store.remove(entry)
            os.close(entry[1])
    elif fields.get("FDSTORE") == "1" and with_store:
        store.extend((fields.get("FDNAME", "stored"), fd) for fd in fds)
        fds = []
    # A barrier's end of a pipe, too: that it is closed is the answer.
    for fd in fds:
        os.close(fd)


def receive():
    fds = array.array("i")
    message, control, _, _ = notify.recvmsg(65536, socket.CMSG_SPACE(256 * 4 + 64), socket.MSG_CMSG_CLOEXEC)
    for level, kind, data in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
    take(message, list(fds))


def drain():
    while select.select([notify], [], [], 0)[0]:
        receive()


begin()
while True:
    readable, _, _ = select.select([notify, wake_read], [], [])
    if notify in readable:
        receive()
    if wake_read not in readable:
        continue
    os.read(wake_read, 4096)
    while pending:
        number = pending.pop(0)
        if number == signal.SIGHUP and child:
            os.kill(child, signal.SIGTERM)
        elif number == signal.SIGUSR1:
            wanted = False
            if child:
                os.kill(child, signal.SIGTERM)
        elif number == signal.SIGUSR2:
            wanted = True
            if not child:
                begin()
        elif number == signal.SIGTERM:
            wanted, ending = False, True
            if child:
                os.kill(child, signal.SIGTERM)
        elif number == signal.SIGCHLD and child:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                drain()
                child = None
                say("ended", status)
                if wanted:
                    begin()
                else:
                    let_go()
                    say("stopped")
        if ending and not child:
            let_go()
            os.unlink(path)
            sys.exit(0)
