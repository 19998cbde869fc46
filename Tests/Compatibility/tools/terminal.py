"""Runs a command on a terminal of 24 by 100 characters and prints what it draws there."""

import fcntl
import os
import pty
import struct
import sys
import termios

pid, terminal = pty.fork()
if pid == 0:
    # The size is there before the command looks.
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    os.execv(sys.argv[1], sys.argv[1:])
drawn = b""
while True:
    try:
        piece = os.read(terminal, 1 << 16)
    except OSError:
        # What Linux answers when the other end is closed.
        break
    if not piece:
        break
    drawn += piece
_, status = os.waitpid(pid, 0)
sys.stdout.buffer.write(drawn)
sys.exit(os.waitstatus_to_exitcode(status))
