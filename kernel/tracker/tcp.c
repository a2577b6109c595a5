// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bits.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <net/tcp.h>
#include "tcp.h"

bool tracker_tcp_flags_valid(u8 flags)
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

enum tracker_tcp_kind tracker_tcp_kind(u8 flags)
{
	if (flags & TCPHDR_RST)
		return TRACKER_TCP_RST;
	if (flags & TCPHDR_SYN)
		return flags & TCPHDR_ACK ? TRACKER_TCP_SYNACK : TRACKER_TCP_SYN;
	if (flags & TCPHDR_FIN)
		return TRACKER_TCP_FIN;
	return flags & TCPHDR_ACK ? TRACKER_TCP_ACK : TRACKER_TCP_NONE;
}

unsigned int tracker_tcp_invalid_states(unsigned int dir, unsigned int kind)
{
	unsigned int none = BIT(TCP_CONNTRACK_NONE), sent = BIT(TCP_CONNTRACK_SYN_SENT);
	unsigned int sent2 = BIT(TCP_CONNTRACK_SYN_SENT2);
	unsigned int wait = BIT(TCP_CONNTRACK_TIME_WAIT);

	switch (kind) {
	case TRACKER_TCP_SYN:
		return dir == IP_CT_DIR_ORIGINAL ? 0 : XT_CTSTATE2_TCP_ALL & ~(sent | sent2 | wait);
	case TRACKER_TCP_SYNACK:
		return dir == IP_CT_DIR_REPLY ? none :
		       XT_CTSTATE2_TCP_ALL & ~(BIT(TCP_CONNTRACK_SYN_RECV) | sent2);
	case TRACKER_TCP_FIN:
		return none | sent | sent2;
	case TRACKER_TCP_ACK:
		return dir == IP_CT_DIR_ORIGINAL ? sent | sent2 : none;
	case TRACKER_TCP_RST:
		return none;
	}
	return XT_CTSTATE2_TCP_ALL;
}

enum xt_ctstate2_reason tracker_tcp_new_reason(unsigned int kind,
					       const struct tracker_tcp_sysctls *sysctls)
{
	if (tracker_tcp_invalid_states(IP_CT_DIR_ORIGINAL, kind) & BIT(TCP_CONNTRACK_NONE) ||
	    (kind != TRACKER_TCP_SYN && !sysctls->loose))
		return XT_CTSTATE2_REASON_TCP_NEW;
	return XT_CTSTATE2_REASON_OTHER;
}

/* A RST that takes no effect, as its number is below what has been acknowledged */
static bool tracker_tcp_rst_invalid(const struct ip_ct_tcp *tcp, bool assured,
				    const struct tracker_segment *seg)
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
	    tcp->last_index == TRACKER_TCP_SYN)
		return false;
	if (!seg->seq && !(tcp->state == TCP_CONNTRACK_ESTABLISHED && assured))
		return false;
	return before(seg->seq, receiver->td_maxack);
}

static bool tracker_tcp_window_invalid(const struct ip_ct_tcp *tcp,
				       const struct tracker_segment *seg)
{
	const struct ip_ct_tcp_state *sender = &tcp->seen[seg->dir];
	const struct ip_ct_tcp_state *receiver = &tcp->seen[!seg->dir];
	bool rst = seg->kind == TRACKER_TCP_RST;
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
static bool tracker_tcp_rst_noted(const struct ip_ct_tcp *tcp, unsigned long status,
				  const struct tracker_segment *seg)
{
	return (status & (IPS_ASSURED | IPS_FIXED_TIMEOUT)) == IPS_ASSURED &&
	       tcp->last_index == TRACKER_TCP_RST && tcp->last_dir == seg->dir;
}

enum xt_ctstate2_reason tracker_tcp_reason(const struct ip_ct_tcp *tcp, unsigned long status,
					   const struct tracker_segment *seg,
					   const struct tracker_tcp_sysctls *sysctls)
{
	bool window = !sysctls->be_liberal &&
		      !(tcp->seen[seg->dir].flags & IP_CT_TCP_FLAG_BE_LIBERAL) &&
		      tracker_tcp_window_invalid(tcp, seg);

	if (tracker_tcp_invalid_states(seg->dir, seg->kind) & BIT(tcp->state))
		return XT_CTSTATE2_REASON_TCP_STATE;
	if (seg->kind == TRACKER_TCP_RST && !sysctls->ignore_invalid_rst &&
	    tracker_tcp_rst_invalid(tcp, status & IPS_ASSURED, seg) &&
	    !(window && tracker_tcp_rst_noted(tcp, status, seg)))
		return XT_CTSTATE2_REASON_TCP_RST;
	return window ? XT_CTSTATE2_REASON_TCP_WINDOW : XT_CTSTATE2_REASON_OTHER;
}
