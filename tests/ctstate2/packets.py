#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sends packets in the namespaces of topology_router; see `send` in ../lib.sh.

usage: packets.py [--sockets] NAME=NAMESPACE...
       packets.py --serve FIFO

Each line of standard input is Python that may use all names of this file. It
is answered with "ok" and the value of `result`, if it set that, when its packets
have passed the router; or with an error.

Two kinds of packets: those of real sockets, which the namespaces' own stacks
send and answer; and made ones (not with --sockets, which starts faster), between
two hosts that exist in packets only, so that nothing answers them: alice, on
the client's side of the router, and bob, on the server's.

With --serve, each line of FIFO, "IN OUT NAME=NAMESPACE...", makes a process that does
this with the pipes IN and OUT: to load all that is needed takes seconds in a guest.
"""
import contextlib
import ctypes
import fcntl
import gc
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import netns

ADDRESSES = {
    4: {"client": "10.0.1.2", "router": "10.0.1.1", "router2": "10.0.2.1",
        "server": "10.0.2.2", "loopback": "127.0.0.1",
        "alice": "10.0.1.9", "carol": "10.0.1.8", "zed": "10.0.1.7", "bob": "10.0.2.9", "nobody": "10.0.2.8",
        "everyone": "10.0.1.255", "group": "224.0.0.1"},
    6: {"client": "fd00:1::2", "router": "fd00:1::1", "router2": "fd00:2::1",
        "server": "fd00:2::2", "loopback": "::1",
        "alice": "fd00:1::9", "carol": "fd00:1::8", "zed": "fd00:1::7", "bob": "fd00:2::9", "nobody": "fd00:2::8",
        "everyone": "ff02::1", "group": "ff02::1"},
}
client, router, server, loopback = "client", "router", "server", "loopback"
SIOCGIFHWADDR = 0x8927
# An Ethernet type for experiments, which no stack knows
ETH_FENCE = 0x88B5

namespaces = {}


def set_namespaces(arguments):
    namespaces.update(arg.split("=", 1) for arg in arguments if "=" in arg)
    namespaces["loopback"] = namespaces.get("router")


made_packets = "--sockets" not in sys.argv

if made_packets:
    # scapy can do without, and half of its start is for this
    sys.modules["cryptography"] = None
    # pylint: disable=unused-import
    from scapy.layers.inet import (
        ICMP, IP, IPOption_NOP, TCP, UDP, fragment)
    from scapy.layers.inet6 import (
        ICMPv6EchoReply, ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6Unknown, IPv6,
        IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, fragment6)
    from scapy.layers.sctp import (
        SCTP, SCTPChunkAbort, SCTPChunkCookieAck, SCTPChunkCookieEcho, SCTPChunkData,
        SCTPChunkHeartbeatAck, SCTPChunkHeartbeatReq, SCTPChunkInit, SCTPChunkInitAck,
        SCTPChunkShutdown, SCTPChunkShutdownAck)
    from scapy.packet import Raw


def inside(name):
    """See netns.inside()"""
    return netns.inside(namespaces[name])


# --- Both kinds ---

addr = ADDRESSES[4]
version = 4


def family(new):
    """From here on, IPv4 (4) or IPv6 (6)"""
    global addr, version
    version, addr = new, ADDRESSES[new]


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def forget():
    """Removes all conntrack entries of the router."""
    run("ip", "netns", "exec", namespaces["router"], "conntrack", "-F")


# --- Real sockets ---

sockets = {}
listeners = {}
last_sender = {}


def new_socket(host, kind, proto, port):
    with inside(host):
        sock = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6,
                             kind, proto)
    sock.settimeout(10)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if version == 6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
    sock.bind((addr[host] if host == "loopback" or kind == socket.SOCK_STREAM
               else "", port))
    return sock


def datagram_socket(host, port, proto=socket.IPPROTO_UDP):
    key = version, host, port, proto
    if key not in sockets:
        sockets[key] = new_socket(host, socket.SOCK_DGRAM, proto, port)
    return sockets[key]


def close_socket(host, port):
    sockets.pop((version, host, port, socket.IPPROTO_UDP)).close()


def datagram(src, sport, dst, dport, at=None, proto=socket.IPPROTO_UDP):
    """A datagram that comes to a socket at DST, DPORT, or where NAT takes it"""
    sender = datagram_socket(src, sport, proto)
    receiver = datagram_socket(*(at or (dst, dport)), proto)
    sender.sendto(b"data", (addr.get(dst, dst), dport))
    last_sender[receiver] = receiver.recvfrom(65536)[1], sender


def answer(src, sport):
    """A datagram back to where the last one at SRC, SPORT came from"""
    sender = datagram_socket(src, sport)
    to, receiver = last_sender[sender]
    sender.sendto(b"data", to)
    last_sender[receiver] = receiver.recvfrom(65536)[1], sender


def lost_datagram(src, sport, dst, dport):
    """A datagram that no socket waits for"""
    sender = datagram_socket(src, sport)
    with contextlib.suppress(ConnectionRefusedError):
        sender.sendto(b"data", (addr.get(dst, dst), dport))


def connect(src, sport, dst, dport, at=None, proto=socket.IPPROTO_TCP):
    """A connection; the sockets at its two ends"""
    at = at or (dst, dport)
    key = version, *at, proto
    if key not in listeners:
        listeners[key] = new_socket(at[0], socket.SOCK_STREAM, proto, at[1])
        listeners[key].listen()
    sock = new_socket(src, socket.SOCK_STREAM, proto, sport)
    sock.connect((addr.get(dst, dst), dport))
    peer = listeners[key].accept()[0]
    peer.settimeout(10)
    return sock, peer


def say(sock, peer, text):
    """TEXT over a connection"""
    sock.sendall(text.encode())
    got = b""
    while len(got) < len(text):
        got += peer.recv(65536)


def acknowledged(*socks):
    """Waits until the other ends have acknowledged all that these have sent, FINs, too."""
    end = time.monotonic() + 30
    for sock in socks:
        while any(fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4))):
            if time.monotonic() > end:
                raise TimeoutError("nothing is acknowledged")
            time.sleep(0.01)


def shut(sock):
    """One side of a connection closes, and the other one acknowledges it."""
    sock.shutdown(socket.SHUT_WR)
    acknowledged(sock)


def hang_up(sock, peer):
    """Closes a connection, SOCK's side first; the other waits for it."""
    shut(sock)
    peer.recv(1)
    shut(peer)
    peer.close()
    sock.close()


