// SPDX-License-Identifier: GPL-2.0-only
/*
 * The core of helpers whose protocol is lines of text over TCP: reads segments, asks the
 * protocol's grammar, and carries out what it decides. Nothing is parsed or judged here;
 * stream.c knows what a segment becomes.
 *
 * Context: alg_help() runs in the hooks, under RCU, in softirq or with a process's data.
 * A connection's state has a lock of its own; the list of them all is only for taking
 * back what the tracker does not tell of (see alg_sweep()).
 *
 * A state belongs to who takes it out of nf_conn_help (alg_detach()). It holds a reference
 * to its connection, and the tracker calls destroy() when that is taken off its table, not
 * when its last reference goes, so that the two do not keep each other.
 */

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/netfilter.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/tcp.h>
#include <linux/workqueue.h>
#include <net/checksum.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_ecache.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_seqadj.h>
#include <net/netfilter/nf_nat.h>
#include <net/netfilter/nf_nat_helper.h>

#include "alg.h"
#include "stream.h"

/* Segments that come before their turn are dropped, but not for ever: so many jiffies */
#define ALG_GAP		(5 * HZ)
/* Seconds between looks for connections whose helper was taken away */
#define ALG_SWEEP	2
/* Bytes of a segment that are looked at together, if it is not linear */
#define ALG_CHUNK	256

/*
 * A connection with a dialogue.
 *
 * @list: of alg_conns, by alg_conns_lock
 * @ct: with a reference
 * @helper: whose dialogue it is
 * @ends: constant
 * @nat: the addresses of this direction's sender have to be written anew; constant
 * @translated: those of one direction have to; constant
 * @resumed: another gateway began with it; constant
 * @synced: the beginning of a line was seen
 * @asleep: the dialogue is left alone; what has been changed is remembered
 * @moved: a direction got longer or shorter: the state stays as long as the connection is open,
 *	because the kernel alone gets a retransmission wrong that begins before that and ends
 *	behind it
 * @dead: the state was taken back
 * @gap: when the first segment was dropped since the stream went on, or 0
 * @hole: what may be open, with a reference
 * @offer: with NAT, the port that is kept for an offer, with a reference
 */
struct alg_conn {
	struct list_head list;
	struct rcu_head rcu;
	struct nf_conn *ct;
	const struct alg_helper *helper;
	spinlock_t lock; /* for all below */
	struct alg_ends ends;
	bool nat[IP_CT_DIR_MAX];
	bool translated;
	bool resumed;
	bool synced[IP_CT_DIR_MAX];
	bool asleep;
	bool moved;
	bool dead;
	unsigned long gap;
	struct nf_conntrack_expect *hole;
	struct nf_conntrack_expect *offer[ALG_OFFERS];
	struct alg_stream stream[IP_CT_DIR_MAX];
	u8 dialogue[] __aligned(8);
};

/* What a packet is to its connection */
struct alg_packet {
	struct sk_buff *skb;
	enum ip_conntrack_info ctinfo;
	unsigned int protoff;
	enum ip_conntrack_dir dir;
	unsigned int dataoff;
	unsigned int len;
	u32 seq;
	u32 ack;
	bool fin;
	bool has_ack;
};

static unsigned int alg_max = 16384;
module_param_named(connections, alg_max, uint, 0644);
MODULE_PARM_DESC(connections, "control connections followed at once, of 2 KiB each (16384)");

static LIST_HEAD(alg_conns);
static unsigned int alg_count;
static DEFINE_SPINLOCK(alg_conns_lock);

static void alg_sweep_work(struct work_struct *work);
static DECLARE_DELAYED_WORK(alg_sweeper, alg_sweep_work);

/* --- a connection's state: made, found and taken back --- */

static void alg_log(const struct nf_conn *ct, const struct alg_helper *helper, const char *what)
{
	const struct nf_conntrack_tuple *t = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;

	if (nf_ct_l3num(ct) == NFPROTO_IPV4)
		net_info_ratelimited("%s: left alone: %pI4:%u to %pI4:%u: %s\n", helper->name,
				     &t->src.u3.ip, ntohs(t->src.u.tcp.port), &t->dst.u3.ip,
				     ntohs(t->dst.u.tcp.port), what);
	else
		net_info_ratelimited("%s: left alone: [%pI6c]:%u to [%pI6c]:%u: %s\n",
				     helper->name, &t->src.u3.in6, ntohs(t->src.u.tcp.port),
				     &t->dst.u3.in6, ntohs(t->dst.u.tcp.port), what);
}

