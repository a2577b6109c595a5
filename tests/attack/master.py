#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""For master.sh: connections that say of another one, which has a helper, that it is their
master. master.py HELPER FAMILY [PORT]: of a TCP connection to port 21, which ctnetlink makes,
or which is there and comes from PORT. Creates one for each protocol, and deletes them. Prints how
many of them there were. With an empty HELPER, takes the helper off the connection.
With "leave" for PORT, the masters go, and the others stay.
"""
import errno
import os
import socket
import struct
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import in_guest

NEW, GET, DELETE = 0, 1, 2
REQUEST, ACK, EXCL, CREATE = 1, 4, 0x200, 0x400
NESTED = 0x8000
# attributes of ctnetlink
TUPLE_ORIG, TUPLE_REPLY, STATUS, PROTOINFO, HELP, TIMEOUT = 1, 2, 3, 4, 5, 7
TUPLE_MASTER = 14

ADDRESSES = {4: ("10.0.1.2", "10.0.2.2"), 6: ("fd00:1::2", "fd00:2::2")}
PROTOCOLS = {
    "TCP": socket.IPPROTO_TCP, "UDP": socket.IPPROTO_UDP, "GRE": 47,
    "UDP-Lite": 136, "SCTP": 132, "DCCP": 33, "ESP": 50, "none": 253,
}


def attribute(number, value=b""):
    return struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)


def nest(number, *attributes):
    return attribute(number | NESTED, b"".join(attributes))


class Tracker:
    def __init__(self, family):
        self.family = family
        self.inet = socket.AF_INET if family == 4 else socket.AF_INET6
        self.ends = [socket.inet_pton(self.inet, a) for a in ADDRESSES[family]]
        self.socket = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        self.socket.bind((0, 0))

    def request(self, command, flags, *attributes):
        """Returns the error, or 0."""
        body = struct.pack("=BBH", self.inet, 0, 0) + b"".join(attributes)
        self.socket.send(struct.pack("=IHHII", 16 + len(body), 1 << 8 | command,
                                     REQUEST | ACK | flags, 1, 0) + body)
        return -struct.unpack_from("=i", self.socket.recv(65536), 16)[0]

    def tuple(self, number, protocol, source, destination, reply=False):
        if protocol == "ICMP":
            protocol = 1 if self.family == 4 else 58
            types = (8, 0) if self.family == 4 else (128, 129)
            base = 4 if self.family == 4 else 7
            rest = [attribute(base, struct.pack(">H", source)),
                    attribute(base + 1, bytes([types[reply]])), attribute(base + 2, b"\0")]
        else:
            protocol = PROTOCOLS[protocol]
            ports = (destination, source) if reply else (source, destination)
            rest = [attribute(2 + i, struct.pack(">H", port)) for i, port in enumerate(ports)]
        ends = self.ends[::-1] if reply else self.ends
        base = 1 if self.family == 4 else 3
        return nest(number,
                    nest(1, *(attribute(base + i, end) for i, end in enumerate(ends))),
                    nest(2, attribute(1, bytes([protocol])), *rest))

    def tuples(self, protocol, source, destination):
        return (self.tuple(TUPLE_ORIG, protocol, source, destination) +
                self.tuple(TUPLE_REPLY, protocol, source, destination, True))


def main():
    helper, family = sys.argv[1], int(sys.argv[2])
    tracker = Tracker(family)
    if not helper:
        error = tracker.request(NEW, 0, tracker.tuples("TCP", int(sys.argv[3]), 21),
                                nest(HELP, attribute(1, b"\0")))
        sys.exit(error and errno.errorcode[error])
    timeout = attribute(TIMEOUT, struct.pack(">I", 600))
    helped = nest(HELP, attribute(1, helper.encode() + b"\0"))
    established = nest(PROTOINFO, nest(1, attribute(1, b"\3")))
    fresh = len(sys.argv) == 3
    leave = sys.argv[3:] == ["leave"]
    count = 0
    # Its master lives longer, goes first, or has lost its helper.
    for number, end in enumerate(("longer", "first", "alone") if fresh else
                                 ("left",) if leave else ("longer",)):
        port = 2000 + number if fresh or leave else int(sys.argv[3])
        master = tracker.tuples("TCP", port, 21)
        for protocol in (*PROTOCOLS, "ICMP"):
            if fresh or leave:
                for _ in range(3):
                    error = tracker.request(NEW, CREATE | EXCL, master, helped, established,
                                            timeout)
                    # the module was loaded for it
                    if error != errno.EAGAIN:
                        break
                if error and error != errno.EEXIST:
                    sys.exit("a master: %s" % errno.errorcode[error])
            slave = tracker.tuples(protocol, 100, 200)
            error = tracker.request(NEW, CREATE | EXCL, slave, timeout,
                                    tracker.tuple(TUPLE_MASTER, "TCP", port, 21))
            if error:
                sys.exit("%s: %s" % (protocol, errno.errorcode[error]))
            if end == "alone":
                tracker.request(NEW, 0, master, nest(HELP, attribute(1, b"\0")))
            if end in ("first", "left"):
                tracker.request(DELETE, 0, master)
            count += 1
            if leave:
                continue
            error = tracker.request(DELETE, 0, slave)
            if error:
                sys.exit("%s, deleted: %s" % (protocol, errno.errorcode[error]))
            if end == "alone":
                tracker.request(DELETE, 0, master)
    print(count)


main()
