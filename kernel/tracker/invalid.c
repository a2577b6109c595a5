// SPDX-License-Identifier: GPL-2.0-only
/*
 * Why the tracker made a packet INVALID. In the order in which nf_conntrack_in()
 * (net/netfilter/nf_conntrack_core.c) looks at a packet; each function names the
 * one of the kernel whose rules it follows.
 */
#include <linux/crc32c.h>
#include <linux/dccp.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip6_checksum.h>
#include <net/ipv6.h>
#include <net/ipv6_frag.h>
#include <net/ndisc.h>
#include <net/tcp.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_l4proto.h>
#include <net/netfilter/nf_conntrack_seqadj.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include "invalid.h"
#include "tcp.h"

#define REASON(name) XT_CTSTATE2_REASON_##name

/*
 * get_l4proto(): where the transport header of the packet at @nhoff begins, or
 * -1, and *@reason is why there is none
 */
static int transport_offset(const struct sk_buff *skb, unsigned int nhoff, u8 pf, u8 *protocol,
			    enum xt_ctstate2_reason *reason)
{
	const struct ipv6hdr *ip6;
	const struct iphdr *ip;
	struct ipv6hdr _ip6;
	struct iphdr _ip;
	__be16 frag_off;
	int offset;

	*reason = REASON(TRUNCATED);
	if (pf == NFPROTO_IPV4) {
		ip = skb_header_pointer(skb, nhoff, sizeof(_ip), &_ip);
		if (!ip)
			return -1;
		if (ip->frag_off & htons(IP_OFFSET)) {
			*reason = REASON(FRAGMENT);
			return -1;
		}
		*protocol = ip->protocol;
		offset = nhoff + ip->ihl * 4;
		return offset > skb->len ? -1 : offset;
	}
	if (pf != NFPROTO_IPV6) {
		*reason = REASON(OTHER);
		return -1;
	}
	ip6 = skb_header_pointer(skb, nhoff, sizeof(_ip6), &_ip6);
	if (!ip6)
		return -1;
	*protocol = ip6->nexthdr;
	offset = ipv6_skip_exthdr(skb, nhoff + sizeof(_ip6), protocol, &frag_off);
	if (offset >= 0 && frag_off & htons(~0x7)) {
		*reason = REASON(FRAGMENT);
		return -1;
	}
	/* whole, but without a transport header */
	if (offset < 0 && ipv6_find_hdr(skb, &nhoff, NEXTHDR_NONE, NULL, NULL) == NEXTHDR_NONE)
		*reason = REASON(OTHER);
	return offset;
}

/*
 * ipv6_defrag(): what it leaves as it is, the tracker sees as it is, and takes for a whole
 * packet if it is the first part. A sender can make such packets.
 */
bool tracker_fragment6(const struct sk_buff *skb)
{
	const struct ipv6hdr *ip6 = ipv6_hdr(skb);
	u8 protocol = NEXTHDR_FRAGMENT;
	const struct frag_hdr *fh;
	unsigned int offset = 0;
	struct frag_hdr _fh;

	if (!ipv6_ext_hdr(ip6->nexthdr))
		return false;
	/* A fragment header that is there after they were put together is one too many. */
	if (IP6CB(skb)->flags & IP6SKB_FRAGMENTED || !ip6->payload_len ||
	    ipv6_find_hdr(skb, &offset, NEXTHDR_FRAGMENT, NULL, NULL) < 0)
		return false;
	fh = skb_header_pointer(skb, offset, sizeof(_fh), &_fh);
	if (!fh || !(fh->frag_off & htons(IP6_OFFSET | IP6_MF)))
		return false;
	/* only reads the packet */
	if (ipv6frag_thdr_truncated((struct sk_buff *)skb, offset, &protocol))
		return false;
	/* Only the last part may end anywhere. An offset is a multiple of 8. */
	return !(fh->frag_off & htons(IP6_MF)) ||
	       !((ntohs(ip6->payload_len) + skb_network_offset(skb) + sizeof(*ip6) - offset) & 7);
}

/* What the tracker saw: it checks no sums of packets that this machine makes. */
static bool sums_checked(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	return state->in && READ_ONCE(state->net->ct.sysctl_checksum) &&
	       skb->ip_summed != CHECKSUM_UNNECESSARY && skb->ip_summed != CHECKSUM_PARTIAL;
}