static struct alg_addr alg_addr(const struct nf_conn *ct, const union nf_inet_addr *from)
{
	struct alg_addr addr = { .len = nf_ct_l3num(ct) == NFPROTO_IPV4 ? 4 : 16 };

	memcpy(addr.b, from, addr.len);
	return addr;
}

static union nf_inet_addr alg_inet_addr(const struct alg_addr *from)
{
	union nf_inet_addr addr = {};

	memcpy(&addr, from->b, from->len);
	return addr;
}

static void alg_unexpect(struct nf_conntrack_expect **exp)
{
	if (!*exp)
		return;
	nf_ct_unexpect_related(*exp);
	nf_ct_expect_put(*exp);
	*exp = NULL;
}

/* Closes what is open, also what ctnetlink put into the table for another gateway. */
static void alg_close(struct alg_conn *conn)
{
	struct nf_conntrack_expect *exp;

	alg_unexpect(&conn->hole);
	if (!conn->resumed)
		return;
	hlist_for_each_entry_rcu(exp, &nfct_help(conn->ct)->expectations, lnode)
		if (!(READ_ONCE(exp->flags) & NF_CT_EXPECT_INACTIVE))
			nf_ct_unexpect_related(exp);
}

/* Nothing is to be opened any more, and what may be open must not be. */
static void alg_unexpect_all(struct alg_conn *conn)
{
	unsigned int i;

	alg_unexpect(&conn->hole);
	for (i = 0; i < ALG_OFFERS; i++)
		alg_unexpect(&conn->offer[i]);
}

/* Of a state that alg_detach() gave, or that nobody else has seen. Any context. */
static void alg_free(struct alg_conn *conn)
{
	spin_lock_bh(&alg_conns_lock);
	list_del(&conn->list);
	alg_count--;
	spin_unlock_bh(&alg_conns_lock);

	spin_lock_bh(&conn->lock);
	conn->dead = true;
	alg_unexpect_all(conn);
	alg_stream_free(&conn->stream[IP_CT_DIR_ORIGINAL]);
	alg_stream_free(&conn->stream[IP_CT_DIR_REPLY]);
	spin_unlock_bh(&conn->lock);

	nf_ct_put(conn->ct);
	kfree_rcu(conn, rcu);
}

/* Takes the state out of the connection. Whoever gets it frees it. */
static struct alg_conn *alg_detach(struct nf_conn *ct)
{
	struct alg_data *data = nfct_help_data(ct);

	return unrcu_pointer(xchg(&data->conn, NULL));
}

/* The tracker takes the connection off its table. It is dying already. */
static void alg_destroy(struct nf_conn *ct)
{
	struct alg_conn *conn = alg_detach(ct);

	if (conn)
		alg_free(conn);
}

/*
 * What comes after @seq is longer by @by. The kernel can have an offset before and one after
 * the last change. Which of them an acknowledgment has, tcp_in_window() asks with the
 * receiver's number and compares with the sender's: what got shorter before and now gets
 * longer would be acknowledged beyond what was sent, and dropped. With one offset, it is off by
 * less than what is on its way; alg_number() knows all of them.
 */
static void alg_shift(struct nf_conn *ct, enum ip_conntrack_dir dir, u32 seq, s32 by)
{
	struct nf_ct_seqadj *seqadj = &nfct_seqadj(ct)->seq[dir];

	spin_lock_bh(&ct->lock);
	seqadj->correction_pos = seq;
	seqadj->offset_after += by;
	seqadj->offset_before = seqadj->offset_after;
	spin_unlock_bh(&ct->lock);
	/* For a gateway that is to take over, also in alg_reopen() */
	if (by)
		nf_conntrack_event_cache(IPCT_SEQADJ, ct);
}

static struct alg_conn *alg_alloc(const struct alg_helper *helper, struct nf_conn *ct)
{
	const struct nf_conntrack_tuple *original = &ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;
	const struct nf_conntrack_tuple *reply = &ct->tuplehash[IP_CT_DIR_REPLY].tuple;
	struct alg_conn *conn;

	conn = kzalloc(sizeof(*conn) + helper->protocol->size, GFP_ATOMIC);
	if (!conn)
		return NULL;
	spin_lock_init(&conn->lock);
	conn->ct = ct;
	conn->helper = helper;
	conn->ends.client[ALG_OWN_INNER] = alg_addr(ct, &original->src.u3);
	conn->ends.client[ALG_OWN_OUTER] = alg_addr(ct, &reply->dst.u3);
	conn->ends.server[ALG_OWN_INNER] = alg_addr(ct, &reply->src.u3);
	conn->ends.server[ALG_OWN_OUTER] = alg_addr(ct, &original->dst.u3);
	conn->nat[IP_CT_DIR_ORIGINAL] = !nf_inet_addr_cmp(&original->src.u3, &reply->dst.u3);
	conn->nat[IP_CT_DIR_REPLY] = !nf_inet_addr_cmp(&reply->src.u3, &original->dst.u3);
	conn->translated = conn->nat[IP_CT_DIR_ORIGINAL] || conn->nat[IP_CT_DIR_REPLY];
	return conn;
}

