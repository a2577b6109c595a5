// SPDX-License-Identifier: GPL-2.0-only
/*
 * What alg.c keeps: states, holes, offers, what it drops; with a protocol whose lines say
 * what is to be done, and connections that no packet made.
 */

#include <kunit/test.h>
#include <linux/ip.h>
#include <linux/tcp.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_seqadj.h>
#include <net/netfilter/nf_conntrack_zones.h>

#include "alg/alg.h"

#define ISN_CLIENT	0xfffffffcU
#define ISN_SERVER	5000U
#define PORT		6000

/* The dialogue: lines seen */
struct toy {
	unsigned int lines;
};

static unsigned int toy_lines;

enum { TOY_WHY = ALG_WHY_PROTOCOL, TOY_WHY_OTHER, TOY_WHY_END };

/* What an end says of itself, in its line from the second byte on */
static void toy_endpoint(struct alg_verdict *v, u8 act, u8 hole, bool reply,
			 const struct alg_line *line, const struct alg_ends *ends)
{
	struct alg_action *a = alg_action_add(v, act, hole);

	a->end.port = PORT;
	a->end.own = ALG_OWN_INNER;
	a->end.addr = reply ? ends->server[0] : ends->client[0];
	a->end.to_client = !reply;
	a->end.pair = line->text[0] == 'V';
	a->end.udp = line->text[0] == 'V';
}

static void toy_rewrite(struct alg_verdict *v, u8 hole, u8 view, unsigned int at, unsigned int len)
{
	struct alg_action *a;

	if (!len)
		return;
	a = alg_action_add(v, ALG_REWRITE, hole);
	a->view = view;
	a->at = at;
	a->len = len;
}

static void toy_unit(void *dialogue, bool reply, const struct alg_line *line,
		     const struct alg_ends *ends, struct alg_verdict *v)
{
	struct toy *toy = dialogue;
	unsigned int rest = line->len - 1;

	if (!line->whole)
		return;
	toy_lines = ++toy->lines;
	switch (line->text[0]) {
	case 'O':
		toy_endpoint(v, ALG_OPEN, 0, reply, line, ends);
		break;
	case 'C':
		alg_action_add(v, ALG_CLOSE, 0);
		break;
	case 'P':
	case 'V':
		toy_endpoint(v, ALG_OFFER, 1, reply, line, ends);
		toy_rewrite(v, 1, ALG_VIEW_OTHER, 1, rest);
		break;
	case 'A':
		alg_action_add(v, ALG_OPEN, 1)->class = line->len > 1;
		break;
	case 'W':
		alg_action_add(v, ALG_CLOSE, 1);
		break;
	case 'B':
		toy_rewrite(v, 1, ALG_VIEW_BACK, 1, rest);
		break;
	case 'T':
		toy_rewrite(v, 1, ALG_VIEW_OTHER, 1, 1);
		toy_rewrite(v, 1, ALG_VIEW_OTHER, 3, line->len - 3);
		break;
	case 'S':
		/* 100 bytes that nobody looks at, and then frames, which have a length */
		v->next = ALG_UNIT_HEAD;
		v->skip = 100;
		break;
	case '$':
		v->next = ALG_UNIT_HEAD;
		v->skip = line->text[1];
		break;
	case 'E':
		v->next = ALG_UNIT_END;
		break;
	case 'D':
		alg_action_add(v, ALG_DORMANT, 0)->why = TOY_WHY;
		break;
	case 'R':
		v->why = TOY_WHY;
		break;
	case 'X':
		/* Closes one hole, and refuses another */
		alg_action_add(v, ALG_CLOSE, 0);
		v->why = TOY_WHY_OTHER;
		break;
	}
}

static bool toy_hold(const void *dialogue, bool reply, const struct alg_line *line)
{
	return line->text[0] == 'P' || line->text[0] == 'V';
}

static u8 toy_save(const void *dialogue)
{
	return 1;
}

static void toy_resume(void *dialogue, u8 saved)
{
}

static int toy_print(char text[ALG_TEXT_MAX], u8 form, const struct alg_addr *addr, u16 port)
{
	return scnprintf(text, ALG_TEXT_MAX, "%pI4:%u", addr->b, port);
}

