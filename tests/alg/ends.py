#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Both ends of FTP's and RTSP's connections, which say what a test wants; see `ends` in lib.sh.

usage: ends.py NAME=NAMESPACE...

Each line of standard input is Python that may use all names of this file. It is
answered with "ok" and the value of `result`, if it set that, or with an error.
"""
import ipaddress
import os
import re
import select
import socket
import struct
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import netns

NFNL_CT_NEW = 1 << 8	# NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW
NLM_F_REQUEST, NLM_F_ACK = 1, 4
NLA_F_NESTED = 0x8000

namespaces = dict(arg.split("=", 1) for arg in sys.argv[1:])


def inside(name):
    """See netns.inside()"""
    return netns.inside(namespaces[name])


MPTCP = 262


def new_socket(name, address, port, protocol=0):
    """A TCP socket in a namespace"""
    with inside(name):
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                             socket.SOCK_STREAM, protocol)
    sock.settimeout(10)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((address, port))
    return sock


def new_listener(name, address, port, protocol=0):
    sock = new_socket(name, address, port, protocol)
    sock.listen(128)
    return sock


listeners = {}


def listener(address, port, protocol=0):
    """The server's, for control connections"""
    key = address, port
    if key not in listeners:
        listeners[key] = new_listener("server", address, port, protocol)
    return listeners[key]


def text_of(sock, end):
    """What comes, up to this end; nothing is on its way behind it"""
    text = b""
    while not text.endswith(end):
        more = sock.recv(4096)
        if not more:
            raise EOFError(text)
        text += more
    return text.decode()


def line_of(sock):
    """A line that comes, without its end"""
    return text_of(sock, b"\r\n")[:-2]


def numbers(line):
    """The address and port that a line announces; no address in 229"""
    found = re.search(r"(\d+),(\d+),(\d+),(\d+),(\d+),(\d+)", line)
    if found:
        n = found.groups()
        return ".".join(n[:4]), int(n[4]) * 256 + int(n[5])
    found = re.search(r"\|[12]?\|([^|]*)\|(\d+)\|", line)
    return found.group(1), int(found.group(2))


def six(address, port):
    return f"{address.replace('.', ',')},{port >> 8},{port & 255}"


