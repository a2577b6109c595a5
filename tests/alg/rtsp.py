#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Dialogues of RTSP with scripted ends on the wire; see rtsp.sh.

usage: rtsp.py HELPER,NAT,CLIENT,ROUTER,SERVER,FTP4,FTP6,CLIENT4,CLIENT6...

As dialogues.py, of which it takes what is not FTP's. In a line, {c} is the client's pair of
ports, as 5000-5001, {c0} and {c1} are one of them each, {C} its address; {s} and {S} are the
server's; {d} with {t}, and {e} with {u}, are other streams'. An end says what it is, and of
the other one what it was told. Each message has to come to the other end, all of it:

  benign   with ports and addresses that are those of the other side; what comes back is what
           was said; media reach each port of a pair and are answered, from where the other end
           was told that they come
  hostile  nothing is open afterwards: no active expectation, and nothing arrives
"""
import concurrent.futures
import contextlib
import ipaddress
import os
import re
import resource
import socket
import subprocess
import sys
import time

import dialogues
from dialogues import INNER, THIRD, Failed, Open, Talk, need

# What is not let in does not come: so long
SILENCE = 0.2
# What is, comes
PATIENCE = 3.0
PARTNER = dict(zip("cdestu", "stucde"))
PARAMETERS = "/sys/module/nf_conntrack_rtsp2/parameters/"
PLACE = re.compile(r"\{(\w+)\}")


def owner(name):
    return "client" if name[0] in "cdeC" else "server"


class Rtsp(Talk):
    """A control connection, and a dialogue on it"""

    service = 554

    def __init__(self, router, version, strict, source=None):
        self.source = source or {}
        self.pairs = {}
        super().__init__(router, version, strict)

    def end(self):
        super().end()
        for socks in self.pairs.values():
            for sock in socks:
                sock.close()

    def outer(self, end):
        """What the other end calls it"""
        return self.router.outer[end, self.version] if self.translated(end) else self.address(end)

    def address(self, end):
        return self.source.get(end) or INNER[end, self.version]

    def udp(self, end, port, address=None):
        with self.router.inside(end):
            sock = socket.socket(socket.AF_INET6 if self.version == 6 else socket.AF_INET,
                                 socket.SOCK_DGRAM)
        sock.settimeout(PATIENCE)
        try:
            sock.bind((address or self.address(end), port))
        except OSError:
            sock.close()
            raise
        return sock

    def pair(self, name, port=None):
        """Two sockets, of an even port and the next one"""
        while name not in self.pairs:
            first = self.udp(owner(name), port or 0)
            number = first.getsockname()[1]
            try:
                need(number % 2 == 0, "odd")
                self.pairs[name] = [first, self.udp(owner(name), number + 1)]
            except (OSError, Failed):
                first.close()
                need(port is None, f"port {port} is taken")
        return [sock.getsockname()[1] for sock in self.pairs[name]]

    def known(self, name):
        """As the other end knows a pair"""
        return self.told.get(name) or self.pair(name)

    def word(self, name, speaker):
        """What this end says for {NAME}"""
        end = owner(name)
        if name in ("C", "S"):
            return self.address(end) if speaker == end else self.outer(end)
        numbers = (self.pair if speaker == end else self.known)(name[0])
        return f"{numbers[0]}-{numbers[1]}" if len(name) == 1 else str(numbers[int(name[1])])

    def fill(self, line, end):
        return PLACE.sub(lambda m: self.word(m[1], end), line).encode("latin-1"), None

    def compare(self, end, line, come, got):
        """Has it come so? What is the sender's own is what the other end is told."""
        parts = PLACE.split(line)
        pattern, names = "", []
        for i, part in enumerate(parts):
            if i % 2 == 0:
                pattern += re.escape(part)
                continue
            mine = owner(part) == end
            if part in ("C", "S"):
                address = self.outer(end) if mine else self.address(owner(part))
                pattern += f"(?P<a{i}>[0-9a-fA-F.:]+)"
                names.append((f"a{i}", part, address))
            elif mine and self.translated(end):
                pattern += f"(?P<p{i}>" + (r"\d+-\d+" if len(part) == 1 else r"\d+") + ")"
                names.append((f"p{i}", part, None))
            else:
                pattern += re.escape(self.word(part, owner(part)))
        match = re.fullmatch(pattern, got.decode("latin-1"), re.S)
        need(match, f"{got[-200:]!r} came of {line[-200:]!r}")
        for group, part, address in names:
            if address:
                need(ipaddress.ip_address(match[group]) == ipaddress.ip_address(address),
                     f"{match[group]} came of {part}")
            else:
                self.learn(part, match[group])

    def learn(self, part, text):
        told = list(self.known(part[0]))
        numbers = [int(n) for n in text.split("-")]
        if len(part) == 1:
            need(numbers[1] == numbers[0] + 1 and numbers[0] % 2 == 0, f"{text} is no pair")
            told = numbers
        else:
            told[int(part[1])] = numbers[0]
        need(min(numbers) >= 1024, f"{text} came")
        self.told[part[0]] = told

    def count(self):
        """Any number may be active"""
        return 0

    def transfer(self, name):
        """Media to NAME, or with a number behind it, to one of its ports"""
        here, there = owner(name), owner(PARTNER[name[0]])
        pair, partner = name[0], PARTNER[name[0]]
        self.pair(partner)
        for nth in (0, 1) if len(name) == 1 else (int(name[1]),):
            to = self.pairs[pair][nth]
            by = self.pairs[partner][nth]
            data = f"media {nth} {time.monotonic()}".encode()
            by.sendto(data, (self.outer(here), self.known(pair)[nth]))
            try:
                got, source = to.recvfrom(2048)
            except TimeoutError:
                raise Failed(f"nothing came to {name}, port {nth}") from None
            need(got == data, f"{got!r} came")
            need(ipaddress.ip_address(source[0]) ==
                 ipaddress.ip_address(self.outer(there)), f"it is from {source[0]}")
            if partner in self.told or not self.translated(there):
                need(source[1] == self.known(partner)[nth], f"it is from port {source[1]}")
            to.sendto(b"back", source[:2])
            try:
                need(by.recv(100) == b"back", "something else came back")
            except TimeoutError:
                raise Failed(f"nothing came back from {name}, port {nth}") from None

    def arrives(self, name, port=None, source=None, address=None):
        """Does anything come to NAME, from a new port of the other end's?"""
        here, there = owner(name), owner(PARTNER[name])
        self.pair(name)
        for nth in (0, 1):
            with self.udp(there, 0, source) as sock:
                sock.sendto(b"x", (address or self.outer(here), port or self.known(name)[nth]))
            to = self.pairs[name][nth]
            to.settimeout(SILENCE)
            with contextlib.suppress(TimeoutError):
                to.recv(100)
                return True
            to.settimeout(PATIENCE)
        return False

    def shut(self, name, port=None, address=None, source=None):
        if not source:
            need(not self.active(), "there is an expectation", Open)
        need(not self.arrives(name, port, source and source[owner(PARTNER[name]), self.version],
                              address), f"something came to {name}", Open)


