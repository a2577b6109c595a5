#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""Sends packets that the tracker finds INVALID, each in its own way, and compares
what -m ctstate2 --invalid-reason counts with what the kernel logs; see invalid.sh.

usage: invalid.py client=NAMESPACE router=NAMESPACE server=NAMESPACE

Prints "ok DESCRIPTION", "not ok DESCRIPTION" or "skip DESCRIPTION: WHY" for each
kind and family.

A kind is a function: what it does before its `yield` sets the scene, after it
comes the packet that is judged. Its decorator says what is expected:

    reason  a reason of --invalid-reason, or None: the packet is not INVALID
    log     what the kernel writes, a pattern; a reason of that is in MESSAGES
    silent  in place of log: the kernel's file and function that makes the packet
            INVALID, or lets it pass, without a word
    silent61  the same, for Linux 6.1 alone, which logs less
    only    4 or 6: a kind of one family
    sysctl  settings in net.netfilter.nf_conntrack_*, for this packet
    routed  whether the packet gets as far as FORWARD
    needs   a setting that a kernel without this tracker does not have
    zone    what --invalid-reason says in place of the kernel's reason, for a packet of
            zone 7, in which it does not look. With --in-zone 7 it says the kernel's
"""
import os
import re
import struct
import sys

import packets as p
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import ICMPv6Unknown, IPv6, IPv6ExtHdrFragment
from scapy.layers.sctp import (
    SCTP, SCTPChunkAbort, SCTPChunkCookieAck, SCTPChunkCookieEcho, SCTPChunkData,
    SCTPChunkHeartbeatReq, SCTPChunkInit, SCTPChunkInitAck, SCTPChunkShutdownComplete)
from scapy.packet import Raw
from packets import alice, bob, tcp, udp, sctp

REASONS = ("NOT_TRACKED", "FRAGMENT", "TRUNCATED", "CHECKSUM", "TCP_FLAGS",
           "TCP_WINDOW", "TCP_STATE", "TCP_NEW", "TCP_RST", "ICMP_TYPE",
           "ICMP_UNRELATED", "ICMP_MISMATCH", "SCTP", "OTHER")

# The oracle: what the kernel says, and the reason that it gives with that. None:
# it only says that it did not let the packet change the connection.
MESSAGES = (
    (r"truncated packet|short packet|truncated/malformed packet|short redirect|"
     r"redirect without options", "TRUNCATED"),
    (r"bad checksum|bad hw icmp checksum|ICMPv6 checksum failed|bad CRC|"
     r"checksum missing|invalid checksum coverage", "CHECKSUM"),
    (r"invalid tcp flag combination", "TCP_FLAGS"),
    (r"(SEQ|ACK) is over upper bound", "TCP_WINDOW"),
    (r"packet \(index \d\) in dir \d invalid", "TCP_STATE"),
    (r"invalid new", "TCP_NEW"),
    (r"invalid rst", "TCP_RST"),
    (r"invalid icmp type", "ICMP_TYPE"),
    (r"outer daddr|invalid saddr or hoplimit for redirect", "ICMP_MISMATCH"),
    (r"do_basic_checks failed|verification tag check failed|Invalid, old_state", "SCTP"),
    (r"ignored|bytes more than expected|SEQ is under lower bound|lowered timeout", None),
)

TCP_C = "nf_conntrack_proto_tcp.c"
UDP_C = "nf_conntrack_proto_udp.c"
ICMP_C = "nf_conntrack_proto_icmp.c"
ICMP6_C = "nf_conntrack_proto_icmpv6.c"
SCTP_C = "nf_conntrack_proto_sctp.c"
CORE_C = "nf_conntrack_core.c"

kinds = []


def kind(reason, log=None, **expected):
    assert bool(log) != ("silent" in expected)

    def register(function):
        kinds.append((function, reason, log, expected))
        return function
    return register


# --- Headers before those of TCP and the like ---

@kind("TRUNCATED", silent=f"{CORE_C}:ipv6_get_l4proto", only=6)
def ip6_half_a_destination_options_header():
    yield
    alice(Raw(b"\x11"), nh=60)


@kind("TRUNCATED", silent=f"{CORE_C}:nf_ct_get_tuple_ports", only=6)
def ip6_destination_options_said_too_long():
    yield
    alice(Raw(b"\x11\x09" + bytes(6)), nh=60)


@kind("OTHER", silent=f"{CORE_C}:ipv6_get_l4proto", only=6)
def ip6_no_next_header():
    yield
    alice(Raw(b"data"), nh=59)


@kind("OTHER", silent=f"{CORE_C}:ipv6_get_l4proto", only=6)
def ip6_no_next_header_after_options():
    yield
    alice(Raw(b"\x3b\x00" + bytes(6) + b"data"), nh=60)


# --- TCP without a connection ---

@kind("TRUNCATED", silent=f"{CORE_C}:nf_ct_get_tuple_ports")
def tcp_without_ports():
    yield
    alice(**p.protocol(6, b"\x12\x34\x00"))


@kind("TRUNCATED", silent=f"{TCP_C}:nf_conntrack_tcp_packet")
def tcp_half_a_header():
    yield
    alice(**p.protocol(6, b"\x12\x34\x00\x09" + bytes(8)))


@kind("TRUNCATED", "truncated packet")
def tcp_header_said_too_short():
    yield
    alice(tcp("S", dataofs=4))


@kind("TRUNCATED", "truncated packet")
def tcp_header_said_too_long():
    yield
    alice(tcp("S", dataofs=15))


@kind("CHECKSUM", "bad checksum")
def tcp_bad_checksum():
    yield
    alice(tcp("S", chksum=0x1234))


@kind(None, silent=f"{TCP_C}:tcp_error", sysctl={"checksum": 0})
def tcp_bad_checksum_not_checked():
    yield
    alice(tcp("S", chksum=0x1234))


def bad_flags(flags):
    @kind("TCP_FLAGS", "invalid tcp flag combination")
    def tcp_flags():
        yield
        alice(tcp(flags))
    tcp_flags.__name__ = "tcp_flags_" + (flags or "none")


for combination in ("", "F", "SF", "SR", "FPU", "FSRPAU", "U", "RF", "SFA", "P", "SAU"):
    bad_flags(combination)


def cannot_start(name, flags, **fields):
    @kind("TCP_NEW", "invalid new", silent61=f"{TCP_C}:tcp_new")
    def lone_segment():
        yield
        bob(tcp(flags, 5000, 1001, **fields))
    lone_segment.__name__ = "tcp_lone_" + name


cannot_start("synack", "SA")
cannot_start("fin", "FA")
cannot_start("rst", "R")
cannot_start("rst_ack", "RA")
cannot_start("synack_with_data", "SA", data=b"x" * 100)


@kind("TCP_NEW", silent=f"{TCP_C}:tcp_new", sysctl={"tcp_loose": 0})
def tcp_mid_stream_ack_not_loose():
    yield
    alice(tcp("A", 1000, 5000))


@kind("TCP_NEW", silent=f"{TCP_C}:tcp_new", sysctl={"tcp_loose": 0})
def tcp_mid_stream_data_not_loose():
    yield
    alice(tcp("PA", 1000, 5000, b"data" * 300))


@kind(None, silent=f"{TCP_C}:tcp_new")
def tcp_mid_stream_ack():
    yield
    alice(tcp("A", 1000, 5000))


# --- TCP in the wrong state ---

def syn_sent():
    alice(tcp("S", 1000))


def syn_recv():
    syn_sent()
    bob(tcp("SA", 5000, 1001))


def syn_sent2():
    syn_sent()
    bob(tcp("S", 5000))


def established():
    p.handshake()


def fin_wait():
    established()
    alice(tcp("FA", 1001, 5001))


def close_wait():
    fin_wait()
    bob(tcp("A", 5001, 1002))


def last_ack():
    close_wait()
    bob(tcp("FA", 5001, 1002))


def time_wait():
    last_ack()
    alice(tcp("A", 1002, 5002))


def close():
    established()
    alice(tcp("R", 1001))


def wrong_in(state, name, sender, flags, direction):
    """A segment that has no place in a state of the connection"""
    kind_of = {"S": 0, "SA": 1, "FA": 2, "A": 3}[flags]

    @kind("TCP_STATE", rf"packet \(index {kind_of}\) in dir {direction} invalid, "
                       rf"state {state.__name__.upper()}")
    def wrong():
        state()
        yield
        if direction:
            sender(tcp(flags, 5001, 1001))
        else:
            sender(tcp(flags, 1001, 5001))
    wrong.__name__ = f"tcp_{name}_in_{state.__name__}"


for before in (syn_recv, established, fin_wait, close_wait, last_ack, close):
    wrong_in(before, "syn_of_the_server", bob, "S", 1)
for before in (syn_sent, established, fin_wait, close_wait, last_ack, time_wait, close):
    wrong_in(before, "synack_of_the_client", alice, "SA", 0)
for before in (syn_sent, syn_sent2):
    wrong_in(before, "fin_of_the_client", alice, "FA", 0)
    wrong_in(before, "fin_of_the_server", bob, "FA", 1)
    wrong_in(before, "ack_of_the_client", alice, "A", 0)


@kind(None, r"packet \(index 3\) in dir 1 ignored, state SYN_SENT")
def tcp_ack_of_the_server_in_syn_sent():
    syn_sent()
    yield
    bob(tcp("A", 5000, 7777))


@kind(None, r"packet \(index 0\) in dir 0 ignored, state ESTABLISHED")
def tcp_syn_of_the_client_in_established():
    established()
    yield
    alice(tcp("S", 9000))


@kind(None, r"packet \(index 1\) in dir 1 ignored, state ESTABLISHED")
def tcp_synack_again():
    established()
    yield
    bob(tcp("SA", 5000, 1001))


@kind("TCP_FLAGS", "invalid tcp flag combination")
def tcp_no_flags_in_established():
    established()
    yield
    alice(tcp("", 1001, 5001))


@kind("CHECKSUM", "bad checksum")
def tcp_bad_checksum_in_established():
    established()
    yield
    bob(tcp("PA", 5001, 1001, b"data" * 300, chksum=0xdead))


# --- TCP outside the window: 8192 bytes after the handshake ---

@kind("TCP_WINDOW", "SEQ is over upper bound")
def tcp_over_the_window():
    established()
    yield
    alice(tcp("A", 100000, 5001))


@kind("TCP_WINDOW", "SEQ is over upper bound")
def tcp_over_the_window_of_the_client():
    established()
    yield
    bob(tcp("PA", 100000, 1001, b"data"))


@kind("TCP_WINDOW", "SEQ is over upper bound")
def tcp_fin_over_the_window():
    established()
    yield
    alice(tcp("FA", 100000, 5001))


@kind("TCP_WINDOW", "ACK is over upper bound")
def tcp_ack_of_what_was_not_sent():
    established()
    yield
    alice(tcp("A", 1001, 9999))


@kind("TCP_WINDOW", "ACK is over upper bound")
def tcp_ack_of_what_was_not_sent_by_the_client():
    established()
    yield
    bob(tcp("A", 5001, 1002))


@kind("TCP_WINDOW", "ACK is over upper bound")
def tcp_synack_acks_too_much():
    syn_sent()
    yield
    bob(tcp("SA", 5000, 2000))


@kind("TCP_WINDOW", "ACK is over upper bound")
def tcp_sack_of_what_was_not_sent():
    permitted = {"options": [("SAckOK", b"")]}
    alice(tcp("S", 1000, **permitted))
    bob(tcp("SA", 5000, 1001, **permitted))
    alice(tcp("A", 1001, 5001))
    yield
    alice(tcp("A", 1001, 5001, options=[("NOP", None), ("NOP", None),
                                        ("SAck", (5500, 6000))]))


def scaled():
    option = {"options": [("WScale", 7)]}
    alice(tcp("S", 1000, **option))
    bob(tcp("SA", 5000, 1001, **option))
    alice(tcp("A", 1001, 5001))
    bob(tcp("A", 5001, 1001))


@kind(None, silent=f"{TCP_C}:tcp_in_window")
def tcp_in_the_scaled_window():
    scaled()
    yield
    alice(tcp("A", 500000, 5001))


@kind("TCP_WINDOW", "SEQ is over upper bound")
def tcp_over_the_scaled_window():
    scaled()
    yield
    alice(tcp("A", 3000000, 5001))


@kind(None, silent=f"{TCP_C}:nf_tcp_store_invalid", sysctl={"tcp_be_liberal": 1})
def tcp_over_the_window_liberal():
    established()
    yield
    alice(tcp("A", 100000, 5001))


@kind(None, silent=f"{TCP_C}:nf_tcp_store_invalid")
def tcp_over_the_window_picked_up():
    alice(tcp("A", 1000, 5000))
    bob(tcp("A", 5000, 1000))
    yield
    alice(tcp("A", 100000000, 5000))


@kind(None, "bytes more than expected")
def tcp_little_over_the_window():
    established()
    yield
    alice(tcp("PA", 9200, 5001, b"data"))


@kind(None, "SEQ is under lower bound")
def tcp_under_the_window():
    established()
    yield
    alice(tcp("A", (1001 - 70000) & 0xffffffff, 5001))


@kind(None, "ignored ACK under lower bound")
def tcp_ack_too_old():
    established()
    yield
    alice(tcp("A", 1001, (5001 - 70000) & 0xffffffff))


@kind("TCP_WINDOW", "SEQ is over upper bound")
def tcp_over_the_window_translated():
    p.flow(to=4444)
    alice(tcp("S", 1000))
    bob(tcp("SA", 5000, 1001), dst="router2")
    alice(tcp("A", 1001, 5001))
    yield
    alice(tcp("A", 100000, 5001))


@kind("TCP_WINDOW", "ACK is over upper bound", routed=False)
def tcp_ack_of_what_was_not_sent_translated():
    p.flow(to=4444)
    alice(tcp("S", 1000))
    bob(tcp("SA", 5000, 1001), dst="router2")
    alice(tcp("A", 1001, 5001))
    yield
    bob(tcp("A", 5001, 3000), dst="router2")


@kind("TCP_WINDOW", "SEQ is over upper bound")
def tcp_over_a_window_of_nothing():
    established()
    packet = tcp("A", 5001, 1001)
    packet[TCP].window = 0
    bob(packet)
    yield
    alice(tcp("PA", 20000, 5001, b"data"))


@kind("TCP_WINDOW", "SEQ is over upper bound", routed=False)
def tcp_over_the_window_to_a_translated_server():
    alice(tcp("S", 1000), dst="router")
    bob(tcp("SA", 5000, 1001))
    alice(tcp("A", 1001, 5001), dst="router")
    yield
    alice(tcp("A", 100000, 5001), dst="router")


def adjusted():
    """FTP with nobody: the router makes shorter what alice sends; see invalid.sh.
    Returns where that ends in alice's numbers, how much less that is in those of the
    other end, and how that one answers.
    """
    def answer(ack, seq=5001, flags="A"):
        bob(tcp(flags, seq, ack), src="nobody", dst="1.2.3.4" if p.version == 4 else "fd::1")
    alice(tcp("S", 1000), dst="nobody")
    answer(1001, 5000, "SA")
    alice(tcp("A", 1001, 5001), dst="nobody")
    # the helper does not look at the first line
    alice(tcp("PA", 1001, 5001, b"USER x\r\n"), dst="nobody")
    answer(1009)
    # a port that it need not change
    line, less = b"PORT 10,0,1,9,%d,%d\r\n" % divmod(p.port, 256), 1
    if p.version == 6:
        # it writes all of an address, but no zeros before a port
        line, less = b"EPRT |2|fd00:0001:0000:0000:0000:0000:0000:0009|%09d|\r\n" % p.port, 4
    alice(tcp("PA", 1009, 5001, line), dst="nobody")
    return 1009 + len(line), less, answer


@kind("TCP_WINDOW", "ACK is over upper bound", routed=False)
def tcp_ack_of_what_an_adjustment_took_away():
    end, _, answer = adjusted()
    yield
    answer(end)


@kind(None, silent=f"{TCP_C}:tcp_in_window")
def tcp_ack_of_all_that_an_adjustment_left():
    end, less, answer = adjusted()
    yield
    answer(end - less)


# --- TCP resets ---

@kind("TCP_RST", "invalid rst")
def tcp_rst_of_the_client_too_old():
    established()
    yield
    alice(tcp("R", 900))


@kind("TCP_RST", "invalid rst")
def tcp_rst_of_the_server_too_old():
    established()
    yield
    bob(tcp("RA", 4000, 1001))


@kind("TCP_RST", "invalid rst")
def tcp_rst_of_nothing_in_established():
    established()
    yield
    bob(tcp("R", 0))


@kind("TCP_WINDOW", "SEQ is over upper bound")
def tcp_rst_over_the_window():
    established()
    yield
    bob(tcp("R", 100000))


@kind("TCP_WINDOW", "ACK is over upper bound")
def tcp_rst_over_the_window_after_an_ignored_syn():
    established()
    alice(tcp("S", 9000))
    yield
    bob(tcp("RA", 4000, 9999))


@kind("TCP_RST", "invalid rst")
def tcp_rst_too_old_and_over_the_window():
    established()
    yield
    bob(tcp("RA", 4000, 9999))


@kind(None, silent=f"{TCP_C}:nf_conntrack_tcp_packet", sysctl={"tcp_ignore_invalid_rst": 1})
def tcp_rst_too_old_believed():
    established()
    yield
    alice(tcp("R", 900))


@kind(None, silent=f"{TCP_C}:nf_conntrack_tcp_packet")
def tcp_rst_too_old_after_fin():
    fin_wait()
    yield
    bob(tcp("R", 4000))


# --- In another zone: what zed sends and gets, see invalid.sh ---

def established_in_a_zone():
    alice(tcp("S", 1000), src="zed")
    bob(tcp("SA", 5000, 1001), dst="zed")
    alice(tcp("A", 1001, 5001), src="zed")


@kind("TCP_WINDOW", "SEQ is over upper bound", zone="OTHER")
def tcp_over_the_window_in_a_zone():
    established_in_a_zone()
    yield
    alice(tcp("A", 100000, 5001), src="zed")


@kind("TCP_WINDOW", "SEQ is over upper bound", zone="TCP_NEW")
def tcp_fin_over_the_window_in_a_zone():
    established_in_a_zone()
    yield
    alice(tcp("FA", 100000, 5001), src="zed")


@kind("ICMP_MISMATCH", "outer daddr", zone="ICMP_UNRELATED")
def icmp_error_to_somebody_else_in_a_zone():
    alice(udp(), src="zed")
    bob(udp(), dst="zed")
    yield
    alice(p.error("port", p.from_bob(udp(), dst="zed")), src="zed", dst="nobody")


# --- UDP, UDP-Lite ---

@kind("TRUNCATED", silent=f"{CORE_C}:nf_ct_get_tuple_ports")
def udp_without_ports():
    yield
    alice(**p.protocol(17, b"\x12\x34"))


@kind("TRUNCATED", "short packet")
def udp_half_a_header():
    yield
    alice(**p.protocol(17, b"\x12\x34\x00\x09\x00\x06"))


@kind("TRUNCATED", "truncated/malformed packet")
def udp_length_too_large():
    yield
    alice(udp(len=500))


@kind("TRUNCATED", "truncated/malformed packet")
def udp_length_too_small():
    yield
    alice(udp(len=7))


@kind("CHECKSUM", "bad checksum")
def udp_bad_checksum():
    yield
    alice(udp(chksum=0x1234))


@kind("CHECKSUM", "bad checksum")
def udp_bad_checksum_of_a_reply():
    alice(udp())
    yield
    bob(udp(b"d" * 1001, chksum=0x1234))


@kind("CHECKSUM", "bad checksum")
def udp_bad_checksum_in_fragments():
    yield
    for fragment in p.fragments(udp(b"d" * 3000, chksum=0x1234)):
        p.put("client", fragment)


@kind(None, silent=f"{UDP_C}:udp_error", only=4)
def udp_no_checksum():
    yield
    alice(udp(chksum=0))


def udplite(coverage, checksum):
    return p.protocol(136, struct.pack("!HHHH", p.port, 9, coverage, checksum) + b"data" * 4)


@kind("TRUNCATED", "short packet", needs="nf_conntrack_udplite_packet")
def udplite_half_a_header():
    yield
    alice(**p.protocol(136, b"\x12\x34\x00\x09\x00\x00"))


@kind("CHECKSUM", "checksum missing", needs="nf_conntrack_udplite_packet")
def udplite_no_checksum():
    yield
    alice(**udplite(0, 0))


@kind("CHECKSUM", "invalid checksum coverage", needs="nf_conntrack_udplite_packet")
def udplite_coverage_too_small():
    yield
    alice(**udplite(7, 1))


@kind("CHECKSUM", "invalid checksum coverage", needs="nf_conntrack_udplite_packet")
def udplite_coverage_too_large():
    yield
    alice(**udplite(99, 1))


@kind("CHECKSUM", "bad checksum", needs="nf_conntrack_udplite_packet")
def udplite_bad_checksum():
    yield
    alice(**udplite(8, 0x1234))


# --- ICMP, ICMPv6 ---

def icmp_number():
    return 1 if p.version == 4 else 58


@kind("TRUNCATED", "short packet")
def icmp_half_a_header():
    yield
    alice(**p.protocol(icmp_number(), b"\x08\x00\x00\x00"))


@kind("CHECKSUM", "bad hw icmp checksum|ICMPv6 checksum failed")
def icmp_bad_checksum():
    yield
    alice(p.echo(checksum=0x1234))


@kind("CHECKSUM", "bad hw icmp checksum|ICMPv6 checksum failed")
def icmp_error_bad_checksum():
    alice(udp())
    yield
    if p.version == 4:
        bob(p.error("port", p.from_alice(udp()), chksum=0x1234))
    else:
        bob(p.error("port", p.from_alice(udp()), cksum=0x1234))


@kind("ICMP_TYPE", "invalid icmp type", only=4)
def icmp_unknown_type():
    yield
    alice(p.icmp((42, 0)))


def never_tracked(number, function, only):
    @kind("ICMP_TYPE", silent=function, only=only)
    def type_that_is_never_tracked():
        yield
        alice(p.icmp((number, 0), bytes(20)))
    type_that_is_never_tracked.__name__ = f"icmp_type_{number}"


for number in (1, 2, 6, 7, 9, 10):
    never_tracked(number, f"{ICMP_C}:nf_conntrack_invert_icmp_tuple", 4)
for number in (138, 141, 144, 200, 255):
    never_tracked(number, f"{ICMP6_C}:nf_conntrack_invert_icmpv6_tuple", 6)


@kind("ICMP_UNRELATED", silent=f"{ICMP_C}:nf_conntrack_icmp_packet, "
                               f"{ICMP6_C}:nf_conntrack_icmpv6_packet")
def icmp_echo_reply_to_nothing():
    yield
    bob(p.echo_reply())


def lone_reply(number, function, only):
    @kind("ICMP_UNRELATED", silent=function, only=only)
    def reply_to_nothing():
        yield
        bob(p.icmp((number, 0), bytes(20)))
    reply_to_nothing.__name__ = f"icmp_lone_reply_{number}"


for number in (14, 16, 18):
    lone_reply(number, f"{ICMP_C}:nf_conntrack_icmp_packet", 4)
lone_reply(140, f"{ICMP6_C}:nf_conntrack_icmpv6_packet", 6)


def unknown_connection(which):
    @kind("ICMP_UNRELATED", silent=f"{ICMP_C}:nf_conntrack_inet_error")
    def error_about_nothing():
        yield
        bob(p.error(which, p.from_alice(udp())))
    error_about_nothing.__name__ = f"icmp_{which}_error_about_nothing"


for which in ("port", "host", "time", "size", "parameter"):
    unknown_connection(which)


@kind("ICMP_UNRELATED", silent=f"{ICMP_C}:nf_conntrack_inet_error", only=4)
def icmp_source_quench_about_nothing():
    yield
    bob(p.icmp((4, 0), bytes(p.from_alice(udp()))))


@kind("ICMP_UNRELATED", silent=f"{ICMP_C}:nf_conntrack_inet_error", only=4)
def icmp_redirect_about_nothing():
    yield
    bob(p.icmp((5, 1), bytes(p.from_alice(udp()))))


@kind("ICMP_UNRELATED", silent=f"{ICMP_C}:nf_conntrack_inet_error", only=6)
def icmp6_unknown_error_about_nothing():
    yield
    bob(p.icmp((100, 0), bytes(p.from_alice(udp()))))


@kind("ICMP_UNRELATED", silent=f"{ICMP_C}:nf_conntrack_inet_error")
def icmp_error_about_the_other_port():
    alice(udp())
    yield
    about = p.from_alice(udp())
    about[UDP].dport = 10
    bob(p.error("port", about))


@kind("ICMP_UNRELATED", silent=f"{ICMP_C}:nf_conntrack_inet_error")
def icmp_error_about_another_address():
    alice(udp())
    yield
    bob(p.error("port", p.from_alice(udp(), dst="nobody")))


@kind("ICMP_UNRELATED", silent=f"{ICMP_C}:nf_conntrack_inet_error")
def icmp_error_about_an_error():
    yield
    bob(p.error("port", p.from_alice(p.error("port", p.from_bob(udp())))))


@kind("ICMP_UNRELATED", silent=f"{ICMP_C}:nf_conntrack_inet_error")
def icmp_error_about_tcp_of_nobody():
    yield
    bob(p.error("time", p.from_alice(tcp("S"))))


@kind("TRUNCATED", silent=f"{ICMP_C}:nf_conntrack_inet_error")
def icmp_error_about_half_an_address():
    yield
    bob(p.error("port", bytes(p.from_alice(udp()))[:14]))


@kind("TRUNCATED", silent=f"{ICMP_C}:nf_conntrack_inet_error")
def icmp_error_without_inner_ports():
    yield
    bob(p.error("port", bytes(p.from_alice(udp()))[:22 if p.version == 4 else 42]))


@kind("FRAGMENT", silent=f"{CORE_C}:ipv4_get_l4proto, ipv6_get_l4proto")
def icmp_error_about_a_later_fragment():
    alice(udp())
    yield
    if p.version == 4:
        about = p.from_alice(udp(), frag=100)
    else:
        about = IPv6(src=p.addr["alice"], dst=p.addr["bob"]) / \
            IPv6ExtHdrFragment(offset=100, nh=17) / Raw(b"data" * 8)
    bob(p.error("port", about))


@kind("ICMP_MISMATCH", "outer daddr")
def icmp_error_to_somebody_else():
    alice(udp())
    yield
    bob(p.error("port", p.from_alice(udp())), dst="carol")


@kind("ICMP_MISMATCH", "outer daddr")
def icmp_error_to_the_client_of_a_translated_connection():
    p.flow(to=4444)
    alice(tcp("S", 1000))
    yield
    about = p.address_layer("router2", "bob", p.ports(tcp("S", 1000), p.port, 4444))
    bob(p.error("port", about))


@kind("ICMP_MISMATCH", "invalid saddr or hoplimit for redirect", only=6, routed=False)
def icmp6_redirect_from_afar():
    yield
    bob(p.icmp((137, 0), bytes(64)), dst="router2", ttl=64)


@kind("TRUNCATED", "short redirect", only=6)
def icmp6_redirect_too_short():
    yield
    bob(p.icmp((137, 0), bytes(8)))


@kind("TRUNCATED", "redirect without options", only=6, routed=False)
def icmp6_redirect_without_options():
    yield
    bob(p.icmp((137, 0), bytes(32)), src="fe80::9", dst="router2", ttl=255)


@kind("ICMP_UNRELATED", silent=f"{ICMP_C}:nf_conntrack_inet_error", only=6, routed=False)
def icmp6_redirect_about_nothing():
    yield
    about = bytes(p.from_alice(udp()))
    option = b"\x04" + bytes([(8 + len(about) + 7) // 8]) + bytes(6) + about
    bob(p.icmp((137, 0), bytes(32) + option), src="fe80::9", dst="router2", ttl=255)


@kind("ICMP_TYPE", silent=f"{ICMP6_C}:nf_conntrack_invert_icmpv6_tuple", only=6,
      routed=False)
def icmp6_redirect_with_another_option():
    yield
    bob(p.icmp((137, 0), bytes(32) + b"\x02\x01" + bytes(6)), src="fe80::9", dst="router2",
        ttl=255)


@kind("ICMP_TYPE", silent=f"{ICMP6_C}:nf_conntrack_invert_icmpv6_tuple", only=6)
def icmp6_redirect_of_another_code():
    yield
    bob(p.icmp((137, 1), bytes(40)))


@kind("OTHER", silent=f"{ICMP_C}:nf_conntrack_icmp_packet, "
                      f"{ICMP6_C}:nf_conntrack_icmpv6_packet")
def icmp_of_the_other_family():
    yield
    alice(**p.protocol(58 if p.version == 4 else 1,
                       bytes([128 if p.version == 4 else 8, 0]) + bytes(20)))


# --- SCTP ---

def association():
    """INIT, INIT ACK, COOKIE ECHO, COOKIE ACK"""
    alice(sctp(SCTPChunkInit(init_tag=0x1111)))
    bob(sctp(SCTPChunkInitAck(init_tag=0x2222), tag=0x1111))
    alice(sctp(SCTPChunkCookieEcho(cookie=b"cake"), tag=0x2222))
    bob(sctp(SCTPChunkCookieAck(), tag=0x1111))


@kind("TRUNCATED", "short packet")
def sctp_half_a_header():
    yield
    alice(**p.protocol(132, b"\x12\x34\x00\x09" + bytes(4)))


@kind("CHECKSUM", "bad CRC")
def sctp_bad_checksum():
    yield
    packet = sctp(SCTPChunkInit(init_tag=1))
    packet[SCTP].chksum = 0x12345678
    alice(packet)


@kind("CHECKSUM", "bad CRC")
def sctp_bad_checksum_in_an_association():
    association()
    yield
    packet = sctp(SCTPChunkData(data=b"d" * 999), tag=0x2222)
    packet[SCTP].chksum = 0x12345678
    alice(packet)


@kind("SCTP", silent=f"{SCTP_C}:do_basic_checks")
def sctp_without_a_chunk():
    yield
    alice(SCTP(tag=1))


@kind("SCTP", "do_basic_checks failed")
def sctp_init_with_data():
    yield
    alice(sctp(SCTPChunkInit(init_tag=1) / SCTPChunkData(data=b"data")))


@kind("SCTP", "do_basic_checks failed")
def sctp_chunk_of_no_length():
    yield
    alice(sctp(Raw(b"\x00\x00\x00\x00"), tag=1))


@kind("SCTP", silent=f"{SCTP_C}:nf_conntrack_sctp_packet")
def sctp_abort_of_nothing():
    yield
    alice(sctp(SCTPChunkAbort(), tag=1))


@kind("SCTP", silent=f"{SCTP_C}:nf_conntrack_sctp_packet")
def sctp_shutdown_complete_of_nothing():
    yield
    alice(sctp(SCTPChunkShutdownComplete(), tag=1))


@kind("SCTP", silent=f"{SCTP_C}:nf_conntrack_sctp_packet")
def sctp_cookie_ack_of_nothing():
    yield
    bob(sctp(SCTPChunkCookieAck(), tag=1))


@kind("SCTP", silent=f"{SCTP_C}:sctp_new")
def sctp_data_of_nothing():
    yield
    alice(sctp(SCTPChunkData(data=b"data"), tag=1))


@kind("SCTP", silent=f"{SCTP_C}:sctp_new")
def sctp_init_with_a_tag():
    yield
    alice(sctp(SCTPChunkInit(init_tag=1), tag=7))


@kind("SCTP", "verification tag check failed")
def sctp_wrong_tag():
    association()
    yield
    alice(sctp(SCTPChunkData(data=b"data"), tag=0x3333))


@kind("SCTP", silent=f"{SCTP_C}:nf_conntrack_sctp_packet")
def sctp_abort_with_a_wrong_tag():
    association()
    yield
    bob(sctp(SCTPChunkAbort(), tag=0x3333))


@kind("SCTP", "Invalid, old_state 8, dir 1, type 2")
def sctp_init_ack_to_a_heartbeat():
    alice(sctp(SCTPChunkHeartbeatReq(), tag=0x2222))
    yield
    bob(sctp(SCTPChunkInitAck(init_tag=0x1111)))


@kind("SCTP", silent=f"{SCTP_C}:nf_conntrack_sctp_packet")
def sctp_init_ack_of_the_client():
    alice(sctp(SCTPChunkInit(init_tag=0x1111)))
    yield
    alice(sctp(SCTPChunkInitAck(init_tag=0x2222), tag=0))


# --- GRE ---

@kind("OTHER", silent="nf_conntrack_proto_gre.c:gre_pkt_to_tuple", needs="gre_timeout")
def gre_of_pptp_without_ppp():
    yield
    alice(**p.protocol(47, b"\x20\x01\x08\x00" + bytes(12)))


# --- The comparison ---

SYSCTLS = {"tcp_loose": 1, "tcp_be_liberal": 0, "checksum": 1, "tcp_ignore_invalid_rst": 0}


def has(name):
    """Does this kernel have a function, or a setting of the tracker's?"""
    if name.startswith("nf_"):
        with open("/proc/kallsyms", encoding="ascii") as file:
            return any(line.split()[2] == name for line in file)
    with p.inside("router"):
        return os.path.exists(f"/proc/sys/net/netfilter/nf_conntrack_{name}")


