#!/usr/bin/env python3
"""Runs a command on a terminal of its own and types a password when it is asked for one; leaves what the terminal
showed on standard error, and exits with the status of the command.

usage: at-terminal.py PASSWORD COMMAND [ARGUMENT]...
"""
import os
import sys
import termios
import time

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from terminal import run_on_terminal


def wait_for_no_echo(terminal):
    """Who asks for a password does so first, and then throws away what was typed before nobody could read it."""
    while termios.tcgetattr(terminal)[3] & termios.ECHO:
        time.sleep(0.01)


def main():
    password = sys.argv[1].encode() + b"\n"
    answered = 0

    def answer(terminal, shown):
        nonlocal answered
        if shown.count(b"Password: ") > answered:
            answered += 1
            wait_for_no_echo(terminal)
            os.write(terminal, password)

    shown, status = run_on_terminal(sys.argv[2:], answer)
    sys.stderr.write(shown)
    return os.waitstatus_to_exitcode(status)


sys.exit(main())
