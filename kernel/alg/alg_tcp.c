// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP below a grammar: handshakes, the order of segments, what leaves instead
 * of them. Nothing is parsed or judged here; stream.c knows what a segment
 * becomes.
 *
 * What only some packets need is noinline, so that all others do not keep
 * registers and stack for it.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/jiffies.h>
#include <linux/netfilter.h>
#include <linux/printk.h>
#include <linux/skbuff.h>
#include <linux/spinlock.h>
#include <linux/tcp.h>
#include <net/checksum.h>
#include <net/tcp.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_ecache.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_seqadj.h>
#include <net/netfilter/nf_nat_helper.h>

#include "../compat.h"
#include "alg.h"

/* For so many jiffies, segments that come before their turn are dropped */
#define ALG_GAP		(5 * HZ)
/* Bytes of a segment that are looked at together, if it is not linear */
#define ALG_CHUNK	256
/* A segment, which GSO makes 64 KiB, with more lines is not of a dialogue. */
#define ALG_LINES	8192

/* What is shown of a unit */
#define ALG_SHOWN	80

/*
 * Is somebody looking for a fault, by dynamic debug? For each unit: the text is
 * made behind it. Both are switched on together, by the module's name.
 */
static __always_inline bool alg_debugging(void)
{
	DEFINE_DYNAMIC_DEBUG_METADATA(units, "units, and what follows\n");

	return DYNAMIC_DEBUG_BRANCH(units);
}

/* A unit, and what the grammar says of it */
static noinline_for_stack void alg_debug_unit(const struct alg_conn *conn,
					      const struct alg_packet *packet)
{
	static const char *const acts[] = {
		[ALG_CLOSE] = "close", [ALG_OFFER] = "offer",
		[ALG_OPEN] = "open", [ALG_REWRITE] = "rewrite",
		[ALG_DORMANT] = "leave alone",
	};
	const struct alg_protocol *protocol = conn->helper->protocol;
	const struct alg_line *line = &conn->stream[packet->dir].line;
	bool reply = packet->dir == IP_CT_DIR_REPLY;
	const struct alg_verdict *v = &conn->verdict;
	unsigned int i, n = 0, shown;
	char ends[ALG_ENDS_MAX];
	char follows[200] = "";

	shown = min_t(unsigned int, protocol->show(reply, line), ALG_SHOWN);
	for (i = 0; i < v->count && i < ALG_ACTIONS; i++) {
		const struct alg_action *a = &v->action[i];

		n += scnprintf(follows + n, sizeof(follows) - n, ", %s",
			       a->act < ARRAY_SIZE(acts) ? acts[a->act] : "?");
		if (a->act == ALG_DORMANT)
			n += scnprintf(follows + n, sizeof(follows) - n, ": %s",
				       alg_why_name(conn->helper, a->why));
		else if (a->end.port)
			n += scnprintf(follows + n, sizeof(follows) - n,
				       " port %u", a->end.port);
	}
	if (v->why)
		n += scnprintf(follows + n, sizeof(follows) - n,
			       ", not opened: %s",
			       alg_why_name(conn->helper, v->why));
	alg_print_ends(ends, &conn->tuple);
	pr_debug("%s: %s: %s \"%*pE\"%s%s\n", conn->helper->name, ends,
		 reply ? "server" : "client", (int)shown, line->text,
		 line->whole && shown == line->len ? "" : "...", follows);
}

/* The end of the first line of a dialogue that is taken up in its middle */
static noinline unsigned int alg_sync_line(struct alg_conn *conn,
					   const struct alg_packet *packet,
					   const u8 *p, unsigned int len)
{
	struct alg_line *line = &conn->stream[packet->dir].line;
	const u8 *end = memchr(p, '\n', len);

	if (end)
		len = end + 1 - p;
	conn->synced[packet->dir] = end;
	alg_line_init(line, line->next + len);
	return len;
}

/*
 * What comes after a whole unit, if it is not a line after a line. Returns how
 * many bytes stand before it.
 */
