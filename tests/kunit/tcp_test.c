// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kernel/tracker/tcp.c
 */
#include <kunit/test.h>
#include <linux/module.h>
#include "tracker/tcp.c"

#define REASON(name) XT_CTSTATE2_REASON_##name

static const struct tracker_tcp_sysctls defaults = { .loose = true };

/* A connection both of whose ends may send 1000 bytes more, from 1000 and 5000 on */
static struct ip_ct_tcp connection(u8 state)
{
	struct ip_ct_tcp tcp = {
		.state = state,
		.last_index = TRACKER_TCP_ACK,
		.seen = {
			{ .td_end = 1000, .td_maxend = 2000, .td_maxwin = 1000, .td_maxack = 5000,
			  .flags = IP_CT_TCP_FLAG_MAXACK_SET },
			{ .td_end = 5000, .td_maxend = 6000, .td_maxwin = 1000, .td_maxack = 1000,
			  .flags = IP_CT_TCP_FLAG_MAXACK_SET },
		},
	};

	return tcp;
}

/* What the client sends next: all in order */
static struct tracker_segment segment(u8 kind)
{
	struct tracker_segment seg = {
		.seq = 1000, .ack = 5000, .sack = 5000,
		.kind = kind, .has_ack = true, .dir = IP_CT_DIR_ORIGINAL,
	};

	return seg;
}

static unsigned int reason(const struct ip_ct_tcp *tcp, const struct tracker_segment *seg)
{
	return tracker_tcp_reason(tcp, IPS_ASSURED, seg, &defaults);
}

/* 9 of 32 combinations, with any of the 8 of ECE, CWR and PSH */
static void flags(struct kunit *test)
{
	unsigned int i, valid = 0;

	for (i = 0; i < 256; i++)
		valid += tracker_tcp_flags_valid(i);
	KUNIT_EXPECT_EQ(test, valid, 9 * 8);
	KUNIT_EXPECT_FALSE(test, tracker_tcp_flags_valid(0));
	KUNIT_EXPECT_FALSE(test, tracker_tcp_flags_valid(TCPHDR_SYN | TCPHDR_FIN));
	KUNIT_EXPECT_FALSE(test, tracker_tcp_flags_valid(TCPHDR_FIN));
	KUNIT_EXPECT_TRUE(test, tracker_tcp_flags_valid(TCPHDR_SYN | TCPHDR_ECE | TCPHDR_CWR));

	KUNIT_EXPECT_EQ(test, tracker_tcp_kind(TCPHDR_RST | TCPHDR_ACK), TRACKER_TCP_RST);
	KUNIT_EXPECT_EQ(test, tracker_tcp_kind(TCPHDR_SYN), TRACKER_TCP_SYN);
	KUNIT_EXPECT_EQ(test, tracker_tcp_kind(TCPHDR_SYN | TCPHDR_ACK), TRACKER_TCP_SYNACK);
	KUNIT_EXPECT_EQ(test, tracker_tcp_kind(TCPHDR_FIN | TCPHDR_ACK), TRACKER_TCP_FIN);
	KUNIT_EXPECT_EQ(test, tracker_tcp_kind(TCPHDR_ACK | TCPHDR_PSH), TRACKER_TCP_ACK);
	KUNIT_EXPECT_EQ(test, tracker_tcp_kind(TCPHDR_URG), TRACKER_TCP_NONE);
}

static void no_connection(struct kunit *test)
{
	const struct tracker_tcp_sysctls strict = {};

	KUNIT_EXPECT_EQ(test, tracker_tcp_new_reason(TRACKER_TCP_SYNACK, &defaults),
			REASON(TCP_NEW));
	KUNIT_EXPECT_EQ(test, tracker_tcp_new_reason(TRACKER_TCP_FIN, &defaults),
			REASON(TCP_NEW));
	KUNIT_EXPECT_EQ(test, tracker_tcp_new_reason(TRACKER_TCP_RST, &defaults),
			REASON(TCP_NEW));
	KUNIT_EXPECT_EQ(test, tracker_tcp_new_reason(TRACKER_TCP_ACK, &defaults),
			REASON(OTHER));
	KUNIT_EXPECT_EQ(test, tracker_tcp_new_reason(TRACKER_TCP_ACK, &strict),
			REASON(TCP_NEW));
	KUNIT_EXPECT_EQ(test, tracker_tcp_new_reason(TRACKER_TCP_SYN, &strict),
			REASON(OTHER));
}

