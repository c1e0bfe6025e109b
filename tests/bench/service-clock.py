#!/usr/bin/env python3
"""Runs a service that notifies, and prints in microseconds how long it takes until it is ready and until it has ended.

usage: service-clock.py PROGRAM [ARGUMENT...]   Prints "pid N" and "ready USEC"; at the end of standard input sends
SIGTERM and prints "ended USEC".
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time


def usec():
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000


def listen(notify):
    while True:
        notify.recv(65536)


with tempfile.TemporaryDirectory() as directory:
    address = os.path.join(directory, "notify")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(address)
    begin = usec()
    service = subprocess.Popen(sys.argv[1:], env={**os.environ, "NOTIFY_SOCKET": address}, stdin=subprocess.DEVNULL)
    # A service that ends without a word is an error, not a wait without end.
    notify.settimeout(120)
    while b"READY=1" not in notify.recv(65536).split(b"\n"):
        pass
    notify.settimeout(None)
    print("pid", service.pid)
    print("ready", usec() - begin, flush=True)
    # A manager takes what its service goes on to say.
    threading.Thread(target=listen, args=[notify], daemon=True).start()
    sys.stdin.buffer.read()
    begin = usec()
    service.send_signal(signal.SIGTERM)
    status = service.wait()
    print("ended", usec() - begin, flush=True)
    sys.exit(status)
