# SPDX-License-Identifier: GPL-2.0-only
"""
To be imported first by what sends packets or changes what the kernel knows: ends a program
that does not run in a guest of vm/run; see vm/in_guest.sh.
"""
import os
import sys

with open("/proc/cmdline", encoding="ascii", errors="replace") as cmdline:
    if "xtables_conntrack_addons.guest" not in cmdline.read().split():
        print(f"{os.path.basename(sys.argv[0])}: this is for a guest, not for this machine, "
              "whose network it would change: tests/vm/run -- COMMAND", file=sys.stderr)
        sys.exit(2)