# --- messages ---

def request(method, cseq, *headers, url="", body=""):
    lines = [f"{method} rtsp://h/m{url} RTSP/1.0", f"CSeq: {cseq}", *headers]
    return ">" + "\r\n".join(lines) + "\r\n\r\n" + body


def answer(cseq, *headers, code="200 OK", body=""):
    return "<" + "\r\n".join([f"RTSP/1.0 {code}", f"CSeq: {cseq}", *headers]) + "\r\n\r\n" + body


def setup(cseq, transport, *headers, url=None):
    return request("SETUP", cseq, *headers, "Transport: " + transport,
                   url=f"/t{cseq}" if url is None else url)


SESSION = "Session: abc"


def answered(cseq, transport, session=SESSION):
    return answer(cseq, session, "Transport: " + transport)


UDP = "RTP/AVP;unicast;client_port={c}"
UDP_OK = UDP + ";server_port={s}"
UDP2 = "RTP/AVP;unicast;client_port={d}"
UDP2_OK = UDP2 + ";server_port={t}"
UDP3 = "RTP/AVP/UDP;unicast;client_port={e}"
UDP3_OK = UDP3 + ";server_port={u}"
TCP = "RTP/AVP/TCP;unicast;interleaved=0-1"
OPTIONS = [request("OPTIONS", 90), answer(90, "Public: SETUP")]
AGREED = [setup(1, UDP), answered(1, UDP_OK)]
PLAY = [request("PLAY", 80, SESSION), answer(80, SESSION)]