class Control:
    """A control connection, logged in, with both of its ends

    ADDRESS is what the client calls the server, SERVER what the server is, FROM_PORT the
    client's port, if that matters. PROTOCOL may be MPTCP.
    """

    def __init__(self, address="10.0.2.2", client="10.0.1.2", server="10.0.2.2", port=21,
                 greet=True, from_port=0, protocol=0):
        self.server_address = server
        self.client_address = client
        self.address = address
        waiting = listener(server, port, protocol)
        self.client = new_socket("client", client, from_port, protocol)
        self.client.connect((address, port))
        self.server = waiting.accept()[0]
        self.server.settimeout(10)
        self.in_pieces = False
        self.waiting = None	# for a data connection
        self.to = None		# where the other end is to connect to
        self.seen = None	# the announcement, as it came
        if greet:
            self.answer("220 welcome")
            self.ask("USER a", "230 in")

    def say(self, line):
        """A line of the client's, as it comes to the server"""
        if self.in_pieces:
            self.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.client.sendall(line[:9].encode())
            line = line[9:]
        self.client.sendall((line + "\r\n").encode())
        return line_of(self.server)

    def answer(self, line):
        """One of the server's, as it comes to the client"""
        self.server.sendall((line + "\r\n").encode())
        return line_of(self.client)

    def ask(self, command, reply):
        return self.say(command), self.answer(reply)

    def wait_at(self, name, address, port):
        if self.waiting:
            self.waiting.close()
        self.waiting = new_listener(name, address, port)
        return self.waiting.getsockname()[1]

    def port(self, port=0, address=None):
        """PORT or EPRT, and the server agrees"""
        address = address or self.client_address
        port = self.wait_at("client", address, port)
        self.active = True
        if ":" in address:
            self.seen = self.say(f"EPRT |2|{address}|{port}|")
        else:
            self.seen = self.say(f"PORT {six(address, port)}")
        self.answer("200 done")
        self.to = numbers(self.seen)

    def pasv(self, port=0, address=None):
        """PASV or EPSV, and the server agrees"""
        address = address or self.server_address
        port = self.wait_at("server", address, port)
        self.active = False
        if ":" in address:
            self.say("EPSV")
            self.seen = self.answer(f"229 Extended Passive (|||{port}|)")
            self.to = self.address, numbers(self.seen)[1]
        else:
            self.say("PASV")
            self.seen = self.answer(f"227 Passive ({six(address, port)})")
            self.to = numbers(self.seen)

    def connect(self, seconds=1):
        """A data connection to where the announcement says; None if none comes"""
        address = self.server_address if self.active else self.client_address
        sock = new_socket("server" if self.active else "client", address, 0)
        sock.settimeout(seconds)
        try:
            sock.connect(self.to)
            peer = self.waiting.accept()[0]
        except OSError:
            sock.close()
            return None
        sock.settimeout(10)
        peer.settimeout(10)
        return sock, peer

    def data(self, seconds=1):
        """Does one come, with what is sent at both of its ends?"""
        pair = self.connect(seconds)
        if not pair:
            return "no"
        word = "yes"
        for one, other in (pair, pair[::-1]):
            one.sendall(self.client_address.encode())
            if other.recv(100) != self.client_address.encode():
                word = "garbled"
        for sock in pair:
            sock.close()
        return word

    def alive(self):
        """Does the control connection go on?"""
        return "yes" if self.ask("NOOP", "200 x") == ("NOOP", "200 x") else "no"

    def close(self):
        """With both FINs"""
        self.client.shutdown(socket.SHUT_WR)
        self.server.recv(100)
        self.server.close()
        self.client.recv(100)
        self.client.close()
        if self.waiting:
            self.waiting.close()

    def reset(self, server=False, wait=True):
        """With a RST of the client's, or of the server's; which may not come, without WAIT"""
        end, other = (self.server, self.client) if server else (self.client, self.server)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        end.close()
        select.select([other], [], [], 10 if wait else 0)
        other.close()
        if self.waiting:
            self.waiting.close()


class Rtsp(Control):
    """A control connection of RTSP's; ADDRESS, CLIENT and SERVER as above"""

    first = 20000	# of a pair of ports that nobody has yet

    def __init__(self, address="10.0.2.2", client="10.0.1.2", server="10.0.2.2", port=554):
        super().__init__(address, client, server, port, greet=False)
        self.cseq = 0
        self.pairs = []	# of SETUPs: what the client said, what the server was told

    def message(self, sender, receiver, *lines):
        """As it comes to the other end"""
        sender.sendall("\r\n".join([*lines, "", ""]).encode())
        return text_of(receiver, b"\r\n\r\n")

    def request(self, method, *headers, url="rtsp://h/m"):
        self.cseq += 1
        return self.message(self.client, self.server, f"{method} {url} RTSP/1.0",
                            f"CSeq: {self.cseq}", *headers)

    def reply(self, *headers):
        return self.message(self.server, self.client, "RTSP/1.0 200 OK", f"CSeq: {self.cseq}",
                            *headers)

    def setup(self, strict=True):
        """SETUP of one more stream, and the server agrees. The client is told what it said; if
        that is not STRICT, it may also be what the server was told.
        """
        port = Rtsp.first
        Rtsp.first = port + 2 if port < 31000 else 20000
        transport = (f"Transport: RTP/AVP;unicast;destination={self.client_address};"
                     f"client_port={port}-{port + 1}")
        came = self.request("SETUP", transport, url=f"rtsp://h/m/t{len(self.pairs)}")
        self.seen = re.search("Transport: .*", came)[0].strip()
        told = whereto(came)
        self.pairs.append((port, *told))
        came = self.reply("Session: abc", f"{self.seen};server_port=40000-40001")
        if whereto(came) != whereto(transport) and (strict or whereto(came) != told):
            raise ValueError(f"{came!r} is not about {transport!r}")

    def teardown(self):
        """Of the stream that was set up last"""
        self.request("TEARDOWN", "Session: abc", url=f"rtsp://h/m/t{len(self.pairs) - 1}")
        self.reply("Session: abc")

    def play(self):
        self.request("PLAY", "Session: abc")
        self.reply("Session: abc")

    def data(self, seconds=1, nth=-1):
        """Do media come to the client, to both ports of a stream?"""
        mine, address, told = self.pairs[nth]
        word = "yes"
        for i in (0, 1):
            with udp_socket("client", self.client_address, mine + i) as to, \
                 udp_socket("server", self.server_address, 40000 + i) as by:
                to.settimeout(seconds)
                by.sendto(b"media", (address, told + i))
                try:
                    to.recv(100)
                except TimeoutError:
                    word = "no"
        return word

    def alive(self):
        came = self.request("OPTIONS")
        return "yes" if "OPTIONS" in came and "200" in self.reply("Public: SETUP") else "no"


