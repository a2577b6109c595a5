#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: hold_packets.py NUMBER: lets packets wait in this queue of NFQUEUE, and gives no verdict."""
import os
import signal
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import in_guest

NFQNL_MSG_CONFIG = 3 << 8 | 2	# NFNL_SUBSYS_QUEUE
NLM_F_REQUEST, NLM_F_ACK = 1, 4
NFQA_CFG_CMD, NFQA_CFG_PARAMS = 1, 2


def configure(netlink, number, kind, value):
    attribute = struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)
    body = struct.pack(">BBH", 0, 0, number) + attribute
    netlink.send(struct.pack("=IHHII", 16 + len(body), NFQNL_MSG_CONFIG,
                             NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body)
    error = struct.unpack("=i", netlink.recv(4096)[16:20])[0]
    if error:
        raise OSError(-error, "nfnetlink_queue")


with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as sock:
    # bind; the first 64 bytes of each packet
    configure(sock, int(sys.argv[1]), NFQA_CFG_CMD, struct.pack(">BBH", 1, 0, 0))
    configure(sock, int(sys.argv[1]), NFQA_CFG_PARAMS, struct.pack(">IB", 64, 2))
    signal.pause()