/* nf_checksum(), without leaving a trace in the packet. ICMP has no pseudo header. */
static bool bad_checksum(const struct sk_buff *skb, const struct nf_hook_state *state,
			 unsigned int dataoff, u8 protocol)
{
	unsigned int len = skb->len - dataoff;
	__wsum sum = 0;

	if (!sums_checked(skb, state))
		return false;
	if (state->pf == NFPROTO_IPV6) {
		const struct ipv6hdr *ip6 = ipv6_hdr(skb);

		sum = ~csum_unfold(csum_ipv6_magic(&ip6->saddr, &ip6->daddr, len, protocol, 0));
	} else if (protocol != IPPROTO_ICMP) {
		const struct iphdr *ip = ip_hdr(skb);

		sum = csum_tcpudp_nofold(ip->saddr, ip->daddr, len, protocol, 0);
	}
	return csum_fold(skb_checksum(skb, dataoff, len, sum));
}

/*
 * nf_checksum_partial(): the sum of the first @len bytes only. Over IPv4 it passes length and
 * protocol in the wrong order, so that of the length the low byte counts. Right is taken,
 * too, for a kernel that does not.
 */
static bool bad_partial_checksum(const struct sk_buff *skb, const struct nf_hook_state *state,
				 unsigned int dataoff, unsigned int len, u8 protocol)
{
	unsigned int whole = skb->len - dataoff;
	const struct iphdr *ip;
	__wsum sum;

	if (!sums_checked(skb, state))
		return false;
	sum = skb_checksum(skb, dataoff, len, 0);
	if (state->pf == NFPROTO_IPV6) {
		const struct ipv6hdr *ip6 = ipv6_hdr(skb);

		return csum_ipv6_magic(&ip6->saddr, &ip6->daddr, whole, protocol, sum);
	}
	ip = ip_hdr(skb);
	/* nf_ip_checksum(), of what the card has summed: DCCP without its pseudo header, too */
	if (skb->ip_summed == CHECKSUM_COMPLETE && len == whole && protocol == IPPROTO_DCCP &&
	    !csum_fold(sum))
		return false;
	return csum_tcpudp_magic(ip->saddr, ip->daddr, whole, protocol, sum) &&
	       csum_tcpudp_magic(ip->saddr, ip->daddr, (u8)whole, protocol, sum);
}

/* sctp_compute_cksum(), which writes into the packet meanwhile */
static bool bad_sctp_checksum(const struct sk_buff *skb, const struct nf_hook_state *state,
			      unsigned int dataoff, const struct sctphdr *header)
{
	struct sctphdr zeroed = *header;
	unsigned int offset, len;
	u32 crc = ~0;
	u8 buf[64];

	/* not COMPLETE either: see sctp_error() */
	if (!sums_checked(skb, state) || skb->ip_summed != CHECKSUM_NONE)
		return false;
	zeroed.checksum = 0;
	crc = crc32c(crc, &zeroed, sizeof(zeroed));
	for (offset = dataoff + sizeof(zeroed); offset < skb->len; offset += len) {
		const void *data;

		len = min_t(unsigned int, skb->len - offset, sizeof(buf));
		data = skb_header_pointer(skb, offset, len, buf);
		if (!data)
			return false;
		crc = crc32c(crc, data, len);
	}
	return header->checksum != cpu_to_le32(~crc);
}

/* The entry of @tuple, in either direction, with a reference; or NULL */
static struct nf_conn *find(struct net *net, u16 zone, const struct nf_conntrack_tuple *tuple,
			    enum ip_conntrack_dir *dir)
{
	struct nf_conntrack_zone in;
	struct nf_conntrack_tuple_hash *h;

	nf_ct_zone_init(&in, zone, NF_CT_DEFAULT_ZONE_DIR, 0);
	h = nf_conntrack_find_get(net, &in, tuple);

	if (!h)
		return NULL;
	*dir = NF_CT_DIRECTION(h);
	return nf_ct_tuplehash_to_ctrack(h);
}

