// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes, changes, lists and deletes connections and expectations by ctnetlink, at random. They
 * are few, so that what is made is found again, and the same as those of packets.c. Prints
 * NAME ACCEPTED REFUSED for each kind of message, and for what some of them had in them.
 *
 * conntrack SECONDS SEED [fail]
 */
#include "attack.h"
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netfilter/nf_conntrack_common.h>

enum what {
	NEW, UPDATE, DELETE, FLUSH, GET, DUMP, EXPECT, EXPECT_DELETE, EXPECT_GET, EXPECT_DUMP,
	N_MESSAGES,
	/* what a message has in it */
	HELPED = N_MESSAGES, UNHELPED, MASTER, NAT, SEQADJ, LABELS, ZONED, BROKEN,
	N_WHAT
};

static const char *const names[] = {
	"new", "update", "delete", "flush", "get", "dump",
	"expect", "expect_delete", "expect_get", "expect_dump",
	"helped", "unhelped", "master", "nat", "seqadj", "labels", "zoned", "broken",
};

static unsigned int accepted[N_WHAT], refused[N_WHAT], protocols[256];

/* The number of a message says what it is, and what is in it. */
static __u32 seq;

#define SEQ_PROTOCOL	24

static void has(enum what what)
{
	seq |= 1U << what;
}

static void count(__u32 of, int error)
{
	unsigned int i;

	for (i = 0; i < N_WHAT; i++) {
		if (of & 1U << i)
			(*(error ? &refused[i] : &accepted[i]))++;
	}
	if (!error && of & 1U << NEW)
		protocols[of >> SEQ_PROTOCOL]++;
}

struct tuple {
	__u8 family;
	__u8 protocol;
	__u8 source;
	__u8 destination;
	__u16 sport;
	__u16 dport;
};

static struct tuple random_tuple(void)
{
	static const __u8 others[] = {
		IPPROTO_UDP, IPPROTO_UDPLITE, IPPROTO_ICMP, IPPROTO_ICMPV6, IPPROTO_SCTP,
		IPPROTO_DCCP, IPPROTO_GRE, IPPROTO_ESP, 253,
	};
	struct tuple t = {
		.family = attack_one_in(3) ? AF_INET6 : AF_INET,
		.protocol = IPPROTO_TCP,
		.source = 16 + attack_below(2),
		.destination = 16 + attack_below(2),
		.sport = 1000 + attack_below(4),
		.dport = 21,
	};

	if (attack_one_in(3)) {
		t.protocol = others[attack_below(N_ITEMS(others))];
		t.dport = 40000 + attack_below(4);
	} else if (attack_one_in(8)) {
		t.dport = 40000 + attack_below(4);
	}
	if (attack_one_in(100))
		t.protocol = attack_random();
	return t;
}

static void address(struct attack_messages *m, __u8 family, __u16 attr, __u8 net,
		    __u8 host)
{
	__u8 v4[4] = { 10, 0, net, host };
	__u8 v6[16] = { 0xfd, 0, 0, net, [15] = host };

	if (family == AF_INET)
		attack_attr(m, attr, v4, sizeof(v4));
	else
		attack_attr(m, attr + CTA_IP_V6_SRC - CTA_IP_V4_SRC, v6, sizeof(v6));
}

static void put_protocol(struct attack_messages *m, const struct tuple *t, bool reply)
{
	size_t nest = attack_nest(m, CTA_TUPLE_PROTO);

	attack_attr_u8(m, CTA_PROTO_NUM, t->protocol);
	switch (t->protocol) {
	case IPPROTO_ICMP:
		attack_attr_be16(m, CTA_PROTO_ICMP_ID, t->sport);
		attack_attr_u8(m, CTA_PROTO_ICMP_TYPE, reply ? 0 : 8);
		attack_attr_u8(m, CTA_PROTO_ICMP_CODE, 0);
		break;
	case IPPROTO_ICMPV6:
		attack_attr_be16(m, CTA_PROTO_ICMPV6_ID, t->sport);
		attack_attr_u8(m, CTA_PROTO_ICMPV6_TYPE, reply ? 129 : 128);
		attack_attr_u8(m, CTA_PROTO_ICMPV6_CODE, 0);
		break;
	default:
		attack_attr_be16(m, CTA_PROTO_SRC_PORT, reply ? t->dport : t->sport);
		attack_attr_be16(m, CTA_PROTO_DST_PORT, reply ? t->sport : t->dport);
	}
	attack_nest_end(m, nest);
}

