#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Dialogues of FTP with scripted ends on the wire; see dialogues.sh.

usage: dialogues.py HELPER,NAT,CLIENT,ROUTER,SERVER,FTP4,FTP6,CLIENT4,CLIENT6...

Each argument is a router of alg_router, with its namespaces and with what its ends call
each other. Prints a line for each dialogue with each of them: "HELPER NAT KIND RESULT
NAME", where RESULT is ok, or "open"
if something is that must not be, or "failed"; and after NAME ": " and why. With a regular
expression in $ONLY, only dialogues whose name it matches, and once.

One process is all of the ends: a socket stays in the namespace that it was made in.
A dialogue is a list of steps; see Talk.step. It begins after the login, unless it is
Fresh. Each step must come to the other end, all of it:

  benign   byte by byte, but for the address with NAT, which must be the one that the
           other end has to connect to; that works, within LIMIT seconds of the line's
           last byte, and each end sees the other one as it does on the control connection
  hostile  nothing is open afterwards: no active expectation in the tracker's table, and
           a connection is not answered

In either, a connection never has more than one active expectation.
"""
import concurrent.futures
import contextlib
import errno
import fcntl
import ipaddress
import os
import re
import resource
import select
import socket
import struct
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import netns

SIOCGIFHWADDR = 0x8927
LIMIT = 1.0
# With loss, a data connection may take as long as six SYNs
LOSSY_LIMIT = 60
# The time between PORT and a late data connection counts
LATE_LIMIT = 3
# What TCP sends so often without an answer does not get through: of seven segments, at least
# one and its answer have passed four lossy devices, but for one time in 10^6
TRIES = 6
# For what comes in any case, if it takes so many SYNs
PATIENCE = 60
# What is not let in is not answered: so long
SILENCE = 0.3
# Between the parts of what is cut
PAUSE = 0.02
THREADS = 4
FTP2 = "/sys/module/nf_conntrack_ftp2/parameters/"
ALG = "/sys/module/nf_conntrack_alg/parameters/"

INNER = {("client", 4): "10.0.1.2", ("client", 6): "fd00:1::2",
         ("server", 4): "10.0.2.2", ("server", 6): "fd00:2::2"}
# Other hosts beside the client and the server, and two that exist in packets only
THIRD = {("client", 4): "10.0.1.3", ("server", 4): "10.0.2.3",
         ("client", 6): "fd00:1::3", ("server", 6): "fd00:2::3"}
GHOST = "10.0.1.9"
GHOST_SERVER = "10.0.2.9"
ADDRESS = re.compile(r"[0-9a-f,.:|]+")


class Failed(Exception):
    """The dialogue did not go as it has to."""


class Late(Failed):
    """It works, but not in time: of others at the same time, perhaps"""


class Open(Failed):
    """Something is open that must not be."""


def need(good, why, kind=Failed):
    if not good:
        raise kind(why)


class Router:
    """A topology, of one helper and one kind of NAT"""

    def __init__(self, text, port=21):
        (self.helper, self.nat, client, router, server,
         ftp4, ftp6, client4, client6) = text.split(",")
        self.ns = {"client": client, "router": router, "server": server}
        # What the other end calls them
        self.outer = {("client", 4): client4, ("client", 6): client6,
                      ("server", 4): ftp4, ("server", 6): ftp6}
        self.lock = threading.Lock()
        with self.inside("router"):
            self.netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 12)
        self.netlink.settimeout(10)
        self.netlink_lock = threading.Lock()
        self.control = {version: self.listen("server", version, port) for version in (4, 6)}
        self.prepare()

    def inside(self, name):
        """See netns.inside()"""
        return netns.inside(self.ns[name])

    def run(self, name, command):
        """A program, with a namespace's network"""
        with self.inside(name):
            subprocess.run(command.split(), check=True)

    def prepare(self):
        """The other hosts; and no end learns from one connection for the next"""
        for end in ("client", "server"):
            self.run(end, "sysctl -qw net.ipv4.tcp_no_metrics_save=1")
            self.run(end, f"ip addr add {THIRD[end, 4]}/24 dev eth0")
            self.run(end, f"ip addr add {THIRD[end, 6]}/64 dev eth0 nodad")
        for end, ghost, device in (("client", GHOST, "eth1"), ("server", GHOST_SERVER, "eth2")):
            with self.inside(end), socket.socket() as sock:
                reply = fcntl.ioctl(sock, SIOCGIFHWADDR, struct.pack("40s", b"eth0"))
            self.run("router", f"ip neigh add {ghost} lladdr {reply[18:24].hex(':')} dev {device}")

    def socket(self, end, version, address=None, port=0):
        with self.inside(end):
            sock = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.bind((address or INNER[end, version], port))
        sock.settimeout(PATIENCE)
        return sock

    def listen(self, end, version, port=0):
        sock = self.socket(end, version, port=port)
        sock.listen(64)
        return sock

    def expectations(self):
        """What the tracker has: (the client's port, is it active?) of each"""
        with self.netlink_lock:
            return self.dump()

    def dump(self):
        # CTNETLINK_EXP, EXP_GET; REQUEST and DUMP
        self.netlink.send(struct.pack("=IHHIIBBH", 20, 2 << 8 | 1, 0x301, 1, 0, 0, 0, 0))
        found = []
        while True:
            data = self.netlink.recv(65536)
            while data:
                length, kind = struct.unpack_from("=IH", data)
                if kind == 2:
                    raise OSError(-struct.unpack_from("=i", data, 16)[0], "ctnetlink")
                if kind == 3:
                    return found
                attrs = attributes(data[20:length])
                # CTA_EXPECT_MASTER, CTA_TUPLE_PROTO, CTA_PROTO_SRC_PORT; CTA_EXPECT_FLAGS
                proto = attributes(attributes(attrs[1])[2])
                flags = struct.unpack(">I", attrs[8])[0]
                found.append((struct.unpack(">H", proto[2])[0], not flags & 2))
                data = data[(length + 3) & ~3:]


def attributes(data):
    """Netlink's"""
    found = {}
    while data:
        length, kind = struct.unpack_from("=HH", data)
        found[kind & 0x3FFF] = data[4:length]
        data = data[(length + 3) & ~3:]
    return found


# --- what ends say to each other ---

def six(address, port):
    return f"{address},{port >> 8},{port & 255}".replace(".", ",")


def eprt(address, port):
    return f"|{2 if ':' in address else 1}|{address}|{port}|"


def passed(sock):
    """
    Was the connection answered? Of one that was begun, in SILENCE seconds. The router
    may say that it knows no way to an address that NAT has made up.
    """
    poll = select.poll()
    poll.register(sock, select.POLLOUT)
    return bool(poll.poll(SILENCE * 1000)) and sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) in (
        0, errno.ECONNREFUSED)


def tcp_info(sock):
    """
    What TCP knows of a connection: how often it has sent again what was not answered, after
    how many seconds it would, and how many segments were not answered
    """
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28)
    return info[2], struct.unpack_from("=I", info, 8)[0] / 1e6, struct.unpack_from("=I", info, 24)[0]