/* tcp_sack(): the highest right edge in SACK options, or @ack */
static u32 highest_sack(const u8 *option, int length, u32 ack)
{
	u32 edge;
	int i;

	while (length > 0 && *option != TCPOPT_EOL) {
		if (*option == TCPOPT_NOP) {
			option++;
			length--;
			continue;
		}
		if (length < 2 || option[1] < 2 || option[1] > length)
			break;
		if (*option == TCPOPT_SACK &&
		    option[1] >= TCPOLEN_SACK_BASE + TCPOLEN_SACK_PERBLOCK &&
		    !((option[1] - TCPOLEN_SACK_BASE) % TCPOLEN_SACK_PERBLOCK)) {
			for (i = 2; i < option[1]; i += TCPOLEN_SACK_PERBLOCK) {
				edge = get_unaligned_be32(option + i + 4);
				if (after(edge, ack))
					ack = edge;
			}
			break;
		}
		length -= option[1];
		option += option[1];
	}
	return ack;
}

/*
 * tcp_error(): a segment's header, in @header if need be; or NULL, and *@reason is what is
 * wrong with it
 */
static const struct tcphdr *tcp_header(const struct sk_buff *skb,
				       const struct nf_hook_state *state, unsigned int dataoff,
				       u8 header[15 * 4], enum xt_ctstate2_reason *reason)
{
	const struct tcphdr *th = skb_header_pointer(skb, dataoff, sizeof(*th), header);

	*reason = REASON(TRUNCATED);
	if (!th || th->doff * 4 < sizeof(*th) || skb->len - dataoff < th->doff * 4)
		return NULL;
	th = skb_header_pointer(skb, dataoff, th->doff * 4, header);
	if (!th)
		return NULL;
	*reason = REASON(CHECKSUM);
	if (bad_checksum(skb, state, dataoff, IPPROTO_TCP))
		return NULL;
	*reason = REASON(TCP_FLAGS);
	return tracker_tcp_flags_valid(tcp_flag_byte(th)) ? th : NULL;
}

static struct tracker_tcp_sysctls tcp_sysctls(struct net *net)
{
	const struct nf_tcp_net *tn = nf_tcp_pernet(net);

	return (struct tracker_tcp_sysctls){
		.loose = READ_ONCE(tn->tcp_loose),
		.be_liberal = READ_ONCE(tn->tcp_be_liberal),
		.ignore_invalid_rst = READ_ONCE(tn->tcp_ignore_invalid_rst),
	};
}

/* nf_conntrack_tcp_packet() */
static enum xt_ctstate2_reason tcp_reason(const struct sk_buff *skb,
					  const struct nf_hook_state *state, u16 zone,
					  unsigned int dataoff)
{
	struct tracker_tcp_sysctls sysctls = tcp_sysctls(state->net);
	struct nf_conntrack_tuple tuple;
	enum xt_ctstate2_reason reason;
	struct tracker_segment seg;
	enum ip_conntrack_dir dir;
	const struct tcphdr *th;
	struct ip_ct_tcp tcp;
	unsigned long status;
	struct nf_conn *ct;
	u8 header[15 * 4];
	u32 offset;

	th = tcp_header(skb, state, dataoff, header, &reason);
	if (!th)
		return reason;

	seg.kind = tracker_tcp_kind(tcp_flag_byte(th));
	if (!nf_ct_get_tuplepr(skb, skb_network_offset(skb), state->pf, state->net, &tuple))
		return REASON(OTHER);
	ct = find(state->net, zone, &tuple, &dir);
	if (!ct)
		return tracker_tcp_new_reason(seg.kind, &sysctls);

	seg.dir = dir;
	seg.seq = ntohl(th->seq);
	seg.ack = ntohl(th->ack_seq);
	seg.has_ack = th->ack;
	spin_lock_bh(&ct->lock);
	tcp = ct->proto.tcp;
	spin_unlock_bh(&ct->lock);
	status = READ_ONCE(ct->status);
	offset = nf_ct_seq_offset(ct, !dir, seg.ack - 1);
	nf_ct_put(ct);

	seg.sack = seg.ack;
	if (tcp.seen[!dir].flags & IP_CT_TCP_FLAG_SACK_PERM)
		seg.sack = highest_sack((const u8 *)(th + 1), th->doff * 4 - sizeof(*th),
					seg.ack);
	seg.ack -= offset;
	seg.sack -= offset;
	return tracker_tcp_reason(&tcp, status, &seg, &sysctls);
}

