"""Runs a program and prints its seconds, its peak resident memory in KiB and its processor seconds on the last line.

It is a separate, small process, because the kernel counts the memory of the process that starts a program as that of
the program.
"""

import os
import subprocess
import sys
import time

began = time.monotonic()
# The program exits with this process, for whatever reason that exits.
process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *sys.argv[1:]], stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.monotonic() - began
if status:
    sys.exit(f"exited with {os.waitstatus_to_exitcode(status)}")
print(seconds, usage.ru_maxrss, usage.ru_utime + usage.ru_stime)
