// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kernel/ctstate2/state.c: every statemask against every packet
 */
#include <kunit/test.h>
#include <linux/module.h>
#include "ctstate2/state.c"
#include "tracker/packet.h"

/* The states, as include/uapi/linux/netfilter/nf_conntrack_common.h numbers them */
static const unsigned int states[] = { 0, 1, 2, 3, 4, 7, 8 };

static struct xt_ctstate2_mtinfo rule(unsigned int state, bool invert)
{
	struct xt_ctstate2_mtinfo info = {
		.match = XT_CTSTATE2_STATE,
		.invert = invert ? XT_CTSTATE2_STATE : 0,
		.state = state,
	};

	return info;
}

static void state_of_packet(struct kunit *test)
{
	const unsigned long ct = 0xffff888012345678UL & ~7UL;
	unsigned int ctinfo;

	/* no nf_conn: INVALID, whatever ctinfo says, but for UNTRACKED */
	for (ctinfo = 0; ctinfo < 7; ctinfo++)
		KUNIT_EXPECT_EQ(test, tracker_state(ctinfo), 8);
	KUNIT_EXPECT_EQ(test, tracker_state(IP_CT_UNTRACKED), 7);
	for (ctinfo = 0; ctinfo < IP_CT_NUMBER; ctinfo++)
		KUNIT_EXPECT_EQ(test, tracker_state(ct | ctinfo), ctinfo);
	/* an nf_conn below 2^32, as 32-bit kernels have them */
	KUNIT_EXPECT_EQ(test, tracker_state(0xc0000000UL | IP_CT_NEW), IP_CT_NEW);
}

static void nat_of_status(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, ctstate2_nat(0), 0);
	KUNIT_EXPECT_EQ(test, ctstate2_nat(IPS_SRC_NAT), 1);
	KUNIT_EXPECT_EQ(test, ctstate2_nat(IPS_DST_NAT), 2);
	KUNIT_EXPECT_EQ(test, ctstate2_nat(IPS_SRC_NAT | IPS_DST_NAT), 3);
	KUNIT_EXPECT_EQ(test, ctstate2_nat(~0UL & ~IPS_NAT_MASK), 0);
}

