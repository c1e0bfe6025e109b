#!/usr/bin/env python3
"""Runs a command on a terminal of its own, and types an answer when it has asked a question ("[y/N] "). Prints what the
terminal showed, and exits with the status of the command; 128 and the signal's number if a signal ended it.

usage: questions.py ANSWER COMMAND [ARGUMENT]...
ANSWER: eof, interrupt, or a line
"""
import os
import pty
import sys

KEYS = {"eof": b"\x04", "interrupt": b"\x03"}


def main():
    answer = KEYS.get(sys.argv[1], sys.argv[1].encode() + b"\n")
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(sys.argv[2], sys.argv[2:])
    shown = b""
    asked = False
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux: the other side is closed
            break
        if not piece:
            break
        shown += piece
        if not asked and b"[y/N] " in shown:
            asked = True
            os.write(terminal, answer)
    _, status = os.waitpid(pid, 0)
    sys.stdout.write(shown.decode(errors="replace").replace("\r", ""))
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


sys.exit(main())
