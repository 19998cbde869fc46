"""Runs a program and prints its seconds and its peak of resident memory in KiB, on the last line.

A process of its own, and a small one: the kernel counts what the caller held when it started a program as that program's.
"""

import os
import subprocess
import sys
import time

began = time.monotonic()
# It ends with this process, whatever ends that.
process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *sys.argv[1:]], stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.monotonic() - began
if status:
    sys.exit(f"ended with {os.waitstatus_to_exitcode(status)}")
print(seconds, usage.ru_maxrss)