def set_sysctls(values):
    with p.inside("router"):
        for name, value in values.items():
            with open(f"/proc/sys/net/netfilter/nf_conntrack_{name}", "w",
                      encoding="ascii") as file:
                file.write(str(value))


def open_log():
    log = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK)
    os.lseek(log, 0, os.SEEK_END)
    return log


def read_log(log):
    """What the tracker has logged since the last call"""
    lines = []
    while True:
        try:
            line = os.read(log, 8192).decode(errors="replace")
        except BlockingIOError:
            return lines
        found = re.search(r";nf_ct_proto_\d+: (.*?) (?=IN=eth)", line, re.DOTALL)
        if found:
            lines.append(found[1])


def reason_of(message):
    for pattern, reason in MESSAGES:
        if re.search(pattern, message):
            return reason
    return "a message that this test does not know"


def counted(before, place):
    """The rules of a chain that counted one packet: by reason, also in zone 7, INVALID, not-NONE"""
    return [comment.split(":")[2] for comment, count in p.legacy_counters(b"mangle").items()
            if comment.split(":")[1] == place and count == before[comment] + 1]


def judge(function, reason, log, expected, kmsg):
    """What is wrong with a kind, as a list of texts"""
    if p.linux_61 and "silent61" in expected:
        log = None
    p.flow()
    set_sysctls(expected.get("sysctl", {}))
    steps = function()
    next(steps)
    p.fence()
    read_log(kmsg)
    before = p.legacy_counters(b"mangle")
    next(steps, None)
    p.fence()
    messages = read_log(kmsg)
    wrong = []
    wanted = ["INVALID", expected.get("zone", reason), "not-NONE"] if reason else []
    if "zone" in expected:
        wanted.append("in-zone-" + reason)
    for place in ("PREROUTING", "FORWARD") if expected.get("routed", True) else ("PREROUTING",):
        got = sorted(counted(before, place))
        # What zone 7 knows of a packet of zone 0 is no question.
        if "zone" not in expected:
            got = [name for name in got if not name.startswith("in-zone-")]
        if got != sorted(wanted):
            wrong.append(f"{place} counted {got}, not {wanted}")
    if log:
        if len(messages) != 1 or not re.search(log, messages[0]):
            wrong.append(f"the kernel said {messages}, not {log!r}")
        elif reason_of(messages[0]) != reason:
            wrong.append(f"the kernel's reason is {reason_of(messages[0])}: {messages[0]}")
    elif messages:
        wrong.append(f"the kernel said {messages}, where it was to be silent")
    set_sysctls({name: SYSCTLS[name] for name in expected.get("sysctl", {})})
    return wrong


def main():
    p.linux_61 = os.uname().release.startswith("6.1.")
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    p.set_namespaces(sys.argv[1:])
    p.open_links()
    kmsg = open_log()
    for family in (4, 6):
        p.family(family)
        for function, reason, log, expected in kinds:
            if expected.get("only", family) != family:
                continue
            if not has(expected.get("needs", "max")):
                print(f"skip IPv{family} {function.__name__}:", "this kernel has no",
                      expected["needs"], flush=True)
                continue
            wrong = judge(function, reason, log, expected, kmsg)
            print("not ok" if wrong else "ok", f"IPv{family} {function.__name__}:",
                  expected.get("zone", reason) or "not INVALID", flush=True)
            for line in wrong:
                print("#", line, flush=True)
    names = {function.__name__ for function, *_ in kinds}
    assert len(names) == len(kinds), "two kinds of one name"
    invalid = len([1 for _, reason, *_ in kinds if reason])
    print("ok" if invalid >= 60 else "not ok", f"{invalid} kinds of INVALID packets, "
          f"and {len(kinds) - invalid} that only look like that")


if __name__ == "__main__":
    sys.exit(main())