static void put_tuple(struct attack_messages *m, __u16 attr, const struct tuple *t, bool reply)
{
	size_t nest = attack_nest(m, attr), ip = attack_nest(m, CTA_TUPLE_IP);

	if (reply) {
		address(m, t->family, CTA_IP_V4_SRC, 2, t->destination);
		address(m, t->family, CTA_IP_V4_DST, 1, t->source);
	} else {
		address(m, t->family, CTA_IP_V4_SRC, 1, t->source);
		address(m, t->family, CTA_IP_V4_DST, 2, t->destination);
	}
	attack_nest_end(m, ip);
	put_protocol(m, t, reply);
	if (attack_one_in(50))
		attack_attr_be16(m, CTA_TUPLE_ZONE, attack_below(8));
	attack_nest_end(m, nest);
}

static void put_nat(struct attack_messages *m, const struct tuple *t, bool source)
{
	size_t nest = attack_nest(m, source ? CTA_NAT_SRC : CTA_NAT_DST), proto;
	__u16 attr = t->family == AF_INET ? CTA_NAT_V4_MINIP :
					       CTA_NAT_V6_MINIP - CTA_IP_V6_SRC + CTA_IP_V4_SRC;
	unsigned int i;

	for (i = 0; i <= attack_below(2); i++)
		address(m, t->family, attr + i, source ? 2 : 1, 16 + attack_below(4));
	if (attack_one_in(2)) {
		proto = attack_nest(m, CTA_NAT_PROTO);
		attack_attr_be16(m, CTA_PROTONAT_PORT_MIN, attack_number());
		attack_attr_be16(m, CTA_PROTONAT_PORT_MAX, attack_number());
		attack_nest_end(m, proto);
	}
	attack_nest_end(m, nest);
	has(NAT);
}

static void put_protoinfo(struct attack_messages *m, const struct tuple *t)
{
	size_t nest = attack_nest(m, CTA_PROTOINFO), inner;
	__u64 number = attack_random();
	__u8 flags[2];
	unsigned int i;

	switch (attack_one_in(20) ? attack_random() : t->protocol) {
	case IPPROTO_TCP:
		inner = attack_nest(m, CTA_PROTOINFO_TCP);
		attack_attr_u8(m, CTA_PROTOINFO_TCP_STATE, attack_below(11));
		for (i = 0; i < 2 && attack_one_in(2); i++) {
			attack_attr_u8(m, CTA_PROTOINFO_TCP_WSCALE_ORIGINAL + i, attack_below(16));
			attack_bytes(flags, sizeof(flags));
			attack_attr(m, CTA_PROTOINFO_TCP_FLAGS_ORIGINAL + i, flags, sizeof(flags));
		}
		attack_nest_end(m, inner);
		break;
	case IPPROTO_SCTP:
		inner = attack_nest(m, CTA_PROTOINFO_SCTP);
		attack_attr_u8(m, CTA_PROTOINFO_SCTP_STATE, attack_below(10));
		attack_attr_be32(m, CTA_PROTOINFO_SCTP_VTAG_ORIGINAL, attack_number());
		attack_attr_be32(m, CTA_PROTOINFO_SCTP_VTAG_REPLY, attack_number());
		attack_nest_end(m, inner);
		break;
	case IPPROTO_DCCP:
		inner = attack_nest(m, CTA_PROTOINFO_DCCP);
		attack_attr_u8(m, CTA_PROTOINFO_DCCP_STATE, attack_below(10));
		attack_attr_u8(m, CTA_PROTOINFO_DCCP_ROLE, attack_below(3));
		attack_attr(m, CTA_PROTOINFO_DCCP_HANDSHAKE_SEQ, &number, sizeof(number));
		attack_nest_end(m, inner);
		break;
	}
	attack_nest_end(m, nest);
}

