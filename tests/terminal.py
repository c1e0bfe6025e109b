"""A command on a terminal of its own, for the programs that answer its questions."""
import os
import pty


def run_on_terminal(command, on_output):
    """Runs the command; on_output(terminal, shown) is called after each piece of output with all that was shown so
    far. Returns all of it, and the status as waitpid has it."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    shown = b""
    while True:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # Linux: the other side is closed
            break
        if not piece:
            break
        shown += piece
        on_output(terminal, shown)
    _, status = os.waitpid(pid, 0)
    return shown.decode(errors="replace"), status