static noinline u32 alg_next_unit(struct alg_conn *conn, struct alg_stream *s,
				  const struct alg_packet *packet)
{
	const struct alg_protocol *protocol = conn->helper->protocol;
	const struct alg_verdict *v = &conn->verdict;
	u32 skip = v->skip;

	if (unlikely(!alg_next_valid(protocol, v))) {
		alg_set_dormant(conn, packet->ct, ALG_WHY_FAULT);
		skip = 0;
	}
	s->line.head = v->next == ALG_UNIT_HEAD ? &protocol->head : NULL;
	s->ended = v->next == ALG_UNIT_END;
	alg_line_skip(&s->line, skip);
	return skip;
}

/*
 * Bytes that come next in the stream. Returns how many of them are done with;
 * more, if what is skipped goes on. Inline for most packets
 */
static __always_inline unsigned int
alg_read_bytes(struct alg_conn *conn, struct alg_stream *s,
	       const struct alg_packet *packet, bool translated, const u8 *p,
	       unsigned int len)
{
	bool reply = packet->dir == IP_CT_DIR_REPLY;
	bool edits = translated && conn->edits[packet->dir];
	struct alg_verdict *v = &conn->verdict;
	unsigned int taken = 0;

	if (unlikely(!conn->synced[packet->dir]))
		taken = alg_sync_line(conn, packet, p, len);
	while (taken < len && !conn->dormant && !s->ended) {
		if (edits && s->line.whole && !alg_stream_ready(s))
			break;
		taken += alg_line_add(&s->line, p + taken, len - taken);
		if (!alg_line_ready(&s->line))
			break;
		if (unlikely(--conn->lines < 0)) {
			alg_set_dormant(conn, packet->ct, ALG_WHY_LINES);
			break;
		}
		v->next = ALG_UNIT_LINE;
		v->count = 0;
		v->why = ALG_WHY_NONE;
		v->skip = 0;
		conn->helper->protocol->unit(conn->dialogue, reply, &s->line,
					     &conn->ends, v);
		if (alg_debugging())
			alg_debug_unit(conn, packet);
		if (v->count || v->why)
			alg_act(conn, packet);
		/*
		 * What was held and has not been written anew leaves as it
		 * came.
		 */
		if (edits && s->line.whole)
			alg_stream_release(s);
		if (s->line.whole && (v->next | v->skip || s->line.head))
			taken += alg_next_unit(conn, s, packet);
	}
	return taken;
}

/*
 * What is new in a segment that is not in one piece. Apart: the buffer is not
 * for all.
 */
static noinline_for_stack void
alg_read_nonlinear(struct alg_conn *conn, struct alg_stream *s,
		   const struct alg_packet *packet, bool translated,
		   unsigned int offset)
{
	unsigned int n, taken;
	u8 buffer[ALG_CHUNK];
	const u8 *p;

	for (; offset < packet->len && !conn->dormant; offset += taken) {
		n = min_t(unsigned int, packet->len - offset, sizeof(buffer));
		p = skb_header_pointer(packet->skb, packet->dataoff + offset, n,
				       buffer);
		if (!p)
			return;
		taken = alg_read_bytes(conn, s, packet, translated, p, n);
		if (taken < n)
			return;
	}
}

/* With NAT, what came of a line may have to wait for the rest. */
static noinline void alg_hold_line(struct alg_conn *conn, struct alg_stream *s,
				   const struct alg_packet *packet)
{
	const struct alg_protocol *protocol = conn->helper->protocol;

	if (!conn->dormant && !(packet->flags & TCPHDR_FIN) && !s->line.whole &&
	    s->line.len && !s->line.want &&
	    protocol->hold(conn->dialogue, packet->dir == IP_CT_DIR_REPLY,
			   &s->line))
		alg_stream_hold(s);
	else
		alg_stream_release(s);
}