/* udp_error(), udplite_error() */
static enum xt_ctstate2_reason udp_reason(const struct sk_buff *skb,
					  const struct nf_hook_state *state,
					  unsigned int dataoff, u8 protocol)
{
	unsigned int len = skb->len - dataoff;
	const struct udphdr *uh;
	struct udphdr _uh;

	uh = skb_header_pointer(skb, dataoff, sizeof(_uh), &_uh);
	if (!uh)
		return REASON(TRUNCATED);
	if (protocol == IPPROTO_UDPLITE) {
		/* All else that its tracker looks at: coverage, and the sum over that, as UDP */
		if (!uh->check || (uh->len && ntohs(uh->len) < sizeof(_uh)) ||
		    ntohs(uh->len) > len || sums_checked(skb, state))
			return REASON(CHECKSUM);
		return REASON(OTHER);
	}
	if (ntohs(uh->len) > len || ntohs(uh->len) < sizeof(_uh))
		return REASON(TRUNCATED);
	if (uh->check && bad_checksum(skb, state, dataoff, IPPROTO_UDP))
		return REASON(CHECKSUM);
	return REASON(OTHER);
}

/* nf_conntrack_sctp_packet(). All that its tracker refuses beyond is one reason. */
static enum xt_ctstate2_reason sctp_reason(const struct sk_buff *skb,
					   const struct nf_hook_state *state, unsigned int dataoff)
{
	const struct sctphdr *sh;
	struct sctphdr _sh;

	sh = skb_header_pointer(skb, dataoff, sizeof(_sh), &_sh);
	if (!sh)
		return REASON(TRUNCATED);
	if (bad_sctp_checksum(skb, state, dataoff, sh))
		return REASON(CHECKSUM);
	return REASON(SCTP);
}

/* nf_conntrack_inet_error(): what is wrong with an error about the packet at @inner */
static enum xt_ctstate2_reason inner_reason(const struct sk_buff *skb,
					    const struct nf_hook_state *state, u16 zone,
					    unsigned int inner)
{
	struct nf_conntrack_tuple quoted, tuple;
	enum xt_ctstate2_reason reason;
	union nf_inet_addr daddr = {};
	enum ip_conntrack_dir dir;
	struct nf_conn *ct;
	u8 protocol;

	if (transport_offset(skb, inner, state->pf, &protocol, &reason) < 0)
		return reason;
	if (!nf_ct_get_tuplepr(skb, inner, state->pf, state->net, &quoted))
		return REASON(TRUNCATED);
	if (!nf_ct_invert_tuple(&tuple, &quoted))
		return REASON(ICMP_UNRELATED);
	ct = find(state->net, zone, &tuple, &dir);
	if (!ct)
		return REASON(ICMP_UNRELATED);
	if (state->pf == NFPROTO_IPV4)
		daddr.ip = ip_hdr(skb)->daddr;
	else
		daddr.in6 = ipv6_hdr(skb)->daddr;
	reason = nf_inet_addr_cmp(&daddr, &ct->tuplehash[dir].tuple.dst.u3) ?
		 REASON(OTHER) : REASON(ICMP_MISMATCH);
	nf_ct_put(ct);
	return reason;
}

/* nf_conntrack_icmpv4_error(), nf_conntrack_icmp_packet() */
static enum xt_ctstate2_reason icmp_reason(const struct sk_buff *skb,
					   const struct nf_hook_state *state, u16 zone,
					   unsigned int dataoff)
{
	const struct icmphdr *ih;
	struct icmphdr _ih;

	ih = skb_header_pointer(skb, dataoff, sizeof(_ih), &_ih);
	if (!ih)
		return REASON(TRUNCATED);
	if (bad_checksum(skb, state, dataoff, IPPROTO_ICMP))
		return REASON(CHECKSUM);
	switch (ih->type) {
	case ICMP_DEST_UNREACH:
	case ICMP_SOURCE_QUENCH:
	case ICMP_REDIRECT:
	case ICMP_TIME_EXCEEDED:
	case ICMP_PARAMETERPROB:
		return inner_reason(skb, state, zone, dataoff + sizeof(_ih));
	case ICMP_ECHO:
	case ICMP_TIMESTAMP:
	case ICMP_INFO_REQUEST:
	case ICMP_ADDRESS:
		return REASON(OTHER);
	case ICMP_ECHOREPLY:
	case ICMP_TIMESTAMPREPLY:
	case ICMP_INFO_REPLY:
	case ICMP_ADDRESSREPLY:
		return REASON(ICMP_UNRELATED);
	}
	return REASON(ICMP_TYPE);
}

