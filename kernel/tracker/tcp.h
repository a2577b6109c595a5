/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why the tracker makes a TCP segment INVALID, on plain values: no skb, no lock,
 * any context. tests/kunit/tcp_test.c includes this file as it is.
 *
 * Source of all rules here: net/netfilter/nf_conntrack_proto_tcp.c.
 */
#ifndef _XCA_TRACKER_TCP_H
#define _XCA_TRACKER_TCP_H

#include <linux/bits.h>
#include <linux/types.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/xt_ctstate2.h>
#include <net/tcp.h>

/* What a segment is to the tracker: enum tcp_bit_set there */
enum ctstate2_tcp_kind {
	CTSTATE2_TCP_SYN,
	CTSTATE2_TCP_SYNACK,
	CTSTATE2_TCP_FIN,
	CTSTATE2_TCP_ACK,
	CTSTATE2_TCP_RST,
	CTSTATE2_TCP_NONE,
};

/**
 * struct ctstate2_segment - what of a TCP segment the tracker judges by
 * @seq: first sequence number
 * @sack: highest sequence number that it acknowledges, by ACK or SACK, in terms
 *	of the receiver's own numbers (without NAT's changes)
 * @ack: the ACK field in these terms
 * @kind: enum ctstate2_tcp_kind
 * @has_ack: the ACK flag
 * @dir: enum ip_conntrack_dir
 */
struct ctstate2_segment {
	u32 seq;
	u32 ack;
	u32 sack;
	u8 kind;
	u8 dir;
	bool has_ack;
};

/**
 * struct ctstate2_tcp_sysctls - net.netfilter.nf_conntrack_tcp_*
 * @loose: tcp_loose
 * @be_liberal: tcp_be_liberal
 * @ignore_invalid_rst: tcp_ignore_invalid_rst
 */
struct ctstate2_tcp_sysctls {
	bool loose;
	bool be_liberal;
	bool ignore_invalid_rst;
};

/**
 * ctstate2_tcp_flags_valid() - tcp_valid_flags[]
 * @flags: the flags byte of a TCP header
 *
 * Return: whether they make sense together; ECE, CWR and PSH always do
 */
static inline bool ctstate2_tcp_flags_valid(u8 flags)
{
	switch (flags & (TCPHDR_FIN | TCPHDR_SYN | TCPHDR_RST | TCPHDR_ACK | TCPHDR_URG)) {
	case TCPHDR_SYN:
	case TCPHDR_SYN | TCPHDR_URG:
	case TCPHDR_SYN | TCPHDR_ACK:
	case TCPHDR_RST:
	case TCPHDR_RST | TCPHDR_ACK:
	case TCPHDR_FIN | TCPHDR_ACK:
	case TCPHDR_FIN | TCPHDR_ACK | TCPHDR_URG:
	case TCPHDR_ACK:
	case TCPHDR_ACK | TCPHDR_URG:
		return true;
	}
	return false;
}

/**
 * ctstate2_tcp_kind() - get_conntrack_index()
 * @flags: the flags byte of a TCP header
 */
static inline enum ctstate2_tcp_kind ctstate2_tcp_kind(u8 flags)
{
	if (flags & TCPHDR_RST)
		return CTSTATE2_TCP_RST;
	if (flags & TCPHDR_SYN)
		return flags & TCPHDR_ACK ? CTSTATE2_TCP_SYNACK : CTSTATE2_TCP_SYN;
	if (flags & TCPHDR_FIN)
		return CTSTATE2_TCP_FIN;
	return flags & TCPHDR_ACK ? CTSTATE2_TCP_ACK : CTSTATE2_TCP_NONE;
}

/**
 * ctstate2_tcp_invalid_states() - the "invalid" cells of tcp_conntracks[][][]
 * @dir: enum ip_conntrack_dir
 * @kind: enum ctstate2_tcp_kind
 *
 * Return: the states (bits of enum tcp_conntrack) in which such a segment is
 * INVALID, whatever its numbers
 */
static inline unsigned int ctstate2_tcp_invalid_states(unsigned int dir, unsigned int kind)
{
	const unsigned int none = BIT(TCP_CONNTRACK_NONE), sent = BIT(TCP_CONNTRACK_SYN_SENT);
	const unsigned int sent2 = BIT(TCP_CONNTRACK_SYN_SENT2);
	const unsigned int wait = BIT(TCP_CONNTRACK_TIME_WAIT);

	switch (kind) {
	case CTSTATE2_TCP_SYN:
		return dir == IP_CT_DIR_ORIGINAL ? 0 : XT_CTSTATE2_TCP_ALL & ~(sent | sent2 | wait);
	case CTSTATE2_TCP_SYNACK:
		return dir == IP_CT_DIR_REPLY ? none :
		       XT_CTSTATE2_TCP_ALL & ~(BIT(TCP_CONNTRACK_SYN_RECV) | sent2);
	case CTSTATE2_TCP_FIN:
		return none | sent | sent2;
	case CTSTATE2_TCP_ACK:
		return dir == IP_CT_DIR_ORIGINAL ? sent | sent2 : none;
	case CTSTATE2_TCP_RST:
		return none;
	}
	return XT_CTSTATE2_TCP_ALL;
}