def reset(sock, peer):
    """Closes a connection with a RST."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()
    peer.close()


# --- Made packets ---

port = 20000
peer_port = 9
links = {}


def hardware_address(host, device):
    with inside(host), socket.socket() as sock:
        reply = fcntl.ioctl(sock, SIOCGIFHWADDR,
                            struct.pack("256s", device.encode()))
    return reply[18:24]


def neighbours(host, device, hardware, names):
    """Sets who is where for good, so that nothing but the test sends packets."""
    commands = [f"neigh replace {table[name]} dev {device} nud permanent "
                f"lladdr {hardware.hex(':')}\n"
                for table in ADDRESSES.values() for name in names]
    subprocess.run(("ip", "-n", namespaces[host], "-batch", "-"), check=True,
                   input="".join(commands).encode())


def open_links():
    """The wires from the client and the server to the router"""
    for host, device, here, there in (
            ("client", "eth1", ("client", "alice", "zed"), "router"),
            ("server", "eth2", ("server", "bob", "nobody"), "router2")):
        own = hardware_address(host, "eth0")
        other = hardware_address("router", device)
        with inside(host):
            wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            wire.bind(("eth0", 0))
        with inside("router"):
            fence_end = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            fence_end.bind((device, ETH_FENCE))
        fence_end.settimeout(10)
        links[host] = wire, fence_end, other + own
        neighbours("router", device, own, here)
        neighbours(host, "eth0", other, (there,))


def fence():
    """Waits until the router is done with all that was sent before.

    This process runs on one processor, where packets of a virtual wire stay in
    order: when this frame is there, those before it are through. An answer may
    still be on its way, so each wire is asked more than once.
    """
    for _ in range(3):
        for wire, end, header in links.values():
            wire.send(header + struct.pack("!H", ETH_FENCE) + bytes(46))
            end.recv(64)


def put(host, packet):
    """A made packet onto the wire from HOST to the router"""
    wire, _, header = links[host]
    wire.send(header + struct.pack("!H", 0x0800 if version == 4 else 0x86DD) +
              bytes(packet))


def flow(to=9):
    """From here on, made packets belong to another flow, to bob's port TO."""
    global port, peer_port
    port, peer_port = port + 1, to


def address_layer(src, dst, payload, ttl=64, **fields):
    src, dst = addr.get(src, src), addr.get(dst, dst)
    if version == 4:
        return IP(src=src, dst=dst, ttl=ttl, **fields) / payload
    return IPv6(src=src, dst=dst, hlim=ttl, **fields) / payload


def ports(packet, sport, dport):
    for layer in TCP, UDP, SCTP:
        if layer in packet:
            packet[layer].sport, packet[layer].dport = sport, dport
    return packet


def from_alice(payload, src="alice", dst="bob", **fields):
    return address_layer(src, dst, ports(payload, port, peer_port), **fields)


def from_bob(payload, src="bob", dst="alice", **fields):
    return address_layer(src, dst, ports(payload, peer_port, port), **fields)


