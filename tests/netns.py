# SPDX-License-Identifier: GPL-2.0-only
"""
Network namespaces of ip-netns(8), for the ends of connections that tests make. What imports
this ends here, if it does not run in a guest: see in_guest.py.
"""
import contextlib
import ctypes
import os

import in_guest

CLONE_NEWNET = 0x40000000

libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def inside(namespace):
    """Sockets that this thread makes in this block belong to a namespace for good."""
    fd = os.open("/run/netns/" + namespace, os.O_RDONLY)
    home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        if libc.setns(fd, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
        yield
    finally:
        libc.setns(home, CLONE_NEWNET)
        os.close(home)
        os.close(fd)
