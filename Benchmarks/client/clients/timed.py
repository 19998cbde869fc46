"""Runs a program, and prints its seconds, its peak resident memory in KiB and its processor seconds on the last line.

This is a separate, small process, because a program's peak memory includes the memory of the process that starts it.
"""

import os
import subprocess
import sys
import time

began = time.monotonic()
# The kernel stops the program when this process exits for any reason.
process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *sys.argv[1:]], stdout=sys.stderr)
_, status, usage = os.wait4(process.pid, 0)
seconds = time.monotonic() - began
if status:
    sys.exit(f"exited with {os.waitstatus_to_exitcode(status)}")
print(seconds, usage.ru_maxrss, usage.ru_utime + usage.ru_stime)