def alice(payload, **fields):
    """Alice sends to bob."""
    put("client", from_alice(payload, **fields))


def bob(payload, **fields):
    """Bob sends to alice."""
    put("server", from_bob(payload, **fields))


def tcp(flags, seq=1000, ack=0, data=b"", **fields):
    return TCP(flags=flags, seq=seq, ack=ack, window=8192, **fields) / Raw(data)


def udp(data=b"data", **fields):
    return UDP(**fields) / Raw(data)


def handshake():
    alice(tcp("S", 1000))
    bob(tcp("SA", 5000, 1001))
    alice(tcp("A", 1001, 5001))


def echo(checksum=None):
    if version == 4:
        return ICMP(type=8, id=port, chksum=checksum) / Raw(b"data")
    return ICMPv6EchoRequest(id=port, data=b"data", cksum=checksum)


def echo_reply():
    if version == 4:
        return ICMP(type=0, id=port) / Raw(b"data")
    return ICMPv6EchoReply(id=port, data=b"data")


def icmp(kind, body=b"", **fields):
    """An ICMP message: KIND is (type, code), BODY what follows its 8 bytes"""
    if version == 4:
        return ICMP(type=kind[0], code=kind[1], **fields) / Raw(body)
    return ICMPv6Unknown(type=kind[0], code=kind[1], msgbody=bytes(4) + body,
                         **fields)


def error(kind, about, **fields):
    """An ICMP error about a packet"""
    kinds = {"port": ((3, 3), (1, 4)), "host": ((3, 1), (1, 3)),
             "time": ((11, 0), (3, 0)), "size": ((3, 4), (2, 0)),
             "parameter": ((12, 0), (4, 0))}
    return icmp(kinds[kind][0 if version == 4 else 1], bytes(about)[:128], **fields)


def sctp(chunk, tag=0):
    return SCTP(tag=tag) / chunk


def fragments(payload):
    """What alice sends to bob, in pieces"""
    if version == 4:
        return fragment(from_alice(payload), 1000)
    packet = from_alice(payload)
    return fragment6(IPv6(src=packet.src, dst=packet.dst) / IPv6ExtHdrFragment() /
                     packet.payload, 1280)


def lone_part(kind):
    """An IPv6 packet from alice to bob that says it is the first part of one, and that
    nobody puts together with others: the tracker takes it for a whole one. What makes it
    so is the KIND: it ends in the middle of 8 bytes, there is nothing in it, or it comes
    in another one. Each is from another address.
    """
    part = IPv6ExtHdrFragment(m=1)
    chain = {"odd": part / ports(udp(b"x"), port, peer_port),
             "empty": IPv6ExtHdrFragment(m=1, nh=253),
             "nested": IPv6ExtHdrFragment() / part / ports(udp(b"x" * 8), port, peer_port)}
    put("client", IPv6(src=f"fd00:1::{port:x}", dst=addr["bob"]) / chain[kind])


def checksum(number, data, length):
    """The sum over DATA from alice to bob, as of so many bytes of a protocol"""
    family_ = socket.AF_INET if version == 4 else socket.AF_INET6
    data = b"".join((socket.inet_pton(family_, addr["alice"]),
                     socket.inet_pton(family_, addr["bob"]),
                     struct.pack("!II", length, number), data, bytes(len(data) % 2)))
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return total ^ 0xffff


def summed(number, data, at, coverage=None, length=None):
    """A payload with a sum at offset AT, over its first COVERAGE bytes, as the tracker
    wants it: UDP-Lite's as if it was UDP.
    """
    total = checksum(17 if number == 136 else number, data[:coverage],
                     len(data) if length is None else length)
    return protocol(number, data[:at] + struct.pack("!H", total) + data[at + 2:])


def udplite(coverage=0, size=16, length=None):
    return summed(136, struct.pack("!HHHH", port, peer_port, coverage, 0) + b"x" * size, 6,
                  coverage or None, length)


def dccp_request(coverage=0, size=4, length=None):
    """Ports, offset, coverage, no sum, type and long numbers, number, service"""
    return summed(33, struct.pack("!HHBBHBBHIII", port, peer_port, 5, coverage, 0, 1, 0, 0, 1,
                                  5, 0)[:20] + b"x" * size, 6,
                  (coverage - 1) * 4 if coverage else None, length)


def protocol(number, data):
    """A packet's payload, with the fields of the IP header that go with it"""
    return {"payload": Raw(data), "proto" if version == 4 else "nh": number}


# --- Counters ---

last_counters = {}