/*
 * With the first payload. Returns NULL if the connection is not to be helped, which it
 * then never is.
 */
static struct alg_conn *alg_attach(const struct alg_helper *helper, struct nf_conn *ct,
				   const struct alg_packet *packet)
{
	struct alg_data *data = nfct_help_data(ct);
	struct alg_conn *conn, *other;
	unsigned int dir;
	const char *why;

	conn = alg_alloc(helper, ct);
	if (!conn) {
		why = "out of memory";
		goto leave;
	}
	if (conn->translated && !nfct_seqadj(ct)) {
		/* The helper was set after NAT was, on a kernel that does not care */
		why = "set the helper before NAT";
		goto leave;
	}
	conn->resumed = READ_ONCE(data->phase) == ALG_PHASE_RESUMED;
	for (dir = 0; dir < IP_CT_DIR_MAX; dir++) {
		u32 shift = conn->translated ? nfct_seqadj(ct)->seq[dir].offset_after : 0;
		u32 first = data->first[dir];

		if (conn->resumed)
			first = dir == packet->dir ? packet->seq : packet->ack - shift;
		alg_stream_init(&conn->stream[dir], first);
		conn->stream[dir].shift = shift;
		conn->synced[dir] = !conn->resumed;
	}
	if (conn->resumed)
		helper->protocol->resume(conn->dialogue);

	spin_lock_bh(&alg_conns_lock);
	if (alg_count >= READ_ONCE(alg_max)) {
		spin_unlock_bh(&alg_conns_lock);
		why = "too many connections";
		goto leave;
	}
	nf_conntrack_get(&ct->ct_general);
	list_add_tail(&conn->list, &alg_conns);
	alg_count++;
	spin_unlock_bh(&alg_conns_lock);
	queue_delayed_work(system_power_efficient_wq, &alg_sweeper, ALG_SWEEP * HZ);

	/* The other direction's first packet may be on another processor. */
	other = unrcu_pointer(cmpxchg(&data->conn, NULL, RCU_INITIALIZER(conn)));
	if (other) {
		alg_free(conn);
		return other;
	}
	/*
	 * destroy() comes once, after this bit is set. Either it finds the state, or the
	 * state's owner is here.
	 */
	if (nf_ct_is_dying(ct)) {
		alg_destroy(ct);
		return NULL;
	}
	/*
	 * From now on the kernel adjusts each packet, if only by 0: some kernels decide
	 * this before they call the helper, and some afterwards.
	 */
	if (conn->translated) {
		for (dir = 0; dir < IP_CT_DIR_MAX; dir++)
			alg_shift(ct, dir, conn->stream[dir].line.next, 0);
		set_bit(IPS_SEQ_ADJUST_BIT, &ct->status);
	}
	return conn;

leave:
	kfree(conn);
	WRITE_ONCE(data->phase, ALG_PHASE_DORMANT);
	alg_log(ct, helper, why);
	return NULL;
}

/*
 * Takes back the states of connections that have no helper any more: it was unassigned
 * by ctnetlink, or unregistered. Nobody is told of that. Process context.
 */
static void alg_sweep(void)
{
	unsigned int i = READ_ONCE(alg_count);

	for (; i; i--) {
		struct alg_conn *conn, *taken = NULL;
		struct nf_conn_help *help;

		spin_lock_bh(&alg_conns_lock);
		conn = list_first_entry_or_null(&alg_conns, struct alg_conn, list);
		if (conn) {
			/* Off the list is before its reference goes, so that it has one. */
			list_move_tail(&conn->list, &alg_conns);
			help = nfct_help(conn->ct);
			if (!rcu_access_pointer(help->helper))
				taken = alg_detach(conn->ct);
		}
		spin_unlock_bh(&alg_conns_lock);
		if (taken)
			alg_free(taken);
		cond_resched();
	}
}

static void alg_sweep_work(struct work_struct *work)
{
	alg_sweep();
	if (READ_ONCE(alg_count))
		queue_delayed_work(system_power_efficient_wq, &alg_sweeper, ALG_SWEEP * HZ);
}