/* Takes what is new in a segment. @offset: where that begins. */
static __always_inline void
alg_read_segment(struct alg_conn *conn, struct alg_stream *s,
		 const struct alg_packet *packet, bool translated,
		 unsigned int offset)
{
	conn->ends.loose = READ_ONCE(conn->helper->loose);
	conn->ends.loose_server = READ_ONCE(conn->helper->loose_server);
	conn->ends.active = READ_ONCE(conn->helper->active);
	if (unlikely(conn->resumed) && !READ_ONCE(conn->helper->takeover))
		conn->ends.active = false;
	conn->lines = ALG_LINES;
	if (offset < packet->len && !conn->dormant) {
		if (unlikely(skb_is_nonlinear(packet->skb)))
			alg_read_nonlinear(conn, s, packet, translated, offset);
		else
			alg_read_bytes(conn, s, packet, translated,
				       packet->skb->data + packet->dataoff +
				       offset, packet->len - offset);
	}
	if (translated && conn->edits[packet->dir])
		alg_hold_line(conn, s, packet);
}

static void alg_set_be32(struct sk_buff *skb, struct tcphdr *th, __be32 *field,
			 u32 value)
{
	__be32 new = htonl(value);

	if (*field == new)
		return;
	inet_proto_csum_replace4(&th->check, skb, *field, new, false);
	*field = new;
}

/* Changes the payload, and keeps what the lower layers know of it. */
static bool alg_mangle(struct alg_conn *conn, const struct alg_packet *packet,
		       const struct alg_plan *plan)
{
	struct sk_buff *skb = packet->skb;
	unsigned int i = plan->count, len;

	while (i--) {
		const struct alg_change *c = &plan->change[i];

		if (!__nf_nat_mangle_tcp_packet(skb, packet->ct, packet->ctinfo,
						packet->protoff, c->offset,
						c->len, (const char *)c->text,
						c->new_len, false))
			return false;
	}
	if (plan->count && skb_is_gso(skb)) {
		len = skb->len - packet->dataoff;
		if (len <= skb_shinfo(skb)->gso_size)
			skb_gso_reset(skb);
		else
			skb_shinfo(skb)->gso_segs =
				DIV_ROUND_UP(len, skb_shinfo(skb)->gso_size);
	}
	return true;
}

/*
 * The numbers that nf_ct_seq_adjust(), which comes next, makes the right ones
 * of
 */
static bool alg_set_seq(struct alg_conn *conn, const struct alg_packet *packet,
			const struct alg_plan *plan, u32 ack)
{
	const struct nf_ct_seqadj *seqadj = nfct_seqadj(packet->ct)->seq;
	struct sk_buff *skb = packet->skb;
	struct tcphdr *th;

	if (skb_ensure_writable(skb, packet->protoff + sizeof(*th)))
		return false;
	th = (struct tcphdr *)(skb->data + packet->protoff);
	/*
	 * alg_seqadj_add() changes them under this connection's lock, and
	 * alg_conn_restart() later. An administrator can, by ctnetlink, to the
	 * harm of this connection.
	 */
	alg_set_be32(skb, th, &th->seq,
		     plan->seq - seqadj[packet->dir].offset_after);
	if (packet->flags & TCPHDR_ACK)
		alg_set_be32(skb, th, &th->ack_seq,
			     ack + seqadj[!packet->dir].offset_after);
	if (plan->cut && th->fin) {
		inet_proto_csum_replace2(&th->check, skb, htons(1), 0, false);
		th->fin = 0;
	}
	return true;
}

/* What leaves, with NAT */
static int alg_mangle_segment(struct alg_conn *conn, struct alg_stream *s,
			      const struct alg_packet *packet, u32 ack)
{
	unsigned int max = max_t(unsigned int, packet->len, ALG_SEGMENT_MIN);
	u32 limit = packet->seq + packet->len;
	struct alg_plan plan;

	if (s->held)
		limit = s->line.start;
	else if (!conn->dormant)
		limit = s->line.next;
	/*
	 * The lower layers cut it again; until then, a header says how long all
	 * of it is.
	 */
	if (skb_is_gso(packet->skb))
		max = U16_MAX -
		      (packet->dataoff - skb_network_offset(packet->skb));
	if (!alg_stream_plan(s, packet->seq, packet->len, limit, max, &plan))
		return NF_DROP;
	if (!alg_mangle(conn, packet, &plan) ||
	    !alg_set_seq(conn, packet, &plan, ack))
		return NF_DROP;
	return NF_ACCEPT;
}