class Talk:
    """A control connection, and a dialogue on it"""

    service = 21
    # of an end, if it is not the usual one
    source = {}

    def __init__(self, router, version, strict, port=0):
        self.router = router
        self.version = version
        self.strict = strict
        self.port = port
        self.limit = LIMIT
        self.sent = 0.0
        self.slowest = 0.0
        # by who says it: what the other end has to connect to
        self.told = {}
        self.data = {}
        self.listeners = {}
        self.ends = {}
        self.begin()
        self.closed = []

    def begin(self):
        """
        One whose handshake did not get lost: TCP takes the time of that for a round trip's, and
        would wait for minutes before it sends again what gets lost later.
        """
        port = self.port
        while True:
            self.connect(port)
            if port or all(tcp_info(sock)[1] < 1 for sock in self.ends.values()):
                return
            self.end()

    def connect(self, port):
        router = self.router
        self.ends["client"] = router.socket("client", self.version, self.source.get("client"), port)
        self.port = self.ends["client"].getsockname()[1]
        with router.lock:
            self.ends["client"].connect((router.outer["server", self.version], self.service))
            self.ends["server"] = router.control[self.version].accept()[0]
        self.ends["server"].settimeout(10)
        self.ends["server"].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def end(self):
        # with a RST, so that nothing is left
        for sock in self.ends.values():
            with contextlib.suppress(OSError):
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.close()
        for sock in self.listeners.values():
            sock.close()

    def listener(self, name):
        """Its port. NAME: c and d are the client's, s and t the server's."""
        if name not in self.listeners:
            self.listeners[name] = self.router.listen("client" if name in "cd" else "server",
                                                      self.version)
        return self.listeners[name].getsockname()[1]

    def words(self, name):
        """
        {NAME} in a line: lower case as in PORT and 227, upper as in EPRT and 229; or
        {NAME_port} and so on, which is something of its listener's port
        """
        end = "client" if name[0].lower() in "cd" else "server"
        address = INNER[end, self.version]
        if name == "C6":
            address = ipaddress.ip_address(address).exploded.upper()
        port = self.listener(name[0].lower())
        if len(name) > 2:
            high, low = port >> 8, port & 255
            return {"port": f"{high},{low}", "high": f"{high + 256},{low}", "decimal": f"{port}",
                    "low": f"{high - 1},{low + 256}", "big": f"{port + 65536}"}[name[2:]]
        if name[0].islower():
            return six(address, port)
        return eprt(address, port) if end == "client" else f"|||{port}|"

    def translated(self, end):
        return self.router.outer[end, self.version] != INNER[end, self.version]

    def fill(self, line, end):
        """The text of a line, and how it has to come: text, and patterns of addresses"""
        parts = re.split(r"\{(\w+)\}", line)
        come = list(parts)
        for i in range(1, len(parts), 2):
            word = self.words(parts[i])
            come[i] = ADDRESS
            if not self.translated(end) or parts[i] in "ST":
                come[i] = re.compile(re.escape(word))
            parts[i] = word
        return "".join(parts).encode("latin-1"), come

    def compare(self, end, line, come, got):
        """Has it come so? Then the addresses in it are what the other end was told."""
        text, at = got.decode("latin-1"), 0
        names = re.findall(r"\{(\w+)\}", line)
        for i, part in enumerate(come):
            if i % 2:
                match = part.match(text, at)
                need(match, f"no address in {text[at:]!r}")
                self.learn(end, names[i // 2][0].lower(), match[0])
                at = match.end()
            else:
                need(text.startswith(part, at), f"{text[at:][:90]!r} came of {part[:90]!r}")
                at += len(part)
        need(at == len(text), f"{text[at:]!r} came, too")

    def send(self, end, data, cut):
        sock = self.ends[end]
        if cut == "bytes":
            for i in range(len(data)):
                sock.send(data[i:i + 1])
        else:
            at = 0
            for to in [*(cut or []), len(data)]:
                if to > at:
                    sock.sendall(data[at:to])
                    at = to
                    if to < len(data):
                        time.sleep(PAUSE)
        self.sent = time.monotonic()

    def tries(self, sock):
        """
        With loss: has what this end says a chance yet? TCP has not sent it often enough. (The
        helper has segments come in order, so that a receiver never tells of a gap, and the
        sender always waits for its timer.)
        """
        again, _, unanswered = tcp_info(sock)
        return self.limit > LIMIT and unanswered and again < TRIES

    def receive(self, other, length, lines):
        """Until there are so many lines, or with none so many bytes"""
        sock = self.ends[other]
        # none, if a Ghost is the client
        sender = self.ends.get("server" if other == "client" else "client")
        sock.settimeout(3.0)
        got = b""
        while got.count(b"\n") < lines if lines else len(got) < length:
            try:
                more = sock.recv(65536)
            except TimeoutError:
                if sender and self.tries(sender):
                    continue
                raise Failed(f"{other} got only {got[-60:]!r}") from None
            need(more, f"{other} got an end after {got[-60:]!r}")
            got += more
        return got

    def say(self, line, cut=None, wait=True):
        """">..." is the client's, "<..." the server's."""
        end, other = ("client", "server") if line[0] == ">" else ("server", "client")
        data, come = self.fill(line[1:], end)
        self.send(end, data, cut)
        if not wait:
            time.sleep(0.1)
            return
        got = self.receive(other, len(data), data.count(b"\n"))
        if self.strict:
            self.compare(end, line[1:], come, got)
        self.count()

    def learn(self, end, name, text):
        """An address that the other end was told"""
        address = self.router.outer[end, self.version]
        if "," in text:
            numbers = [int(n) for n in text.split(",")]
            need(len(numbers) == 6, f"{text} is no address")
            told, port = ".".join(map(str, numbers[:4])), numbers[4] << 8 | numbers[5]
        else:
            _, _, told, port, _ = text.split("|")
            told, port = told or address, int(port)
        need(ipaddress.ip_address(told) == ipaddress.ip_address(address),
             f"the address that came is {told}")
        need(port >= 1024, f"the port that came is {port}")
        self.told[name] = address, port

    def active(self):
        return sum(1 for port, active in self.router.expectations()
                   if port == self.port and active)

    def count(self):
        n = self.active()
        need(n <= 1, f"{n} expectations", Open)
        return n

    def transfer(self, name):
        """A data connection to listener NAME, as the other end was told"""
        here, there = ("client", "server") if name in "cd" else ("server", "client")
        with self.router.socket(there, self.version) as sock:
            sock.settimeout(self.limit)
            try:
                sock.connect(self.told[name])
            except OSError as error:
                raise Failed(f"no data connection: {error}") from None
            spent = time.monotonic() - self.sent
            self.slowest = max(self.slowest, spent)
            if spent >= self.limit:
                raise Late(f"the data connection took {spent:.2f} s")
            data, peer = self.listeners[name].accept()
            with data:
                need(ipaddress.ip_address(peer[0]) ==
                     ipaddress.ip_address(self.router.outer[there, self.version]),
                     f"the data connection is from {peer[0]}")
                data.settimeout(3.0)
                sock.sendall(b"over")
                data.sendall(b"back")
                need(self.whole(data, sock) == b"over" and self.whole(sock, data) == b"back",
                     "no data")

    def whole(self, sock, sender):
        """Four bytes of a data connection"""
        while True:
            try:
                return sock.recv(4)
            except TimeoutError:
                if not self.tries(sender):
                    return b""

    def closed_to(self, there, address, port, source=None):
        """A connection from there gets no answer."""
        with self.router.socket(there, self.version, source) as sock:
            sock.setblocking(False)
            error = sock.connect_ex((address, port))
            need(error == errno.EINPROGRESS and not passed(sock),
                 f"a connection to {address}:{port} was answered", Open)

    def shut(self, name, port=None, address=None, source=None):
        """Nothing is open to listener NAME, or to another port or address beside it"""
        here, there = ("client", "server") if name in "cd" else ("server", "client")
        if not source:
            need(not self.active(), "there is an expectation", Open)
        self.closed_to(there, address or self.router.outer[here, self.version],
                       port or self.listener(name), source and source[there, self.version])

    def step(self, step):
        """
        ">TEXT", "<TEXT"   the client says it, the server does, and the other end gets it
        (TEXT, CUT)        in parts: "bytes", or [OFFSET...]
        "~>TEXT"           perhaps the other end does not get it yet
        "+NAME"            a data connection to listener NAME works
        "-NAME"            nothing is open
        "=N"               there are N active expectations
        a function         is called with this
        """
        if callable(step):
            step(self)
        elif isinstance(step, tuple):
            self.say(*step)
        elif step[0] == "~":
            self.say(step[1:], wait=False)
            self.count()
        elif step[0] == "+":
            self.transfer(step[1:])
        elif step[0] == "-":
            self.shut(step[1:])
        elif step[0] == "=":
            n = self.active()
            need(n == int(step[1:]), f"{n} expectations", Open if n else Failed)
        else:
            self.say(step)


def send_segment(raw, src, dst, ports, seq, ack, flags, data=b"", spoil=0):
    """A TCP segment over IPv4, by a raw socket"""
    ends = socket.inet_aton(src) + socket.inet_aton(dst)
    tcp = struct.pack(">HHIIBBHHH", *ports, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 5 << 4, flags,
                      65535, 0, 0) + data
    pseudo = ends + struct.pack(">HH", 6, len(tcp)) + tcp + b"\0" * (len(tcp) % 2)
    total = sum(struct.unpack(f">{len(pseudo) // 2}H", pseudo))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    tcp = tcp[:16] + struct.pack(">H", (~total & 0xFFFF) ^ spoil) + tcp[18:]
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0)
    raw.sendto(head + ends + tcp, (dst, 0))


class Ghost(Talk):
    """A client that exists in packets only, which it makes one by one. No SACK, no scaling."""

    def begin(self):
        router = self.router
        with router.inside("client"):
            self.raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
            self.wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x800))
        with self.router.socket("client", 4) as sock:
            self.port = sock.getsockname()[1]
        # for its data: like its own, nobody else's
        self.open = 2048 + (self.port - 32768) * 2 % 60000
        self.seq = 0xFFFFFFE0	# numbers wrap
        self.ack = 0
        self.got = b""
        with router.lock:
            self.packet(0, b"", 2)
            self.pump(lambda: self.ack)
            self.seq = 0xFFFFFFE1
            self.packet(0, b"", 16)
            self.ends["server"] = router.control[4].accept()[0]
        self.ends["server"].settimeout(10)

    def end(self):
        self.packet(0, b"", 4)
        super().end()
        self.raw.close()
        self.wire.close()

    def packet(self, offset, data=b"", flags=24, spoil=0):
        """A segment, OFFSET bytes from where the client is"""
        send_segment(self.raw, GHOST, self.router.outer["server", 4], (self.port, 21),
                     self.seq + offset, self.ack, flags, data, spoil)

    def pump(self, enough):
        """Takes and acknowledges what comes, until it is enough."""
        end = time.monotonic() + 5
        while not enough():
            self.wire.settimeout(max(0.001, end - time.monotonic()))
            try:
                data = self.wire.recv(65536)
            except TimeoutError:
                raise Failed(f"the ghost got only {self.got!r}") from None
            tcp = data[20:struct.unpack(">H", data[2:4])[0]]
            if data[9] != 6 or socket.inet_ntoa(data[16:20]) != GHOST:
                continue
            _, port, seq, self.acked, off, flags = struct.unpack(">HHIIBB", tcp[:14])
            if port != self.port:
                continue
            if flags & 2:
                self.ack = (seq + 1) & 0xFFFFFFFF
                continue
            tcp = tcp[(off >> 4) * 4:]
            if tcp and seq == self.ack:
                self.ack = (seq + len(tcp)) & 0xFFFFFFFF
                self.got += tcp
            if tcp:
                self.packet(0, b"", 16)

    def send(self, end, data, cut):
        if end == "server":
            super().send(end, data, cut)
            return
        self.packet(0, data)
        self.seq = (self.seq + len(data)) & 0xFFFFFFFF
        self.sent = time.monotonic()

    def receive(self, other, length, lines):
        if other == "server":
            return super().receive(other, length, lines)
        self.got = b""
        self.pump(lambda: self.got.count(b"\n") >= lines)
        return self.got

    def words(self, name):
        return six(GHOST, self.open) if name == "c" else super().words(name)

    def listener(self, name):
        return self.open if name == "c" else super().listener(name)

    def transfer(self, name):
        need(self.active() == 1, "no expectation")
        self.arrives(name, True)

    def shut(self, name, port=None, address=None, source=None):
        need(not self.active(), "there is an expectation", Open)
        self.arrives(name, False)

    def arrives(self, name, wanted):
        """Does a SYN from the server come?"""
        address = self.told.get(name) or (
            self.router.outer["client", 4] if self.translated("client") else GHOST, self.open)
        with self.router.socket("server", 4) as sock:
            sock.setblocking(False)
            sock.connect_ex(address)
            end = time.monotonic() + (self.limit if wanted else SILENCE)
            came = False
            while not came and time.monotonic() < end:
                self.wire.settimeout(max(0.001, end - time.monotonic()))
                with contextlib.suppress(TimeoutError):
                    data = self.wire.recv(65536)
                    came = (data[9] == 6 and data[33] & 2 and
                            data[16:24] == socket.inet_aton(GHOST) + data[20:22] +
                            struct.pack(">H", address[1]))
            need(came or not wanted, "no SYN came")
            need(wanted or not came, "a SYN of the server's came", Open)

    def learn(self, end, name, text):
        if end == "client" and not self.translated("client"):
            need(text == six(GHOST, self.open), f"the address that came is {text}")
            self.told[name] = GHOST, self.open
        else:
            super().learn(end, name, text)

    def parts(self, line, order, size=1):
        """The client says LINE in parts of SIZE bytes, in ORDER of their numbers."""
        data, come = self.fill(line, "client")
        for i in order(range((len(data) + size - 1) // size)):
            self.packet(i * size, data[i * size:(i + 1) * size])
        self.sent = time.monotonic()
        self.seq = (self.seq + len(data)) & 0xFFFFFFFF
        self.compare("client", line, come, super().receive("server", len(data), 1))


# --- the dialogues ---

LOGIN = ["<220 ready\r\n", ">USER a\r\n", "<331 password\r\n", ">PASS b\r\n", "<230 in\r\n"]
OK = "<200 ok\r\n"
PORT = [">PORT {c}\r\n", OK]
PASV = [">PASV\r\n", "<227 Entering Passive Mode ({s}).\r\n"]
EPRT = [">EPRT {C}\r\n", OK]
EPSV = [">EPSV\r\n", "<229 Extended ({S})\r\n"]
DONE = [">RETR a\r\n", "<150 go\r\n226 done\r\n"]
# Of TLS: a record of three bytes, and the one that says that no more come
RECORD = "\x17\x03\x03\0\3ab\n"
CLOSE_NOTIFY = "\x15\x03\x03\0\2\1\0"
TLS = [">AUTH TLS\r\n", "<234 go\r\n", ">" + RECORD, "<" + RECORD + RECORD]
CCC = [*TLS, ">" + CLOSE_NOTIFY, "<" + CLOSE_NOTIFY]


class Fresh(list):
    """Steps from a connection's start on"""


class Raw(list):
    """Steps of a Ghost"""


class V6(list):
    """Steps with IPv6"""


class Fresh6(V6, Fresh):
    """From a connection's start on, with IPv6"""


def each_cut(line, answer, name, length):
    """The line, cut in two at each offset"""
    steps = []
    for at in range(1, length):
        cut = [(line, [at])]
        steps += [*cut, OK] if line[0] == ">" else [answer, *cut]
        steps += ["+" + name, *DONE]
    return steps


def zeros(word, n):
    """An address of the same value, of another length"""
    return re.sub(r"\d+", lambda m: m[0].zfill(1 + (len(m[0]) + n) % 3)
                  if len(m[0]) < 3 else m[0], word)


def comes_padded(talk, end, name, text, word):
    """Of the line TEXT, which says WORD for the address, comes what has to."""
    before, _, after = text.partition(word)
    address = ADDRESS if talk.translated(end) else re.compile(word)
    got = talk.receive("server" if end == "client" else "client", len(text), 1)
    talk.compare(end, f"{{{name}}}", [before, address, after], got)


def one_of_many(talk, name, number, probe):
    """A transfer with an address whose length depends on the number"""
    end = "client" if name == "c" else "server"
    word = zeros(talk.words(name), number)
    if name == "c":
        text = f"PORT {word}\r\n"
    else:
        talk.say(">PASV\r\n")
        text = f"227 it is {'x' * (number % 7)}({word})\r\n"
    talk.send(end, text.encode(), None)
    comes_padded(talk, end, name, text, word)
    if name == "c":
        talk.say(OK)
    if probe:
        talk.transfer(name)
    talk.say(">NOOP\r\n")
    talk.say(OK)


def many(count, names, probe_each):
    """Transfers with addresses of changing lengths"""
    def run(talk):
        for i in range(count):
            try:
                one_of_many(talk, names[i % len(names)], i, i % probe_each == 0)
            except Failed as error:
                raise type(error)(f"number {i}: {error}") from None
    return [run]


def half_line_and_end(talk):
    """What is held back leaves with the FIN"""
    talk.send("client", b"PORT 10,0,1", None)
    talk.ends["client"].shutdown(socket.SHUT_WR)
    talk.ends["server"].settimeout(3)
    got = b""
    try:
        while more := talk.ends["server"].recv(100):
            got += more
    except TimeoutError:
        raise Failed(f"server got {got!r}, and no end") from None
    need(got == b"PORT 10,0,1", f"server got {got!r}")
    talk.say("<221 bye\r\n")


def reset(talk, end="client", other="server"):
    """END closes it with a RST."""
    talk.ends[end].setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    talk.ends[end].close()
    with contextlib.suppress(ConnectionResetError):
        talk.ends[other].recv(10)
    talk.ends[other].close()


def same_port_again(talk):
    """After a RST of the server's, the tracker uses the connection's entry again."""
    reset(talk, "server", "client")
    again = Talk(talk.router, talk.version, talk.strict, talk.port)
    try:
        run_steps(again, [*EPRT, "+c", *DONE, *EPSV, "+s"])
    finally:
        again.end()


def lost_behind(end):
    """
    What the router has written anew gets lost behind it, and the other end says something,
    with which it acknowledges only what came before. Then it comes again.
    """
    def run(talk):
        name, other = ("c", "server") if end == "client" else ("s", "client")
        for line in [">RETR a\r\n", "<150 go\r\n"] if name == "c" else [">PASV\r\n"]:
            talk.say(line)
        # longer than it will be, if it is the server's
        word = zeros(talk.words(name), 1)
        text = f"PORT {word}\r\n" if name == "c" else f"227 it is ({word})\r\n"
        table = f"lost{talk.port}"
        port = talk.ends[other].getpeername()[1]
        at = f"tcp sport {port} tcp dport {talk.ends[other].getsockname()[1]}"
        for what in (f"table ip {table}",
                     f"chain ip {table} in {{ type filter hook prerouting priority -300 ; }}",
                     f"rule ip {table} in {at} meta length > 64 drop"):
            talk.router.run(other, f"nft add {what}")
        try:
            talk.send(end, text.encode(), None)
            time.sleep(PAUSE)
            talk.say("<226 done\r\n" if name == "c" else ">NOOP\r\n")
            need(not select.select([talk.ends[other]], [], [], PAUSE)[0], "nothing got lost")
        finally:
            talk.router.run(other, f"nft delete table ip {table}")
        comes_padded(talk, end, name, text, word)
        talk.say(OK)
        talk.transfer(name)
    return run


POST = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n"


def ghosts(trick=None):
    """
    Two ends in packets only. "again": the server's SYN/ACK comes once more. "early": it greets
    before the client's ACK, so that a client that speaks at once seems to answer. "moved": with
    a second SYN/ACK, it says that the dialogue begins further on, where the body of the client's
    HTTP does; its greeting is where the client does not see it.
    """
    hidden = {"c": len(POST), "s": 1000} if trick == "moved" else {"c": 0, "s": 0}

    def run(talk):
        router = talk.router
        with router.inside("client"):
            client = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        with router.inside("server"):
            server = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
        outer = router.outer["client", 4] if talk.translated("client") else GHOST
        # like the talk's own, nobody else's
        port = talk.port
        data_port = 2048 + (port - 32768) * 2 % 60000
        at = {"c": 1000, "s": 5000}

        def says(end, flags, data=b""):
            if end == "c":
                send_segment(client, GHOST, GHOST_SERVER, (port, 21), at["c"], at["s"], flags, data)
            else:
                send_segment(server, GHOST_SERVER, outer, (21, port), at["s"], at["c"], flags, data)
            at[end] += len(data) + (flags >> 1 & 1)

        with client, server:
            says("c", 2)
            says("s", 18)
            if trick in ("again", "moved"):
                at["s"] += hidden["s"] - 1
                at["c"] += hidden["c"]
                says("s", 18)
                at["c"] -= hidden["c"]
            if trick == "early":
                says("s", 24, b"220 ready\r\n")
            at["s"] -= hidden["s"]
            says("c", 16)
            if trick == "moved":
                says("c", 24, POST)
            at["s"] += hidden["s"]
            if trick != "early":
                says("s", 24, b"220 ready\r\n")
            for end, line in (("c", "USER a"), ("s", "230 in"), ("c", f"PORT {six(GHOST, data_port)}"),
                              ("s", "200 ok")):
                says(end, 24, f"{line}\r\n".encode())
                # what NAT has written anew is longer or shorter
                if line.startswith("PORT"):
                    at["c"] += len(six(outer, data_port)) - len(six(GHOST, data_port))
            n = sum(1 for sport, active in router.expectations() if sport == port and active)
            at["c"] -= len(six(outer, data_port)) - len(six(GHOST, data_port))
            says("c", 20)
        wanted = trick in (None, "again")
        need(n == wanted, f"{n} expectations", Open if n else Failed)
    return run


BIG = "".join(f" line {i} of a long answer\r\n" for i in range(3000))

def blanks(talk):
    """A 227 with blanks among its numbers"""
    word = re.sub(",", ", ", talk.words("s"))
    text = f"227 Entering Passive Mode( {word}).\r\n"
    talk.send("server", text.encode(), None)
    comes_padded(talk, "server", "s", text, word)


def at_own_address(name):
    """The client knows the server's address itself, and was told the port."""
    return lambda t: t.told.update({name: (t.router.outer["server", 4], t.listener(name))})


def nobodys(address, name):
    """A 227 with an address that the client cannot mean"""
    def run(talk):
        talk.say(f"<227 ok ({six(address, talk.listener(name))})\r\n")
        at_own_address(name)(talk)
    return run


BENIGN = {
    "ends in packets only": [ghosts()],
    "a SYN/ACK that comes twice": [ghosts("again")],
    "PORT, and the server connects before it says 200": [">PORT {c}\r\n", "+c", OK, *DONE],
    "EPRT, and the server connects before it says 200, IPv6": V6([
        ">EPRT {C}\r\n", "+c", OK, *DONE, *EPSV, "+s"]),
    "PORT and EPRT, each before its 200, after the other's transfer": [
        ">PORT {c}\r\nRETR a\r\nEPRT {D}\r\n", OK, "<150 go\r\n", "+c", "<226 done\r\n", "+d", OK],
    "227 to EPSV": [">EPSV\r\n", "<227 ok ({s})\r\n", "+s"],
    "a 250 that comes twice, before the 227": [
        ">CWD a\r\n", "<250 ok\r\n", ">PASV\r\n", "<250 ok\r\n227 ok ({s})\r\n", "+s"],
    "a 226 that comes twice, before the 200": [
        ">NLST\r\n", "<150 go\r\n226 done\r\n", ">PORT {c}\r\n", "<226 done\r\n", OK, "+c"],
    "commands without an answer during a transfer": [
        *PASV, "+s", ">RETR a\r\n", "<150 go\r\n", ">" + "NOOP\r\n" * 20, "<226 done\r\n",
        ">PASV\r\n", "<227 ok ({t})\r\n", "+t"],
    "blanks in a 227": [">PASV\r\n", blanks, "+s"],
    "replies that end with the bare code": Fresh([
        "<220-hello\r\n220-\r\n220\r\n", ">USER a\r\n", "<230-in\r\n230\r\n", *PASV, "+s"]),
    "a reply of many lines without an end, before 150": [
        ">STOR x\r\n", "<553-\r\n553- excluded\r\n150 go\r\n226 done\r\n", *PASV, "+s"],
    "a reply of many lines without an end, before the next command": [
        ">CWD x\r\n", "<250-a\r\n250-b\r\n", *PASV, "+s", *DONE, *PORT, "+c"],
    "words that are no commands of a data connection": [
        ">MD5 a.bin\r\n", "<251 x\r\n", ">\x01\x02 \xe9\r\n", "<500 ?\r\n", *PASV, "+s"],
    "empty lines": [">\r\n\r\n", *PORT, "+c", ">\r\n", *DONE, *PASV, "+s"],
    "PASV that a proxy has spoilt": [">P@SW\r\n", "<227 ok ({s})\r\n", "+s"],
    "a proxy that is told where to go": Fresh([
        "<220 proxy\r\n", ">OPEN ftp.example.com\r\n", "<220 ready\r\n", *LOGIN[1:], *PASV,
        "+s"]),
    "227 with the loopback address: the server's own": [
        ">PASV\r\n", nobodys("127.0.0.1", "s"), "+s", *DONE,
        ">PASV\r\n", nobodys("0.0.0.0", "t"), "+t"],
    "text before the greeting": Fresh([
        "<Authorized users only\r\n\r\n", *LOGIN, *PASV, "+s"]),
    "CCC, after a login in the clear": [
        *CCC, ">TYPE I\r\n", OK, *PASV, "+s", *DONE, *PORT, "+c"],
    "CCC, after a login in TLS": Fresh([LOGIN[0], *CCC, *PASV, "+s", *DONE, *EPSV, "+s"]),
    "CCC, after a login in TLS, IPv6": Fresh6([LOGIN[0], *CCC, *EPSV, "+s", *DONE, *EPSV, "+s"]),
    "CCC, after a login in TLS, a 227 in three parts": Fresh([
        LOGIN[0], *CCC, PASV[0], (PASV[1], [4, 30]), "+s"]),
    "CCC, and a login behind it": Fresh([LOGIN[0], *CCC, *LOGIN[1:], *PORT, "+c"]),
    "CCC, and the client is back before the server": [
        *TLS, ">" + CLOSE_NOTIFY, ">PASV\r\n", "<" + CLOSE_NOTIFY, PASV[1], "+s"],
    "CCC, and PORT before the server is back": [
        *TLS, ">" + CLOSE_NOTIFY, ">PORT {c}\r\n", "+c", "<" + CLOSE_NOTIFY, OK, *DONE],
    "CCC, and AUTH again, and CCC": [*CCC, *PASV, "+s", *CCC, *PORT, "+c"],
    "CCC, byte by byte": [(s, "bytes") if s[0] in "<>" else s for s in
                          [*CCC, *PORT, "+c", *DONE, *PASV, "+s"]],
    "CCC, records cut at each offset": [
        *TLS, *((">" + RECORD + RECORD, [at]) for at in range(1, 16)),
        *(("<" + RECORD + RECORD, [at]) for at in range(1, 16)), *PASV, "+s"],
    "AUTH refused, by who did not wait for that": Fresh([
        LOGIN[0], ">AUTH GSSAPI\r\nAUTH TLS\r\n" + LOGIN[1][1:],
        "<504 no\r\n502 no\r\n331 password\r\n", *LOGIN[3:], *PORT, "+c"]),
    "a 220 that comes twice": Fresh(["<220 a\r\n220 b\r\n", *LOGIN[1:], *PORT, "+c"]),
    "a 230 that comes twice": ["<230 in\r\n", *PASV, "+s", "<230 in\r\n", *DONE, *PORT, "+c"],
    "120, and 220 later": Fresh(["<120 soon\r\n", *LOGIN, *PORT, "+c"]),
    "a greeting among whose lines are other codes": Fresh([
        "<220-a\r\n331 b\r\n230 c\r\n220 d\r\n", *LOGIN[1:], *PASV, "+s"]),
    "a login of three steps": Fresh([
        *LOGIN[:4], "<332 account\r\n", ">ACCT c\r\n", "<230 in\r\n", *PORT, "+c"]),
    "a login that needs no password": Fresh([*LOGIN[:2], "<230 in\r\n", *PASV, "+s"]),
    "a login with 202": Fresh([*LOGIN[:4], "<202 not needed\r\n", *PORT, "+c"]),
    "a login with 232": Fresh([*LOGIN[:2], "<232 in\r\n", *PORT, "+c"]),
    "a login that is refused, and another": Fresh([
        *LOGIN[:4], "<530 no\r\n", *LOGIN[1:], *PASV, "+s"]),
    "questions before the login": Fresh([
        LOGIN[0], ">FEAT\r\n", "<211-x\r\n UTF8\r\n211 end\r\n", ">OPTS UTF8 ON\r\n", OK,
        ">HOST a\r\n", "<220 a\r\n", ">CLNT b\r\n", OK, *LOGIN[1:], *PORT, "+c"]),
    "EPSV refused, then PASV": [">EPSV\r\n", "<500 no\r\n", *PASV, "+s"],
    "EPRT refused, then PORT": [">EPRT {C}\r\n", "<501 no\r\n", *PORT, "+c"],
    "PASV refused, then PORT": [">PASV\r\n", "<502 no\r\n", *PORT, "+c"],
    "PORT refused, then PASV": [">PORT {c}\r\n", "<502 no\r\n", *PASV, "+s"],
    "EPSV refused, then EPRT, IPv6": V6([">EPSV\r\n", "<522 no\r\n", *EPRT, "+c"]),
    "LPRT refused, then PORT": [
        ">LPRT 4,4,10,0,1,2,2,100,1\r\n", "<521 no\r\n", *PORT, "+c"],
    "227 and nothing else": [">PASV\r\n", "<227 {s}\r\n", "+s"],
    "227 with brackets": [">PASV\r\n", "<227 ok [{s}]\r\n", "+s"],
    "229 before other parentheses": [">EPSV\r\n", "<229 ok ({S}) (ok)\r\n", "+s"],
    "EPSV with blanks": [">EPSV  \r\n", "<229 ok ({S})\r\n", "+s"],
    "125 instead of 150": [*PASV, ">RETR a\r\n", "<125 go\r\n", "+s", "<226 done\r\n",
                           *PORT, ">STOR a\r\n", "<125 go\r\n", "+c", "<226 done\r\n"],
    "REST before the transfer": [*PASV, ">REST 5\r\n", "<350 go\r\n", ">RETR a\r\n",
                                 "<150 go\r\n", "+s", "<226 done\r\n"],
    "each kind of transfer": [step for verb in ("LIST", "NLST a", "MLSD", "APPE a", "STOU")
                              for step in [*PASV, f">{verb}\r\n", "<150 go\r\n", "+s",
                                           "<226 done\r\n"]],
    "a transfer that is busy, and another": [
        *PORT, ">RETR a\r\n", "<450 busy\r\n", ">RETR b\r\n", "<150 go\r\n", "+c",
        "<226 done\r\n"],
    "PASV before the transfer is over": [
        *PASV, "+s", ">RETR a\r\n", "<150 go\r\n", ">PASV\r\n",
        "<226 done\r\n227 ok ({t})\r\n", "+t"],
    "QUIT before the transfer is over": [
        *PORT, ">RETR a\r\nQUIT\r\n", "<150 go\r\n", "+c", "<226 done\r\n221 bye\r\n"],
    "ABOR without telnet, and 225": [
        *PASV, "+s", ">RETR a\r\n", "<150 go\r\n", ">ABOR\r\n", "<226 cut\r\n225 ok\r\n",
        *PASV, "+s"],
    "STAT during a transfer, answered at once": [
        *PASV, "+s", ">RETR a\r\n", "<150 go\r\n", ">STAT\r\n", "<213 half\r\n226 done\r\n",
        *PORT, "+c"],
    "a file whose name looks like PORT": [
        ">RNFR PORT 10,0,1,2,100,1\r\n", "<350 go\r\n", ">RNTO 227 (10,0,2,2,100,1)\r\n",
        "<250 227 (10,0,2,2,100,1)\r\n", *PORT, "+c", *DONE, *PASV, "+s"],
    "answers that look like 227 inside": [
        ">SITE HELP\r\n", "<214-a\r\n 227 (10,0,2,2,100,1)\r\n214 b\r\n", *PASV, "+s"],
    "MLST, and old names": [
        ">MLST a\r\n", "<250-a\r\n type=file; a\r\n250 end\r\n", ">XCWD a\r\n", "<250 ok\r\n",
        ">XPWD\r\n", "<257 a\r\n", *PORT, "+c"],
    "PORT": [*PORT, "+c"],
    "EPRT": [*EPRT, "+c"],
    "EPRT, IPv6": V6([*EPRT, "+c"]),
    "EPRT, IPv6, written long and in capitals": V6([">EPRT {C6}\r\n", OK, "+c"]),
    "227 with parentheses": [*PASV, "+s"],
    "227 without": [">PASV\r\n", "<227 Passive mode {s}\r\n", "+s"],
    "227 with =": [">PASV\r\n", "<227 ={s}\r\n", "+s"],
    "227 with numbers before and after it": [
        ">PASV\r\n", "<227 v1.2, 3,4 of 5 ({s}) 6\r\n", "+s"],
    "227 of many lines": [">PASV\r\n", "<227-wait\r\n227-more\r\n227 ok ({s})\r\n", "+s"],
    "227 beside other answers": [
        ">TYPE I\r\nSIZE a\r\nPASV\r\nRETR a\r\n",
        "<200 ok\r\n213 5\r\n227 ok ({s})\r\n150 go\r\n", "+s", "<226 done\r\n"],
    "EPSV": [*EPSV, "+s"],
    "EPSV, IPv6": V6([*EPSV, "+s"]),
    "EPSV 2, IPv6": V6([">EPSV 2\r\n", "<229 ok ({S})\r\n", "+s"]),
    "EPSV 1": [">EPSV 1\r\n", "<229 ok ({S})\r\n", "+s"],
    "229 behind other parentheses": [">EPSV\r\n", "<229 Ok (ok) ({S})\r\n", "+s"],
    "EPSV ALL, then EPSV": [">EPSV ALL\r\n", OK, *EPSV, "+s", *DONE, *EPSV, "+s"],
    "EPSV ALL, then EPSV, IPv6": V6([">EPSV ALL\r\n", OK, *EPSV, "+s"]),
    "answers of many lines": Fresh([
        "<220-hello\r\n 220 no\r\n220 ready\r\n", ">USER a\r\n", "<230-in\r\n230 in\r\n",
        ">PORT {c}\r\n", "<200-ok\r\n 500 x\r\n200 ok\r\n", "+c"]),
    "lower case": [">port {c}\r\n", OK, "+c", *DONE, ">pasv\r\n", "<227 ok ({s})\r\n", "+s",
                   *DONE, ">eprt {C}\r\n", OK, "+c", *DONE, ">epsv\r\n", "<229 ok ({S})\r\n",
                   "+s"],
    "spaces": [">PORT    {c}  \r\n", OK, "+c", *DONE, ">PASV  \r\n", "<227   {s}  \r\n", "+s"],
    "LF alone": Fresh(["<220 ready\n", ">USER a\n", "<230 in\n", ">PORT {c}\n", "<200 ok\n",
                       "+c", *DONE, ">PASV\n", "<227 ({s})\n", "+s"]),
    "telnet before ABOR": [*PASV, "+s", ">RETR a\r\n", "<150 go\r\n",
                           ">\xff\xf4\xff\xf2ABOR\r\n", "<426 cut\r\n226 ok\r\n", *PASV, "+s"],
    "telnet before an address": [">\xff\xf1PORT \xff\xfd\x01{c}\r\n", OK, "+c"],
    "a name with 255 and CR": [">CWD a\xff\xffb\rc\r\n", "<250 \xff\xff\r\n", *PORT, "+c"],
    "the login and PASV at once": Fresh([
        "<220 ready\r\n", ">USER a\r\nPASS b\r\nPASV\r\n",
        "<331 password\r\n230 in\r\n227 ok ({s})\r\n", "+s"]),
    "PORT, RETR, PORT, RETR at once": [
        ">PORT {c}\r\nRETR a\r\nPORT {d}\r\nRETR b\r\n", "<200 ok\r\n150 go\r\n", "+c",
        "<226 done\r\n200 ok\r\n150 go\r\n", "+d", "<226 done\r\n"],
    "two PORT at once": [">PORT {c}\r\nPORT {d}\r\n", "<200 a\r\n200 b\r\n", "+d"],
    "EPRT and PORT at once": [">EPRT {C}\r\nPORT {d}\r\n", OK, OK, "+d"],
    "REIN, and again": [*PORT, "+c", ">REIN\r\n", "<220 ready\r\n", ">USER a\r\n",
                        "<230 in\r\n", *PASV, "+s", *DONE, *PORT, "+c"],
    "AUTH refused": Fresh(["<220 ready\r\n", ">AUTH TLS\r\n", "<502 no\r\n", ">USER a\r\n",
                           "<230 in\r\n", *PASV, "+s"]),
    "an unknown verb": [">WXYZ a\r\n", "<500 ?\r\n", *PORT, "+c"],
    "PORT refused, then not": [">PORT {c}\r\n", "<500 no\r\n", *PORT, "+c"],
    "all four in turn": [*PORT, "+c", *DONE, *PASV, "+s", *DONE, *EPRT, "+c", *DONE, *EPSV,
                         "+s", *DONE] * 3,
    "all in turn, IPv6": V6([*EPRT, "+c", *DONE, *EPSV, "+s", *DONE] * 3),
    "a command of 600 bytes": [">STOR " + "x" * 600 + "\r\n", "<226 ok\r\n", *PORT, "+c"],
    "an answer of 80 kB, then 227": [">STAT\r\nPASV\r\n",
                                     "<211-long\r\n" + BIG + "211 end\r\n227 ({s})\r\n", "+s"],
    "the ends, a command at a time": [*PORT, "+c", ">QUIT\r\n", "<221 bye\r\n"],
    "the same port again, after the server's RST": [*PORT, "+c", same_port_again],
    "the same port again, after the server's RST, IPv6": V6([*EPRT, "+c", same_port_again]),
    "the same port again, after TLS and the server's RST": [">AUTH TLS\r\n", "<234 go\r\n",
                                                 same_port_again],
    "PORT is lost behind the router, an older acknowledgment is not": [
        lost_behind("client"), *DONE, lost_behind("client")],
    "227 is lost behind the router, an older acknowledgment is not": [
        lost_behind("server"), *DONE, lost_behind("server")],
    "half a line, and the end": [*PORT, "+c", half_line_and_end],
    "300 PORT of changing lengths": many(300, "c", 50),
    "100 PASV of changing lengths": many(100, "s", 20),
    "100 of both in turn": many(100, "cs", 9),
    "byte by byte, PORT": Fresh((s, "bytes") if s[0] in "<>" else s for s in
                                [*LOGIN, *PORT, "+c", *DONE, *EPRT, "+c"]),
    "byte by byte, PASV": Fresh((s, "bytes") if s[0] in "<>" else s for s in
                                [*LOGIN, *PASV, "+s", *DONE, *EPSV, "+s"]),
    "byte by byte, IPv6": V6([(">EPRT {C}\r\n", "bytes"), (OK, "bytes"), "+c",
                              (">EPSV\r\n", "bytes"), ("<229 ({S})\r\n", "bytes"), "+s"]),
    "byte by byte, ten at once": [
        (">" + "NOOP\r\n" * 4 + "PORT {c}\r\n" + "NOOP\r\n" * 4 + "PORT {d}\r\n", "bytes"),
        ("<" + "200 ok\r\n" * 10, "bytes"), "+d"],
    "PORT cut at each offset": each_cut(">PORT {c}\r\n", None, "c", 24),
    "EPRT cut at each offset": each_cut(">EPRT {C}\r\n", None, "c", 26),
    "EPRT cut at each offset, IPv6": V6(each_cut(">EPRT {C}\r\n", None, "c", 26)),
    "227 cut at each offset": each_cut("<227 a ({s}).\r\n", ">PASV\r\n", "s", 28),
    "229 cut at each offset": each_cut("<229 a ({S}).\r\n", ">EPSV\r\n", "s", 18),
    "lines in many parts, with pauses": [
        (">PORT {c}\r\n", [2, 6, 9, 12, 15, 17]), (OK, [1, 2, 3, 4]), "+c", *DONE,
        (">PASV\r\n", [1, 3, 6]), ("<227 ok ({s})\r\n", [3, 7, 10, 14, 20]), "+s"],
    "cut between two lines, inside the second": [
        (">NOOP\r\nPORT {c}\r\n", [12]), "<200 a\r\n200 b\r\n", "+c",
        ">NOOP\r\nPASV\r\n", ("<200 a\r\n227 ok ({s})\r\n", [14]), "+s"],
    "a segment that comes twice": Raw([
        lambda t: t.parts("PORT {c}\r\n", lambda r: [0, 0, 1, 0, 1, 2, 1, 2, *r], 8), OK, "+c"]),
    "segments in a wrong order": Raw([
        lambda t: t.parts("PORT {c}\r\n", lambda r: [1, 2, 0, 2, 1, 2], 8), OK, "+c"]),
    "bytes, the first one lost and sent again": Raw([
        lambda t: t.parts("PORT {c}\r\n", lambda r: [*r[1:], *r], 1), OK, "+c"]),
    "bytes, from the last to the first, and again": Raw([
        lambda t: t.parts("PORT {c}\r\n", lambda r: [*reversed(r), *r], 1), OK, "+c"]),
}

# Those for lossy and for narrow ways
WAYS = ["PORT", "EPRT, IPv6", "227 with parentheses", "two PORT at once", "all four in turn",
        "byte by byte, PORT", "byte by byte, PASV", "byte by byte, ten at once",
        "lines in many parts, with pauses", "the login and PASV at once"]


def closes_with_fin(talk):
    need(talk.active() == 1, "nothing was open")
    talk.ends["client"].shutdown(socket.SHUT_WR)
    need(talk.ends["server"].recv(10) == b"", "no end")
    talk.ends["server"].shutdown(socket.SHUT_WR)
    need(talk.ends["client"].recv(10) == b"", "no end")
    # the last acknowledgment
    time.sleep(0.2)


def closes_with_rst(talk):
    need(talk.active() == 1, "nothing was open")
    reset(talk)


def overlapping(talk):
    """The server takes "NOOP\r\n" and what comes after it, not PORT."""
    talk.packet(0, b"NOOP\r\n")
    need(talk.ends["server"].recv(100) == b"NOOP\r\n", "no NOOP")
    line = f"PORT {six(GHOST, talk.open)}\r\n".encode()
    talk.packet(0, line)
    need(talk.ends["server"].recv(100) == line[6:], "not the rest")
    talk.seq = (talk.seq + len(line)) & 0xFFFFFFFF


def other_port(talk):
    """PORT comes again, before the answer, with another port."""
    line = f"PORT {six(GHOST, talk.open + 1)}\r\n".encode()
    talk.say(">" + line.decode())
    talk.packet(-len(line), f"PORT {six(GHOST, talk.open)}\r\n".encode())
    time.sleep(0.1)


def later_bytes(talk):
    """PORT before its turn, which something else takes."""
    line = f"PORT {six(GHOST, talk.open)}\r\n".encode()
    talk.packet(6, line)
    time.sleep(0.1)
    talk.packet(0, b"NOOP\r\nNOOP" + b"x" * (len(line) - 6) + b"\r\n")
    talk.seq = (talk.seq + 6 + len(line)) & 0xFFFFFFFF
    Talk.receive(talk, "server", 0, 2)


def out_of_window(offset):
    def run(talk):
        for more in (0, 1, 1 << 20):
            talk.packet(offset + more, f"PORT {six(GHOST, talk.open)}\r\n".encode())
        time.sleep(0.1)
    return run


def bad_sum(talk):
    """What the server throws away"""
    talk.packet(0, f"PORT {six(GHOST, talk.open)}\r\n".encode(), spoil=0x1111)
    time.sleep(0.1)


class Early(Raw):
    """Steps of a Ghost whose SYN has data"""


def flood(talk):
    for _ in range(5):
        talk.say(">" + "PORT {c}\r\n" * 10)
        for _ in range(10):
            talk.say("<200 ok\r\n")
            talk.count()


NOT_FTP = [">PORT {c}\r\n", OK, "-c"]


def third(name, end):
    """Nothing is open to another host beside the client or the server."""
    return lambda t: t.shut(name, address=THIRD[end, t.version])


def from_third(name):
    """Nothing is open for another host."""
    return lambda t: t.shut(name, source=THIRD)


def port_of(name, port):
    return lambda t: t.shut(name, port)


def outer_port(talk):
    """The client says the address that NAT gives it; without NAT, another one of nobody's"""
    address = talk.router.outer["client", 4] if talk.translated("client") else GHOST
    talk.say(f">PORT {six(address, 5000)}\r\n")


HOSTILE = {
    "before the login, a client that is made to say it": Fresh([
        "<220 ready\r\n", ">USER a\r\nPORT {c}\r\n", "<331 password\r\n", OK, "-c"]),
    "before the login, PASV": Fresh([
        "<220 ready\r\n", ">USER a\r\n", "<331 password\r\n", ">PASV\r\n",
        "<227 ok ({s})\r\n", "-s", ">EPSV\r\n", "<229 ok ({S})\r\n", "-s"]),
    "before the login, IPv6": Fresh6([
        "<220 ready\r\n", ">USER a\r\n", "<331 password\r\n", ">EPRT {C}\r\n", OK, "-c"]),
    "before the login, a line of HTTP that is not kept whole": Fresh([
        "<220 ready\r\n", ">USER /" + "x" * 600 + " HTTP/1.1\r\n", *NOT_FTP]),
    "PORT with the address that NAT gives": [outer_port, OK, "=0"],
    "a server that greets before the client's ACK": [ghosts("early")],
    "a second SYN/ACK, behind HTTP's head": [ghosts("moved")],
    "HTTP POST, with PORT at a segment's start": Fresh([
        "<220 ready\r\n", ">POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n\r\n", *NOT_FTP]),
    "HTTP POST before the greeting": Fresh([
        ">POST / HTTP/1.1\r\nHost: a\r\n\r\n", "<220 ready\r\n", *NOT_FTP]),
    "HTTP without a greeting": Fresh([
        ">POST / HTTP/1.1\r\nHost: a\r\n\r\n", ">PORT {c}\r\n", "<HTTP/1.1 200 OK\r\n", "-c",
        OK, "-c"]),
    "HTTP with a verb of FTP's": Fresh([
        "<220 ready\r\n", ">NOOP / HTTP/1.1\r\nHost: a\r\n\r\n", *NOT_FTP]),
    "HTTP after the login": [">GET / HTTP/1.1\r\nHost: a\r\n\r\n", *NOT_FTP],
    "a TLS hello": Fresh([
        "<220 ready\r\n", ">\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n", *NOT_FTP]),
    "a TLS hello before the greeting": Fresh([
        ">\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abc", ">PORT {c}\r\n", OK, "-c"]),
    "SMTP": Fresh(["<220 ready\r\n", ">EHLO a\r\n", "<250 ok\r\n", *NOT_FTP]),
    "SIP": Fresh(["<220 ready\r\n", ">REGISTER sip:a SIP/2.0\r\n", "<200 ok\r\n", *NOT_FTP]),
    "a server that does not greet": Fresh(["<SSH-2.0-a\r\n", *NOT_FTP]),
    "a server that says nothing before the 200": Fresh([">PORT {c}\r\n", OK, "-c"]),
    "a client that does not wait for the 220": Fresh([
        ">USER a\r\n", "<220 ready\r\n230 in\r\n", *NOT_FTP]),
    "a port under 1024, PORT": [">PORT 10,0,1,2,0,22\r\n", OK, port_of("c", 22)],
    "port 1023, EPRT": [">EPRT |1|10.0.1.2|1023|\r\n", OK, port_of("c", 1023)],
    "a port under 1024, EPRT, IPv6": V6([">EPRT |2|fd00:1::2|22|\r\n", OK, port_of("c", 22)]),
    "a port under 1024, 227": [">PASV\r\n", "<227 (10,0,2,2,0,22)\r\n", port_of("s", 22)],
    "a port under 1024, 229": [">EPSV\r\n", "<229 (|||1023|)\r\n", port_of("s", 1023)],
    "port 0, PORT and 229": [">PORT 10,0,1,2,0,0\r\n", OK, "=0", ">EPSV\r\n",
                             "<229 (|||0|)\r\n", "=0"],
    "PORT without an answer: another host": [">PORT {c}\r\n", "=1", from_third("c")],
    "EPRT without an answer: another host, IPv6": V6([
        ">EPRT {C}\r\n", "=1", from_third("c")]),
    "PORT without an answer, and the end": [">PORT {c}\r\n", closes_with_fin, "-c"],
    "PORT refused, 500": [">PORT {c}\r\n", "<500 no\r\n", "-c"],
    "PORT refused, 425": [">PORT {c}\r\n", "<425 no\r\n", "-c"],
    "EPRT refused, IPv6": V6([">EPRT {C}\r\n", "<522 no\r\n", "-c"]),
    "PORT answered with 150, 226, and then refused": [
        ">PORT {c}\r\n", "<150 go\r\n", "<226 done\r\n", "<500 no\r\n", "-c"],
    "PORT answered with 202, 331": [">PORT {c}\r\n", "<202 no\r\n", "-c", ">PORT {c}\r\n",
                                    "<331 no\r\n", "-c"],
    "the 200 of another command": [">NOOP\r\nPORT {c}\r\n", OK, "<500 no\r\n", "-c"],
    "a 200 before the PORT": [OK, ">PORT {c}\r\n", "<500 no\r\n", "-c"],
    "a refusal in two parts": [">PORT {c}\r\n", "~<500 no", "~<\r\n", "-c"],
    "a refusal without an end": [">PORT {c}\r\n", "<500-no\r\n", ">NOOP\r\n", OK, "-c"],
    "PORT behind AUTH and REIN, before their answers": [
        ">AUTH TLS\r\nPORT {c}\r\n", "-c", "<500 no\r\n500 no\r\n", ">REIN\r\nPORT {c}\r\n", "-c",
        "<220 ready\r\n", OK, "-c"],
    "227 that nobody asked for": ["<227 ok ({s})\r\n", "-s", ">NOOP\r\n", "<227 ok ({s})\r\n",
                                  "-s"],
    "229 that nobody asked for": ["<229 ok ({S})\r\n", "-s", ">NOOP\r\n", "<229 ok ({S})\r\n",
                                  "-s"],
    "229 that nobody asked for, IPv6": V6(["<229 ok ({S})\r\n", "-s"]),
    "229 to PASV": [">PASV\r\n", "<229 ok ({S})\r\n", "-s"],
    "227 to EPSV that was refused": [">EPSV\r\n", "<500 no\r\n", "<227 ok ({s})\r\n", "-s"],
    "227 to EPSV, after EPSV ALL": [">EPSV ALL\r\n", OK, ">EPSV\r\n", "<227 ok ({s})\r\n", "-s"],
    "227 that comes twice, after the transfer": [
        *PASV, at_own_address("s"), "+s", *DONE, "<227 ok ({s})\r\n", "-s"],
    "227 with the loopback address and a port under 1024": [
        ">PASV\r\n", "<227 ok (127,0,0,1,0,22)\r\n", port_of("s", 22)],
    "227 with the loopback address, of nobody's asking": [
        "<227 ok (127,0,0,1,{s_port})\r\n", "-s"],
    "227 with blanks inside a number": [">PASV\r\n", "<227 (1 0,0,2,2,{s_port})\r\n", "=0"],
    "a 227 among the lines of a refusal": [
        ">PASV\r\n", "<500-no\r\n227 ok ({s})\r\n500 no\r\n", "-s"],
    "P@SW before the login": Fresh([
        "<220 ready\r\n", ">P@SW\r\n", "<227 ok ({s})\r\n", "-s"]),
    "P@SW with more behind it": [">P@SW x\r\n", "<227 ok ({s})\r\n", "-s"],
    "OPEN in a request of HTTP's": Fresh([
        "<220 ready\r\n", ">OPEN /x HTTP/1.1\r\nHost: a\r\n\r\n", *NOT_FTP]),
    "MD5 before the login": Fresh(["<220 ready\r\n", ">MD5 a\r\n", "<500 ?\r\n", *NOT_FTP]),
    "an empty line before the login": Fresh(["<220 ready\r\n", ">\r\n", "<500 ?\r\n", *NOT_FTP]),
    "IMAP": Fresh(["<* OK ready\r\n", *NOT_FTP]),
    "POP": Fresh(["<hello\r\n+OK ready\r\n", "<220 ready\r\n", *NOT_FTP]),
    "SMTP's greeting": Fresh(["<220 a ESMTP ready\r\n", *LOGIN[1:], *NOT_FTP]),
    "text before the greeting, and a client that does not wait": Fresh([
        "<hello\r\n", ">USER a\r\n", "<220 ready\r\n230 in\r\n", *NOT_FTP]),
    "PASV refused, then 227": [">PASV\r\n", "<500 no\r\n", "<227 ok ({s})\r\n", "-s"],
    "227 in another answer": [">STAT\r\n", "<211-a\r\n227 ok ({s})\r\n211 b\r\n", "-s"],
    "the client says 227, the server PORT": [">227 ok ({s})\r\n", "-s", "<PORT {c}\r\n200 ok\r\n",
                                             "-c"],
    "another host beside the client, PORT": [
        ">PORT 10,0,1,3,{c_port}\r\n", OK, "=0", third("c", "client")],
    "another host beside the client, EPRT, IPv6": V6([
        ">EPRT |2|fd00:1::3|{c_decimal}|\r\n", OK, "=0", third("c", "client")]),
    "the server's own host, PORT": [">PORT 10,0,2,2,{c_port}\r\n", OK, "=0"],
    "another host beside the server, 227": [
        ">PASV\r\n", "<227 (10,0,2,3,{s_port})\r\n", "=0", third("s", "server")],
    "the client's own host, 227": [">PASV\r\n", "<227 (10,0,1,2,{s_port})\r\n", "=0"],
    "another host uses what is open": [*PORT, "=1", from_third("c")],
    "another host uses what is open, 227": [*PASV, "=1", from_third("s")],
    "octets over 255, PORT": [
        ">PORT 266,0,1,2,{c_port}\r\n", OK, "=0", ">PORT 10,0,257,2,{c_port}\r\n", OK, "=0",
        ">PORT 10,0,1,2,{c_high}\r\n", OK, "-c",
        ">PORT 10,0,1,2,{c_low}\r\n", OK, "-c"],
    "octets over 255, 227": [">PASV\r\n", "<227 (266,0,2,2,{s_port})\r\n", "=0", ">PASV\r\n",
                             "<227 (10,0,2,2,{s_high})\r\n", "-s"],
    "EPRT for a port over 65535": [">EPRT |1|10.0.1.2|{c_big}|\r\n", OK, "-c"],
    "EPRT that calls IPv4 IPv6": [">EPRT |2|10.0.1.2|{c_decimal}|\r\n", OK, "-c"],
    "PORT with seven numbers": [">PORT {c},1\r\n", OK, "-c"],
    "PORT with five": [">PORT 10,0,1,2,19\r\n", OK, "=0", port_of("c", 4864)],
    "PORT with something before it": ["> PORT {c}\r\n", OK, "-c", ">xPORT {c}\r\n", OK, "-c"],
    "PORT with something behind it": [">PORT {c} x\r\n", OK, "-c"],
    "PORT behind CR": [">CWD a\rPORT {c}\r\n", "<250 a\r\n", OK, "-c"],
    "PORT with telnet inside the address": [">PORT 10,0,\xff\xf41,2,{c_port}\r\n", OK,
                                            "-c"],
    "PORT of two lines": [">PORT 10,0,1,2\r\n,{c_port}\r\n", OK, "-c"],
    "227 with two addresses": [">PASV\r\n", "<227 (10,0,2,2,20,1) ({s})\r\n", "-s"],
    "229 without parentheses": [">EPSV\r\n", "<229 {S}\r\n", "-s"],
    "an overlong PORT": [">PORT " + " " * 600 + "{c}\r\n", OK, "-c"],
    "an overlong line with PORT at byte 512": [
        ">CWD " + "x" * 508 + "PORT {c}\r\n", "<250 ok\r\n", OK, "-c"],
    "an overlong 227": [">PASV\r\n", "<227 ({s}) " + "x" * 600 + "\r\n", "-s"],
    "half a PORT, kept open": ["~>PORT 10,0,1,2,{c_port}", "~<200 ok\r\n", "-c"],
    "half a PORT, and its CR": [
        "~>PORT 10,0,1,2,{c_port}\r", "~<200 ok\r\n", "-c"],
    "half a 227, kept open": [">PASV\r\n", "~<227 (10,0,2,2,{s_port}", "-s",
                              "~<)", "-s"],
    "a flood of PORT": [flood],
    "20 PORT at once, one 200, and refusals": [
        ">" + "PORT {c}\r\n" * 20, OK, "=1", from_third("c"), "<" + "500 no\r\n" * 19, "-c"],
    "17 commands, then PORT, which is refused": [
        ">" + "NOOP\r\n" * 17 + "PORT {c}\r\n", "<" + "200 ok\r\n" * 17, "<500 no\r\n", "-c"],
    "AUTH TLS accepted, then PORT": Fresh([
        "<220 ready\r\n", ">AUTH TLS\r\n", "<234 go\r\n", *NOT_FTP, ">PASV\r\n",
        "<227 ({s})\r\n", "-s"]),
    "AUTH GSSAPI accepted, then PORT": Fresh([
        "<220 ready\r\n", ">AUTH GSSAPI\r\n", "<334 go\r\n", *NOT_FTP]),
    "PORT after CCC, of a client that is made to say what looks like it": Fresh([
        LOGIN[0], *CCC, ">PORT {c}\r\n", "=0", OK, "-c"]),
    "EPRT after CCC, so, IPv6": Fresh6([LOGIN[0], *CCC, ">EPRT {C}\r\n", "=0", OK, "-c"]),
    "PORT after CCC, before the server is back, of a login in TLS": Fresh([
        LOGIN[0], *TLS, ">PORT {c}\r\n", "=0", "<" + CLOSE_NOTIFY, OK, "-c"]),
    "PORT after CCC, refused": [*TLS, ">PORT {c}\r\n", "=1", "<" + CLOSE_NOTIFY,
                                "<500 no\r\n", "-c"],
    "227 after CCC, before the client is back": [*TLS, "<227 ok ({s})\r\n", "-s"],
    "227 after CCC, to a PASV before TLS": [
        ">AUTH TLS\r\nPASV\r\n", "<234 go\r\n", *TLS[2:], ">NOOP\r\n", "<227 ok ({s})\r\n", "-s"],
    "PORT in a record": [*TLS[:2], ">\x17\x03\x03\0\x40PORT {c}\r\n", "<" + RECORD, "-c"],
    "PORT behind a record that is longer than any": [
        *TLS[:2], ">\x17\x03\x03\xff\xff", *NOT_FTP],
    "a record after CCC, without AUTH, before the server is back": [
        *TLS, ">NOOP\r\n", ">" + RECORD, "<" + CLOSE_NOTIFY, OK, *NOT_FTP, ">PASV\r\n",
        "<227 ({s})\r\n", "-s"],
    "what was open before TLS, after CCC": [*PORT, "=1", *CCC, "-c"],
    "HTTP after CCC": [*CCC, ">GET / HTTP/1.1\r\nHost: a\r\n\r\n", *NOT_FTP],
    "a login that is refused, then PORT": Fresh([*LOGIN[:4], "<530 no\r\n", *NOT_FTP]),
    "a login that wants an account, then PORT": Fresh([
        *LOGIN[:4], "<332 account\r\n", *NOT_FTP]),
    "a 230 that nobody asked for": Fresh([LOGIN[0], "<230 in\r\n", *NOT_FTP]),
    "a 202 that is not to PASS": Fresh([LOGIN[0], ">NOOP\r\n", "<202 ok\r\n", *NOT_FTP]),
    "a file whose name looks like PORT": [">STOR PORT {c}\r\n", OK, "-c"],
    "LPRT": [">LPRT 4,4,10,0,1,2,2,{c_port}\r\n", OK, "-c"],
    "229 to EPSV that was refused": [">EPSV\r\n", "<500 no\r\n", "<229 ok ({S})\r\n", "-s"],
    "227 behind a 421": [">PASV\r\n", "<421 bye\r\n227 ok ({s})\r\n", "-s"],
    "227 of many lines that does not end": [
        ">PASV\r\n", "<227-ok ({s})\r\n", ">NOOP\r\n", OK, "-s"],
    "AUTH TLS accepted after PORT": [*PORT, "=1", ">AUTH TLS\r\n", "<234 go\r\n", "-c"],
    "EPSV ALL, then PORT, PASV, EPRT": [
        ">EPSV ALL\r\n", OK, *NOT_FTP, ">PASV\r\n", "<227 ({s})\r\n", "-s", ">EPRT {C}\r\n",
        OK, "-c"],
    "PORT, REIN, late 200": [">PORT {c}\r\nREIN\r\n", "<500 no\r\n220 ready\r\n200 ok\r\n", "-c"],
    "REIN closes": [*PORT, "=1", ">REIN\r\n", "<220 ready\r\n", "-c"],
    "the next PORT closes": [*PORT, "=1", ">PORT {d}\r\n", "=1", lambda t: t.closed_to(
        "server", *t.told.get("c", (t.router.outer["client", 4], t.listener("c")))),
        "<500 no\r\n", "-c", "-d"],
    "the next PASV closes": [*PORT, "=1", ">PASV\r\n", "-c", "<500 no\r\n", "-c"],
    "PASV closes what PASV opened": [*PASV, "=1", ">PASV\r\n", "-s"],
    "EPSV closes, IPv6": V6([*EPRT, "=1", ">EPSV\r\n", "-c"]),
    "one connection only, PORT": [*PORT, "=1", lambda t: t.told.update(
        c=(t.router.outer["client", 4], t.listener("c"))), "+c", "-c"],
    "the end of the control connection": [*PORT, closes_with_fin, "-c"],
    "the end of the control connection, 227": [*PASV, closes_with_fin, "-s"],
    "the control connection's RST": [*PORT, closes_with_rst, "-c"],
    "other bytes over the same ones": Raw([overlapping, OK, "-c", "<500 ?\r\n", "-c"]),
    "the same PORT with another port": Raw([other_port, OK, lambda t: t.arrives("c", False)]),
    "bytes before their turn, then others": Raw([
        later_bytes, "<200 a\r\n", "-c", "<500 b\r\n", "-c"]),
    "outside of the window, ahead": Raw([
        out_of_window(1 << 20), ">NOOP\r\n", OK, "-c"]),
    "outside of the window, behind": Raw([
        out_of_window(-(1 << 28)), ">NOOP\r\n", OK, "-c"]),
    "a wrong checksum": Raw([bad_sum, ">NOOP\r\n", OK, "-c"]),
    "data with the SYN": Early([
        lambda t: t.packet(0, b"", 16), *LOGIN[:1], OK, "-c"]),
}


# --- running them ---

def run_steps(talk, steps):
    if not isinstance(steps, (Fresh, Early)):
        for line in LOGIN:
            talk.say(line)
    for number, step in enumerate(steps):
        try:
            talk.step(step)
        except Failed as error:
            shown = step if isinstance(step, (str, tuple)) else "function"
            raise type(error)(f"step {number}, {str(shown)[:60]!r}: {error}") from None


class EarlyGhost(Ghost):
    """Its SYN has PORT in it"""

    def packet(self, offset, data=b"", flags=24, spoil=0):
        if flags == 2:
            data = f"PORT {six(GHOST, self.open)}\r\n".encode()
        super().packet(offset, data, flags, spoil)


def run_dialogue(router, kind, name, steps, limit, last=True):
    """Prints how it went. Returns how late the last data connection was; None: too late."""
    talk = None
    try:
        version = 6 if isinstance(steps, V6) else 4
        make = {Early: EarlyGhost, Raw: Ghost}.get(type(steps), Talk)
        talk = make(router, version, kind == "benign")
        talk.limit = limit
        run_steps(talk, steps)
        result, why = "ok", ""
    except Late as error:
        if not last:
            return None
        result, why = "failed", f": {error}"
    except Failed as error:
        result, why = "open" if isinstance(error, Open) else "failed", f": {error}"
    except (OSError, KeyError, ValueError) as error:
        result, why = "failed", f": {error!r}"
    finally:
        if talk:
            talk.end()
    print(f"{router.helper} {router.nat} {kind} {result} {name}{why}", flush=True)
    return talk.slowest if talk else 0.0


def run_all(pool, routers, dialogues, kind, suffix="", limit=LIMIT):
    jobs = [(router, kind, name + suffix, steps, limit)
            for name, steps in dialogues.items() for router in routers]
    slowest = list(pool.map(lambda job: run_dialogue(*job, last=False), jobs))
    # What was late has another chance, with the machine for itself.
    for i, job in enumerate(jobs):
        if slowest[i] is None:
            print(f"# again: {job[0].helper} {job[0].nat} {job[2]}")
            slowest[i] = run_dialogue(*job)
    print(f"# the slowest data connection of {kind}{suffix}: {max(slowest, default=0):.2f} s",
          flush=True)


def ways(routers, way):
    """Each device of the ends, and of the router"""
    for router in routers:
        for end, devices in (("client", ["eth0"]), ("server", ["eth0"]),
                             ("router", ["eth1", "eth2"])):
            for device in devices:
                router.run(end, f"tc qdisc {way.format(dev='dev ' + device)}")


def narrow(routers, what):
    """What a sender may send before it is answered"""
    for router in routers:
        for end, via in (("client", "1"), ("server", "2")):
            router.run(end, f"ip route change default via 10.0.{via}.1 {what}")
            router.run(end, f"ip -6 route change default via fd00:{via}::1 {what}")


def setting(path, value):
    with open(path, "r+", encoding="ascii") as file:
        before = file.read().strip()
        file.seek(0)
        file.write(str(value))
    return before


def timeout_steps(routers):
    """What nobody uses is closed again."""
    before = setting(FTP2 + "timeout", 1)
    for router in routers:
        run_dialogue(router, "hostile", "nobody comes",
                     [*PORT, "=1", lambda t: time.sleep(1.6), "-c"], LIMIT)
        run_dialogue(router, "benign", "the server takes its time",
                     [*PORT, ">RETR tape\r\n", lambda t: time.sleep(1.6), "+c",
                      "<150 go\r\n226 done\r\n", *PORT, ">RETR tape\r\n", "<425 not now\r\n", "+c"],
                     LATE_LIMIT)
    setting(FTP2 + "timeout", before)


def flood_of_connections(pool, router):
    """No more than a bound have a state, all of them work, and the states are given back."""
    def one_more(talks):
        talks.append(Talk(router, 4, True))
        talks[-1].say(LOGIN[0])

    def followed():
        with open(ALG + "followed", encoding="ascii") as file:
            return int(file.read())

    def none_followed(when):
        end = time.monotonic() + 10
        while followed():
            need(time.monotonic() < end, f"{when} {followed()} are followed")
            time.sleep(0.1)

    def run(talk):
        talks = []
        none_followed("before, still")
        before = setting(ALG + "connections", 400)
        try:
            for _ in range(500):
                one_more(talks)
            need(followed() == 400, f"{followed()} are followed")
            for some in (talks[-1], talks[0], talks[250], talks[0]):
                for step in [*(LOGIN[1:] if not some.told else []), *PORT, "+c"]:
                    some.step(step)
            need(followed() == 400, f"then {followed()} are followed")
        finally:
            setting(ALG + "connections", before)
            for other in talks:
                other.end()
        none_followed("at last")
    run_all(pool, [router],
            {"500 connections, of which 400 are followed at once": Fresh([run])}, "benign")


def main():
    # a thousand sockets at once
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    routers = [Router(arg) for arg in sys.argv[1:]]
    only = os.environ.get("ONLY", "")
    benign, hostile = ({name: steps for name, steps in all_of.items()
                        if re.search(only, name)} for all_of in (BENIGN, HOSTILE))
    start = time.monotonic()

    def lap(what):
        print(f"# {what}: {time.monotonic() - start:.0f} s", flush=True)

    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        run_all(pool, routers, benign, "benign")
        lap("benign")
        run_all(pool, routers, hostile, "hostile")
        lap("hostile")
        if only or routers[0].helper != "ftp2":
            return
        some = {name: BENIGN[name] for name in WAYS}
        narrow(routers, "initcwnd 2")
        run_all(pool, routers, some, "benign", ", two segments at a time")
        lap("narrow")
        narrow(routers, "initcwnd 10")
        ways(routers, "add {dev} root netem delay 3ms reorder 75% 50% loss 3% duplicate 3%")
        run_all(pool, routers, some, "benign", ", with loss", LOSSY_LIMIT)
        lap("lossy")
        ways(routers, "del {dev} root")
        timeout_steps(routers[:1])
        flood_of_connections(pool, routers[-1])
        lap("all")


if __name__ == "__main__":
    main()