def legacy_counters(table):
    """A table as the kernel hands it out: struct ipt_entry (linux/netfilter_ipv4/
    ip_tables.h), ip6t_entry. In a fraction of the time that iptables-save takes.
    """
    level, in_entry, in_counters = ((socket.IPPROTO_IP, 88, 96) if version == 4 else
                                    (socket.IPPROTO_IPV6, 140, 152))
    with inside("router"), socket.socket(
            socket.AF_INET if version == 4 else socket.AF_INET6,
            socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        info = getsockopt(sock, level, 64, struct.pack("32s52x", table))
        size = struct.unpack_from("I", info, 80)[0]
        data = getsockopt(sock, level, 65,
                          struct.pack(f"32sI4x{size}x", table, size))[40:]
    found = {}
    while data:
        end = struct.unpack_from("H", data, in_entry + 2)[0]
        comment = re.search(rb"\0((conntrack|ctstate2):[^\0]+)\0", data[:end])
        if comment:
            found[comment[1].decode()] = struct.unpack_from("Q", data, in_counters)[0]
        data = data[end:]
    return found


def nft_counters():
    """The same of iptables-nft's, from NFT_MSG_GETRULE (linux/netfilter/nf_tables.h)"""
    found = {}
    with inside("router"), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as sock:
        # a dump: NLM_F_REQUEST | NLM_F_DUMP
        sock.send(struct.pack("=IHHIIBBH", 20, 10 << 8 | 7, 0x301, 1, 0,
                              socket.AF_INET if version == 4 else socket.AF_INET6, 0, 0))
        while True:
            data = sock.recv(1 << 20)
            while data:
                size, kind, _, _, _ = struct.unpack_from("=IHHII", data)
                if kind == 2:
                    raise OSError("nf_tables")
                if kind == 3:
                    return found
                comment = re.search(rb"((conntrack|ctstate2):[^\0]+)\0", data[:size])
                if comment:
                    # the attributes of this expression: bytes, packets, maybe padding
                    at = data.index(b"counter\0", 0, size) + 8 + 4
                    while struct.unpack_from("=HH", data, at)[1] != 2:
                        at += struct.unpack_from("=HH", data, at)[0]
                    found[comment[1].decode()] = struct.unpack_from(">Q", data, at + 4)[0]
                data = data[size:]


def getsockopt(sock, level, option, value):
    """Python's own cannot pass a value in."""
    buffer = ctypes.create_string_buffer(value, len(value))
    length = ctypes.c_uint(len(value))
    if netns.libc.getsockopt(sock.fileno(), level, option, buffer, ctypes.byref(length)):
        raise OSError(ctypes.get_errno(), "getsockopt")
    return buffer.raw


def counters(iptables):
    """What the router's rules have counted: {comment: packets}"""
    if iptables.endswith("legacy"):
        return legacy_counters(b"raw") | legacy_counters(b"mangle")
    return nft_counters()


def compare(iptables, where):
    """What -m conntrack counted in WHERE since the last call, and all rules of
    -m ctstate2, anywhere, that counted something else than their twins: see
    equivalence.sh, which writes the rules.
    """
    def differences(now):
        for comment, packets in now.items():
            if comment.startswith("conntrack:"):
                twin = comment.replace("conntrack", "ctstate2", 1)
                packets -= before[comment]
                others = now[twin] - before[twin]
                if packets != others:
                    place, words = comment.split(":")[1:]
                    yield f"{place} {words}: conntrack {packets}, ctstate2 {others}"

    now = counters(iptables)
    before = last_counters.setdefault(iptables, now)
    for _ in range(10):
        if not any(differences(now)):
            break
        # A packet may have come between the two. A real difference stays.
        time.sleep(0.3)
        now = counters(iptables)
    last_counters[iptables] = now
    seen = where
    for comment, packets in now.items():
        rule, place, words = comment.split(":")
        packets -= before[comment]
        if rule == "conntrack" and place == where and words.isalpha() and packets:
            seen += f" {words}={packets}"
    return "; ".join((seen, *differences(now)))


def counted(iptables):
    """The words that -m conntrack has ever counted a packet for"""
    return " ".join(sorted({comment.split(":")[2]
                            for comment, packets in last_counters[iptables].items()
                            if packets and comment.startswith("conntrack:")}))


def serve(path):
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()
    # open for writing, too, so that there is no end
    for request in open(os.open(path, os.O_RDWR), encoding="utf-8"):
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            words = request.split()
            sys.stdin = open(words[0], encoding="utf-8")
            sys.stdout = open(words[1], "w", encoding="utf-8")
            return words[2:]
    return []


def main():
    arguments = sys.argv[1:]
    if arguments[0] == "--serve":
        arguments = serve(arguments[1])
    set_namespaces(arguments)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if {"client", "router", "server"} <= namespaces.keys():
        open_links()
    for line in sys.stdin:
        globals()["result"] = ""
        try:
            exec(line, globals())
            fence()
            print("ok", globals()["result"], flush=True)
        except Exception as problem:
            print("error:", repr(problem), flush=True)


if __name__ == "__main__":
    main()