static bool alg_tcp_closed(const struct nf_conn *ct)
{
	switch (READ_ONCE(ct->proto.tcp.state)) {
	case TCP_CONNTRACK_LAST_ACK:
	case TCP_CONNTRACK_TIME_WAIT:
	case TCP_CONNTRACK_CLOSE:
		return true;
	}
	return false;
}

/*
 * The connection ends, or it is left alone and nothing has to be remembered.
 * What was written anew may come again, together with what follows, for as long
 * as it lives.
 */
static noinline bool alg_conn_finished(struct alg_conn *conn,
				       const struct alg_packet *packet)
{
	const struct alg_stream *s = &conn->stream[packet->dir];
	struct nf_conn *ct = packet->ct;
	/*
	 * The tracker, which does not know of what is held, may not believe in
	 * a RST that the receiver believes in.
	 */
	bool reset = READ_ONCE(ct->proto.tcp.state) == TCP_CONNTRACK_CLOSE ||
		     ((packet->flags & TCPHDR_RST) &&
		      conn->synced[packet->dir] && packet->seq == s->line.next);
	bool closed = reset || alg_tcp_closed(ct);

	if (closed && !conn->dormant)
		alg_set_dormant(conn, ct, ALG_WHY_NONE);
	/* After a RST nobody sends anything again. */
	if (reset)
		return true;
	return conn->dormant && alg_plain(conn) && (closed || !conn->moved);
}

/*
 * A segment before its turn: is it dropped? Then it comes again: what leaves
 * without having been read may be what has to be written anew. But what another
 * way took, or this one never gets, is no reason to cut the ends off from each
 * other.
 */
static noinline bool alg_segment_ahead(struct alg_conn *conn,
				       struct alg_stream *s,
				       const struct alg_packet *packet)
{
	/*
	 * What was on its way when another gateway took over is not waited for.
	 */
	if (!conn->synced[packet->dir]) {
		alg_line_init(&s->line, packet->seq);
		return false;
	}
	if (!packet->len && !(packet->flags & TCPHDR_FIN))
		return false;
	/* One that came long ago, and nothing since, was a stray one. */
	if (!conn->gap[packet->dir] ||
	    time_after(jiffies, conn->gap_last[packet->dir] + 2 * ALG_GAP))
		conn->gap[packet->dir] = jiffies | 1;
	conn->gap_last[packet->dir] = jiffies;
	if (time_before(jiffies, conn->gap[packet->dir] + ALG_GAP))
		return true;
	alg_set_dormant(conn, packet->ct, ALG_WHY_SEGMENTS);
	return false;
}

/*
 * The acknowledgment in a segment, as the other end counts. Where the tracker
 * is liberal, anybody may acknowledge what was never sent: of that, nothing
 * follows. It is so, too, where segments go another way, which
 * alg_segment_ahead() finds out if it matters.
 */
static noinline u32 alg_sender_ack(struct alg_conn *conn,
				   const struct alg_packet *packet)
{
	struct alg_stream *other = &conn->stream[!packet->dir];
	u32 shift = alg_stream_shift(other);

	/* One more is its FIN's. */
	if (!conn->synced[!packet->dir] ||
	    alg_before(other->line.next + shift + 1, packet->ack))
		return packet->ack - shift;
	return alg_stream_acked(other, packet->ack);
}

/*
 * Inline, and with @translated a constant: alg_conn.translated. Most
 * connections are not, and need none of what follows from it.
 */
