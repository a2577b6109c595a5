/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * TCP's rules of the tracker, net/netfilter/nf_conntrack_proto_tcp.c, on plain values: no
 * skb, no lock, any context.
 */
#ifndef _XCA_TRACKER_TCP_H
#define _XCA_TRACKER_TCP_H

#include <linux/types.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/xt_ctstate2.h>

/* What a segment is to the tracker: its enum tcp_bit_set */
enum tracker_tcp_kind {
	TRACKER_TCP_SYN,
	TRACKER_TCP_SYNACK,
	TRACKER_TCP_FIN,
	TRACKER_TCP_ACK,
	TRACKER_TCP_RST,
	TRACKER_TCP_NONE,
};

/**
 * struct tracker_segment - what of a TCP segment the tracker judges by
 * @seq: first sequence number
 * @ack: the ACK field, in terms of the receiver's own numbers (without NAT's changes)
 * @sack: highest sequence number that it acknowledges, by ACK or SACK, in these terms
 * @kind: enum tracker_tcp_kind
 * @dir: enum ip_conntrack_dir
 * @has_ack: the ACK flag
 */
struct tracker_segment {
	u32 seq;
	u32 ack;
	u32 sack;
	u8 kind;
	u8 dir;
	bool has_ack;
};

/* net.netfilter.nf_conntrack_tcp_* of a namespace */
struct tracker_tcp_sysctls {
	bool loose;
	bool be_liberal;
	bool ignore_invalid_rst;
};

/* tcp_valid_flags[]: do the flags of a header make sense together? */
bool tracker_tcp_flags_valid(u8 flags);

/* get_conntrack_index() */
enum tracker_tcp_kind tracker_tcp_kind(u8 flags);

/*
 * The "invalid" cells of tcp_conntracks[][][]: the states (bits of enum tcp_conntrack) in
 * which such a segment is INVALID, whatever its numbers
 */
unsigned int tracker_tcp_invalid_states(unsigned int dir, unsigned int kind);

/*
 * tcp_new(): why a segment of no known connection is INVALID: TCP_NEW, or OTHER if it might
 * well start a connection
 */
enum xt_ctstate2_reason tracker_tcp_new_reason(unsigned int kind,
					       const struct tracker_tcp_sysctls *sysctls);

/**
 * tracker_tcp_reason() - why a segment of a known connection is INVALID
 * @tcp: the connection as the tracker left it
 * @status: nf_conn->status
 * @seg: the segment, its flags valid
 * @sysctls: of the namespace
 *
 * Source: nf_conntrack_tcp_packet(), tcp_in_window(). What the tracker only
 * ignores keeps its connection, and does not come here.
 * Return: TCP_STATE, TCP_RST, TCP_WINDOW, or OTHER if nothing is wrong with it
 */
enum xt_ctstate2_reason tracker_tcp_reason(const struct ip_ct_tcp *tcp, unsigned long status,
					   const struct tracker_segment *seg,
					   const struct tracker_tcp_sysctls *sysctls);

#endif /* _XCA_TRACKER_TCP_H */
