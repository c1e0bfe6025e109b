#!/usr/bin/env python3
"""Runs a command on a terminal of its own, and types an answer when it has asked a question ("[y/N] "). Prints what the
terminal showed, and exits with the status of the command; 128 and the signal's number if a signal ended it.

usage: questions.py ANSWER COMMAND [ARGUMENT]...
ANSWER: eof, interrupt, or a line
"""
import os
import sys

sys.path.append(os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from terminal import run_on_terminal

KEYS = {"eof": b"\x04", "interrupt": b"\x03"}


def main():
    answers = [KEYS.get(sys.argv[1], sys.argv[1].encode() + b"\n")]

    def answer(terminal, shown):
        if answers and b"[y/N] " in shown:
            os.write(terminal, answers.pop())

    shown, status = run_on_terminal(sys.argv[2:], answer)
    sys.stdout.write(shown.replace("\r", ""))
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


sys.exit(main())