static __always_inline int alg_segment(struct alg_conn *conn,
				       const struct alg_packet *packet,
				       bool translated)
{
	struct alg_stream *s = &conn->stream[packet->dir];
	struct alg_stream *other = &conn->stream[!packet->dir];
	u32 end = packet->seq + packet->len;
	u32 ack = packet->ack;

	/* Else each of its members is found anew, by a product. */
	OPTIMIZER_HIDE_VAR(s);
	conn->used = jiffies;
	if (translated && (packet->flags & TCPHDR_ACK))
		ack = alg_sender_ack(conn, packet);
	if (!(conn->dormant || s->ended) || s->held) {
		if (unlikely(alg_before(s->line.next, packet->seq))) {
			if (alg_segment_ahead(conn, s, packet))
				return NF_DROP;
		} else if (packet->len) {
			conn->gap[packet->dir] = 0;
		}
		if (translated)
			s->fresh = s->held ? s->line.start : s->line.next;
		if (packet->len || (packet->flags & TCPHDR_FIN) || s->held)
			alg_read_segment(conn, s, packet, translated,
					 s->line.next - packet->seq);
	}
	/* For alg_sender_ack() */
	if ((conn->dormant || s->ended) && alg_before(s->line.next, end))
		s->line.next = end;
	/*
	 * With nothing to remember, nor forgotten, the kernel gets the numbers
	 * right.
	 */
	if (!translated ||
	    (alg_stream_plain(s) && alg_stream_plain(other) &&
	     !alg_before(packet->seq, s->acked) &&
	     (conn->dormant || !alg_before(s->line.next, end))))
		return NF_ACCEPT;
	return alg_mangle_segment(conn, s, packet, ack);
}

static noinline int alg_segment_translated(struct alg_conn *conn,
					   const struct alg_packet *packet)
{
	return alg_segment(conn, packet, true);
}

/*
 * The ends begin another connection with this entry, which knows nothing of the
 * last one.
 */
static void alg_conn_restart(struct nf_conn *ct, struct alg_conn *conn)
{
	struct nf_conn_seqadj *seqadj = nfct_seqadj(ct);

	if (conn)
		alg_conn_destroy(ct, conn);
	if (!seqadj)
		return;
	spin_lock_bh(&ct->lock);
	memset(seqadj, 0, sizeof(*seqadj));
	spin_unlock_bh(&ct->lock);
	nf_conntrack_event_cache(IPCT_SEQADJ, ct);
}

/*
 * Have both ends agreed on more paths than this one (RFC 8684)? Then not all of
 * the dialogue comes by, and what does must keep its length. @th: of a SYN/ACK
 */
static bool alg_has_mptcp(const struct alg_packet *packet,
			  const struct tcphdr *th)
{
	unsigned int len = th->doff * 4 - sizeof(*th), i = 0;
	u8 buffer[15 * 4 - sizeof(*th)];
	const u8 *option;

	option = skb_header_pointer(packet->skb, packet->protoff + sizeof(*th),
				    len, buffer);
	while (option && i < len && option[i] != TCPOPT_EOL) {
		if (option[i] == TCPOPT_MPTCP)
			return true;
		if (option[i] == TCPOPT_NOP)
			i++;
		else if (i + 1 < len && option[i + 1] > 1)
			i += option[i + 1];
		else
			break;
	}
	return false;
}

/*
 * Does the tracker take this SYN/ACK for the answer to the SYN? It lets any
 * other one pass, too, in case it has missed something; only the windows that
 * it keeps tell which one it went by (nf_conntrack_tcp_packet(), "Ignored
 * packets"). A server could choose else where the dialogue begins, in the midst
 * of what it made the client say.
 */
static bool alg_synack_believed(const struct alg_packet *packet)
{
	const struct ip_ct_tcp *tcp = &packet->ct->proto.tcp;

	return READ_ONCE(tcp->state) == TCP_CONNTRACK_SYN_RECV &&
	       READ_ONCE(tcp->seen[IP_CT_DIR_ORIGINAL].td_end) == packet->ack &&
	       READ_ONCE(tcp->seen[IP_CT_DIR_REPLY].td_end) == packet->seq + 1;
}