/**
 * ctstate2_tcp_new_reason() - why a segment of no known connection is INVALID
 * @kind: enum ctstate2_tcp_kind
 * @sysctls: of the namespace
 *
 * Source: tcp_new().
 * Return: TCP_NEW, or OTHER if it might well start a connection
 */
static inline enum xt_ctstate2_reason
ctstate2_tcp_new_reason(unsigned int kind, const struct ctstate2_tcp_sysctls *sysctls)
{
	if (ctstate2_tcp_invalid_states(IP_CT_DIR_ORIGINAL, kind) & BIT(TCP_CONNTRACK_NONE) ||
	    (kind != CTSTATE2_TCP_SYN && !sysctls->loose))
		return XT_CTSTATE2_REASON_TCP_NEW;
	return XT_CTSTATE2_REASON_OTHER;
}

/* A RST that takes no effect, as its number is below what has been acknowledged */
static inline bool ctstate2_tcp_rst_invalid(const struct ip_ct_tcp *tcp, bool assured,
					    const struct ctstate2_segment *seg)
{
	const struct ip_ct_tcp_state *receiver = &tcp->seen[!seg->dir];

	switch (tcp->state) {
	case TCP_CONNTRACK_FIN_WAIT:
	case TCP_CONNTRACK_LAST_ACK:
	case TCP_CONNTRACK_TIME_WAIT:
	case TCP_CONNTRACK_CLOSE:
	case TCP_CONNTRACK_CLOSE_WAIT:
		return false;
	}
	if (!(receiver->flags & IP_CT_TCP_FLAG_MAXACK_SET) ||
	    tcp->last_index == CTSTATE2_TCP_SYN)
		return false;
	if (!seg->seq && !(tcp->state == TCP_CONNTRACK_ESTABLISHED && assured))
		return false;
	return before(seg->seq, receiver->td_maxack);
}

/* Outside what the two ends have announced, where that makes it INVALID */
static inline bool ctstate2_tcp_window_invalid(const struct ip_ct_tcp *tcp,
					       const struct ctstate2_segment *seg)
{
	const struct ip_ct_tcp_state *sender = &tcp->seen[seg->dir];
	const struct ip_ct_tcp_state *receiver = &tcp->seen[!seg->dir];
	bool rst = seg->kind == CTSTATE2_TCP_RST;
	u32 seq = seg->seq, sack = seg->sack;

	/* without an acknowledgment, as if it were the right one */
	if (!seg->has_ack || (rst && !seg->ack))
		sack = receiver->td_end;
	/* a RST that answers a SYN */
	if (rst && !seq && tcp->state == TCP_CONNTRACK_SYN_SENT)
		seq = sender->td_end;
	return after(seq, sender->td_maxend) || after(sack, receiver->td_end);
}

/*
 * Did the tracker find @seg, a RST, outside the window? nf_tcp_handle_invalid() then
 * notes it in place of what came before: a SYN, after which a RST's number is not
 * compared. Ambiguous: if what came before was a RST of the same end, the tracker did
 * compare, and the entry looks the same.
 */
static inline bool ctstate2_tcp_rst_noted(const struct ip_ct_tcp *tcp, unsigned long status,
					  const struct ctstate2_segment *seg)
{
	return (status & (IPS_ASSURED | IPS_FIXED_TIMEOUT)) == IPS_ASSURED &&
	       tcp->last_index == CTSTATE2_TCP_RST && tcp->last_dir == seg->dir;
}

/**
 * ctstate2_tcp_reason() - why a segment of a known connection is INVALID
 * @tcp: the connection as the tracker left it
 * @status: nf_conn->status
 * @seg: the segment, its flags valid
 * @sysctls: of the namespace
 *
 * Source: nf_conntrack_tcp_packet(), tcp_in_window(). What the tracker only
 * ignores keeps its connection, and does not come here.
 * Return: TCP_STATE, TCP_RST, TCP_WINDOW, or OTHER if nothing is wrong with it
 */
static inline enum xt_ctstate2_reason
ctstate2_tcp_reason(const struct ip_ct_tcp *tcp, unsigned long status,
		    const struct ctstate2_segment *seg, const struct ctstate2_tcp_sysctls *sysctls)
{
	const bool window = !sysctls->be_liberal &&
			    !(tcp->seen[seg->dir].flags & IP_CT_TCP_FLAG_BE_LIBERAL) &&
			    ctstate2_tcp_window_invalid(tcp, seg);

	if (ctstate2_tcp_invalid_states(seg->dir, seg->kind) >> tcp->state & 1)
		return XT_CTSTATE2_REASON_TCP_STATE;
	if (seg->kind == CTSTATE2_TCP_RST && !sysctls->ignore_invalid_rst &&
	    ctstate2_tcp_rst_invalid(tcp, status & IPS_ASSURED, seg) &&
	    !(window && ctstate2_tcp_rst_noted(tcp, status, seg)))
		return XT_CTSTATE2_REASON_TCP_RST;
	return window ? XT_CTSTATE2_REASON_TCP_WINDOW : XT_CTSTATE2_REASON_OTHER;
}

#endif /* _XCA_TRACKER_TCP_H */