static unsigned int toy_show(bool reply, const struct alg_line *line)
{
	return line->len;
}

static const char *toy_why(u8 why)
{
	return why == TOY_WHY ? "a_test_says_so" : "so_does_another";
}

static const struct alg_protocol toy_protocol = {
	.size = sizeof(struct toy),
	.holes = 2,
	.classes = 2,
	.head = { .first = '$', .last = '$', .len = 2 },
	.both = true,
	.whys = TOY_WHY_END - ALG_WHY_PROTOCOL,
	.unit = toy_unit,
	.hold = toy_hold,
	.save = toy_save,
	.resume = toy_resume,
	.print = toy_print,
	.show = toy_show,
	.why_name = toy_why,
};

static struct alg_helper toy;

static int toy_help(struct sk_buff *skb, unsigned int protoff, struct nf_conn *ct,
		    enum ip_conntrack_info ctinfo)
{
	if (alg_dormant(ct))
		return NF_ACCEPT;
	return alg_help(skb, protoff, ct, ctinfo, &toy, alg_data(ct));
}

static struct alg_helper toy = {
	.name = "toy",
	.protocol = &toy_protocol,
	.policy = {
		{ .name = "toy", .timeout = 30, .max_expected = 6 },
		{ .name = "long", .timeout = 300, .max_expected = 6 },
	},
	.active = true,
	.help = toy_help,
	.module = THIS_MODULE,
};

/* A connection of 10.0.0.1:@from with 10.0.0.2:21; with @nat, the client is 10.0.0.99. */
static struct nf_conn *connection_from(struct kunit *test, bool nat, u16 from)
{
	struct nf_conntrack_tuple original = {
		.src.l3num = NFPROTO_IPV4,
		.src.u3.ip = htonl(0x0a000001), .src.u.tcp.port = htons(from),
		.dst.u3.ip = htonl(0x0a000002), .dst.u.tcp.port = htons(21),
		.dst.protonum = IPPROTO_TCP, .dst.dir = IP_CT_DIR_ORIGINAL,
	}, reply = {
		.src.l3num = NFPROTO_IPV4,
		.src.u3.ip = htonl(0x0a000002), .src.u.tcp.port = htons(21),
		.dst.u3.ip = htonl(nat ? 0x0a000063 : 0x0a000001), .dst.u.tcp.port = htons(from),
		.dst.protonum = IPPROTO_TCP, .dst.dir = IP_CT_DIR_REPLY,
	};
	struct nf_conn_help *help;
	struct nf_conn *ct;

	ct = nf_conntrack_alloc(&init_net, &nf_ct_zone_dflt, &original, &reply, GFP_KERNEL);
	KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(ct));
	refcount_set(&ct->ct_general.use, 1);
	help = nf_ct_helper_ext_add(ct, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, help);
	RCU_INIT_POINTER(help->helper, toy.families[0]);
	if (nat) {
		KUNIT_ASSERT_NOT_NULL(test, nfct_seqadj_ext_add(ct));
		ct->status |= IPS_SRC_NAT;
	}
	ct->status |= IPS_CONFIRMED;
	ct->proto.tcp.state = TCP_CONNTRACK_ESTABLISHED;
	ct->timeout = nfct_time_stamp + 600 * HZ;
	/* The table has a reference of its own. */
	KUNIT_ASSERT_EQ(test, nf_conntrack_hash_check_insert(ct), 0);
	return ct;
}

static struct nf_conn *connection(struct kunit *test, bool nat)
{
	return connection_from(test, nat, 4000);
}

static void forget(struct nf_conn *ct)
{
	nf_ct_kill(ct);
	nf_ct_put(ct);
}