/*
 * A packet of a handshake: of the first one, or of another one between the same
 * ends. For most of those the tracker makes a new entry. But where the server
 * has ended the last connection with a RST, it lets the client's SYN through,
 * and says with SYN_RECV that it believes in the answer
 * (nf_conntrack_tcp_packet()); it finds that to be the answer by its number, so
 * that none of the last connection's offsets may be on the SYN. A SYN/ACK that
 * it does not believe in begins nothing: it would make a dialogue of what was
 * none.
 */
static noinline void alg_handshake(const struct alg_helper *helper,
				   struct alg_conn *conn,
				   const struct alg_packet *packet,
				   const struct tcphdr *th)
{
	struct nf_conn *ct = packet->ct;
	struct alg_data *data = alg_data(ct);
	u8 state = READ_ONCE(ct->proto.tcp.state);
	u8 phase = READ_ONCE(data->phase);

	/*
	 * Before the handshake is over, nobody has anything to say. Afterwards,
	 * the tracker lets a SYN of anybody's pass, for the other end to judge.
	 */
	if (packet->len && !conn &&
	    (phase == ALG_PHASE_UNSEEN || state < TCP_CONNTRACK_ESTABLISHED)) {
		WRITE_ONCE(data->phase, ALG_PHASE_NEVER);
		if (phase < ALG_PHASE_DORMANT)
			alg_leave_alone(ct, helper, ALG_WHY_HANDSHAKE);
	}
	if (packet->len || !th->syn || phase == ALG_PHASE_NEVER)
		return;
	if (packet->dir == IP_CT_DIR_ORIGINAL) {
		if (!th->ack && (state == TCP_CONNTRACK_CLOSE ||
				 state == TCP_CONNTRACK_TIME_WAIT))
			alg_conn_restart(ct, conn);
		return;
	}
	if (!th->ack)
		return;
	if (!alg_synack_believed(packet))
		return;
	if (conn)
		alg_conn_destroy(ct, conn);
	if (alg_has_mptcp(packet, th)) {
		WRITE_ONCE(data->phase, ALG_PHASE_NEVER);
		alg_leave_alone(ct, helper, ALG_WHY_MPTCP);
		return;
	}
	data->first[IP_CT_DIR_ORIGINAL] = packet->ack;
	data->first[IP_CT_DIR_REPLY] = packet->seq + 1;
	/*
	 * The first payload may be longer when it leaves, and some kernels
	 * decide before they call the helper whether they adjust its numbers.
	 */
	if (nfct_seqadj(ct))
		set_bit(IPS_SEQ_ADJUST_BIT, &ct->status);
	/* data->first comes before it */
	smp_store_release(&data->phase, ALG_PHASE_KNOWN);
}

/*
 * The state of a connection that had none a moment ago: it gets one with its
 * first payload. %NULL: it is not to be helped. Apart, as most packets have
 * one.
 */
static noinline struct alg_conn *
alg_conn_try_attach(const struct alg_helper *helper,
		    const struct alg_packet *packet)
{
	struct nf_conn *ct = packet->ct;
	u8 phase = READ_ONCE(alg_data(ct)->phase);

	if (phase >= ALG_PHASE_DORMANT || !packet->len ||
	    (packet->flags & TCPHDR_RST) || !nf_ct_is_confirmed(ct) ||
	    nf_ct_is_dying(ct) || READ_ONCE(helper->going))
		return NULL;
	/*
	 * The server speaks before the client has answered, so that it cannot
	 * be the answer.
	 */
	if (READ_ONCE(ct->proto.tcp.state) == TCP_CONNTRACK_SYN_RECV) {
		WRITE_ONCE(alg_data(ct)->phase, ALG_PHASE_NEVER);
		alg_leave_alone(ct, helper, ALG_WHY_HANDSHAKE);
		return NULL;
	}
	if (phase == ALG_PHASE_UNSEEN) {
		WRITE_ONCE(alg_data(ct)->phase, ALG_PHASE_DORMANT);
		alg_leave_alone(ct, helper, ALG_WHY_HANDSHAKE);
		return NULL;
	}
	return alg_conn_attach(helper, ct, packet);
}