def whereto(message):
    """The address and first port of a Transport; that of IPv6 in its shortest form"""
    found = re.search(r"destination=([^;]*);client_port=(\d+)-(\d+)", message)
    return str(ipaddress.ip_address(found[1])), int(found[2])


def udp_socket(name, address, port):
    with inside(name):
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET,
                             socket.SOCK_DGRAM)
    sock.bind((address, port))
    return sock


def attribute(kind, value, nested=0):
    return struct.pack("=HH", 4 + len(value), kind | nested) + value + b"\0" * (-len(value) % 4)


def unassign(control):
    """Takes the helper away from a connection of IPv4, as ctnetlink lets one do"""
    sport = control.client.getsockname()[1]
    dport = control.client.getpeername()[1]
    ip = (attribute(1, socket.inet_aton(control.client_address)) +
          attribute(2, socket.inet_aton(control.address)))
    proto = (attribute(1, b"\6") + attribute(2, struct.pack("!H", sport)) +
             attribute(3, struct.pack("!H", dport)))
    tuple_ = attribute(1, ip, NLA_F_NESTED) + attribute(2, proto, NLA_F_NESTED)
    # CTA_TUPLE_ORIG; CTA_HELP, with an empty CTA_HELP_NAME
    body = (struct.pack("=BBH", socket.AF_INET, 0, 0) + attribute(1, tuple_, NLA_F_NESTED) +
            attribute(5, attribute(1, b"\0"), NLA_F_NESTED))
    with inside("router"), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12) as netlink:
        netlink.send(struct.pack("=IHHII", 16 + len(body), NFNL_CT_NEW,
                                 NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body)
        error = struct.unpack("=i", netlink.recv(4096)[16:20])[0]
    return os.strerror(-error) if error else "done"


def segment_ahead(control, by, data):
    """A segment of the client's, IPv4, so many bytes before its turn; an even number in it"""
    sock = control.client
    tcp, repair, queue, seq = socket.IPPROTO_TCP, 19, 20, 21
    numbers = []
    sock.setsockopt(tcp, repair, 1)
    for side in (2, 1):	# what is sent, what is received
        sock.setsockopt(tcp, queue, side)
        numbers.append(sock.getsockopt(tcp, seq) & 0xFFFFFFFF)
    sock.setsockopt(tcp, queue, 0)
    sock.setsockopt(tcp, repair, -1)
    ports = sock.getsockname()[1], sock.getpeername()[1]
    head = struct.pack("!HHIIBBHHH", *ports, (numbers[0] + by) & 0xFFFFFFFF, numbers[1], 5 << 4,
                       24, 1000, 0, 0)
    src, dst = (socket.inet_aton(a) for a in (control.client_address, control.address))
    whole = src + dst + struct.pack("!HH", 6, len(head) + len(data)) + head + data
    total = sum(struct.unpack(f"!{len(whole) // 2}H", whole))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    with inside("client"), socket.socket(socket.AF_INET, socket.SOCK_RAW, tcp) as raw:
        raw.sendto(head[:16] + struct.pack("!H", ~total & 0xFFFF) + head[18:] + data,
                   (control.address, 0))


def main():
    for line in sys.stdin:
        globals()["result"] = ""
        try:
            exec(line, globals())
            print("ok", globals()["result"], flush=True)
        except Exception as problem:
            print("error:", repr(problem), flush=True)


if __name__ == "__main__":
    main()