/* A segment; returns the verdict. @left: what leaves, if it is wanted. */
static int segment(struct kunit *test, struct nf_conn *ct, bool reply, u32 seq, u32 ack, u8 flags,
		   const char *payload, char *left)
{
	enum ip_conntrack_info ctinfo = reply ? IP_CT_ESTABLISHED_REPLY : IP_CT_ESTABLISHED;
	const struct nf_conntrack_tuple *tuple = &ct->tuplehash[reply].tuple;
	unsigned int len = strlen(payload);
	struct sk_buff *skb = alloc_skb(512 + len, GFP_KERNEL);
	struct tcphdr *th;
	struct iphdr *iph;
	int verdict;

	KUNIT_ASSERT_NOT_NULL(test, skb);
	skb_reset_network_header(skb);
	iph = skb_put_zero(skb, sizeof(*iph));
	iph->version = 4;
	iph->ihl = 5;
	iph->protocol = IPPROTO_TCP;
	iph->tot_len = htons(sizeof(*iph) + sizeof(*th) + len);
	iph->saddr = tuple->src.u3.ip;
	iph->daddr = tuple->dst.u3.ip;
	th = skb_put_zero(skb, sizeof(*th));
	th->doff = 5;
	th->seq = htonl(seq);
	th->ack_seq = htonl(ack);
	((u8 *)th)[13] = flags;
	skb_put_data(skb, payload, len);
	nf_conntrack_get(&ct->ct_general);
	nf_ct_set(skb, ct, ctinfo);

	rcu_read_lock();
	verdict = toy_help(skb, sizeof(*iph), ct, ctinfo);
	rcu_read_unlock();
	if (left) {
		len = skb->len - sizeof(*iph) - sizeof(*th);
		memcpy(left, skb->data + sizeof(*iph) + sizeof(*th), len);
		left[len] = '\0';
	}
	kfree_skb(skb);
	return verdict;
}

#define SYN	0x02
#define RST	0x04
#define ACK	0x10

/* The server's SYN/ACK, whatever the tracker thinks of it */
static void synack(struct kunit *test, struct nf_conn *ct, u32 seq, u32 ack)
{
	KUNIT_EXPECT_EQ(test, segment(test, ct, true, seq, ack, SYN | ACK, "", NULL), NF_ACCEPT);
}

/* It believes in it, and in the client's ACK. */
static void handshake(struct kunit *test, struct nf_conn *ct)
{
	ct->proto.tcp.seen[IP_CT_DIR_ORIGINAL].td_end = ISN_CLIENT + 1;
	ct->proto.tcp.seen[IP_CT_DIR_REPLY].td_end = ISN_SERVER + 1;
	ct->proto.tcp.state = TCP_CONNTRACK_SYN_RECV;
	synack(test, ct, ISN_SERVER, ISN_CLIENT + 1);
	ct->proto.tcp.state = TCP_CONNTRACK_ESTABLISHED;
}

static int client(struct kunit *test, struct nf_conn *ct, u32 at, const char *payload)
{
	return segment(test, ct, false, ISN_CLIENT + 1 + at, ISN_SERVER + 1, ACK, payload, NULL);
}

static int server(struct kunit *test, struct nf_conn *ct, u32 at, const char *payload)
{
	return segment(test, ct, true, ISN_SERVER + 1 + at, ISN_CLIENT + 1, ACK, payload, NULL);
}

/* What is expected, and if it is active: from @from to @to, port PORT */
enum { NOT, WAITS, OPENS };

static int expected(struct nf_conn *ct, u32 from, u32 to)
{
	struct nf_conntrack_tuple tuple = {
		.src.l3num = NFPROTO_IPV4,
		.src.u3.ip = htonl(from), .src.u.tcp.port = htons(1234),
		.dst.u3.ip = htonl(to), .dst.u.tcp.port = htons(PORT),
		.dst.protonum = IPPROTO_TCP,
	};
	struct nf_conntrack_expect *exp;
	int what = NOT;

	rcu_read_lock();
	exp = __nf_ct_expect_find(&init_net, &nf_ct_zone_dflt, &tuple);
	if (exp)
		what = exp->flags & NF_CT_EXPECT_INACTIVE ? WAITS : OPENS;
	rcu_read_unlock();
	return what;
}

static bool has_state(struct nf_conn *ct)
{
	return alg_data(ct)->id;
}