static const char *some_helper(void)
{
	return attack_one_in(2) ? "ftp2" : "rtsp2";
}

/* For a new connection, the kernel would look for the module of a helper of no name. */
static void put_help(struct attack_messages *m, bool update)
{
	size_t nest = attack_nest(m, CTA_HELP), info;
	bool none = update && attack_one_in(3);
	__u8 random[64];

	attack_attr_text(m, CTA_HELP_NAME, none ? "" : some_helper());
	if (attack_one_in(2)) {
		attack_bytes(random, sizeof(random));
		info = attack_nest(m, CTA_HELP_INFO);
		attack_attr(m, attack_below(4), random, attack_below(sizeof(random)));
		attack_nest_end(m, info);
	}
	attack_nest_end(m, nest);
	has(none ? UNHELPED : HELPED);
}

static void put_seqadj(struct attack_messages *m)
{
	size_t nest;
	unsigned int i;

	nest = attack_nest(m, attack_one_in(2) ? CTA_SEQ_ADJ_ORIG : CTA_SEQ_ADJ_REPLY);
	for (i = CTA_SEQADJ_CORRECTION_POS; i <= CTA_SEQADJ_OFFSET_AFTER; i++)
		attack_attr_be32(m, i, attack_number());
	attack_nest_end(m, nest);
	has(SEQADJ);
}

static void put_labels(struct attack_messages *m)
{
	__u8 labels[16];

	attack_bytes(labels, sizeof(labels));
	attack_attr(m, CTA_LABELS, labels, sizeof(labels));
	if (attack_one_in(2))
		attack_attr(m, CTA_LABELS_MASK, labels, sizeof(labels));
	has(LABELS);
}

static void put_master(struct attack_messages *m, const struct tuple *of)
{
	struct tuple t = *of;

	t.protocol = IPPROTO_TCP;
	t.dport = 21;
	t.sport = 1000 + attack_below(4);
	put_tuple(m, CTA_TUPLE_MASTER, &t, attack_one_in(4));
	has(MASTER);
}

static void put_zone(struct attack_messages *m, __u16 attr)
{
	if (!attack_one_in(6))
		return;
	attack_attr_be16(m, attr, attack_one_in(2) ? 7 : 0);
	has(ZONED);
}

static __u32 random_status(void)
{
	static const __u32 some[] = {
		0, IPS_SEEN_REPLY | IPS_ASSURED, IPS_SEEN_REPLY, IPS_CONFIRMED, IPS_EXPECTED,
		IPS_FIXED_TIMEOUT, IPS_SRC_NAT_DONE | IPS_DST_NAT_DONE, IPS_SEQ_ADJUST, IPS_DYING,
		IPS_HELPER, IPS_TEMPLATE, IPS_UNTRACKED, IPS_OFFLOAD,
	};

	return some[attack_below(N_ITEMS(some))] | (attack_one_in(8) ? attack_number() : 0);
}

static void begin(struct attack_messages *m, enum what what, __u8 subsystem, __u8 type,
		  __u16 flags, __u8 family, __u8 protocol)
{
	struct nfgenmsg header = { .nfgen_family = family };

	seq = 1U << what | (__u32)protocol << SEQ_PROTOCOL;
	attack_message(m, subsystem << 8 | type, flags, seq);
	attack_put(m, &header, sizeof(header));
}

static void end(struct attack_messages *m)
{
	struct nlmsghdr *header;

	/* Whatever comes of a helper's name has the kernel look for a module. */
	if (attack_one_in(seq & (1U << HELPED | 1U << UNHELPED) ? 200 : 12)) {
		attack_break_message(m, sizeof(*header));
		has(BROKEN);
	}
	header = (void *)(m->bytes + m->start);
	header->nlmsg_seq = seq;
	attack_message_end(m);
}