/* nf_conntrack_icmpv6_redirect() */
static enum xt_ctstate2_reason redirect_reason(const struct sk_buff *skb,
					       const struct nf_hook_state *state, u16 zone,
					       unsigned int dataoff)
{
	const struct nd_opt_hdr *option;
	const struct rd_msg *redirect;
	struct nd_opt_hdr _option;
	struct rd_msg _redirect;

	redirect = skb_header_pointer(skb, dataoff, sizeof(_redirect), &_redirect);
	if (!redirect)
		return REASON(TRUNCATED);
	if (redirect->icmph.icmp6_code)
		return REASON(ICMP_TYPE);
	if (ipv6_hdr(skb)->hop_limit != 255 ||
	    !(ipv6_addr_type(&ipv6_hdr(skb)->saddr) & IPV6_ADDR_LINKLOCAL))
		return REASON(ICMP_MISMATCH);
	dataoff += sizeof(_redirect);
	option = skb_header_pointer(skb, dataoff, sizeof(_option), &_option);
	if (!option || !option->nd_opt_len)
		return REASON(TRUNCATED);
	if (option->nd_opt_type != ND_OPT_REDIRECT_HDR)
		return REASON(ICMP_TYPE);
	return inner_reason(skb, state, zone, dataoff + 8);
}

/* nf_conntrack_icmpv6_error(), nf_conntrack_icmpv6_packet() */
static enum xt_ctstate2_reason icmpv6_reason(const struct sk_buff *skb,
					     const struct nf_hook_state *state, u16 zone,
					     unsigned int dataoff)
{
	const struct icmp6hdr *ih;
	struct icmp6hdr _ih;

	ih = skb_header_pointer(skb, dataoff, sizeof(_ih), &_ih);
	if (!ih)
		return REASON(TRUNCATED);
	if (bad_checksum(skb, state, dataoff, IPPROTO_ICMPV6))
		return REASON(CHECKSUM);
	switch (ih->icmp6_type) {
	case NDISC_REDIRECT:
		return redirect_reason(skb, state, zone, dataoff);
	case ICMPV6_ECHO_REQUEST:
	case ICMPV6_NI_QUERY:
		return REASON(OTHER);
	case ICMPV6_ECHO_REPLY:
	case ICMPV6_NI_REPLY:
		return REASON(ICMP_UNRELATED);
	}
	if (ih->icmp6_type & ICMPV6_INFOMSG_MASK)
		return REASON(ICMP_TYPE);
	return inner_reason(skb, state, zone, dataoff + sizeof(_ih));
}

enum xt_ctstate2_reason tracker_invalid_reason(const struct sk_buff *skb,
					       const struct nf_hook_state *state, u16 zone)
{
	enum xt_ctstate2_reason reason;
	u8 protocol;
	int dataoff;

	/* The tracker does not get what a socket with IP_NODEFRAG sends in parts. */
	if (state->pf == NFPROTO_IPV4 && ip_is_fragment(ip_hdr(skb)))
		return REASON(FRAGMENT);
	dataoff = transport_offset(skb, skb_network_offset(skb), state->pf, &protocol, &reason);
	if (dataoff < 0)
		return reason;
	switch (protocol) {
	case IPPROTO_TCP:
		return tcp_reason(skb, state, zone, dataoff);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return udp_reason(skb, state, dataoff, protocol);
	case IPPROTO_SCTP:
		return sctp_reason(skb, state, dataoff);
	case IPPROTO_ICMP:
		return state->pf == NFPROTO_IPV4 ? icmp_reason(skb, state, zone, dataoff) :
						   REASON(OTHER);
	case IPPROTO_ICMPV6:
		return state->pf == NFPROTO_IPV6 ? icmpv6_reason(skb, state, zone, dataoff) :
						   REASON(OTHER);
	case IPPROTO_DCCP:
		return skb->len < dataoff + 4 ? REASON(TRUNCATED) : REASON(OTHER);
	}
	return REASON(OTHER);
}