static void one_hole(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);

	handshake(test, ct);
	KUNIT_EXPECT_FALSE(test, has_state(ct));
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_TRUE(test, has_state(ct));
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), OPENS);
	KUNIT_EXPECT_EQ(test, client(test, ct, 0, "C\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), NOT);
	KUNIT_EXPECT_EQ(test, server(test, ct, 2, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), OPENS);
	KUNIT_EXPECT_EQ(test, server(test, ct, 4, "D\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), NOT);
	KUNIT_EXPECT_FALSE(test, has_state(ct));
	KUNIT_EXPECT_TRUE(test, alg_dormant(ct));
	forget(ct);
}

static void offers(struct kunit *test)
{
	struct nf_conn *ct = connection(test, true);
	char left[64];

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT + 1, ISN_SERVER + 1, ACK,
				      "Pxx\n", left), NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "P10.0.0.99:6000\n");
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000002, 0x0a000063), WAITS);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "W\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000002, 0x0a000063), NOT);
	/* What was withdrawn does not open. */
	KUNIT_EXPECT_EQ(test, server(test, ct, 2, "A\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000002, 0x0a000063), NOT);
	KUNIT_EXPECT_EQ(test, client(test, ct, 4, "Pxx\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000002, 0x0a000063), WAITS);
	KUNIT_EXPECT_EQ(test, server(test, ct, 4, "A\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000002, 0x0a000063), OPENS);
	/* Retransmitted, and cut otherwise: the same bytes leave. */
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT + 6, ISN_SERVER + 1, ACK,
				      "xx\n", left), NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "10.0.0.99:6000\n");
	forget(ct);
}

/* Another connection of the same ends, with the same entry: only if the tracker says so */
static void again(struct kunit *test)
{
	struct nf_conn *ct = connection(test, true);
	char left[64];

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, client(test, ct, 0, "Pxx\n"), NF_ACCEPT);
	KUNIT_EXPECT_NE(test, nfct_seqadj(ct)->seq[IP_CT_DIR_ORIGINAL].offset_after, 0);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "D\n"), NF_ACCEPT);
	synack(test, ct, ISN_SERVER, ISN_CLIENT + 1);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), NOT);

	/* What was moved is remembered until the connection is over, and the next one begins. */
	ct->proto.tcp.state = TCP_CONNTRACK_CLOSE;
	KUNIT_EXPECT_EQ(test, segment(test, ct, true, ISN_SERVER + 3, 0, RST, "", NULL),
			NF_ACCEPT);
	KUNIT_EXPECT_NE(test, nfct_seqadj(ct)->seq[IP_CT_DIR_ORIGINAL].offset_after, 0);
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT, 0, SYN, "", NULL), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, nfct_seqadj(ct)->seq[IP_CT_DIR_ORIGINAL].offset_after, 0);
	KUNIT_EXPECT_FALSE(test, has_state(ct));
	synack(test, ct, ISN_SERVER, ISN_CLIENT + 1);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_FALSE(test, has_state(ct));
	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT + 1, ISN_SERVER + 1, ACK,
				      "Pxx\n", left), NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "P10.0.0.99:6000\n");
	forget(ct);
}

static void half_a_line(struct kunit *test)
{
	struct nf_conn *ct = connection(test, true);
	char left[64];

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT + 1, ISN_SERVER + 1, ACK,
				      "N\nPx", left), NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "N\n");
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT + 5, ISN_SERVER + 1, ACK,
				      "x", left), NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "\n");
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT + 6, ISN_SERVER + 1, ACK,
				      "\nN", left), NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "P10.0.0.99:6000\nN");
	forget(ct);
}