class V6(list):
    """Over IPv6"""


class Loose(list):
    """With the parameter that the first one names"""


def split(line, *at):
    """A message in parts"""
    return line, list(at)


def twin(talk):
    """Another client, behind the same address, with the same ports"""
    first = talk.pair("c")[0]
    other = Rtsp(talk.router, talk.version, True, {"client": THIRD["client", talk.version]})
    try:
        other.pair("c", first)
        for step in [setup(1, UDP), answered(1, UDP_OK), "+s", "+c"]:
            other.step(step)
    finally:
        other.end()


def again(talk):
    """A second control connection of the client's at the same time"""
    other = Rtsp(talk.router, talk.version, True)
    try:
        for step in [*AGREED, "+c", "+s"]:
            other.step(step)
    finally:
        other.end()


def hang_up(talk):
    for end in ("client", "server"):
        talk.ends[end].close()
    time.sleep(0.3)


def forget_udp(talk):
    """The tracker has no entry of UDP's any more, as after a long PAUSE."""
    with talk.router.inside("router"):
        subprocess.run(["conntrack", "-D", "-p", "udp"], check=True, capture_output=True)


def short_session(talk):
    for step in [setup(1, UDP), answered(1, UDP_OK, "Session: abc;timeout=1")]:
        talk.step(step)
    time.sleep(1.6)


def renewed_session(talk):
    for step in [setup(1, UDP), answered(1, UDP_OK, "Session: abc;timeout=2")]:
        talk.step(step)
    for n in range(3):
        time.sleep(1)
        talk.step(request("GET_PARAMETER", 10 + n, SESSION))
        talk.step(answer(10 + n))


FRAME = "$\x00\x00\x08RTP data"