/* --- What may start a connection --- */

/* tcp_new() */
static bool tcp_starts(const struct sk_buff *skb, const struct nf_hook_state *state,
		       unsigned int dataoff)
{
	struct tracker_tcp_sysctls sysctls = tcp_sysctls(state->net);
	enum xt_ctstate2_reason reason;
	const struct tcphdr *th;
	u8 header[15 * 4];

	th = tcp_header(skb, state, dataoff, header, &reason);
	return th && tracker_tcp_new_reason(tracker_tcp_kind(tcp_flag_byte(th)), &sysctls) ==
		     REASON(OTHER);
}

/* udplite_error(): it takes UDP's number into the sum, for its own */
static bool udplite_starts(const struct sk_buff *skb, const struct nf_hook_state *state,
			   unsigned int dataoff)
{
	unsigned int len = skb->len - dataoff;
	const struct udphdr *uh;
	unsigned int covered;
	struct udphdr _uh;

	uh = skb_header_pointer(skb, dataoff, sizeof(_uh), &_uh);
	if (!uh || !uh->check)
		return false;
	covered = ntohs(uh->len) ?: len;
	return covered >= sizeof(_uh) && covered <= len &&
	       !bad_partial_checksum(skb, state, dataoff, covered, IPPROTO_UDP);
}

/* What of SCTP's chunks the tracker takes in the first packet that it sees: sctp_new() */
#define SCTP_STARTS	(BIT(SCTP_CID_INIT) | BIT(SCTP_CID_INIT_ACK) | BIT(SCTP_CID_HEARTBEAT) | \
			 BIT(SCTP_CID_HEARTBEAT_ACK) | BIT(SCTP_CID_SHUTDOWN) | \
			 BIT(SCTP_CID_SHUTDOWN_ACK) | BIT(SCTP_CID_ERROR) | \
			 BIT(SCTP_CID_COOKIE_ECHO))
/* And of them, what may come with any verification tag */
#define SCTP_ANY_TAG	(BIT(SCTP_CID_HEARTBEAT) | BIT(SCTP_CID_HEARTBEAT_ACK) | \
			 BIT(SCTP_CID_SHUTDOWN_ACK))

/* do_basic_checks(), sctp_new(), and the verification tag of a new association: none */
static bool sctp_starts(const struct sk_buff *skb, const struct nf_hook_state *state,
			unsigned int dataoff)
{
	unsigned int alone = BIT(SCTP_CID_INIT) | BIT(SCTP_CID_INIT_ACK);
	const struct sctp_chunkhdr *chunk;
	struct sctp_chunkhdr _chunk;
	unsigned int offset, seen = 0;
	const struct sctphdr *sh;
	struct sctphdr _sh;

	sh = skb_header_pointer(skb, dataoff, sizeof(_sh), &_sh);
	if (!sh || bad_sctp_checksum(skb, state, dataoff, sh))
		return false;
	for (offset = dataoff + sizeof(_sh); offset < skb->len;
	     offset += round_up(ntohs(chunk->length), 4)) {
		chunk = skb_header_pointer(skb, offset, sizeof(_chunk), &_chunk);
		if (!chunk)
			break;
		if (!chunk->length || chunk->type > SCTP_CID_COOKIE_ECHO ||
		    !(BIT(chunk->type) & SCTP_STARTS))
			return false;
		if (seen && (seen & alone ||
			     BIT(chunk->type) & (alone | BIT(SCTP_CID_COOKIE_ECHO))))
			return false;
		seen |= BIT(chunk->type);
		if (seen & alone &&
		    offset + sizeof(_chunk) + sizeof(struct sctp_inithdr) > skb->len)
			return false;
	}
	if (!seen || !sh->vtag)
		return seen;
	/* a HEARTBEAT's tag is then the association's */
	if (seen & BIT(SCTP_CID_COOKIE_ECHO))
		return seen & BIT(SCTP_CID_HEARTBEAT);
	return seen & SCTP_ANY_TAG;
}