/* --- what the grammar decides --- */

/* With NAT, the hole follows the mapping of the control connection. */
static struct nf_conntrack_expect *alg_expect(struct alg_conn *conn, const struct alg_decision *d,
					      u16 port)
{
	enum ip_conntrack_dir dir = d->to_client ? IP_CT_DIR_REPLY : IP_CT_DIR_ORIGINAL;
	const struct nf_conntrack_tuple *tuple = &conn->ct->tuplehash[dir].tuple;
	union nf_inet_addr addr = tuple->dst.u3;
	struct nf_conntrack_expect *exp;
	__be16 be_port = htons(port);

	exp = nf_ct_expect_alloc(conn->ct);
	if (!exp)
		return NULL;
	if (d->own == ALG_OWN_NOT)
		addr = alg_inet_addr(&d->addr);
	nf_ct_expect_init(exp, NF_CT_EXPECT_CLASS_DEFAULT, nf_ct_l3num(conn->ct), &tuple->src.u3,
			  &addr, IPPROTO_TCP, NULL, &be_port);
	if (d->own != ALG_OWN_NOT && (conn->ct->status & IPS_NAT_MASK)) {
		exp->saved_proto.tcp.port = htons(d->port);
		exp->dir = dir;
		exp->expectfn = nf_nat_follow_master;
	}
	return exp;
}

/* Has the address of @d's endpoint to be written anew? */
static bool alg_translated(const struct alg_conn *conn, const struct alg_decision *d)
{
	return d->own != ALG_OWN_NOT &&
	       conn->nat[d->to_client ? IP_CT_DIR_ORIGINAL : IP_CT_DIR_REPLY];
}

/* Writes the endpoint of this line anew, as the other end sees it. */
static bool alg_rewrite(struct alg_conn *conn, const struct alg_packet *packet,
			const struct alg_decision *d, u16 port)
{
	const struct alg_addr *addr = &(d->to_client ? conn->ends.client : conn->ends.server)
				      [ALG_OWN_OUTER];
	struct alg_stream *s = &conn->stream[packet->dir];
	const struct alg_edit *edit;
	char text[ALG_TEXT_MAX];
	int len;

	len = conn->helper->protocol->print(text, d->form, addr, port);
	if (len <= 0 || len >= ALG_TEXT_MAX)
		return false;
	if (len == d->len && !memcmp(s->line.text + d->at, text, len))
		return true;
	edit = alg_stream_rewrite(s, d, text, len);
	if (!edit)
		return false;
	if (edit->new_len != edit->len) {
		alg_shift(conn->ct, packet->dir, edit->seq, edit->new_len - edit->len);
		conn->moved = true;
	}
	return true;
}

/*
 * Keeps a port at the address that the server sees, and tells the server of it. Nothing
 * is open yet: the expectation is inactive, and is there so that nobody else takes it.
 */
static void alg_offer(struct alg_conn *conn, const struct alg_packet *packet,
		      const struct alg_decision *d)
{
	struct nf_conntrack_expect *exp;
	u16 port;

	if (!alg_translated(conn, d))
		return;
	exp = alg_expect(conn, d, d->port);
	if (!exp)
		return;
	exp->flags = NF_CT_EXPECT_INACTIVE;
	port = nf_nat_exp_find_port(exp, d->port);
	if (!port) {
		nf_ct_expect_put(exp);
		return;
	}
	conn->offer[d->slot] = exp;
	if (!alg_rewrite(conn, packet, d, port))
		alg_unexpect(&conn->offer[d->slot]);
}

static void alg_open(struct alg_conn *conn, const struct alg_packet *packet,
		     const struct alg_decision *d)
{
	bool translated = alg_translated(conn, d);
	struct nf_conntrack_expect *exp, *offer = NULL;
	u16 port = d->port;

	if (translated && d->to_client) {
		offer = conn->offer[d->slot];
		if (!offer)
			return;
		port = ntohs(offer->tuple.dst.u.tcp.port);
	}
	exp = alg_expect(conn, d, port);
	if (!exp)
		goto out;
	if (translated && !d->to_client) {
		port = nf_nat_exp_find_port(exp, port);
		if (!port)
			goto put;
		if (!alg_rewrite(conn, packet, d, port)) {
			nf_ct_unexpect_related(exp);
			goto put;
		}
	} else if (nf_ct_expect_related(exp, 0)) {
		/* The same connection's expectation of the same is replaced: the offer. */
		goto put;
	}
	conn->hole = exp;
	exp = NULL;
put:
	if (exp)
		nf_ct_expect_put(exp);
out:
	/* It has been replaced, or it is void. */
	if (offer)
		alg_unexpect(&conn->offer[d->slot]);
}