/* All 2^11 masks, both ways, in all 28 kinds of packet, against the definition */
static void every_mask(struct kunit *test)
{
	unsigned int mask, invert, i, nat, bits, wrong = 0;

	for (mask = 1; mask < 1 << 11; mask++) {
		for (invert = 0; invert < 2; invert++) {
			struct xt_ctstate2_mtinfo info = rule(mask, invert);
			unsigned int bad;
			bool good = !(mask & (1 << 5 | 1 << 6));

			if (!ctstate2_validate(&info, &bad) != good)
				wrong++;
			ctstate2_compile(&info, false, false);
			for (i = 0; good && i < ARRAY_SIZE(states); i++) {
				for (nat = 0; nat < 4; nat++) {
					bits = 1 << states[i];
					if (nat & 1)
						bits |= XT_CTSTATE2_STATE_SNAT;
					if (nat & 2)
						bits |= XT_CTSTATE2_STATE_DNAT;
					if (ctstate2_match(&info, states[i], nat) !=
					    (!!(mask & bits) != !!invert))
						wrong++;
				}
			}
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* The packet path looks at nf_conn->status only if the rule says that it has to */
static void nat_only_when_asked(struct kunit *test)
{
	unsigned int mask;

	for (mask = 1; mask < 1 << 11; mask++) {
		struct xt_ctstate2_mtinfo info = rule(mask, mask & 1);
		bool same;

		ctstate2_compile(&info, false, false);
		same = info.accept[0] == info.accept[1] &&
		       info.accept[0] == info.accept[2] &&
		       info.accept[0] == info.accept[3];
		KUNIT_ASSERT_EQ(test, info.nat, !!(mask >> 9));
		KUNIT_ASSERT_EQ(test, info.tests, 0);
		KUNIT_ASSERT_TRUE(test, info.nat || same);
	}
}

static void expect_refused(struct kunit *test,
			   const struct xt_ctstate2_mtinfo *info, unsigned int bits)
{
	unsigned int bad = 0;

	KUNIT_EXPECT_NOT_NULL(test, ctstate2_validate(info, &bad));
	KUNIT_EXPECT_EQ(test, bad, bits);
}

static void refuses_what_it_does_not_know(struct kunit *test)
{
	struct xt_ctstate2_mtinfo info;
	unsigned int i;

	info = rule(XT_CTSTATE2_STATE_INVALID, false);
	KUNIT_EXPECT_NULL(test, ctstate2_validate(&info, &i));

	info = rule(0, false);
	expect_refused(test, &info, 0);
	for (i = 0; i < 16; i++) {
		if (XT_CTSTATE2_STATE_ALL >> i & 1)
			continue;
		info = rule(XT_CTSTATE2_STATE_ALL | 1 << i, false);
		expect_refused(test, &info, 1 << i);
	}

	for (i = 0; i < 16; i++) {
		if (XT_CTSTATE2_ALL >> i & 1)
			continue;
		info = rule(XT_CTSTATE2_STATE_INVALID, false);
		info.match |= 1 << i;
		expect_refused(test, &info, 1 << i);
		info = rule(XT_CTSTATE2_STATE_INVALID, false);
		info.invert = 1 << i;
		expect_refused(test, &info, 1 << i);
	}
	info = rule(XT_CTSTATE2_STATE_INVALID, false);
	info.match = 0;
	expect_refused(test, &info, 0);

	for (i = 0; i < ARRAY_SIZE(info.reserved); i++) {
		info = rule(XT_CTSTATE2_STATE_INVALID, false);
		info.reserved[i] = 0x80;
		expect_refused(test, &info, 0x80);
	}
}

/* What the packet path makes of a connection's status */
static bool status_holds(const struct xt_ctstate2_mtinfo *info, unsigned long status)
{
	if (info->tests & CTSTATE2_TEST_NONE && ctstate2_status_bits(info, status))
		return false;
	if (info->tests & CTSTATE2_TEST_ANY && !ctstate2_status_bits(info, status))
		return false;
	if (info->tests & XT_CTSTATE2_STATUS &&
	    !ctstate2_match_status(info, XT_CTSTATE2_STATUS, status))
		return false;
	return !(info->tests & XT_CTSTATE2_ALL_STATUS) ||
	       ctstate2_match_status(info, XT_CTSTATE2_ALL_STATUS, status);
}

/* The bits of a mask of the 13 words, in the order of nf_conn->status, NONE last */
static u32 words_to_bits(unsigned int words)
{
	unsigned int bit;
	u32 bits = 0;

	for (bit = 0; bit <= 16; bit++) {
		if (!(XT_CTSTATE2_STATUS_ALL >> bit & 1))
			continue;
		if (words & 1)
			bits |= BIT(bit);
		words >>= 1;
	}
	return bits;
}

/* Every list of words, of any and of all, against connections with up to two bits */
static void every_status(struct kunit *test)
{
	unsigned int words, a, b, invert, wrong = 0;

	for (words = 1; words < 1 << 13; words++) {
		for (invert = 0; invert < 4; invert++) {
			u32 mask = words_to_bits(words);
			struct xt_ctstate2_mtinfo any = {
				.match = XT_CTSTATE2_STATUS, .status = mask,
				.invert = invert & 1 ? XT_CTSTATE2_STATUS : 0,
			};
			struct xt_ctstate2_mtinfo all = {
				.match = XT_CTSTATE2_ALL_STATUS, .all_status = mask,
				.invert = invert & 1 ? XT_CTSTATE2_ALL_STATUS : 0,
			};
			struct xt_ctstate2_mtinfo both = any;

			both.match |= all.match;
			both.invert |= invert & 2 ? XT_CTSTATE2_ALL_STATUS : 0;
			both.all_status = mask;
			ctstate2_compile(&any, false, false);
			ctstate2_compile(&all, false, false);
			ctstate2_compile(&both, false, false);
			for (a = 0; a < 16; a++) {
				for (b = 0; b <= a; b++) {
					u32 status = a == b ? BIT(a) : BIT(a) | BIT(b);
					u32 has = status & XT_CTSTATE2_STATUS_IPS;
					bool is_any, is_all;

					has = has ?: XT_CTSTATE2_STATUS_NONE;
					is_any = has & mask;
					is_all = (has & mask) == mask;
					wrong += status_holds(&any, status) !=
						 (is_any != (invert & 1));
					wrong += status_holds(&all, status) !=
						 (is_all != (invert & 1));
					wrong += status_holds(&both, status) !=
						 (is_any != (invert & 1) &&
						  is_all != (invert >> 1));
				}
			}
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* Conditions about a connection, its direction, and INVALID follow from the state */
static void states_of_conditions(struct kunit *test)
{
	struct xt_ctstate2_mtinfo info;
	unsigned int bit, dir, invert;

	for (bit = XT_CTSTATE2_STATUS; bit <= XT_CTSTATE2_OFFLOADABLE; bit <<= 1) {
		info = (struct xt_ctstate2_mtinfo){ .match = bit, .status = 1, .all_status = 1 };
		ctstate2_compile(&info, false, false);
		KUNIT_EXPECT_EQ(test, info.accept[0] & ~0x1f, 0);
	}
	for (dir = 0; dir < 2; dir++) {
		for (invert = 0; invert < 2; invert++) {
			info = (struct xt_ctstate2_mtinfo){
				.match = XT_CTSTATE2_DIRECTION, .direction = dir,
				.invert = invert ? XT_CTSTATE2_DIRECTION : 0,
			};
			ctstate2_compile(&info, false, false);
			KUNIT_EXPECT_EQ(test, info.accept[0], dir == invert ? 0x07 : 0x18);
			KUNIT_EXPECT_EQ(test, info.tests, 0);
		}
	}
	for (invert = 0; invert < 2; invert++) {
		info = (struct xt_ctstate2_mtinfo){
			.match = XT_CTSTATE2_REASON, .reason = 1,
			.invert = invert ? XT_CTSTATE2_REASON : 0,
		};
		ctstate2_compile(&info, true, true);
		KUNIT_EXPECT_EQ(test, info.accept[0], XT_CTSTATE2_STATE_INVALID);
		KUNIT_EXPECT_EQ(test, info.tests, XT_CTSTATE2_REASON | CTSTATE2_TEST_RAW);
	}
	/* The zone is then where the reason is looked for, and no condition on a connection. */
	info = (struct xt_ctstate2_mtinfo){
		.match = XT_CTSTATE2_REASON | XT_CTSTATE2_ZONE, .reason = 1, .zone = 7,
	};
	ctstate2_compile(&info, false, true);
	KUNIT_EXPECT_EQ(test, info.accept[0], XT_CTSTATE2_STATE_INVALID);
	KUNIT_EXPECT_FALSE(test, info.tests & CTSTATE2_TEST_TEMPLATE);
	KUNIT_EXPECT_FALSE(test, ctstate2_never(&info));
}

/* Before the tracker, what has a template has no connection, whatever else is asked */
static void templates(struct kunit *test)
{
	struct xt_ctstate2_mtinfo info = { .match = XT_CTSTATE2_DIRECTION };

	ctstate2_compile(&info, false, true);
	KUNIT_EXPECT_EQ(test, info.tests, CTSTATE2_TEST_TEMPLATE);
	info = (struct xt_ctstate2_mtinfo){ .match = XT_CTSTATE2_STATUS, .status = IPS_CONFIRMED };
	ctstate2_compile(&info, false, true);
	KUNIT_EXPECT_EQ(test, info.tests, CTSTATE2_TEST_TEMPLATE | CTSTATE2_TEST_ANY);
	info = (struct xt_ctstate2_mtinfo){ .match = XT_CTSTATE2_STATE, .state = BIT(IP_CT_NEW) };
	ctstate2_compile(&info, false, true);
	KUNIT_EXPECT_EQ(test, info.tests, 0);
}

/* Is there a packet for these conditions, by trying all kinds? */
static bool possible(const struct xt_ctstate2_mtinfo *info)
{
	unsigned int i, status, invert = info->invert;

	for (i = 0; i < ARRAY_SIZE(states); i++) {
		const bool none = states[i] > 4;

		if (none && !(info->match & XT_CTSTATE2_CONNECTION) &&
		    ctstate2_match(info, states[i], 0))
			return true;
		for (status = 0; !none && status < 1 << 16; status += 4) {
			u32 has = status & XT_CTSTATE2_STATUS_IPS;

			has = has ?: XT_CTSTATE2_STATUS_NONE;
			if (!ctstate2_match(info, states[i], ctstate2_nat(status)))
				continue;
			if (info->match & XT_CTSTATE2_STATUS &&
			    !(has & info->status) == !(invert & XT_CTSTATE2_STATUS))
				continue;
			if (info->match & XT_CTSTATE2_ALL_STATUS &&
			    ((has & info->all_status) == info->all_status) ==
			    !!(invert & XT_CTSTATE2_ALL_STATUS))
				continue;
			return true;
		}
	}
	return false;
}

static void never(struct kunit *test)
{
	static const u32 masks[] = {
		XT_CTSTATE2_STATUS_NONE, IPS_SRC_NAT, IPS_DST_NAT | IPS_ASSURED, IPS_ASSURED,
		XT_CTSTATE2_STATUS_ALL,
	};
	unsigned int state, conditions, i, all = 0, wrong = 0;
	struct xt_ctstate2_mtinfo info;

	for (state = 0; state < 1 << 9; state++) {
		for (conditions = 0; conditions < 64; conditions++) {
			const u32 mask = state & 0x1f;

			info = (struct xt_ctstate2_mtinfo){ .match = XT_CTSTATE2_STATE };
			/* without 5 and 6, which are nothing */
			info.state = mask | (state >> 5) << 7;
			if (!info.state)
				info.match = 0;
			if (conditions & 1)
				info.match |= XT_CTSTATE2_DIRECTION;
			if (conditions & 2)
				info.match |= XT_CTSTATE2_STATUS;
			if (conditions & 4)
				info.match |= XT_CTSTATE2_ALL_STATUS;
			if (conditions & 8)
				info.invert |= info.match & XT_CTSTATE2_STATE;
			if (conditions & 16)
				info.invert |= info.match & XT_CTSTATE2_STATUS;
			if (conditions & 32)
				info.invert |= info.match & XT_CTSTATE2_ALL_STATUS;
			i = (state + conditions) % ARRAY_SIZE(masks);
			if (info.match & XT_CTSTATE2_STATUS)
				info.status = masks[i];
			if (info.match & XT_CTSTATE2_ALL_STATUS)
				info.all_status = masks[state % 4];
			if (!info.match)
				continue;
			ctstate2_compile(&info, false, false);
			/* one condition alone is as the user has it */
			wrong += ctstate2_never(&info) !=
				 (info.match & (info.match - 1) && !possible(&info));
			all += ctstate2_never(&info);
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_GT(test, all, 100);

	info = (struct xt_ctstate2_mtinfo){
		.match = XT_CTSTATE2_REASON | XT_CTSTATE2_STATE, .reason = 1,
		.state = XT_CTSTATE2_STATE_BIT(IP_CT_NEW),
	};
	ctstate2_compile(&info, false, false);
	KUNIT_EXPECT_TRUE(test, ctstate2_never(&info));
	info.state |= XT_CTSTATE2_STATE_INVALID;
	ctstate2_compile(&info, false, false);
	KUNIT_EXPECT_FALSE(test, ctstate2_never(&info));
}

static void lifetime(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, tracker_lifetime(IPS_CONFIRMED, 1500, 1000), 500);
	KUNIT_EXPECT_EQ(test, tracker_lifetime(IPS_CONFIRMED, 1000, 1500), 0);
	/* the clock wraps */
	KUNIT_EXPECT_EQ(test, tracker_lifetime(IPS_CONFIRMED, 400, -100U), 500);
	/* not a time stamp yet */
	KUNIT_EXPECT_EQ(test, tracker_lifetime(0, 1500, 1000), 1500);
}

static void offloadable(struct kunit *test)
{
	const unsigned long good = IPS_CONFIRMED | IPS_SEEN_REPLY | IPS_ASSURED;
	unsigned int state;

	KUNIT_EXPECT_TRUE(test, ctstate2_offloadable(IPPROTO_UDP, good, 0, false, false));
	KUNIT_EXPECT_TRUE(test, ctstate2_offloadable(IPPROTO_UDP, good | IPS_NAT_MASK, 0,
						     false, false));
	KUNIT_EXPECT_FALSE(test, ctstate2_offloadable(IPPROTO_UDP, good, 0, true, false));
	KUNIT_EXPECT_FALSE(test, ctstate2_offloadable(IPPROTO_UDP, good & ~IPS_SEEN_REPLY, 0,
						      false, false));
	KUNIT_EXPECT_FALSE(test, ctstate2_offloadable(IPPROTO_UDP, good & ~IPS_CONFIRMED, 0,
						      false, false));
	KUNIT_EXPECT_FALSE(test, ctstate2_offloadable(IPPROTO_UDP, good | IPS_SEQ_ADJUST, 0,
						      false, false));
	KUNIT_EXPECT_FALSE(test, ctstate2_offloadable(IPPROTO_UDP, good | IPS_NAT_CLASH, 0,
						      false, false));
	for (state = 0; state < TCP_CONNTRACK_MAX; state++)
		KUNIT_EXPECT_EQ(test, state == TCP_CONNTRACK_ESTABLISHED,
				ctstate2_offloadable(IPPROTO_TCP, good, state, false, false));
	KUNIT_EXPECT_FALSE(test, ctstate2_offloadable(IPPROTO_TCP, good & ~IPS_ASSURED,
						      TCP_CONNTRACK_ESTABLISHED, false, false));
	KUNIT_EXPECT_EQ(test, ctstate2_offloadable(IPPROTO_GRE, good, 0, false, false),
			IS_ENABLED(CONFIG_NF_CT_PROTO_GRE));
	KUNIT_EXPECT_FALSE(test, ctstate2_offloadable(IPPROTO_GRE, good, 0, false, true));
	KUNIT_EXPECT_FALSE(test, ctstate2_offloadable(IPPROTO_GRE, good | IPS_SRC_NAT, 0,
						      false, false));
	KUNIT_EXPECT_FALSE(test, ctstate2_offloadable(IPPROTO_ICMP, good, 0, false, false));
	KUNIT_EXPECT_FALSE(test, ctstate2_offloadable(IPPROTO_SCTP, good, 0, false, false));
}

/* Rules cross the border to 32-bit and 64-bit userspace as they are */
static void layout(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, offsetof(struct xt_ctstate2_mtinfo, state), 4);
	KUNIT_EXPECT_EQ(test, offsetof(struct xt_ctstate2_mtinfo, accept), 48);
	KUNIT_EXPECT_EQ(test, sizeof(struct xt_ctstate2_mtinfo), 64);
}

static struct kunit_case ctstate2_cases[] = {
	KUNIT_CASE(state_of_packet),
	KUNIT_CASE(nat_of_status),
	KUNIT_CASE(every_mask),
	KUNIT_CASE(nat_only_when_asked),
	KUNIT_CASE(refuses_what_it_does_not_know),
	KUNIT_CASE(every_status),
	KUNIT_CASE(states_of_conditions),
	KUNIT_CASE(templates),
	KUNIT_CASE(never),
	KUNIT_CASE(lifetime),
	KUNIT_CASE(offloadable),
	KUNIT_CASE(layout),
	{}
};

static struct kunit_suite ctstate2_suite = {
	.name = "ctstate2",
	.test_cases = ctstate2_cases,
};

kunit_test_suite(ctstate2_suite);

MODULE_DESCRIPTION("KUnit tests of xt_ctstate2 and xt_ctfull");
MODULE_LICENSE("GPL");
