#!/usr/bin/env python3
"""Runs a command on a terminal of its own and types a password when it is asked for one; leaves what the terminal
showed on standard error, and exits with the status of the command.

usage: at-terminal.py PASSWORD COMMAND [ARGUMENT]...
"""
import os
import pty
import re
import sys
import termios
import time


def wait_for_no_echo(terminal):
    """Who asks for a password does so first, and then throws away what was typed before nobody could read it."""
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        time.sleep(0.01)


def main():
    password = sys.argv[1].encode() + b"\n"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[2], sys.argv[2:])
    shown = b""
    answered = 0
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux: the other side is closed
            break
        if not piece:
            break
        shown += piece
        if len(re.findall(rb"Password: ", shown)) > answered:
            answered += 1
            wait_for_no_echo(terminal)
            os.write(terminal, password)
    _, status = os.waitpid(pid, 0)
    sys.stderr.write(shown.decode(errors="replace"))
    return os.waitstatus_to_exitcode(status)


sys.exit(main())