/* What a packet is, once alg_header_valid() */
static __always_inline void
alg_packet_init(struct alg_packet *packet, struct sk_buff *skb,
		unsigned int protoff, struct nf_conn *ct,
		enum ip_conntrack_info ctinfo, const struct tcphdr *th)
{
	packet->skb = skb;
	packet->ct = ct;
	packet->ctinfo = ctinfo;
	packet->protoff = protoff;
	packet->dir = CTINFO2DIR(ctinfo);
	packet->dataoff = protoff + th->doff * 4;
	packet->len = skb->len - packet->dataoff;
	packet->seq = ntohl(th->seq);
	packet->ack = ntohl(th->ack_seq);
	packet->flags = tcp_flag_byte(th);
}

/* Is the header there as a whole? */
static __always_inline bool alg_header_valid(const struct sk_buff *skb,
					     unsigned int protoff,
					     const struct tcphdr *th)
{
	return th->doff >= 5 && protoff + th->doff * 4 <= skb->len;
}

/* With neither payload nor NAT, there is nothing to be read or written. */
static __always_inline bool alg_nothing(const struct sk_buff *skb,
					unsigned int protoff,
					const struct nf_conn *ct,
					const struct tcphdr *th)
{
	return protoff + th->doff * 4 == skb->len && !th->fin && !th->rst &&
	       !(READ_ONCE(ct->status) & IPS_NAT_MASK);
}

/*
 * What else there is to do after a packet: the connection ends, is left alone,
 * or has something for the log. Gives back the state's lock.
 */
static noinline void alg_attend(struct alg_conn *conn)
	__releases(&conn->lock)
{
	const struct alg_packet *packet = &conn->packet;
	bool ends = packet->flags & (TCPHDR_FIN | TCPHDR_RST);
	bool over = (ends || conn->dormant) && alg_conn_finished(conn, packet);
	struct nf_conn *ct = packet->ct;
	unsigned int fate;
	u8 why[ALG_FATES];

	memcpy(why, conn->why, sizeof(why));
	memset(conn->why, 0, sizeof(conn->why));
	conn->attention = conn->dormant;
	spin_unlock_bh(&conn->lock);
	if (over)
		alg_conn_destroy(ct, conn);
	for (fate = 0; fate < ALG_FATES; fate++)
		if (why[fate])
			alg_log(ct, conn->helper, fate, why[fate]);
}

/* The place of a connection's state was needed at this moment. */
static noinline struct alg_conn *
alg_conn_again(const struct alg_helper *helper, struct sk_buff *skb,
	       unsigned int protoff, struct nf_conn *ct,
	       enum ip_conntrack_info ctinfo, const struct tcphdr *th)
{
	struct alg_packet packet;

	alg_packet_init(&packet, skb, protoff, ct, ctinfo, th);
	return alg_conn_try_attach(helper, &packet);
}

/* A packet of a connection with a state, and of no handshake */
static noinline int alg_conn_packet(struct sk_buff *skb, unsigned int protoff,
				    struct nf_conn *ct,
				    enum ip_conntrack_info ctinfo,
				    struct alg_conn *conn,
				    const struct tcphdr *th)
{
	struct alg_packet *packet;
	int verdict;

	if (!alg_header_valid(skb, protoff, th) ||
	    alg_nothing(skb, protoff, ct, th))
		return NF_ACCEPT;
	spin_lock_bh(&conn->lock);
	if (unlikely(conn->dead)) {
		spin_unlock_bh(&conn->lock);
		conn = alg_conn_again(conn->helper, skb, protoff, ct, ctinfo,
				      th);
		if (!conn)
			return NF_ACCEPT;
		spin_lock_bh(&conn->lock);
		if (conn->dead) {
			spin_unlock_bh(&conn->lock);
			return NF_ACCEPT;
		}
	}
	packet = &conn->packet;
	alg_packet_init(packet, skb, protoff, ct, ctinfo, th);
	/* What a RST may say is for people (RFC 9293, 3.5.3). */
	if (unlikely(packet->flags & TCPHDR_RST))
		packet->len = 0;
	if (unlikely(READ_ONCE(conn->helper->going)))
		verdict = alg_plain(conn) ? NF_ACCEPT : NF_DROP;
	else if (conn->translated)
		verdict = alg_segment_translated(conn, packet);
	else
		verdict = alg_segment(conn, packet, false);
	if (unlikely((packet->flags & (TCPHDR_FIN | TCPHDR_RST)) ||
		     conn->attention))
		alg_attend(conn);
	else
		spin_unlock_bh(&conn->lock);
	if (unlikely(verdict != NF_ACCEPT))
		NF_CT_STAT_INC_ATOMIC(conn->net, drop);
	return verdict;
}

