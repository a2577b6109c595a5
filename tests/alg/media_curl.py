#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""libcurl as a client of RTSP's, request by request: for media.sh.

usage: media_curl.py URL WHAT [SECONDS]

Media go to sockets of this program's, which never says anything there. WHAT to do, and then to
print what happened, a word for each stream of URL:

  streams   all of them are set up in one session, and played
  sessions  so in two sessions of one control connection, of which one ends before the other
  gone      so in one, and then without the control connection
  pause     so, and a PAUSE of SECONDS, and PLAY
  first     milliseconds until the first packet, in place of words
"""
import io
import os
import re
import select
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import in_guest

import pycurl

# What comes does so within
PATIENCE = 20.0
# Packets of a stream. VLC closes a control connection on which nothing is said for some seconds.
ENOUGH = 3


class Connection:
    """A control connection"""

    def __init__(self, url):
        self.url = url
        self.curl = pycurl.Curl()

    def begin(self):
        """Without the session of before; the connection stays."""
        self.curl.reset()
        self.curl.setopt(pycurl.URL, self.url)
        self.curl.setopt(pycurl.TIMEOUT, 60)

    def ask(self, request, url=None, transport=None):
        """The body of the answer"""
        body, head = io.BytesIO(), io.BytesIO()
        self.curl.setopt(pycurl.OPT_RTSP_REQUEST, request)
        self.curl.setopt(pycurl.OPT_RTSP_STREAM_URI, url or self.url)
        if transport:
            self.curl.setopt(pycurl.OPT_RTSP_TRANSPORT, transport)
        self.curl.setopt(pycurl.WRITEDATA, body)
        self.curl.setopt(pycurl.HEADERFUNCTION, head.write)
        self.curl.perform()
        code = self.curl.getinfo(pycurl.RESPONSE_CODE)
        if code != 200:
            raise OSError(f"{head.getvalue()!r}")
        return body.getvalue().decode()

    def close(self):
        self.curl.close()


class Session:
    """What SETUP of all streams has set up, and their media"""

    def __init__(self, connection):
        self.connection = connection
        self.socks = []
        self.reports = []
        connection.begin()
        connection.ask(pycurl.RTSPREQ_OPTIONS)
        sdp = connection.ask(pycurl.RTSPREQ_DESCRIBE)
        # of each medium, relative to its place or not
        for control in re.findall(r"(?s)\nm=.*?\na=control:(\S+)", sdp):
            first, second = self.pair()
            self.socks.append(first)
            self.reports.append(second)
            port = first.getsockname()[1]
            if "://" not in control:
                control = f"{connection.url}/{control}"
            connection.ask(pycurl.RTSPREQ_SETUP, control,
                           f"RTP/AVP;unicast;client_port={port}-{port + 1}")
        self.id = connection.curl.getinfo(pycurl.INFO_RTSP_SESSION_ID)

    def pair(self):
        """Two sockets, of an even port and the next one"""
        family = socket.AF_INET6 if "[" in self.connection.url else socket.AF_INET
        while True:
            first, second = (socket.socket(family, socket.SOCK_DGRAM) for _ in range(2))
            first.bind(("", 0))
            port = first.getsockname()[1]
            try:
                if port % 2 == 0:
                    second.bind(("", port + 1))
                    return first, second
            except OSError:
                pass
            first.close()
            second.close()

    def ask(self, request):
        self.connection.curl.setopt(pycurl.OPT_RTSP_SESSION_ID, self.id)
        self.connection.ask(request)

    def play(self):
        self.ask(pycurl.RTSPREQ_PLAY)

    def drain(self):
        """What has come so far does not count."""
        for sock in self.socks:
            sock.setblocking(False)
            try:
                while True:
                    sock.recv(4096)
            except BlockingIOError:
                pass

    def come(self, seconds=PATIENCE, enough=ENOUGH):
        """A word for each stream: do so many packets come within the time?"""
        end = time.monotonic() + seconds
        counts = dict.fromkeys(self.socks, 0)
        while min(counts.values()) < enough:
            ready = select.select(self.socks, [], [], max(0.0, end - time.monotonic()))[0]
            if not ready:
                break
            for sock in ready:
                sock.recv(4096)
                counts[sock] += 1
        return ["yes" if count >= enough else "no" for count in counts.values()]


def streams(connection):
    session = Session(connection)
    session.play()
    return session.come()


def sessions(connection):
    one, other = Session(connection), Session(connection)
    if one.id == other.id:
        raise OSError("it is one session")
    one.play()
    other.play()
    words = one.come() + other.come()
    one.ask(pycurl.RTSPREQ_TEARDOWN)
    other.drain()
    return words + other.come()


def gone(connection):
    session = Session(connection)
    session.play()
    words = session.come()
    connection.close()
    time.sleep(2)
    session.drain()
    return words + session.come()


def pause(connection, seconds):
    session = Session(connection)
    session.play()
    words = session.come()
    session.ask(pycurl.RTSPREQ_PAUSE)
    time.sleep(2)
    session.drain()
    words += session.come(float(seconds) - 2, 1)
    session.play()
    return words + session.come()


def first(connection):
    start = time.monotonic()
    session = Session(connection)
    session.play()
    select.select(session.socks, [], [], PATIENCE)
    return [f"{(time.monotonic() - start) * 1000:.1f}"]


def main():
    what = {f.__name__: f for f in (streams, sessions, gone, pause, first)}[sys.argv[2]]
    try:
        print(*what(Connection(sys.argv[1]), *sys.argv[3:]))
    except (OSError, pycurl.error) as error:
        print("failed:", error)


if __name__ == "__main__":
    main()
