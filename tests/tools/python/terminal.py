"""Runs a command on a pseudo-terminal of 100 columns and 30 rows, and prints what it writes there, control codes and all.

Ends as the command ends.
"""
import fcntl
import os
import pty
import struct
import sys
import termios

process, terminal = pty.fork()
if process == 0:
    fcntl.ioctl(sys.stdout.fileno(), termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
    os.execvp(sys.argv[1], sys.argv[1:])

while True:
    try:
        written = os.read(terminal, 65536)
    except OSError:  # What Linux says once the other side is closed.
        break
    if not written:
        break
    sys.stdout.buffer.write(written)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