static void order(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);
	int i;

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, client(test, ct, 0, "1\n2\n3"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, toy_lines, 2u);
	KUNIT_EXPECT_EQ(test, client(test, ct, 0, "1\n2\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, toy_lines, 2u);
	KUNIT_EXPECT_EQ(test, client(test, ct, 2, "2\n3\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, toy_lines, 3u);
	KUNIT_EXPECT_EQ(test, client(test, ct, 7, "5\n"), NF_DROP);
	KUNIT_EXPECT_EQ(test, client(test, ct, 6, "4\n5\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, toy_lines, 5u);
	for (i = 0; i < 100; i++)
		KUNIT_EXPECT_EQ(test, client(test, ct, 20, "O\n"), NF_DROP);
	KUNIT_EXPECT_FALSE(test, alg_dormant(ct));
	msleep(5100);
	KUNIT_EXPECT_EQ(test, client(test, ct, 20, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_TRUE(test, alg_dormant(ct));
	forget(ct);
}

static void not_helped(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);

	/* without a handshake; one that comes afterwards changes nothing */
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_FALSE(test, has_state(ct));
	KUNIT_EXPECT_TRUE(test, alg_dormant(ct));
	synack(test, ct, ISN_SERVER, ISN_CLIENT + 1);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_FALSE(test, has_state(ct));
	forget(ct);
	/* that dies meanwhile */
	ct = connection(test, false);
	handshake(test, ct);
	nf_ct_kill(ct);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_FALSE(test, has_state(ct));
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), NOT);
	forget(ct);
}

static void ends(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	ct->proto.tcp.state = TCP_CONNTRACK_CLOSE;
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT + 1, 0, RST, "", NULL),
			NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), NOT);
	KUNIT_EXPECT_FALSE(test, has_state(ct));
	forget(ct);
}

/* ctnetlink took the helper away, and told nobody. */
static void unassigned(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);
	unsigned int tries;

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, client(test, ct, 0, "N\n"), NF_ACCEPT);
	KUNIT_EXPECT_TRUE(test, has_state(ct));
	RCU_INIT_POINTER(nfct_help(ct)->helper, NULL);
	for (tries = 0; has_state(ct) && tries < 100; tries++)
		msleep(100);
	KUNIT_EXPECT_FALSE(test, has_state(ct));
	KUNIT_EXPECT_EQ(test, refcount_read(&ct->ct_general.use), 2u);
	forget(ct);
}

/* Who has a destroy callback is taken for PPTP, and all that it left would have to last. */
static void no_destroy(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);

	KUNIT_EXPECT_NULL(test, toy.families[0]->destroy);
	KUNIT_EXPECT_NULL(test, toy.families[1]->destroy);
	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_TRUE(test, has_state(ct));
	/* the table's, and ours: none of the state */
	KUNIT_EXPECT_EQ(test, refcount_read(&ct->ct_general.use), 2u);
	forget(ct);
}

/* The tracker lets a second SYN/ACK pass, and does not believe in it. */
static void moved_start(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);

	handshake(test, ct);
	ct->proto.tcp.state = TCP_CONNTRACK_SYN_RECV;
	synack(test, ct, ISN_SERVER, ISN_CLIENT + 1 + 40);
	synack(test, ct, ISN_SERVER + 1000, ISN_CLIENT + 1);
	ct->proto.tcp.state = TCP_CONNTRACK_ESTABLISHED;
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), OPENS);
	forget(ct);

	/* Nor in one amid what it has picked up. */
	ct = connection(test, false);
	synack(test, ct, ISN_SERVER, ISN_CLIENT + 1);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), NOT);
	forget(ct);
}

/* No reply can be there before the client's ACK was. */
static void too_soon(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);

	handshake(test, ct);
	ct->proto.tcp.state = TCP_CONNTRACK_SYN_RECV;
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	ct->proto.tcp.state = TCP_CONNTRACK_ESTABLISHED;
	KUNIT_EXPECT_EQ(test, server(test, ct, 2, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_FALSE(test, has_state(ct));
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), NOT);
	forget(ct);
}

static unsigned int expectations(struct nf_conn *ct)
{
	struct nf_conntrack_expect *exp;
	unsigned int n = 0;

	hlist_for_each_entry(exp, &nfct_help(ct)->expectations, lnode)
		n++;
	return n;
}

/* A connection never has many expectations, also of those that nobody wants any more. */
static void few_expectations(struct kunit *test)
{
	struct nf_conn *ct = connection(test, true);
	unsigned int i, at = 0;

	handshake(test, ct);
	for (i = 0; i < 20; i++) {
		KUNIT_EXPECT_EQ(test, server(test, ct, at, "O\n"), NF_ACCEPT);
		KUNIT_EXPECT_EQ(test, server(test, ct, at + 2, "C\n"), NF_ACCEPT);
		KUNIT_EXPECT_EQ(test, expectations(ct), 0u);
		at += 4;
	}
	forget(ct);
}