static void window(struct kunit *test)
{
	struct ip_ct_tcp tcp = connection(TCP_CONNTRACK_ESTABLISHED);
	struct tracker_tcp_sysctls liberal = { .be_liberal = true };
	struct tracker_segment seg = segment(TRACKER_TCP_ACK);

	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(OTHER));
	seg.seq = 2000;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(OTHER));
	seg.seq = 2001;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(TCP_WINDOW));
	KUNIT_EXPECT_EQ(test, tracker_tcp_reason(&tcp, IPS_ASSURED, &seg, &liberal),
			REASON(OTHER));
	tcp.seen[0].flags |= IP_CT_TCP_FLAG_BE_LIBERAL;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(OTHER));

	tcp = connection(TCP_CONNTRACK_ESTABLISHED);
	seg = segment(TRACKER_TCP_ACK);
	seg.sack = 5001;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(TCP_WINDOW));
	seg.has_ack = false;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(OTHER));

	/* numbers wrap: the client is at 4294967290, and may send 16 bytes */
	tcp.seen[0].td_maxend = 10;
	seg = segment(TRACKER_TCP_ACK);
	seg.seq = -6U;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(OTHER));
	seg.seq = 11;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(TCP_WINDOW));
}

static void rst(struct kunit *test)
{
	struct tracker_tcp_sysctls ignore = { .ignore_invalid_rst = true };
	struct ip_ct_tcp tcp = connection(TCP_CONNTRACK_ESTABLISHED);
	struct tracker_segment seg = segment(TRACKER_TCP_RST);

	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(OTHER));
	seg.seq = 999;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(TCP_RST));
	KUNIT_EXPECT_EQ(test, tracker_tcp_reason(&tcp, IPS_ASSURED, &seg, &ignore), REASON(OTHER));
	tcp.state = TCP_CONNTRACK_TIME_WAIT;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(OTHER));
	tcp.state = TCP_CONNTRACK_ESTABLISHED;
	tcp.last_index = TRACKER_TCP_SYN;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(OTHER));
	tcp = connection(TCP_CONNTRACK_SYN_RECV);
	seg.seq = 0;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(OTHER));
	seg.seq = 2001;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(TCP_WINDOW));
	/* the ACK field is not believed if it is 0 */
	seg.seq = 1000;
	seg.ack = 0;
	seg.sack = 5001;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(OTHER));
}

/* A RST below what is acknowledged, which acknowledges too much: the tracker compares the
 * former first, but not after a SYN, whose place the RST then takes.
 */
static void rst_after_syn(struct kunit *test)
{
	struct ip_ct_tcp tcp = connection(TCP_CONNTRACK_ESTABLISHED);
	struct tracker_segment seg = segment(TRACKER_TCP_RST);

	seg.seq = 999;
	seg.sack = 5001;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(TCP_RST));
	tcp.last_index = TRACKER_TCP_RST;
	tcp.last_dir = IP_CT_DIR_REPLY;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(TCP_RST));
	tcp.last_dir = IP_CT_DIR_ORIGINAL;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(TCP_WINDOW));
	KUNIT_EXPECT_EQ(test, tracker_tcp_reason(&tcp, 0, &seg, &defaults), REASON(TCP_RST));
	KUNIT_EXPECT_EQ(test, tracker_tcp_reason(&tcp, IPS_ASSURED | IPS_FIXED_TIMEOUT, &seg,
						 &defaults), REASON(TCP_RST));
	seg.sack = 5000;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(TCP_RST));
}

/* The table that doc/states.md shows */
static void documented(struct kunit *test)
{
	static const struct {
		u8 state, dir, kind, invalid;
	} table[] = {
#include "tcp_table.h"
	};
	unsigned int i;

	KUNIT_EXPECT_EQ(test, ARRAY_SIZE(table), 2 * 5 * TCP_CONNTRACK_MAX);
	for (i = 0; i < ARRAY_SIZE(table); i++) {
		unsigned int states = tracker_tcp_invalid_states(table[i].dir, table[i].kind);

		KUNIT_EXPECT_EQ_MSG(test, states >> table[i].state & 1, table[i].invalid,
				    "state %u, direction %u, kind %u", table[i].state,
				    table[i].dir, table[i].kind);
	}
}

/* An ACK before the SYN/ACK, a SYN from the server's side */
static void states(struct kunit *test)
{
	struct ip_ct_tcp tcp = connection(TCP_CONNTRACK_SYN_SENT);
	struct tracker_segment seg = segment(TRACKER_TCP_ACK);

	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(TCP_STATE));
	tcp.state = TCP_CONNTRACK_SYN_RECV;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(OTHER));
	seg = segment(TRACKER_TCP_SYN);
	seg.dir = IP_CT_DIR_REPLY;
	KUNIT_EXPECT_EQ(test, reason(&tcp, &seg), REASON(TCP_STATE));
}

static struct kunit_case tcp_cases[] = {
	KUNIT_CASE(flags),
	KUNIT_CASE(no_connection),
	KUNIT_CASE(window),
	KUNIT_CASE(rst),
	KUNIT_CASE(rst_after_syn),
	KUNIT_CASE(states),
	KUNIT_CASE(documented),
	{}
};

static struct kunit_suite tcp_suite = {
	.name = "ctstate2_tcp",
	.test_cases = tcp_cases,
};

kunit_test_suite(tcp_suite);