static void create(struct attack_messages *m, bool update)
{
	struct tuple t = random_tuple();
	unsigned int common = update ? 4 : 2;

	begin(m, update ? UPDATE : NEW, NFNL_SUBSYS_CTNETLINK, IPCTNL_MSG_CT_NEW,
	      NLM_F_ACK | (!update ? NLM_F_CREATE | NLM_F_EXCL :
			   attack_one_in(4) ? NLM_F_REPLACE : 0),
	      t.family, t.protocol);
	put_tuple(m, CTA_TUPLE_ORIG, &t, update && attack_one_in(4));
	if (!update || attack_one_in(4))
		put_tuple(m, CTA_TUPLE_REPLY, &t, true);
	if (!update || attack_one_in(4))
		attack_attr_be32(m, CTA_TIMEOUT, attack_one_in(4) ? attack_number() : 60);
	if (t.protocol == IPPROTO_TCP && t.dport == 21 && !attack_one_in(common))
		put_help(m, update);
	if (attack_one_in(common))
		put_protoinfo(m, &t);
	if (attack_one_in(common + 1))
		put_master(m, &t);
	if (attack_one_in(common + 2))
		attack_attr_be32(m, CTA_STATUS, random_status());
	if (attack_one_in(common + 2))
		put_seqadj(m);
	if (attack_one_in(common + 2))
		put_nat(m, &t, attack_one_in(2));
	if (attack_one_in(common + 2))
		put_labels(m);
	if (attack_one_in(8))
		attack_attr_be32(m, CTA_MARK, attack_number());
	put_zone(m, CTA_ZONE);
	end(m);
}

static void request(struct attack_messages *m, enum what what, __u8 type, __u16 flags)
{
	struct tuple t = random_tuple();

	begin(m, what, NFNL_SUBSYS_CTNETLINK, type, flags | NLM_F_ACK, t.family, 0);
	if (what == FLUSH || what == DUMP) {
		if (attack_one_in(2))
			attack_attr_be32(m, CTA_MARK, attack_number());
		if (attack_one_in(2)) {
			attack_attr_be32(m, CTA_STATUS, random_status());
			attack_attr_be32(m, CTA_STATUS_MASK, random_status());
		}
	}
	if ((what != FLUSH && what != DUMP) || attack_one_in(8))
		put_tuple(m, attack_one_in(8) ? CTA_TUPLE_REPLY : CTA_TUPLE_ORIG, &t, false);
	put_zone(m, CTA_ZONE);
	end(m);
}

static void expect(struct attack_messages *m, enum what what, __u8 type, __u16 flags)
{
	static const char *const functions[] = { "nat-follow-master", "Q.931", "sip", "" };
	struct tuple t = random_tuple(), mask = t;
	size_t nest;

	begin(m, what, NFNL_SUBSYS_CTNETLINK_EXP, type, flags | NLM_F_ACK, t.family, 0);
	if (what == EXPECT_DUMP && attack_one_in(2)) {
		end(m);
		return;
	}
	t.protocol = IPPROTO_TCP;
	t.dport = 21;
	if (!attack_one_in(8))
		put_tuple(m, CTA_EXPECT_MASTER, &t, false);
	t.dport = 40000 + attack_below(4);
	if (!attack_one_in(4))
		t.sport = 0;
	if (attack_one_in(8))
		t.protocol = IPPROTO_UDP;
	put_tuple(m, CTA_EXPECT_TUPLE, &t, attack_one_in(2));
	mask.protocol = t.protocol;
	mask.source = 255;
	mask.destination = 255;
	mask.sport = attack_one_in(2) ? 0 : 0xffff;
	mask.dport = 0xffff;
	put_tuple(m, CTA_EXPECT_MASK, &mask, false);
	attack_attr_be32(m, CTA_EXPECT_TIMEOUT, attack_one_in(8) ? attack_number() : 60);
	if (attack_one_in(4))
		attack_attr_be32(m, CTA_EXPECT_FLAGS, attack_below(8));
	if (attack_one_in(8))
		attack_attr_be32(m, CTA_EXPECT_CLASS, attack_number());
	if (attack_one_in(4))
		attack_attr_text(m, CTA_EXPECT_HELP_NAME, some_helper());
	if (attack_one_in(3))
		attack_attr_text(m, CTA_EXPECT_FN, functions[attack_below(N_ITEMS(functions))]);
	if (attack_one_in(3)) {
		nest = attack_nest(m, CTA_EXPECT_NAT);
		attack_attr_be32(m, CTA_EXPECT_NAT_DIR, attack_below(2));
		put_tuple(m, CTA_EXPECT_NAT_TUPLE, &t, false);
		attack_nest_end(m, nest);
	}
	put_zone(m, CTA_EXPECT_ZONE);
	end(m);
}