BENIGN = {
    "a pair, the server first": [*AGREED, "+c", "+s"],
    "a pair, the client first": [*AGREED, "+s", "+c"],
    "a pair, one port each": [*AGREED, "+c0", "+s1", "+c1", "+s0"],
    "OPTIONS and DESCRIBE before": [
        *OPTIONS, request("DESCRIBE", 2, "Accept: application/sdp"),
        answer(2, "Content-Type: application/sdp", "Content-Length: 29",
               body="v=0\r\nm=video 0 RTP/AVP 96\r\n\r\n"[:29].ljust(29)) + "\r\n", *AGREED, "+c", "+s"],
    "PLAY": [*AGREED, *PLAY, "+c", "+s"],
    "PLAY after the tracker has forgotten": [
        *AGREED, *PLAY, "+c", "+s", request("PAUSE", 3, SESSION), answer(3), forget_udp,
        *PLAY, "+c", "+s"],
    "PLAY after the tracker has forgotten, the client first": [
        *AGREED, *PLAY, "+s", request("PAUSE", 3, SESSION), answer(3), forget_udp,
        *PLAY, "+s", "+c"],
    "RECORD": [
        request("ANNOUNCE", 2, "Content-Length: 5", body="v=0\r\n"), answer(2),
        setup(1, UDP + ";mode=record"), answered(1, UDP_OK + ";mode=record"),
        request("RECORD", 3, SESSION), answer(3), "+s", "+c"],
    "RECORD with client_port=0-0": [
        setup(1, "RTP/AVP/UDP;unicast;client_port=0-0;mode=RECORD"),
        answered(1, "RTP/AVP/UDP;unicast;client_port=0-0;server_port={s};mode=RECORD"),
        lambda t: t.pair("c"), "=2", lambda t: need(t.arrives("s", t.known("s")[0]), "not open")],
    "no server_port": [setup(1, UDP), answered(1, UDP), "+c"],
    "no client_port in the answer": [
        setup(1, UDP), answered(1, "RTP/AVP;unicast;server_port={s}"), "+c", "+s"],
    "one port": [setup(1, "RTP/AVP;unicast;client_port={c0}"),
                 answered(1, "RTP/AVP;unicast;client_port={c0};server_port={s0}"), "+c0", "+s0"],
    "one odd port, RTCP-mux": [
        setup(1, "RTP/AVP;unicast;RTCP-mux;client_port={c1}"),
        answered(1, "RTP/AVP;unicast;RTCP-mux;client_port={c1};server_port={s1}"), "+s1", "+c1"],
    "x/y": [setup(1, "RTP/AVP;unicast;client_port={c0}/{d0}"),
            answered(1, "RTP/AVP;unicast;client_port={c0}/{d0};server_port={s0}/{t0}"),
            "+c0", "+d0", "+s0"],
    "two transports in one header": [setup(1, UDP + ", " + TCP), answered(1, UDP_OK), "+c", "+s"],
    "two transports in two headers": [
        request("SETUP", 1, "Transport: " + TCP, "Transport: " + UDP), answered(1, UDP_OK), "+c"],
    "two profiles with the same ports": [
        setup(1, "RTP/AVPF;unicast;client_port={c}," + UDP), answered(1, UDP_OK), "+c", "+s"],
    "MP2T": [setup(1, "MP2T/H2221/UDP;unicast;client_port={c0}"),
             answered(1, "MP2T/H2221/UDP;unicast;client_port={c0}"), "+c0"],
    "RAW": [setup(1, "RAW/RAW/UDP;unicast;client_port={c0}"),
            answered(1, "RAW/RAW/UDP;unicast;client_port={c0};server_port={s0}"), "+c0", "+s0"],
    "destination=address:port": [
        setup(1, "MP2T/H2221/UDP;unicast;destination={C}:{c0}"),
        answered(1, "MP2T/H2221/UDP;unicast;destination={C}:{c0}"), "+c0"],
    "the addresses of both": [
        setup(1, UDP + ";destination={C}"), answered(1, UDP_OK + ";destination={C};source={S}"),
        "+c", "+s"],
    "RFC 7826": [
        setup(1, 'RTP/AVP/UDP;unicast;dest_addr=":{c0}"/":{c1}";mode="PLAY"'),
        answered(1, 'RTP/AVP/UDP;unicast;dest_addr="{C}:{c0}"/"{C}:{c1}";'
                    'src_addr="{S}:{s0}"/"{S}:{s1}"'), "+c", "+s"],
    "source is a name": [setup(1, UDP), answered(1, UDP_OK + ";source=cam.local"), "+c"],
    "source is the loopback address": [
        setup(1, UDP), answered(1, UDP_OK + ";source=127.0.0.1"), "+c", "+s"],
    "the number behind the Transport": [
        setup(1, UDP), "<RTSP/1.0 200 OK\r\nTransport: " + UDP_OK + "\r\nCSeq: 1\r\n\r\n",
        "+c", "+s"],
    "the same, of two SETUPs, the second one first": [
        setup(1, UDP), setup(2, UDP2),
        "<RTSP/1.0 200 OK\r\nTransport: " + UDP2_OK + "\r\nSession: abc\r\nCSeq: 2\r\n\r\n",
        "<RTSP/1.0 200 OK\r\nTransport: " + UDP_OK + "\r\nSession: abc\r\nCSeq: 1\r\n\r\n",
        "+c", "+d", "+s", "+t"],
    "two SETUPs in a segment, and two answers": [
        setup(1, UDP) + setup(2, UDP2)[1:], answered(1, UDP_OK) + answered(2, UDP2_OK)[1:],
        "+c", "+d", "+s", "+t"],
    "names without case, blanks, quotes": [
        ">SETUP rtsp://h/m RTSP/1.0\r\ncseq:1\r\ntransport :  rtp/avp ; unicast ; Client_Port = "
        "\"{c}\"\r\n\r\n", answered(1, UDP_OK), "+c", "+s"],
    "folded lines": [
        ">SETUP rtsp://h/m RTSP/1.0\r\nCSeq:\r\n 1\r\nTransport: RTP/AVP;\r\n\tunicast;\r\n "
        "client_port={c}\r\n\r\n",
        "<RTSP/1.0 200 OK\r\nCSeq: 1\r\nTransport: RTP/AVP;unicast;client_port={c};\r\n "
        "server_port={s}\r\n\r\n", "+c", "+s"],
    "LF alone": [">SETUP rtsp://h/m RTSP/1.0\nCSeq: 1\nTransport: " + UDP + "\n\n",
                 "<RTSP/1.0 200 OK\nCSeq: 1\nTransport: " + UDP_OK + "\n\n", "+c", "+s"],
    "byte by byte": [(setup(1, UDP), "bytes"), (answered(1, UDP_OK), "bytes"), "+c", "+s"],
    "cut in the Transport": [
        split(setup(1, UDP), 60, 70, 85), split(answered(1, UDP_OK), 50, 60, 80, 90), "+c", "+s"],
    "cut in its name": [split(setup(1, UDP), 44, 46), split(answered(1, UDP_OK), 42), "+c", "+s"],
    "headers that are too long to be kept": [
        setup(1, UDP, "Authorization: " + "x" * 900), answered(1, UDP_OK), "+c", "+s"],
    "401, and once more": [
        setup(1, UDP), answer(1, "WWW-Authenticate: Basic", code="401 Unauthorized"),
        setup(2, UDP, "Authorization: Basic eDp5"), answered(2, UDP_OK), "+c", "+s"],
    "461, and then TCP, with frames": [
        setup(1, UDP), answer(1, code="461 Unsupported Transport"), setup(2, TCP), answered(2, TCP),
        *PLAY, "<" + FRAME * 3, ">" + FRAME, "<" + FRAME + answer(91)[1:]],
    "frames, and UDP beside them": [
        setup(2, TCP), answered(2, TCP), "<" + FRAME * 3, ">" + FRAME, *AGREED, "+c", "+s"],
    "many frames, and UDP beside them": [
        *AGREED, setup(2, TCP), answered(2, TCP), "<" + FRAME * 200, ">" + FRAME, *PLAY, "+c", "+s"],
    "many frames, and nothing else": [
        setup(2, TCP), answered(2, TCP), *PLAY, "<" + FRAME * 200, ">" + FRAME,
        "<" + FRAME + answer(91)[1:]],
    "frames that are cut": [
        setup(2, TCP), answered(2, TCP), split("<" + FRAME * 3 + "\r\n", 1, 3, 7, 13), *AGREED, "+c", "+s"],
    "a body that is cut, with a SETUP in it": [
        split(request("SET_PARAMETER", 2, "Content-Length: 28", body="SETUP rtsp://h/m RTSP/1.0\r\nX")
              + "\r\n", 80, 90), answer(2), *AGREED, "+c", "+s"],
    "three streams": [
        *AGREED, setup(2, UDP2, SESSION), answered(2, UDP2_OK), setup(3, UDP3, SESSION),
        answered(3, UDP3_OK), *PLAY, "+c", "+t", "+d", "+e", "+u", "+s"],
    "TEARDOWN of one of two streams": [
        *AGREED, setup(2, UDP2, SESSION), answered(2, UDP2_OK), "=8",
        request("TEARDOWN", 5, SESSION, url="/t1"), answer(5), "=4", "+d", "+t"],
    "two sessions": [
        *AGREED, setup(2, UDP2), answered(2, UDP2_OK, "Session: def"), "=8",
        request("TEARDOWN", 3, "Session: abc"), answer(3), "=4", "+d", "+t"],
    "a stream that is set up again": [
        *AGREED, "=4", setup(2, UDP2, SESSION, url="/t1"), answered(2, UDP2_OK), "=4", "+d", "+t"],
    "two control connections": [*AGREED, again, "+c", "+s"],
    "two clients with the same ports": [*AGREED, twin, "+c", "+s"],
    "two clients with the same ports, the first one uses them": [*AGREED, "+s", "+c", twin, "+c"],
    "media go on without the control connection": [*AGREED, "+c", "+s", hang_up, "+c", "+s"],
    "a session that is renewed": [renewed_session, "+c", "+s"],
    "the server's requests": [
        *AGREED, "<OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n", ">RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n",
        "+c", "+s"],
    "the session of another control connection's": [
        *AGREED, request("TEARDOWN", 3, "Session: other"), answer(3), "+c", "+s"],
    "a client that names no session": [*AGREED, request("PLAY", 3), answer(3), "+c", "+s"],
    "a URL with blanks, a user, and a query": [
        ">SETUP rtsp://u:p@h/my film.mp4?x=1 RTSP/1.0\r\nCSeq: 1\r\nTransport: " + UDP + "\r\n\r\n",
        answered(1, UDP_OK), "+c", "+s"],
    "IPv6": V6([*AGREED, "+c", "+s"]),
    "IPv6, the client first": V6([*AGREED, "+s", "+c"]),
    "IPv6, addresses": V6([
        setup(1, UDP + ";destination={C}"), answered(1, UDP_OK + ";source={S}"), "+c", "+s"]),
    "IPv6, RFC 7826": V6([
        setup(1, 'RTP/AVP/UDP;unicast;dest_addr="[{C}]:{c0}"/"[{C}]:{c1}"'),
        answered(1, 'RTP/AVP/UDP;unicast;dest_addr="[{C}]:{c0}"/"[{C}]:{c1}";'
                    'src_addr="[{S}]:{s0}"/"[{S}]:{s1}"'), "+c", "+s"]),
    "IPv6, byte by byte": V6([(setup(1, UDP), "bytes"), (answered(1, UDP_OK), "bytes"), "+c"]),
    "IPv6, PLAY after the tracker has forgotten": V6([
        *AGREED, *PLAY, "+c", request("PAUSE", 3, SESSION), answer(3), forget_udp, *PLAY, "+c"]),
    "IPv6, two clients with the same ports": V6([*AGREED, twin, "+c", "+s"]),
}
# What goes to or comes from a third party, with a parameter
LOOSE = {
    "source": {
        "media from another server": [
            setup(1, UDP), answered(1, UDP + ";source=10.0.2.3"),
            lambda t: need(t.arrives("c", source="10.0.2.3"), "nothing came")],
        "media from another server, IPv6": V6([
            setup(1, UDP), answered(1, UDP + ";source=fd00:2::3"),
            lambda t: need(t.arrives("c", source="fd00:2::3"), "nothing came")]),
    },
}