/* Leave it alone from now on. @why: for the log, or %NULL */
static void alg_sleep(struct alg_conn *conn, const char *why)
{
	struct alg_data *data = nfct_help_data(conn->ct);

	WRITE_ONCE(data->phase, ALG_PHASE_DORMANT);
	conn->asleep = true;
	alg_unexpect_all(conn);
	/* Some kernels only mark them as dead so far, and count them on. */
	nf_ct_remove_expectations(conn->ct);
	if (why)
		alg_log(conn->ct, conn->helper, why);
}

static void alg_carry_out(struct alg_conn *conn, const struct alg_packet *packet,
			  const struct alg_decision *d)
{
	unsigned int i;

	if (d->act & ALG_WITHDRAW)
		for (i = 0; i < ALG_OFFERS; i++)
			if (d->withdrawn & 1 << i)
				alg_unexpect(&conn->offer[i]);
	if (d->act & ALG_CLOSE)
		alg_close(conn);
	if (d->act & ALG_OFFER)
		alg_offer(conn, packet, d);
	if (d->act & ALG_OPEN)
		alg_open(conn, packet, d);
	if (d->act & ALG_DORMANT)
		alg_sleep(conn, conn->helper->protocol->why_name(d->why));
}

/* --- segments --- */

/* The end of the first line of a dialogue that is taken up in its middle */
static unsigned int alg_sync(struct alg_conn *conn, const struct alg_packet *packet,
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

/* Bytes that come next in the stream. Returns how many were taken. */
static unsigned int alg_bytes(struct alg_conn *conn, struct alg_stream *s,
			      const struct alg_packet *packet, const u8 *p, unsigned int len)
{
	const struct alg_protocol *protocol = conn->helper->protocol;
	bool reply = packet->dir == IP_CT_DIR_REPLY, nat = conn->nat[packet->dir];
	unsigned int taken = 0;
	struct alg_decision d;

	if (!conn->synced[packet->dir])
		taken = alg_sync(conn, packet, p, len);
	while (taken < len && !conn->asleep) {
		if (nat && s->line.whole && !alg_stream_ready(s))
			break;
		taken += alg_line_add(&s->line, p + taken, len - taken);
		if (!alg_line_ready(&s->line))
			break;
		protocol->line(conn->dialogue, reply, &s->line, &conn->ends, &d);
		if (d.act)
			alg_carry_out(conn, packet, &d);
		/* What was held and has not been written anew leaves as it came. */
		if (nat && s->line.whole)
			alg_stream_release(s);
	}
	return taken;
}

/* What is new in a segment that is not in one piece. Apart: the buffer is not for all. */
static noinline_for_stack void alg_pieces(struct alg_conn *conn, struct alg_stream *s,
					  const struct alg_packet *packet, unsigned int offset)
{
	unsigned int n, taken;
	u8 buffer[ALG_CHUNK];
	const u8 *p;

	for (; offset < packet->len && !conn->asleep; offset += taken) {
		n = min_t(unsigned int, packet->len - offset, sizeof(buffer));
		p = skb_header_pointer(packet->skb, packet->dataoff + offset, n, buffer);
		if (!p)
			return;
		taken = alg_bytes(conn, s, packet, p, n);
		if (taken < n)
			return;
	}
}

/* Takes what is new in a segment. @offset: where that begins. */
static void alg_take(struct alg_conn *conn, struct alg_stream *s, const struct alg_packet *packet,
		     unsigned int offset)
{
	const struct alg_protocol *protocol = conn->helper->protocol;

	conn->ends.loose = READ_ONCE(conn->helper->loose);
	if (offset < packet->len && !conn->asleep) {
		if (skb_is_nonlinear(packet->skb))
			alg_pieces(conn, s, packet, offset);
		else
			alg_bytes(conn, s, packet, packet->skb->data + packet->dataoff + offset,
				  packet->len - offset);
	}
	if (!conn->nat[packet->dir])
		return;
	if (!conn->asleep && !packet->fin && !s->line.whole && s->line.len &&
	    protocol->hold(conn->dialogue, packet->dir == IP_CT_DIR_REPLY, &s->line))
		alg_stream_hold(s);
	else
		alg_stream_release(s);
}

static void alg_set_be32(struct sk_buff *skb, struct tcphdr *th, __be32 *field, u32 value)
{
	__be32 new = htonl(value);

	if (*field == new)
		return;
	inet_proto_csum_replace4(&th->check, skb, *field, new, false);
	*field = new;
}

/* Changes the payload, and keeps what the lower layers know of it. */
static bool alg_change(struct alg_conn *conn, const struct alg_packet *packet,
		       const struct alg_plan *plan)
{
	struct sk_buff *skb = packet->skb;
	unsigned int i = plan->count, len;

	while (i--) {
		const struct alg_change *c = &plan->change[i];

		if (!__nf_nat_mangle_tcp_packet(skb, conn->ct, packet->ctinfo, packet->protoff,
						c->offset, c->len, (const char *)c->text,
						c->new_len, false))
			return false;
	}
	if (plan->count && skb_is_gso(skb)) {
		len = skb->len - packet->dataoff;
		if (len <= skb_shinfo(skb)->gso_size)
			skb_gso_reset(skb);
		else
			skb_shinfo(skb)->gso_segs = DIV_ROUND_UP(len, skb_shinfo(skb)->gso_size);
	}
	return true;
}

/* The numbers that nf_ct_seq_adjust(), which comes next, makes the right ones of */
static bool alg_number(struct alg_conn *conn, const struct alg_packet *packet,
		       const struct alg_plan *plan, u32 ack)
{
	const struct nf_ct_seqadj *seqadj = nfct_seqadj(conn->ct)->seq;
	struct sk_buff *skb = packet->skb;
	struct tcphdr *th;

	if (skb_ensure_writable(skb, packet->protoff + sizeof(*th)))
		return false;
	th = (struct tcphdr *)(skb->data + packet->protoff);
	/* Only alg_shift() changes them, under this connection's lock, and alg_reopen() later */
	alg_set_be32(skb, th, &th->seq, plan->seq - seqadj[packet->dir].offset_after);
	if (packet->has_ack)
		alg_set_be32(skb, th, &th->ack_seq, ack + seqadj[!packet->dir].offset_after);
	if (plan->cut && th->fin) {
		inet_proto_csum_replace2(&th->check, skb, htons(1), 0, false);
		th->fin = 0;
	}
	return true;
}

/* What leaves, with NAT */
static int alg_send(struct alg_conn *conn, struct alg_stream *s, const struct alg_packet *packet,
		    u32 ack)
{
	unsigned int max = max_t(unsigned int, packet->len, ALG_SEGMENT_MIN);
	u32 limit = packet->seq + packet->len;
	struct alg_plan plan;

	if (s->held)
		limit = s->line.start;
	else if (!conn->asleep)
		limit = s->line.next;
	/* The lower layers cut it again. */
	if (skb_is_gso(packet->skb))
		max = U16_MAX;
	if (!alg_stream_plan(s, packet->seq, packet->len, limit, max, &plan))
		return NF_DROP;
	if (!alg_change(conn, packet, &plan) || !alg_number(conn, packet, &plan, ack))
		return NF_DROP;
	return NF_ACCEPT;
}

/*
 * The connection ends, or it is left alone and nothing has to be remembered. What was
 * written anew may come again, together with what follows, for as long as it lives.
 */
static bool alg_over(struct alg_conn *conn)
{
	bool closed = false;

	switch (READ_ONCE(conn->ct->proto.tcp.state)) {
	case TCP_CONNTRACK_LAST_ACK:
	case TCP_CONNTRACK_TIME_WAIT:
	case TCP_CONNTRACK_CLOSE:
		closed = true;
		if (!conn->asleep)
			alg_sleep(conn, NULL);
		break;
	}
	return conn->asleep && alg_stream_plain(&conn->stream[IP_CT_DIR_ORIGINAL]) &&
	       alg_stream_plain(&conn->stream[IP_CT_DIR_REPLY]) &&
	       (closed || !conn->moved);
}

/*
 * Is the segment before its turn? Then it is dropped, and comes again: what leaves
 * without having been read may be what has to be written anew. But what another way
 * took, or this one never gets, is no reason to cut the ends off from each other.
 */
static bool alg_early(struct alg_conn *conn, const struct alg_stream *s,
		      const struct alg_packet *packet)
{
	if ((!packet->len && !packet->fin) || !alg_before(s->line.next, packet->seq)) {
		if (packet->len)
			conn->gap = 0;
		return false;
	}
	if (!conn->gap)
		conn->gap = jiffies | 1;
	if (time_before(jiffies, conn->gap + ALG_GAP))
		return true;
	alg_sleep(conn, "segments are missing");
	return false;
}

static int alg_segment(struct alg_conn *conn, const struct alg_packet *packet)
{
	struct alg_stream *s = &conn->stream[packet->dir];
	struct alg_stream *other = &conn->stream[!packet->dir];
	u32 ack = packet->ack;

	if (packet->has_ack) {
		if (conn->translated)
			ack = alg_stream_acked(other, ack);
		/* One more is its FIN's. */
		if (!conn->asleep && conn->synced[!packet->dir] &&
		    alg_before(other->line.next + 1, ack)) {
			alg_sleep(conn, "segments went another way");
		}
	}
	if (!conn->asleep || s->held) {
		if (alg_early(conn, s, packet))
			return NF_DROP;
		if (conn->translated)
			s->fresh = s->held ? s->line.start : s->line.next;
		if (packet->len || packet->fin || s->held)
			alg_take(conn, s, packet, s->line.next - packet->seq);
	}
	/* With nothing to remember, nor forgotten, the kernel gets the numbers right. */
	if (!conn->translated ||
	    (alg_stream_plain(s) && alg_stream_plain(other) &&
	     !alg_before(packet->seq, s->acked) &&
	     (conn->asleep || s->line.next == packet->seq + packet->len)))
		return NF_ACCEPT;
	return alg_send(conn, s, packet, ack);
}

/* The ends begin another connection with this entry, which knows nothing of the last one. */
static void alg_reopen(struct nf_conn *ct)
{
	struct nf_conn_seqadj *seqadj = nfct_seqadj(ct);

	alg_destroy(ct);
	if (!seqadj)
		return;
	spin_lock_bh(&ct->lock);
	memset(seqadj, 0, sizeof(*seqadj));
	spin_unlock_bh(&ct->lock);
	nf_conntrack_event_cache(IPCT_SEQADJ, ct);
}

/*
 * A packet of a handshake: of the first one, or of another one between the same ends. For
 * most of those the tracker makes a new entry. But where the server has ended the last
 * connection with a RST, it lets the client's SYN through, and says with SYN_RECV that it
 * believes in the answer (nf_conntrack_tcp_packet()); it finds that to be the answer by
 * its number, so that none of the last connection's offsets may be on the SYN. A SYN/ACK
 * in another state begins nothing: it would make a dialogue of what was none.
 */
static void alg_handshake(struct nf_conn *ct, const struct alg_packet *packet,
			  const struct tcphdr *th)
{
	struct alg_data *data = nfct_help_data(ct);
	u8 phase = READ_ONCE(data->phase), state = READ_ONCE(ct->proto.tcp.state);

	/* Before the handshake is over, nobody has anything to say. */
	if (packet->len && !rcu_access_pointer(data->conn))
		WRITE_ONCE(data->phase, ALG_PHASE_NEVER);
	if (packet->len || !th->syn || phase == ALG_PHASE_NEVER)
		return;
	if (packet->dir == IP_CT_DIR_ORIGINAL) {
		if (!th->ack && (state == TCP_CONNTRACK_CLOSE || state == TCP_CONNTRACK_TIME_WAIT))
			alg_reopen(ct);
		return;
	}
	if (!th->ack)
		return;
	if (phase != ALG_PHASE_UNSEEN) {
		if (state != TCP_CONNTRACK_SYN_RECV)
			return;
		alg_destroy(ct);
	}
	data->first[IP_CT_DIR_ORIGINAL] = packet->ack;
	data->first[IP_CT_DIR_REPLY] = packet->seq + 1;
	/* data->first comes before it */
	smp_store_release(&data->phase, ALG_PHASE_KNOWN);
}

/**
 * alg_help() - a packet of a connection with a helper
 * @skb: the packet
 * @protoff: where its TCP header is
 * @ct: the connection
 * @ctinfo: what the packet is to it
 * @helper: the helper
 *
 * Context: the tracker's last hook, after NAT, under RCU.
 * Return: NF_ACCEPT, or NF_DROP for a segment that the sender has to send again
 */
int alg_help(struct sk_buff *skb, unsigned int protoff, struct nf_conn *ct,
	     enum ip_conntrack_info ctinfo, const struct alg_helper *helper)
{
	struct alg_data *data = nfct_help_data(ct);
	struct alg_packet packet = {
		.skb = skb, .ctinfo = ctinfo, .protoff = protoff, .dir = CTINFO2DIR(ctinfo),
	};
	/* data->first was written before it */
	u8 phase = smp_load_acquire(&data->phase);
	struct tcphdr header, *th;
	struct alg_conn *conn;
	int verdict = NF_ACCEPT;
	bool ends, over;

	conn = rcu_dereference(data->conn);
	/* Others are errors of ICMP's */
	if (ctinfo != IP_CT_ESTABLISHED && ctinfo != IP_CT_ESTABLISHED_REPLY &&
	    ctinfo != IP_CT_NEW)
		return NF_ACCEPT;
	/* What goes over the loopback device passes twice, and was changed the first time. */
	if (nf_is_loopback_packet(skb))
		return NF_ACCEPT;

	th = skb_header_pointer(skb, protoff, sizeof(header), &header);
	if (!th || th->doff < 5 || protoff + th->doff * 4 > skb->len)
		return NF_ACCEPT;
	packet.dataoff = protoff + th->doff * 4;
	packet.len = skb->len - packet.dataoff;
	packet.seq = ntohl(th->seq);
	packet.ack = ntohl(th->ack_seq);
	packet.has_ack = th->ack;
	packet.fin = th->fin;

	if (unlikely(th->syn || ctinfo == IP_CT_NEW)) {
		alg_handshake(ct, &packet, th);
		return NF_ACCEPT;
	}
	if (!conn) {
		if (phase == ALG_PHASE_UNSEEN || phase >= ALG_PHASE_DORMANT || !packet.len ||
		    !nf_ct_is_confirmed(ct))
			return NF_ACCEPT;
		conn = alg_attach(helper, ct, &packet);
		if (!conn)
			return NF_ACCEPT;
	}

	ends = th->fin || th->rst;
	if (!packet.len && !conn->translated && !ends)
		return NF_ACCEPT;

	spin_lock_bh(&conn->lock);
	if (likely(!conn->dead))
		verdict = alg_segment(conn, &packet);
	over = unlikely(ends || conn->asleep) && !conn->dead && alg_over(conn);
	spin_unlock_bh(&conn->lock);
	if (over)
		alg_destroy(ct);
	if (verdict != NF_ACCEPT)
		NF_CT_STAT_INC_ATOMIC(nf_ct_net(ct), drop);
	return verdict;
}
EXPORT_SYMBOL_GPL(alg_help);

/* A connection that another gateway has tracked; no attribute is needed to say so. */
static int alg_from_nlattr(struct nlattr *attr, struct nf_conn *ct)
{
	struct alg_data *data = nfct_help_data(ct);

	if (READ_ONCE(data->phase) == ALG_PHASE_UNSEEN)
		WRITE_ONCE(data->phase, ALG_PHASE_RESUMED);
	return 0;
}

/**
 * alg_register() - let rules use a helper
 * @helper: it; stays until alg_unregister()
 *
 * Return: 0, or a negative error: -EBUSY if there is one of that name
 */
int alg_register(struct alg_helper *helper)
{
	static const u8 families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	unsigned int i;
	int err;

	static_assert(sizeof(struct alg_data) <= sizeof_field(struct nf_conn_help, data));

	for (i = 0; i < ARRAY_SIZE(families); i++) {
		struct nf_conntrack_helper *h = &helper->families[i];

		strscpy(h->name, helper->name, sizeof(h->name));
		h->me = helper->module;
		h->expect_policy = &helper->policy;
		h->tuple.src.l3num = families[i];
		h->tuple.src.u.tcp.port = htons(helper->port);
		h->tuple.dst.protonum = IPPROTO_TCP;
		h->help = helper->help;
		h->destroy = alg_destroy;
		h->from_nlattr = alg_from_nlattr;
		err = nf_conntrack_helper_register(h);
		if (err) {
			while (i--)
				nf_conntrack_helper_unregister(&helper->families[i]);
			alg_sweep();
			return err;
		}
	}
	return 0;
}
EXPORT_SYMBOL_GPL(alg_register);

/**
 * alg_unregister() - the helper goes, whatever connections have it
 * @helper: of alg_register()
 *
 * They live on without one; nothing that was open for them stays so. Process context;
 * sleeps.
 */
void alg_unregister(struct alg_helper *helper)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(helper->families); i++)
		nf_conntrack_helper_unregister(&helper->families[i]);
	alg_sweep();
}
EXPORT_SYMBOL_GPL(alg_unregister);

/* For grammars: line.c is compiled for userspace, too */
EXPORT_SYMBOL_GPL(alg_line_seq);

static int __init alg_init(void)
{
	return 0;
}

static void __exit alg_exit(void)
{
	cancel_delayed_work_sync(&alg_sweeper);
}

module_init(alg_init);
module_exit(alg_exit);
MODULE_LICENSE("GPL v2");
MODULE_DESCRIPTION("Core of connection tracking helpers for protocols of lines");