/* The dialogue does not wait for a segment with more lines than one has. */
static void too_many_lines(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);
	char *feeds = kunit_kzalloc(test, 9001, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, feeds);
	memset(feeds, '\n', 9000);
	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, client(test, ct, 0, feeds), NF_ACCEPT);
	KUNIT_EXPECT_LE(test, toy_lines, 8192u);
	KUNIT_EXPECT_TRUE(test, alg_dormant(ct));
	forget(ct);
}

/* What a RST has to say is no line. */
static void words_of_a_reset(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "N\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, toy_lines, 1u);
	segment(test, ct, true, ISN_SERVER + 3, ISN_CLIENT + 1, RST | ACK, "O\n", NULL);
	KUNIT_EXPECT_EQ(test, toy_lines, 1u);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), NOT);
	forget(ct);
}

/* Somebody acknowledges what was never sent, where the tracker is liberal. */
static void forged_ack(struct kunit *test)
{
	struct nf_conn *ct = connection(test, true);
	char left[64];

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, client(test, ct, 0, "Pxx\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, segment(test, ct, true, ISN_SERVER + 1, ISN_CLIENT + 5000, ACK, "",
				      NULL), NF_ACCEPT);
	KUNIT_EXPECT_FALSE(test, alg_dormant(ct));
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT + 1, ISN_SERVER + 1, ACK,
				      "Pxx\n", left), NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "P10.0.0.99:6000\n");
	forget(ct);
}

/*
 * Another gateway began: nothing is read of the first segment, nor waited for what was on its
 * way in the other direction.
 */
static void taken_over(struct kunit *test)
{
	struct nf_conn *ct = connection(test, true);
	char left[64];

	alg_data(ct)->phase = ALG_PHASE_RESUMED;
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, 100, 5000, ACK, "N\nPxx\n", left),
			NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "N\nPxx\n");
	KUNIT_EXPECT_EQ(test, segment(test, ct, true, 7000, 106, ACK, "way\nO\n", NULL), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), OPENS);
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, 106, 7006, ACK, "N\nPxx\n", left),
			NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "N\nP10.0.0.99:6000\n");
	forget(ct);
}

/* ctnetlink says again what it said: nothing changes. */
static void said_again(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);

	KUNIT_EXPECT_EQ(test, toy.families[0]->from_nlattr(NULL, ct), 0);
	KUNIT_EXPECT_EQ(test, alg_data(ct)->phase, ALG_PHASE_UNSEEN);
	ct->status &= ~IPS_CONFIRMED;
	KUNIT_EXPECT_EQ(test, toy.families[0]->from_nlattr(NULL, ct), 0);
	KUNIT_EXPECT_EQ(test, alg_data(ct)->phase, ALG_PHASE_RESUMED);
	ct->status |= IPS_CONFIRMED;
	forget(ct);
}