def third_party(end):
    """Another host beside an end uses what is open"""
    def run(talk):
        talk.shut("c" if end == "server" else "s", source=THIRD)
    return run


BAD = {
    "another host's destination": UDP + ";destination=10.0.1.3",
    "another host's dest_addr": 'RTP/AVP;dest_addr="10.0.1.3:{c0}"/"10.0.1.3:{c1}"',
    "another host's destination=address:port": "RTP/AVP;destination=10.0.1.3:{c0}",
    "the server as destination": UDP + ";destination=10.0.2.2",
    "a name as destination": UDP + ";destination=host",
    "the loopback address as destination": UDP + ";destination=127.0.0.1",
    "an address of IPv6 as destination": UDP + ";destination=fd00:1::2",
    "port 22": "RTP/AVP;unicast;client_port=22-23",
    "port 1022": "RTP/AVP;unicast;client_port=1022-1023",
    "port 0": "RTP/AVP;unicast;client_port=0",
    "a port over 65535": "RTP/AVP;unicast;client_port=65536-65537",
    "a port that goes round": "RTP/AVP;unicast;client_port=4294972296",
    "three ports": "RTP/AVP;unicast;client_port={c}-5002",
    "half a range": "RTP/AVP;unicast;client_port={c0}-",
    "a number that is none": "RTP/AVP;unicast;client_port={c0}x",
    "no number": "RTP/AVP;unicast;client_port=",
    "a quote without its end": 'RTP/AVP;unicast;client_port="{c}',
    "ports in a quote": 'RTP/AVP;unicast;mode=";client_port={c};"',
    "multicast": "RTP/AVP;multicast;client_port={c}",
    "TCP": "RTP/AVP/TCP;unicast;client_port={c}",
    "interleaved": "RTP/AVP;unicast;interleaved=0-1;client_port={c}",
    "TLS": "RTP/SAVP/TLS;unicast;client_port={c}",
    "ICE": "D-ICE/AVP/UDP;unicast;client_port={c}",
    "a transport of no form": "x;unicast;client_port={c}",
    "more than is kept": "RTP/AVP;unicast;client_port={c};x=" + "y" * 600,
}
BAD_ANSWERS = {
    "461": answer(1, "Transport: " + UDP, code="461 no"),
    "302": answer(1, "Transport: " + UDP, "Location: rtsp://10.0.2.3/m", code="302 there"),
    "500": answer(1, "Transport: " + UDP, code="500 no"),
    "100 alone": answer(1, "Transport: " + UDP, code="100 Continue"),
    "no number": "<RTSP/1.0 200 OK\r\nTransport: " + UDP + "\r\n\r\n",
    "another number": answered(2, UDP),
    "another number, behind the Transport": "<RTSP/1.0 200 OK\r\nTransport: " + UDP +
                                            "\r\nCSeq: 2\r\n\r\n",
    "two numbers": "<RTSP/1.0 200 OK\r\nCSeq: 2\r\nCSeq: 1\r\nTransport: " + UDP + "\r\n\r\n",
    "a number that goes round": answered(4294967297, UDP),
    "TCP": answered(1, TCP),
    "multicast": answered(1, UDP + ";multicast"),
    "two transports": answered(1, UDP + "," + UDP),
    "two ports of the server's": answered(1, UDP + ";server_port={t};server_port={s}"),
    "no transport": answer(1),
    "another port": answered(1, "RTP/AVP;unicast;client_port=40000-40001"),
    "a port under 1024 of the server's": answered(1, UDP + ";server_port=22-23"),
    "another server": answered(1, UDP + ";source=10.0.2.3"),
    "another server's src_addr": answered(1, 'RTP/AVP;src_addr="10.0.2.3:5000"'),
    "another destination": answered(1, UDP + ";destination=10.0.1.3"),
    "an answer in a body": answer(7, "Content-Length: 80") + (
        "RTSP/1.0 200 OK\r\nCSeq: 1\r\nTransport: RTP/AVP\r\n\r\n").ljust(80),
    "without an end": "<RTSP/1.0 200 OK\r\nCSeq: 1\r\nTransport: " + UDP + "\r\n",
    "of another coding": answer(1, "Transfer-Encoding: chunked", "Transport: " + UDP),
    "of HTTP": "<HTTP/1.1 200 OK\r\nCSeq: 1\r\nTransport: " + UDP + "\r\n\r\n",
    "with a length below zero": answer(1, "Content-Length: -1", "Transport: " + UDP),
    "with two lengths": answer(1, "Content-Length: 1", "Content-Length: 2", "Transport: " + UDP),
    "with a length of gigabytes": answer(1, "Content-Length: 99999999999", "Transport: " + UDP),
}
HOSTILE = {
    **{f"SETUP: {name}": [setup(1, transport), "-c", answered(1, "RTP/AVP;unicast"), "-c"]
       for name, transport in BAD.items()},
    **{f"the answer: {name}": [setup(1, UDP), "-c", line, "-c"]
       for name, line in BAD_ANSWERS.items()},
    "no answer": [setup(1, UDP), "-c"],
    "an answer before the question": [*OPTIONS, answered(1, UDP), "-c", setup(1, UDP), "-c"],
    "no number": [">SETUP rtsp://h/m RTSP/1.0\r\nTransport: " + UDP + "\r\n\r\n",
                  "<RTSP/1.0 200 OK\r\nTransport: " + UDP + "\r\n\r\n", "-c"],
    "the server asks": [*OPTIONS, "<SETUP rtsp://h/m RTSP/1.0\r\nCSeq: 1\r\nTransport: RTP/AVP;"
                        "unicast;client_port={s}\r\n\r\n", answered(1, UDP).replace("<", ">"), "-c", "-s"],
    "another host uses what is open": [*AGREED, "=4", third_party("server")],
    "another client uses what is open": [*AGREED, "=4", third_party("client")],
    "TEARDOWN": [*AGREED, "=4", request("TEARDOWN", 3, SESSION), "-c", "-s"],
    "TEARDOWN before the answer": [setup(1, UDP), request("TEARDOWN", 3), answered(1, UDP), "-c"],
    "the end of the control connection": [*AGREED, "=4", hang_up, "-c", "-s"],
    "a session that is over": [short_session, "-c", "-s"],
    "one session does not renew another": [
        setup(1, UDP), answered(1, UDP_OK, "Session: abc;timeout=1"), lambda t: time.sleep(0.8),
        request("OPTIONS", 3, "Session: def"), answer(3), lambda t: time.sleep(0.8), "-c"],
    "PLAY refused does not open again": [
        *AGREED, "+c", forget_udp, request("PLAY", 3, SESSION), answer(3, code="455 no"),
        lambda t: need(not t.arrives("c"), "it is open", Open)],
    "HTTP": [">POST / HTTP/1.1\r\nHost: h\r\n\r\n" + setup(1, UDP)[1:], answered(1, UDP), "-c"],
    "HTTP with a verb of RTSP's": [
        ">SETUP / HTTP/1.1\r\nCSeq: 1\r\nTransport: " + UDP + "\r\n\r\n", answered(1, UDP), "-c"],
    "a tunnel in HTTP": [">GET /m HTTP/1.0\r\nx-sessioncookie: a\r\n\r\n" + setup(1, UDP)[1:],
                         answered(1, UDP), "-c"],
    "TLS": [">\x16\x03\x01\x00\x05hello\n" + setup(1, UDP)[1:], answered(1, UDP), "-c"],
    "a line before it": [">x\r\n" + setup(1, UDP)[1:], answered(1, UDP), "-c"],
    "SETUP in a body": [
        *OPTIONS, request("SET_PARAMETER", 2, "Content-Length: 200", body=(
            "SETUP rtsp://h/m RTSP/1.0\r\nCSeq: 1\r\nTransport: " + UDP + "\r\n\r\n").ljust(209)),
        answered(1, UDP), "-c"],
    "SETUP in a frame": [
        *OPTIONS, ">$\x00\x00\xc8" + (setup(1, UDP)[1:]).ljust(209), answered(1, UDP), "-c"],
    "half a Transport": ["~>SETUP rtsp://h/m RTSP/1.0\r\nCSeq: 1\r\nTransport: " + UDP, "-c"],
    "IPv6: no answer": V6([setup(1, UDP), "-c"]),
    "IPv6: another host's destination": V6([
        setup(1, UDP + ";destination=fd00:1::3"), answered(1, "RTP/AVP"), "-c"]),
    "IPv6: another server": V6([setup(1, UDP), answered(1, UDP + ";source=fd00:2::3"), "-c"]),
    "IPv6: another host uses what is open": V6([*AGREED, "=4", third_party("server")]),
}