/*
 * A packet whose connection has no state yet, or that is not like most. Apart,
 * for what that takes on the stack.
 */
static noinline int alg_help_other(struct sk_buff *skb, unsigned int protoff,
				   struct nf_conn *ct,
				   enum ip_conntrack_info ctinfo,
				   const struct alg_helper *helper,
				   const struct alg_data *data)
{
	struct tcphdr header, *th;
	struct alg_packet packet;
	struct alg_conn *conn;

	/* Others are errors of ICMP's */
	if (ctinfo != IP_CT_ESTABLISHED && ctinfo != IP_CT_ESTABLISHED_REPLY &&
	    ctinfo != IP_CT_NEW)
		return NF_ACCEPT;
	if (compat_helper_inherited(ct))
		return NF_ACCEPT;
	/*
	 * What goes over the loopback device passes twice, and was changed the
	 * first time.
	 */
	if (nf_is_loopback_packet(skb))
		return NF_ACCEPT;
	th = skb_header_pointer(skb, protoff, sizeof(header), &header);
	if (!th || !alg_header_valid(skb, protoff, th))
		return NF_ACCEPT;
	alg_packet_init(&packet, skb, protoff, ct, ctinfo, th);
	conn = alg_conn_find(ct, data);
	if (th->syn || ctinfo == IP_CT_NEW) {
		alg_handshake(helper, conn, &packet, th);
		return NF_ACCEPT;
	}
	if (alg_nothing(skb, protoff, ct, th))
		return NF_ACCEPT;
	if (!conn)
		conn = alg_conn_try_attach(helper, &packet);
	if (conn)
		return alg_conn_packet(skb, protoff, ct, ctinfo, conn, th);
	/* of a dialogue that is paused, or came from another gateway */
	if ((packet.flags & (TCPHDR_FIN | TCPHDR_RST)) && alg_tcp_closed(ct))
		nf_ct_remove_expectations(ct);
	return NF_ACCEPT;
}

/**
 * alg_help() - a packet of a connection with a helper
 * @skb: the packet
 * @protoff: where its TCP header is
 * @ct: the connection, which is not alg_dormant()
 * @ctinfo: what the packet is to it
 * @helper: the helper
 * @data: alg_data() of @ct
 *
 * Context: the tracker's last hook, after NAT, under RCU.
 * Return: NF_ACCEPT, or NF_DROP for a segment that the sender has to send again
 */
int alg_help(struct sk_buff *skb, unsigned int protoff, struct nf_conn *ct,
	     enum ip_conntrack_info ctinfo, const struct alg_helper *helper,
	     const struct alg_data *data)
{
	const struct tcphdr *th = (void *)(skb->data + protoff);
	struct alg_conn *conn;

	if (likely((ctinfo == IP_CT_ESTABLISHED ||
		    ctinfo == IP_CT_ESTABLISHED_REPLY) &&
		   !nf_is_loopback_packet(skb) &&
		   skb_headlen(skb) >= protoff + sizeof(*th) && !th->syn)) {
		conn = alg_conn_find(ct, data);
		if (likely(conn))
			return alg_conn_packet(skb, protoff, ct, ctinfo, conn,
					       th);
	}
	return alg_help_other(skb, protoff, ct, ctinfo, helper, data);
}
EXPORT_SYMBOL_GPL(alg_help);