static void one(struct attack_messages *m)
{
	static const __u8 lists[] = {
		IPCTNL_MSG_CT_GET, IPCTNL_MSG_CT_GET_CTRZERO, IPCTNL_MSG_CT_GET_STATS_CPU,
		IPCTNL_MSG_CT_GET_STATS, IPCTNL_MSG_CT_GET_DYING, IPCTNL_MSG_CT_GET_UNCONFIRMED,
	};
	unsigned int dice = attack_below(1000);

	if (dice < 330)
		create(m, false);
	else if (dice < 510)
		create(m, true);
	else if (dice < 610)
		request(m, DELETE, IPCTNL_MSG_CT_DELETE, 0);
	else if (dice < 613)
		request(m, FLUSH, IPCTNL_MSG_CT_DELETE, 0);
	else if (dice < 660)
		request(m, GET, IPCTNL_MSG_CT_GET, 0);
	else if (dice < 670)
		request(m, DUMP, lists[attack_below(N_ITEMS(lists))], NLM_F_DUMP);
	else if (dice < 860)
		expect(m, EXPECT, IPCTNL_MSG_EXP_NEW, NLM_F_CREATE | NLM_F_EXCL);
	else if (dice < 890)
		expect(m, EXPECT_DELETE, IPCTNL_MSG_EXP_DELETE, 0);
	else if (dice < 990)
		expect(m, EXPECT_GET, IPCTNL_MSG_EXP_GET, 0);
	else
		expect(m, EXPECT_DUMP, IPCTNL_MSG_EXP_GET, NLM_F_DUMP);
}

/* Somebody who wants to be told of all, and does not read */
static int listener(void)
{
	int fd = attack_netlink(NETLINK_NETFILTER), group, size = 1;

	for (group = NFNLGRP_CONNTRACK_NEW; group <= NFNLGRP_CONNTRACK_EXP_DESTROY; group++)
		setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

int main(int argc, char **argv)
{
	static struct attack_messages m;
	int fd, deaf;
	unsigned int i;

	attack_begin(argc, argv, 60);
	fd = attack_netlink(NETLINK_NETFILTER);
	deaf = listener();
	if (argc > 3)
		attack_fail(10);
	while (attack_goes_on()) {
		/* One for itself where allocations fail: each of it is to be reached. */
		for (i = attack_fail_fd >= 0 ? 15 : 0; i < 16; i++)
			one(&m);
		attack_send(fd, &m);
		if (attack_one_in(200)) {
			/* with lists that nobody has read to their ends */
			close(fd);
			fd = attack_netlink(NETLINK_NETFILTER);
			close(deaf);
			deaf = listener();
		}
		attack_read(fd, count);
	}
	for (i = 0; i < N_WHAT; i++)
		printf("%s %u %u\n", names[i], accepted[i], refused[i]);
	for (i = 0; i < 256; i++) {
		if (protocols[i])
			printf("protocol_%u %u 0\n", i, protocols[i]);
	}
	printf("failed %u 0\n", attack_failed);
	return 0;
}