def run_dialogue(router, kind, name, steps):
    talk = None
    try:
        talk = Rtsp(router, 6 if isinstance(steps, V6) else 4, kind == "benign")
        for number, step in enumerate(steps):
            try:
                talk.step(step)
            except Failed as error:
                shown = step if isinstance(step, (str, tuple)) else "function"
                raise type(error)(f"step {number}, {str(shown)[:60]!r}: {error}") from None
        result, why = "ok", ""
    except Failed as error:
        result, why = "open" if isinstance(error, Open) else "failed", f": {error}"
    except (OSError, KeyError, ValueError) as error:
        result, why = "failed", f": {error!r}"
    finally:
        if talk:
            talk.end()
    print(f"{router.helper} {router.nat} {kind} {result} {name}{why}", flush=True)


def alone(steps):
    """Does it touch what others need, too?"""
    return any(step in (forget_udp, short_session, renewed_session) for step in steps if callable(step))


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    routers = [dialogues.Router(arg, 554) for arg in sys.argv[1:]]
    only = os.environ.get("ONLY", "")
    start = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(dialogues.THREADS) as pool:
        for kind, all_of in (("benign", BENIGN), ("hostile", HOSTILE)):
            jobs = [(router, kind, name, steps) for name, steps in all_of.items()
                    if re.search(only, name) for router in routers]
            list(pool.map(lambda job: run_dialogue(*job),
                          [job for job in jobs if not alone(job[3])]))
            for job in jobs:
                if alone(job[3]):
                    run_dialogue(*job)
            print(f"# {kind}: {time.monotonic() - start:.0f} s", flush=True)
    if routers[0].helper != "rtsp2":
        return
    for parameter, all_of in LOOSE.items():
        dialogues.setting(PARAMETERS + "loose", parameter)
        for name, steps in all_of.items():
            for router in routers:
                if re.search(only, name):
                    run_dialogue(router, "benign", f"loose={parameter}: {name}", steps)
        dialogues.setting(PARAMETERS + "loose", "")


if __name__ == "__main__":
    main()
