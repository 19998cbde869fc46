"""Runs a command on an emulated terminal and prints its screens as JSON.

Usage: screen.py STEPS COMMAND ARGUMENT...

STEPS is a JSON list of objects, each with one of these fields:
- "size": [rows, columns], the new size of the terminal, initially 24 by 80;
- "until": a regular expression, to wait until it matches on the screen;
- "send": text to type;
- "show": true, to record the screen.

The output has the fields "screens" (lists of lines), "lines" (all lines after the command has exited, including those
that scrolled off), "raw" (everything that was written), "code" (negative for a signal), and "echo" (whether the
terminal then echoes typed characters).
"""

import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time

import pyte

DEADLINE = 300


def set_size(descriptor, rows, columns):
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def lines_of(buffer, columns):
    return ["".join(line[column].data for column in range(columns)).rstrip() for line in buffer]


raw = bytearray()


def read(terminal, stream, wait):
    """Feeds the emulator with output. Returns False once the command has closed the terminal."""
    if not select.select([terminal], [], [], wait)[0]:
        return True
    try:
        piece = os.read(terminal, 1 << 16)
    except OSError:
        # On Linux, reading fails if the other end is closed.
        return False
    raw.extend(piece)
    stream.feed(piece)
    return bool(piece)


def main():
    steps, command = json.loads(sys.argv[1]), sys.argv[2:]
    rows, columns = 24, 80
    if steps and "size" in steps[0]:
        rows, columns = steps.pop(0)["size"]
    keeper, other = pty.openpty()
    set_size(other, rows, columns)
    started, in_command = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(other, termios.TIOCSCTTY, 0)
        for descriptor in range(3):
            os.dup2(other, descriptor)
        os.execv(command[0], command)
    # The other end of this pipe is closed when the command starts.
    os.close(in_command)
    os.read(started, 1)
    screen = pyte.HistoryScreen(columns, rows, history=100_000)
    stream = pyte.ByteStream(screen)
    screens = []
    for step in steps:
        if "size" in step:
            set_size(keeper, *step["size"])
            screen.resize(*step["size"])
        elif "send" in step:
            os.write(keeper, step["send"].encode())
        elif "until" in step:
            end = time.monotonic() + DEADLINE
            while not re.search(step["until"], "\n".join(screen.display)):
                if time.monotonic() > end:
                    sys.exit(f"no {step['until']!r} on the screen:\n" + "\n".join(screen.display))
                read(keeper, stream, 0.05)
        elif "show" in step:
            screens.append([line.rstrip() for line in screen.display])
    # This process keeps the terminal open to read its settings, so it is not closed when the command exits.
    status = None
    end = time.monotonic() + DEADLINE
    while status is None:
        if time.monotonic() > end:
            sys.exit("the command does not end:\n" + "\n".join(screen.display))
        read(keeper, stream, 0.02)
        done, code = os.waitpid(pid, os.WNOHANG)
        if done:
            status = code
    while select.select([keeper], [], [], 0)[0] and read(keeper, stream, 0):
        pass
    result = {
        "screens": screens,
        "lines": lines_of(screen.history.top, screen.columns) + [line.rstrip() for line in screen.display],
        "raw": raw.decode(errors="replace"),
        "code": os.waitstatus_to_exitcode(status),
        "echo": bool(termios.tcgetattr(other)[3] & termios.ECHO),
    }
    print(json.dumps(result))


main()
