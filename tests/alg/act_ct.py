#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""usage: act_ct.py INDEX [HELPER NAT]

Makes an action ct of tc that tc(8) of Debian 12 has no words for: commit, and the NAT of a
connection that was expected; or commit, source NAT to the address NAT, and a HELPER for TCP
over IPv4. Prints what the kernel says, or "done".
"""
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import in_guest

RTM_NEWACTION = 48
NLM_F_REQUEST, NLM_F_ACK, NLM_F_CREATE = 1, 4, 0x400
NESTED = 0x8000
# linux/tc_act/tc_ct.h
TCA_CT_PARMS, TCA_CT_ACTION = 1, 3
TCA_CT_NAT_IPV4_MIN, TCA_CT_NAT_IPV4_MAX = 9, 10
TCA_CT_HELPER_NAME, TCA_CT_HELPER_FAMILY, TCA_CT_HELPER_PROTO = 16, 17, 18
COMMIT, NAT, NAT_SRC = 1, 8, 16
TC_ACT_OK = 0


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + b"\0" * (-len(value) % 4)


index = int(sys.argv[1])
options = attribute(TCA_CT_PARMS, struct.pack("=IIiii", index, 0, TC_ACT_OK, 0, 0))
if len(sys.argv) > 2:
    address = socket.inet_aton(sys.argv[3])
    options += b"".join((
        attribute(TCA_CT_ACTION, struct.pack("=H", COMMIT | NAT | NAT_SRC)),
        attribute(TCA_CT_NAT_IPV4_MIN, address),
        attribute(TCA_CT_NAT_IPV4_MAX, address),
        attribute(TCA_CT_HELPER_NAME, sys.argv[2].encode() + b"\0"),
        attribute(TCA_CT_HELPER_FAMILY, bytes([socket.AF_INET])),
        attribute(TCA_CT_HELPER_PROTO, bytes([socket.IPPROTO_TCP]))))
else:
    options += attribute(TCA_CT_ACTION, struct.pack("=H", COMMIT | NAT))
# TCA_ACT_TAB, number 1 in it, TCA_ACT_KIND and TCA_ACT_OPTIONS
action = attribute(1, b"ct\0") + attribute(2 | NESTED, options)
body = struct.pack("=BBH", 0, 0, 0) + attribute(1 | NESTED, attribute(1 | NESTED, action))
with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
    netlink.send(struct.pack("=IHHII", 16 + len(body), RTM_NEWACTION,
                             NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE, 1, 0) + body)
    error = struct.unpack("=i", netlink.recv(4096)[16:20])[0]
print(os.strerror(-error) if error else "done")
