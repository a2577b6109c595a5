// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kernel/ctstate2/state.h: every statemask against every packet
 */
#include <kunit/test.h>
#include <linux/module.h>
#include "ctstate2/state.h"

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
		KUNIT_EXPECT_EQ(test, ctstate2_state(ctinfo), 8);
	KUNIT_EXPECT_EQ(test, ctstate2_state(IP_CT_UNTRACKED), 7);
	for (ctinfo = 0; ctinfo < IP_CT_NUMBER; ctinfo++)
		KUNIT_EXPECT_EQ(test, ctstate2_state(ct | ctinfo), ctinfo);
	/* an nf_conn below 2^32, as 32-bit kernels have them */
	KUNIT_EXPECT_EQ(test, ctstate2_state(0xc0000000UL | IP_CT_NEW), IP_CT_NEW);
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

			if (!ctstate2_check(&info, &bad) != good)
				wrong++;
			ctstate2_compile(&info, false);
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

		ctstate2_compile(&info, false);
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

	KUNIT_EXPECT_NOT_NULL(test, ctstate2_check(info, &bad));
	KUNIT_EXPECT_EQ(test, bad, bits);
}

static void refuses_what_it_does_not_know(struct kunit *test)
{
	struct xt_ctstate2_mtinfo info;
	unsigned int i;

	info = rule(XT_CTSTATE2_STATE_INVALID, false);
	KUNIT_EXPECT_NULL(test, ctstate2_check(&info, &i));

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
	KUNIT_CASE(layout),
	{}
};

static struct kunit_suite ctstate2_suite = {
	.name = "ctstate2",
	.test_cases = ctstate2_cases,
};

kunit_test_suite(ctstate2_suite);

MODULE_DESCRIPTION("KUnit tests of xt_ctstate2");
MODULE_LICENSE("GPL");