/* dccp_error(), dccp_new() */
static bool dccp_starts(const struct sk_buff *skb, const struct nf_hook_state *state,
			unsigned int dataoff)
{
	unsigned int len = skb->len - dataoff;
	const struct dccp_hdr *dh;
	unsigned int covered = len;
	struct dccp_hdr _dh;

	dh = skb_header_pointer(skb, dataoff, sizeof(_dh), &_dh);
	if (!dh || dh->dccph_doff * 4 < sizeof(_dh) || dh->dccph_doff * 4 > len)
		return false;
	if (dh->dccph_cscov)
		covered = (dh->dccph_cscov - 1) * 4;
	/* a REQUEST, with its long sequence number and its service code */
	return dh->dccph_type == DCCP_PKT_REQUEST && dh->dccph_x &&
	       len >= sizeof(_dh) + sizeof(struct dccp_hdr_ext) + sizeof(struct dccp_hdr_request) &&
	       covered <= len &&
	       !bad_partial_checksum(skb, state, dataoff, covered, IPPROTO_DCCP);
}

/* dccp_header_pointer() */
bool tracker_dccp_whole(const struct sk_buff *skb, u8 pf)
{
	enum xt_ctstate2_reason reason;
	const struct dccp_hdr *dh;
	struct dccp_hdr _dh;
	u8 protocol;
	int dataoff;

	dataoff = transport_offset(skb, skb_network_offset(skb), pf, &protocol, &reason);
	if (dataoff < 0)
		return false;
	dh = skb_header_pointer(skb, dataoff, sizeof(_dh), &_dh);
	return dh && skb->len - dataoff >= __dccp_hdr_len(dh);
}

/* icmp_pkt_valid_new() */
static bool icmp_starts(const struct sk_buff *skb, const struct nf_hook_state *state,
			unsigned int dataoff)
{
	const struct icmphdr *ih;
	struct icmphdr _ih;

	ih = skb_header_pointer(skb, dataoff, sizeof(_ih), &_ih);
	if (!ih || bad_checksum(skb, state, dataoff, IPPROTO_ICMP))
		return false;
	return ih->type == ICMP_ECHO || ih->type == ICMP_TIMESTAMP ||
	       ih->type == ICMP_INFO_REQUEST || ih->type == ICMP_ADDRESS;
}

/* nf_conntrack_icmpv6_packet() */
static bool icmpv6_starts(const struct sk_buff *skb, const struct nf_hook_state *state,
			  unsigned int dataoff)
{
	const struct icmp6hdr *ih;
	struct icmp6hdr _ih;

	ih = skb_header_pointer(skb, dataoff, sizeof(_ih), &_ih);
	if (!ih || bad_checksum(skb, state, dataoff, IPPROTO_ICMPV6))
		return false;
	return ih->icmp6_type == ICMPV6_ECHO_REQUEST || ih->icmp6_type == ICMPV6_NI_QUERY;
}

bool tracker_starts(const struct sk_buff *skb, const struct nf_hook_state *state)
{
	enum xt_ctstate2_reason reason;
	u8 protocol;
	int dataoff;

	if (tracker_fragment(skb, state->pf))
		return false;
	dataoff = transport_offset(skb, skb_network_offset(skb), state->pf, &protocol, &reason);
	if (dataoff < 0)
		return false;
	switch (protocol) {
	case IPPROTO_TCP:
		return tcp_starts(skb, state, dataoff);
	case IPPROTO_UDP:
		return udp_reason(skb, state, dataoff, protocol) == REASON(OTHER);
	case IPPROTO_UDPLITE:
		return !IS_ENABLED(CONFIG_NF_CT_PROTO_UDPLITE) ||
		       udplite_starts(skb, state, dataoff);
	case IPPROTO_SCTP:
		return !IS_ENABLED(CONFIG_NF_CT_PROTO_SCTP) || sctp_starts(skb, state, dataoff);
	case IPPROTO_DCCP:
		return !IS_ENABLED(CONFIG_NF_CT_PROTO_DCCP) || dccp_starts(skb, state, dataoff);
	case IPPROTO_ICMP:
		return state->pf == NFPROTO_IPV4 && icmp_starts(skb, state, dataoff);
	case IPPROTO_ICMPV6:
		return state->pf == NFPROTO_IPV6 && icmpv6_starts(skb, state, dataoff);
	}
	return true;
}