/* What is skipped passes in any order; what comes behind it is read, in order. */
static void skipped(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "S\nO\nO\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, toy_lines, 1u);
	KUNIT_EXPECT_EQ(test, server(test, ct, 60, "O\nO\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, server(test, ct, 20, "O\nO\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, server(test, ct, 104, "O\n"), NF_DROP);
	KUNIT_EXPECT_EQ(test, toy_lines, 1u);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), NOT);
	/* two of the skipped ones, half a line, and its end */
	KUNIT_EXPECT_EQ(test, server(test, ct, 100, "..O"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, server(test, ct, 103, "\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), OPENS);
	forget(ct);
}

#define DOTS ".................................................."

/* Frames among lines, as RTSP has them; a line of one byte, LF, too */
static void frames(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);
	char stream[] = "S\n" DOTS DOTS "$\2..$\1O\nN\nO\n";

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, stream), NF_ACCEPT);
	/* Behind the frames is LF, a line of its own. */
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), OPENS);
	KUNIT_EXPECT_EQ(test, server(test, ct, strlen(stream), "C\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), NOT);
	forget(ct);
}

/* A direction of which nothing more is read; the other one still is. */
static void one_direction_ends(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, client(test, ct, 0, "E\nN\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, toy_lines, 1u);
	KUNIT_EXPECT_EQ(test, client(test, ct, 90, "N\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, toy_lines, 1u);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000001, 0x0a000002), OPENS);
	forget(ct);
}

/* The server says to the client what that said itself. */
static void back(struct kunit *test)
{
	struct nf_conn *ct = connection(test, true);
	char left[64];

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, client(test, ct, 0, "Pxx\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, segment(test, ct, true, ISN_SERVER + 1, ISN_CLIENT + 1, ACK,
				      "B10.0.0.99:6000\n", left), NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "B10.0.0.1:6000\n");
	/* Two texts of a line */
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT + 5, ISN_SERVER + 1, ACK,
				      "Tx,yy\n", left), NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "T10.0.0.99:6000,10.0.0.99:6000\n");
	forget(ct);
}

/* A pair of UDP's, and how long it is open */
static void pair(struct kunit *test)
{
	struct nf_conn *ct = connection(test, true);
	struct nf_conntrack_expect *exp;
	char left[64];

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT + 1, ISN_SERVER + 1, ACK,
				      "Vxx\n", left), NF_ACCEPT);
	KUNIT_EXPECT_STREQ(test, left, "V10.0.0.99:6000\n");
	KUNIT_EXPECT_EQ(test, expectations(ct), 2u);
	KUNIT_EXPECT_EQ(test, server(test, ct, 0, "A\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, server(test, ct, 2, "A long\n"), NF_ACCEPT);
	rcu_read_lock();
	hlist_for_each_entry_rcu(exp, &nfct_help(ct)->expectations, lnode)
		KUNIT_EXPECT_EQ(test, exp->tuple.dst.protonum, IPPROTO_UDP);
	rcu_read_unlock();
	KUNIT_EXPECT_EQ(test, server(test, ct, 9, "W\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expectations(ct), 0u);
	forget(ct);
}

/* With the port of what is open, an offer gets another one. */
static void offer_of_the_open_port(struct kunit *test)
{
	struct nf_conn *ct = connection(test, true);
	char left[64];

	handshake(test, ct);
	KUNIT_EXPECT_EQ(test, client(test, ct, 0, "O\n"), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000002, 0x0a000063), OPENS);
	KUNIT_EXPECT_EQ(test, segment(test, ct, false, ISN_CLIENT + 3, ISN_SERVER + 1, ACK,
				      "Pxx\n", left), NF_ACCEPT);
	KUNIT_EXPECT_EQ(test, strncmp(left, "P10.0.0.99:", 11), 0);
	KUNIT_EXPECT_STRNEQ(test, left, "P10.0.0.99:6000\n");
	KUNIT_EXPECT_EQ(test, expected(ct, 0x0a000002, 0x0a000063), OPENS);
	forget(ct);
}

static const char *const alg_why[TOY_WHY_END] = {
	[ALG_WHY_NONE] = "opened", [ALG_WHY_MEMORY] = "memory", [ALG_WHY_PORT] = "port",
	[ALG_WHY_EXPECTATIONS] = "expectations", [ALG_WHY_CONNECTIONS] = "connections",
	[ALG_WHY_SEGMENTS] = "segments", [ALG_WHY_LINES] = "lines", [ALG_WHY_NAT] = "nat",
	[ALG_WHY_MPTCP] = "mptcp", [ALG_WHY_HANDSHAKE] = "handshake", [ALG_WHY_FAULT] = "fault",
	[TOY_WHY] = "own", [TOY_WHY_OTHER] = "other",
};

/* What the reasons have been counted since the last call, as "REASON:COUNT ..." */
static const char *counted(void)
{
	static unsigned long before[TOY_WHY_END];
	static char text[200];
	unsigned int why, n = 0;
	unsigned long now;

	text[0] = '\0';
	for (why = 0; why < TOY_WHY_END; why++) {
		now = alg_counted(&init_net, &toy, why);
		if (now != before[why])
			n += scnprintf(text + n, sizeof(text) - n, "%s%s:%lu", n ? " " : "",
				       alg_why[why], now - before[why]);
		before[why] = now;
	}
	return text;
}

/* A refusal counts each time, an opening once, however long it lives. */
static void counts(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false), *other;
	char *feeds = kunit_kzalloc(test, 9001, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, feeds);
	memset(feeds, '\n', 9000);
	counted();
	handshake(test, ct);
	server(test, ct, 0, "R\nR\nO\nX\n");
	KUNIT_EXPECT_STREQ(test, counted(), "opened:1 own:2 other:1");
	/* An offer is none; its opening is, and that it lives longer is none. */
	client(test, ct, 0, "P\n");
	KUNIT_EXPECT_STREQ(test, counted(), "");
	server(test, ct, 8, "A\nA\n");
	KUNIT_EXPECT_STREQ(test, counted(), "opened:1");
	/* A hole of another connection has the port. */
	other = connection_from(test, false, 4001);
	handshake(test, other);
	client(test, other, 0, "O\n");
	KUNIT_EXPECT_STREQ(test, counted(), "port:1");
	KUNIT_EXPECT_EQ(test, expectations(other), 0u);
	client(test, other, 2, "D\n");
	KUNIT_EXPECT_STREQ(test, counted(), "own:1");
	client(test, other, 4, "R\n");
	KUNIT_EXPECT_STREQ(test, counted(), "");
	forget(other);
	forget(ct);
	KUNIT_EXPECT_STREQ(test, counted(), "");

	ct = connection(test, false);
	handshake(test, ct);
	client(test, ct, 0, feeds);
	KUNIT_EXPECT_STREQ(test, counted(), "lines:1");
	forget(ct);
}

/* What is not helped from the start, each once */
static void counts_handshakes(struct kunit *test)
{
	struct nf_conn *ct = connection(test, false);

	counted();
	server(test, ct, 0, "O\n");
	server(test, ct, 2, "O\n");
	KUNIT_EXPECT_STREQ(test, counted(), "handshake:1");
	forget(ct);

	ct = connection(test, false);
	segment(test, ct, false, ISN_CLIENT, 0, SYN, "O\n", NULL);
	segment(test, ct, false, ISN_CLIENT, 0, SYN, "O\n", NULL);
	KUNIT_EXPECT_STREQ(test, counted(), "handshake:1");
	forget(ct);

	ct = connection(test, false);
	handshake(test, ct);
	ct->proto.tcp.state = TCP_CONNTRACK_SYN_RECV;
	server(test, ct, 0, "O\n");
	KUNIT_EXPECT_STREQ(test, counted(), "handshake:1");
	forget(ct);

	/* Only an end is no reason. */
	ct = connection(test, false);
	handshake(test, ct);
	server(test, ct, 0, "N\n");
	ct->proto.tcp.state = TCP_CONNTRACK_CLOSE;
	segment(test, ct, false, ISN_CLIENT + 1, 0, RST, "", NULL);
	KUNIT_EXPECT_STREQ(test, counted(), "");
	forget(ct);
}

static struct kunit_case alg_cases[] = {
	KUNIT_CASE(counts),
	KUNIT_CASE(counts_handshakes),
	KUNIT_CASE(no_destroy),
	KUNIT_CASE(skipped),
	KUNIT_CASE(frames),
	KUNIT_CASE(one_direction_ends),
	KUNIT_CASE(back),
	KUNIT_CASE(pair),
	KUNIT_CASE(offer_of_the_open_port),
	KUNIT_CASE(moved_start),
	KUNIT_CASE(too_soon),
	KUNIT_CASE(few_expectations),
	KUNIT_CASE(too_many_lines),
	KUNIT_CASE(words_of_a_reset),
	KUNIT_CASE(forged_ack),
	KUNIT_CASE(taken_over),
	KUNIT_CASE(said_again),
	KUNIT_CASE(one_hole),
	KUNIT_CASE(offers),
	KUNIT_CASE(again),
	KUNIT_CASE(half_a_line),
	KUNIT_CASE(order),
	KUNIT_CASE(not_helped),
	KUNIT_CASE(ends),
	KUNIT_CASE(unassigned),
	{}
};

static int alg_suite_init(struct kunit_suite *suite)
{
	return alg_register(&toy);
}

static void alg_suite_exit(struct kunit_suite *suite)
{
	alg_unregister(&toy);
}

static struct kunit_suite alg_suite = {
	.name = "alg",
	.suite_init = alg_suite_init,
	.suite_exit = alg_suite_exit,
	.test_cases = alg_cases,
};

kunit_test_suite(alg_suite);
