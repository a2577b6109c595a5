#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""GStreamer's server of RTSP: for media.sh.

usage: media.py FOLDER ADDRESS...

Listens on port 554 of these, plays /play (a tone, mono, 16 bits, 8000 Hz) and /three (of three
streams), and records /record to FOLDER/record.
"""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import in_guest

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtspServer

RAW = "audio/x-raw,format=S16BE,rate=8000,channels=1"


def serve(folder, *addresses):
    servers = []
    for address in addresses:
        server = GstRtspServer.RTSPServer()
        server.set_address(address)
        server.set_service("554")
        play = GstRtspServer.RTSPMediaFactory()
        play.set_launch(f"( audiotestsrc is-live=true ! {RAW} ! rtpL16pay name=pay0 )")
        three = GstRtspServer.RTSPMediaFactory()
        three.set_launch("( " + " ".join(f"audiotestsrc is-live=true ! {RAW} ! rtpL16pay name=pay{n}"
                                         for n in range(3)) + " )")
        record = GstRtspServer.RTSPMediaFactory()
        record.set_transport_mode(GstRtspServer.RTSPTransportMode.RECORD)
        record.set_launch(f"( rtpL16depay name=depay0 ! filesink buffer-mode=unbuffered "
                          f"location={folder}/record )")
        mounts = server.get_mount_points()
        mounts.add_factory("/play", play)
        mounts.add_factory("/three", three)
        mounts.add_factory("/record", record)
        server.attach(None)
        servers.append(server)
    GLib.MainLoop().run()


if __name__ == "__main__":
    Gst.init(None)
    serve(*sys.argv[1:])
