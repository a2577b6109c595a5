// SPDX-License-Identifier: GPL-2.0-only
/*
 * KUnit tests of kernel/ctfull/full.c and kernel/ctfull/talkers.c, and of what
 * rules share in kernel/log.c and kernel/rule.c
 */
#include <kunit/test.h>
#include <linux/prandom.h>
#include <linux/string.h>
#include "ctfull/full.c"
#include "ctfull/talkers.c"
#include "log.c"
#include "rule.c"

/* --- Numbers of a rule --- */

/* Is @n the least number of entries that is at least so many percent of @max? */
static bool least(u32 n, u32 percent, u32 max)
{
	const u64 hundredths = (u64)max * percent;

	return n * 100ULL >= hundredths && (!n || (n - 1) * 100ULL < hundredths);
}

static void entries(struct kunit *test)
{
	unsigned int percent, i, wrong = 0;
	struct rnd_state rnd;

	KUNIT_EXPECT_EQ(test, ctfull_entries(1, true, 0), 0);
	KUNIT_EXPECT_EQ(test, ctfull_entries(100, true, 0), 0);
	KUNIT_EXPECT_EQ(test, ctfull_entries(1, true, 1), 1);
	KUNIT_EXPECT_EQ(test, ctfull_entries(1, true, 100), 1);
	KUNIT_EXPECT_EQ(test, ctfull_entries(1, true, 101), 2);
	KUNIT_EXPECT_EQ(test, ctfull_entries(50, true, 3), 2);
	KUNIT_EXPECT_EQ(test, ctfull_entries(90, true, 262144), 235930);
	KUNIT_EXPECT_EQ(test, ctfull_entries(99, true, U32_MAX), 4252017623U);
	KUNIT_EXPECT_EQ(test, ctfull_entries(100, true, U32_MAX), U32_MAX);

	prandom_seed_state(&rnd, 1);
	for (percent = 1; percent <= 100; percent++) {
		for (i = 0; i <= 1000; i++) {
			const u32 any = prandom_u32_state(&rnd);

			wrong += !least(ctfull_entries(percent, true, i), percent, i);
			wrong += !least(ctfull_entries(percent, true, U32_MAX - i), percent,
					U32_MAX - i);
			wrong += !least(ctfull_entries(percent, true, any), percent, any);
			wrong += ctfull_entries(any, false, i) != any;
		}
		for (i = 0; i < 32; i++)
			wrong += !least(ctfull_entries(percent, true, BIT(i)), percent, BIT(i));
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static struct xt_ctfull_mtinfo match(unsigned int flags, u32 above, u32 until)
{
	return (struct xt_ctfull_mtinfo){ .flags = flags, .above = above, .until = until };
}

static void match_refused(struct kunit *test, struct xt_ctfull_mtinfo info, unsigned int value)
{
	unsigned int bad = ~value;

	KUNIT_EXPECT_NOT_NULL(test, ctfull_mt_validate(&info, &bad));
	KUNIT_EXPECT_EQ(test, bad, value);
}

static void match_refuses(struct kunit *test)
{
	const unsigned int a = XT_CTFULL_ABOVE, n = XT_CTFULL_NEW_CONNECTION;
	const unsigned int ap = XT_CTFULL_ABOVE_PERCENT, up = XT_CTFULL_UNTIL_PERCENT;
	struct xt_ctfull_mtinfo info;
	unsigned int i;

	for (i = 4; i < 8; i++)
		match_refused(test, match(a | BIT(i), 50, 0), BIT(i));
	match_refused(test, match(0xff, 50, 1), 0xf0);
	for (i = 0; i < ARRAY_SIZE(info.reserved); i++) {
		info = match(a, 50, 0);
		info.reserved[i] = 0x80;
		match_refused(test, info, 0x80);
	}

	match_refused(test, match(0, 0, 0), 0);
	match_refused(test, match(0, 50, 0), 0);
	match_refused(test, match(ap, 50, 0), ap);
	match_refused(test, match(ap | up, 50, 40), ap | up);

	for (i = 1; i < 8; i++) {
		info = match(a, 50, 0);
		info.invert = a | BIT(i);
		match_refused(test, info, BIT(i));
	}
	/* these bits are no conditions, there or not */
	info = match(a | n | ap | up, 50, 40);
	info.invert = ap | up;
	match_refused(test, info, ap | up);
	info = match(n, 0, 0);
	info.invert = a;
	match_refused(test, info, a);

	match_refused(test, match(n | ap, 0, 0), ap);
	match_refused(test, match(n | up, 0, 0), up);
	match_refused(test, match(n | ap, 50, 0), ap);
	match_refused(test, match(n, 7, 0), 7);
	match_refused(test, match(n, 0, 9), 9);
	match_refused(test, match(n, 7, 9), 7);

	match_refused(test, match(a, 0, 0), 0);
	match_refused(test, match(a | n, 0, 0), 0);
	match_refused(test, match(a | ap, 0, 0), 0);
	match_refused(test, match(a | ap, 101, 0), 101);
	match_refused(test, match(a | ap, U32_MAX, 0), U32_MAX);
	match_refused(test, match(a | up, 50, 0), 0);
	match_refused(test, match(a | ap | up, 50, 0), 0);
	match_refused(test, match(a | up, 500, 101), 101);
	match_refused(test, match(a | ap | up, 100, 101), 101);
	match_refused(test, match(a, 5, 6), 6);
	match_refused(test, match(a, U32_MAX - 1, U32_MAX), U32_MAX);
	match_refused(test, match(a | ap | up, 50, 51), 51);
	match_refused(test, match(a | ap | up, 1, 100), 100);
}

/* All valid flags, inverted or not, with numbers at the bounds, against what they mean */
static void every_match(struct kunit *test)
{
	static const u32 values[] = { 0, 1, 2, 99, 100, 101, 102, U32_MAX - 1, U32_MAX };
	unsigned int flags, invert, i, bad, wrong = 0, all = 0;

	for (flags = 0; flags < 16; flags++) {
		const bool above = flags & XT_CTFULL_ABOVE;
		const bool ap = flags & XT_CTFULL_ABOVE_PERCENT;
		const bool up = flags & XT_CTFULL_UNTIL_PERCENT;

		for (i = 0; i < ARRAY_SIZE(values) * ARRAY_SIZE(values); i++) {
			const u32 from = values[i / ARRAY_SIZE(values)];
			const u32 until = values[i % ARRAY_SIZE(values)];
			bool good = flags & 3, valid;

			if (!above)
				good = good && !ap && !up && !from && !until;
			else if (!from || (ap && from > 100) || (up && (!until || until > 100)))
				good = false;
			else if (ap == up && until > from)
				good = false;
			for (invert = 0; invert < 4; invert++) {
				struct xt_ctfull_mtinfo info = match(flags, from, until);

				info.invert = invert;
				info.latch = (void *)-1L;
				valid = good && (flags & invert) == invert;
				wrong += valid != !ctfull_mt_validate(&info, &bad);
				all += valid;
			}
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_GT(test, all, 0);
}

static void above(struct kunit *test)
{
	const unsigned int a = XT_CTFULL_ABOVE;
	const unsigned int ap = XT_CTFULL_ABOVE_PERCENT, up = XT_CTFULL_UNTIL_PERCENT;
	struct xt_ctfull_mtinfo info = match(a, 500, 0);

	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, false, 499, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, false, 500, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, false, 501, 1000));
	/* entries are so many, whatever the bound is, and if there is none */
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, false, 499, 0));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, false, 500, 0));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, false, 500, 1));
	info = match(a, U32_MAX, 0);
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, false, U32_MAX - 1, U32_MAX));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, false, U32_MAX, 10));

	info = match(a | ap, 90, 0);
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, false, 899, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, false, 900, 1000));
	/* 90% of 1001 are 900.9 */
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, false, 900, 1001));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, false, 901, 1001));
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, false, 0, 0));
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, false, U32_MAX, 0));

	info = match(a | ap | up, 90, 80);
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, false, 899, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, false, 900, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, true, 899, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, true, 800, 1000));
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, true, 799, 1000));
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, true, U32_MAX, 0));

	info = match(a, 500, 400);
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, false, 499, 0));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, true, 400, 0));
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, true, 399, 0));

	/* one in percent, the other not */
	info = match(a | ap, 50, 100);
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, false, 499, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, false, 500, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, true, 100, 1000));
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, true, 99, 1000));
	info = match(a | up, 500, 10);
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, false, 499, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, false, 500, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_above(&info, true, 100, 1000));
	KUNIT_EXPECT_FALSE(test, ctfull_above(&info, true, 99, 1000));
}

/*
 * A lower bound that is the higher one, with this nf_conntrack_max: a rule that matches
 * goes on matching as long as it would begin to
 */
static void latch_holds(struct kunit *test)
{
	unsigned int kind, max, count, from, until, wrong = 0;

	for (kind = 0; kind < 4; kind++) {
		unsigned int flags = XT_CTFULL_ABOVE;

		if (kind & 1)
			flags |= XT_CTFULL_ABOVE_PERCENT;
		if (kind & 2)
			flags |= XT_CTFULL_UNTIL_PERCENT;
		for (from = 10; from <= 100; from += 10) {
			for (until = 5; until <= 100; until += 5) {
				struct xt_ctfull_mtinfo info = match(flags, from, until);
				unsigned int bad;

				if (ctfull_mt_validate(&info, &bad))
					continue;
				for (max = 0; max < 200; max += 20)
					for (count = 0; count < 210; count += 5)
						wrong += ctfull_above(&info, false, count, max) &&
							 !ctfull_above(&info, true, count, max);
			}
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static struct xt_ctfull_tginfo target(unsigned int flags, u32 reserve)
{
	return (struct xt_ctfull_tginfo){
		.flags = flags, .warn_at = XT_CTFULL_WARN_AT, .reserve = reserve,
		.log_rate = XT_CTFULL_LOG_RATE, .log_burst = XT_CTFULL_LOG_BURST,
	};
}

static void target_refused(struct kunit *test, const struct xt_ctfull_tginfo *info,
			   unsigned int value)
{
	unsigned int bad = ~value;

	KUNIT_EXPECT_NOT_NULL(test, ctfull_tg_validate(info, &bad));
	KUNIT_EXPECT_EQ(test, bad, value);
}

static void target_refuses(struct kunit *test)
{
	struct xt_ctfull_tginfo info = target(0, 0);
	unsigned int i, bad;

	for (i = 0; i < 8; i++) {
		info = target(BIT(i), 1);
		if (i < 4)
			KUNIT_EXPECT_NULL(test, ctfull_tg_validate(&info, &bad));
		else
			target_refused(test, &info, BIT(i));
	}
	info = target(0xff, 1);
	target_refused(test, &info, 0xf0);
	for (i = 0; i < ARRAY_SIZE(info.reserved); i++) {
		info = target(0, 0);
		info.reserved[i] = 0x80;
		target_refused(test, &info, 0x80);
	}
	for (i = 0; i < 256; i++) {
		info = target(0, 0);
		info.warn_at = i;
		if (i >= 1 && i <= 100)
			KUNIT_EXPECT_NULL(test, ctfull_tg_validate(&info, &bad));
		else
			target_refused(test, &info, i);
	}
	for (i = 0; i < 256; i++) {
		info = target(XT_CTFULL_RESERVE_PERCENT, i);
		if (i >= 1 && i <= 99)
			KUNIT_EXPECT_NULL(test, ctfull_tg_validate(&info, &bad));
		else
			target_refused(test, &info, i);
	}
	info = target(XT_CTFULL_RESERVE_PERCENT, U32_MAX);
	target_refused(test, &info, U32_MAX);

	/* as large as the table, which may be larger when sysctl has run, or smaller */
	info = target(0, 999);
	KUNIT_EXPECT_NULL(test, ctfull_tg_validate(&info, &bad));
	KUNIT_EXPECT_EQ(test, ctfull_rule_room(&info, 1000), 1);
	KUNIT_EXPECT_EQ(test, ctfull_rule_room(&info, 999), 0);
	KUNIT_EXPECT_EQ(test, ctfull_rule_room(&info, 1), 0);
	info = target(0, U32_MAX);
	KUNIT_EXPECT_NULL(test, ctfull_tg_validate(&info, &bad));
	KUNIT_EXPECT_EQ(test, ctfull_rule_room(&info, U32_MAX), 0);
	info = target(XT_CTFULL_RESERVE_PERCENT, 10);
	KUNIT_EXPECT_EQ(test, ctfull_rule_room(&info, 1000), 900);
	info = target(0, 0);
	KUNIT_EXPECT_NULL(test, ctfull_tg_validate(&info, &bad));
	KUNIT_EXPECT_EQ(test, ctfull_rule_room(&info, 1000), 1000);
}

static void target_refuses_log(struct kunit *test)
{
	struct xt_ctfull_tginfo info = target(0, 0);
	unsigned int bad;

	info.log_rate = 0;
	KUNIT_EXPECT_NULL(test, ctfull_tg_validate(&info, &bad));
	info.log_rate = 1000000;
	KUNIT_EXPECT_NULL(test, ctfull_tg_validate(&info, &bad));
	info.log_rate = 1000001;
	target_refused(test, &info, 1000001);
	info.log_rate = U32_MAX;
	target_refused(test, &info, U32_MAX);

	info = target(0, 0);
	info.log_burst = 0;
	target_refused(test, &info, 0);
	info.log_rate = 0;
	target_refused(test, &info, 0);
	info.log_burst = 1;
	KUNIT_EXPECT_NULL(test, ctfull_tg_validate(&info, &bad));
	info.log_burst = 1000000;
	KUNIT_EXPECT_NULL(test, ctfull_tg_validate(&info, &bad));
	info.log_burst = 1000001;
	target_refused(test, &info, 1000001);
	info.log_burst = U32_MAX;
	target_refused(test, &info, U32_MAX);

	/* log_check() is for these, and the kernel's own is nobody's */
	info = target(0, 0);
	info.level = 200;
	info.group = 7;
	memset(info.prefix, 1, sizeof(info.prefix));
	info.rule = (void *)-1L;
	KUNIT_EXPECT_NULL(test, ctfull_tg_validate(&info, &bad));
}

/* What CTFULL's rules have in common with CTLOG's */
static void log_options(struct kunit *test)
{
	char prefix[XT_CTFULL_PREFIXLEN] = "x";
	const size_t size = sizeof(prefix);
	unsigned int i, bad;

	for (i = 0; i <= 7; i++)
		KUNIT_EXPECT_NULL(test, log_check(false, i, 0, prefix, size, &bad));
	KUNIT_EXPECT_NULL(test, log_check(true, 0, 0, prefix, size, &bad));
	KUNIT_EXPECT_NULL(test, log_check(true, 0, U16_MAX, prefix, size, &bad));
	KUNIT_EXPECT_NOT_NULL(test, log_check(false, 8, 0, prefix, size, &bad));
	KUNIT_EXPECT_EQ(test, bad, 8);
	KUNIT_EXPECT_NOT_NULL(test, log_check(true, 1, 5, prefix, size, &bad));
	KUNIT_EXPECT_EQ(test, bad, 1);
	KUNIT_EXPECT_NOT_NULL(test, log_check(false, 4, 5, prefix, size, &bad));
	KUNIT_EXPECT_EQ(test, bad, 5);

	for (i = 1; i < 256; i++) {
		const bool control = i < 32 || i == 127;

		prefix[0] = i;
		KUNIT_EXPECT_EQ(test, !log_check(false, 4, 0, prefix, size, &bad), !control);
		if (control)
			KUNIT_EXPECT_EQ(test, bad, i);
	}
	memset(prefix, 'x', size);
	KUNIT_EXPECT_NOT_NULL(test, log_check(false, 4, 0, prefix, size, &bad));
	KUNIT_EXPECT_EQ(test, bad, 30);
	prefix[size - 1] = 0;
	KUNIT_EXPECT_NULL(test, log_check(false, 4, 0, prefix, size, &bad));
	prefix[size - 2] = '\n';
	KUNIT_EXPECT_NOT_NULL(test, log_check(false, 4, 0, prefix, size, &bad));
	/* what is behind the end is nobody's */
	prefix[size - 3] = 0;
	KUNIT_EXPECT_NULL(test, log_check(false, 4, 0, prefix, size, &bad));
	prefix[0] = 0;
	KUNIT_EXPECT_NULL(test, log_check(false, 4, 0, prefix, size, &bad));
}

/* --- How full --- */

static void room(struct kunit *test)
{
	unsigned int percent, max, wrong = 0;

	KUNIT_EXPECT_EQ(test, ctfull_room(0, 0, 1), 1);
	KUNIT_EXPECT_EQ(test, ctfull_room(0, 0, U32_MAX), U32_MAX);
	KUNIT_EXPECT_EQ(test, ctfull_room(100, 0, 1000), 900);
	KUNIT_EXPECT_EQ(test, ctfull_room(100, 0, 101), 1);
	/* nf_conntrack_max has been lowered since */
	KUNIT_EXPECT_EQ(test, ctfull_room(100, 0, 100), 0);
	KUNIT_EXPECT_EQ(test, ctfull_room(100, 0, 99), 0);
	KUNIT_EXPECT_EQ(test, ctfull_room(100, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, ctfull_room(U32_MAX, 0, 1), 0);
	KUNIT_EXPECT_EQ(test, ctfull_room(U32_MAX, 0, U32_MAX), 0);

	KUNIT_EXPECT_EQ(test, ctfull_room(0, 10, 1000), 900);
	/* at least so many are for others */
	KUNIT_EXPECT_EQ(test, ctfull_room(0, 10, 1001), 900);
	KUNIT_EXPECT_EQ(test, ctfull_room(0, 10, 1), 0);
	KUNIT_EXPECT_EQ(test, ctfull_room(0, 10, U32_MAX), 3865470565U);
	for (percent = 1; percent <= 99; percent++)
		for (max = 1; max <= 300; max++)
			wrong += ctfull_room(0, percent, max) != max * (100 - percent) / 100;

	/* the larger one */
	KUNIT_EXPECT_EQ(test, ctfull_room(100, 9, 1000), 900);
	KUNIT_EXPECT_EQ(test, ctfull_room(100, 11, 1000), 890);
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

static void near(struct kunit *test)
{
	static const u32 rooms[] = { 0, 1, 7, 8, 1023, 1024, 1025, 8191, 8192, 8200, 65536,
				     262144, U32_MAX / 8, U32_MAX / 2, U32_MAX - 1, U32_MAX };
	unsigned int i, j, wrong = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 2);
	for (i = 0; i < ARRAY_SIZE(rooms); i++) {
		const u32 room = rooms[i];

		/* no room left, or more than full */
		wrong += !ctfull_nearly_full(room, room);
		wrong += !ctfull_nearly_full(U32_MAX, room);
		for (j = 0; j < 20000; j++) {
			u32 left = j < 10000 ? j : prandom_u32_state(&rnd);

			left = min(left, room);
			if (left < 1024 || left < room / 8)
				wrong += !ctfull_nearly_full(room - left, room);
			/* a quarter, and over two thousand: lots of room */
			if (left > 2048 && left >= room / 4)
				wrong += ctfull_nearly_full(room - left, room);
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_FALSE(test, ctfull_nearly_full(0, 10000));
	KUNIT_EXPECT_FALSE(test, ctfull_nearly_full(0, U32_MAX));
	KUNIT_EXPECT_TRUE(test, ctfull_nearly_full(U32_MAX, U32_MAX));
	KUNIT_EXPECT_TRUE(test, ctfull_nearly_full(U32_MAX - 1, U32_MAX));
	/* what is not thought of is more than 1024 and an eighth, together */
	KUNIT_EXPECT_FALSE(test, ctfull_nearly_full(80000 - 10000 - 1025, 80000));
	KUNIT_EXPECT_TRUE(test, ctfull_nearly_full(80000 - 10000 - 1024, 80000));
}

/* Without a reserve */
static enum ctfull_table_level level(enum ctfull_table_level now, u32 count, u32 max, u32 warn_at)
{
	return ctfull_level(now, count, max, warn_at, max, false);
}

/* Is a level on that goes on at @bound? Off is a tenth under, and less than an entry */
static bool level_on(bool now, u32 count, u32 bound)
{
	if (!now)
		return count >= bound;
	return count && count * 10ULL + 10 > bound * 9ULL;
}

static void every_level(struct kunit *test)
{
	unsigned int max, warn_at, now, count, wrong = 0, hysteresis = 0;

	for (max = 1; max <= 50; max++) {
		for (warn_at = 1; warn_at <= 100; warn_at++) {
			const u32 warning = max * warn_at / 100 ?: 1;

			for (now = 0; now < 3; now++) {
				unsigned int last = CTFULL_LEVEL_NORMAL;

				for (count = 0; count <= max + 3; count++) {
					const unsigned int is = level(now, count, max,
								      warn_at);
					unsigned int expect = CTFULL_LEVEL_NORMAL;

					if (level_on(now > 0, count, warning))
						expect = CTFULL_LEVEL_WARNING;
					if (level_on(now == 2, count, max))
						expect = CTFULL_LEVEL_FULL;
					wrong += is != expect;
					/* no more than that, and no less */
					wrong += count >= max && is != CTFULL_LEVEL_FULL;
					wrong += !count && is != CTFULL_LEVEL_NORMAL;
					wrong += is < last;
					/* asked again it is the same */
					wrong += level(is, count, max, warn_at) != is;
					/* who was on stays so for longer than who comes to it */
					if (now)
						wrong += is < level(now - 1, count, max,
								    warn_at);
					/* an entry less is no other level */
					if (now == 2 && count && count + 1 == max)
						hysteresis += is != CTFULL_LEVEL_FULL;
					if (now == 1 && count && count + 1 == warning)
						hysteresis += is != CTFULL_LEVEL_WARNING;
					last = is;
				}
			}
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, hysteresis, 0);
}

static void levels(struct kunit *test)
{
	enum ctfull_table_level now = CTFULL_LEVEL_NORMAL, next;
	unsigned int i, changes = 0;

	/* up, and down: 90% of 1000, and a tenth of each under it */
	KUNIT_EXPECT_EQ(test, level(0, 899, 1000, 90), CTFULL_LEVEL_NORMAL);
	KUNIT_EXPECT_EQ(test, level(0, 900, 1000, 90), CTFULL_LEVEL_WARNING);
	KUNIT_EXPECT_EQ(test, level(1, 999, 1000, 90), CTFULL_LEVEL_WARNING);
	KUNIT_EXPECT_EQ(test, level(1, 1000, 1000, 90), CTFULL_LEVEL_FULL);
	KUNIT_EXPECT_EQ(test, level(2, 900, 1000, 90), CTFULL_LEVEL_FULL);
	KUNIT_EXPECT_EQ(test, level(2, 899, 1000, 90), CTFULL_LEVEL_WARNING);
	KUNIT_EXPECT_EQ(test, level(1, 810, 1000, 90), CTFULL_LEVEL_WARNING);
	KUNIT_EXPECT_EQ(test, level(1, 809, 1000, 90), CTFULL_LEVEL_NORMAL);
	KUNIT_EXPECT_EQ(test, level(2, 809, 1000, 90), CTFULL_LEVEL_NORMAL);
	KUNIT_EXPECT_EQ(test, level(0, 1000, 1000, 90), CTFULL_LEVEL_FULL);
	KUNIT_EXPECT_EQ(test, level(0, 1001, 1000, 90), CTFULL_LEVEL_FULL);

	/* a table that hovers is reported once, and one that empties once more */
	for (i = 0; i < 300; i++) {
		next = level(now, i == 299 ? 0 : 850 + i * 37 % 100, 1000, 90);
		changes += next != now;
		now = next;
	}
	KUNIT_EXPECT_EQ(test, changes, 2);
	for (i = changes = 0; i < 300; i++) {
		next = level(now, 950 + i * 37 % 60, 1000, 90);
		changes += next == CTFULL_LEVEL_FULL && now != next;
		changes += next < now;
		now = next;
	}
	KUNIT_EXPECT_EQ(test, changes, 1);

	/* no bound */
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, level(i, 0, 0, 1), CTFULL_LEVEL_NORMAL);
		KUNIT_EXPECT_EQ(test, level(i, U32_MAX, 0, 90), CTFULL_LEVEL_NORMAL);
	}
	/* the bound is changed */
	KUNIT_EXPECT_EQ(test, level(0, 500, 400, 90), CTFULL_LEVEL_FULL);
	KUNIT_EXPECT_EQ(test, level(2, 500, 600, 90), CTFULL_LEVEL_WARNING);
	KUNIT_EXPECT_EQ(test, level(2, 500, 5000, 90), CTFULL_LEVEL_NORMAL);
	KUNIT_EXPECT_EQ(test, level(1, 500, 5000, 90), CTFULL_LEVEL_NORMAL);
	/* the largest */
	KUNIT_EXPECT_EQ(test, level(0, U32_MAX - 1, U32_MAX, 100), CTFULL_LEVEL_NORMAL);
	KUNIT_EXPECT_EQ(test, level(0, U32_MAX, U32_MAX, 100), CTFULL_LEVEL_FULL);
	KUNIT_EXPECT_EQ(test, level(2, 3900000000U, U32_MAX, 100), CTFULL_LEVEL_FULL);
	KUNIT_EXPECT_EQ(test, level(2, 3800000000U, U32_MAX, 100), CTFULL_LEVEL_NORMAL);
}

/* Nothing is refused while the level is normal, whatever the numbers */
static void reserves(struct kunit *test)
{
	unsigned int percent, warn_at, i, wrong = 0;
	struct rnd_state rnd;

	/* the README's: 10% and 90% */
	for (i = 16384; i <= 2097152; i *= 2)
		wrong += ctfull_level(0, ctfull_room(0, 10, i), i, 90, ctfull_room(0, 10, i),
				      false) != CTFULL_LEVEL_WARNING;
	KUNIT_EXPECT_EQ(test, wrong, 0);

	prandom_seed_state(&rnd, 7);
	for (i = 0; i < 20000; i++) {
		const u32 max = (i < 5000 ? i : prandom_u32_state(&rnd) >> i % 32) ?: 1;
		u32 room, on;

		percent = 1 + i % 99;
		room = ctfull_room(0, percent, max);
		/* what a reserve leaves is there: the warning at this percentage, too */
		if (room)
			wrong += ctfull_level(0, room, max, 100 - percent, room, false) ==
				 CTFULL_LEVEL_NORMAL;
		for (warn_at = 1; warn_at <= 100; warn_at += 33) {
			/* refused: not normal, and not again before there is room */
			wrong += ctfull_level(0, room, max, warn_at, room, true) ==
				 CTFULL_LEVEL_NORMAL;
			wrong += ctfull_level(1, room, max, warn_at, room, false) ==
				 CTFULL_LEVEL_NORMAL;
			if (!room)
				continue;
			on = min(room, ctfull_warn_entries(warn_at, max));
			wrong += ctfull_level(1, ctfull_level_off(on) - 1, max, warn_at, room,
					      false) != CTFULL_LEVEL_NORMAL;
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	/* all of it reserved: there never is room */
	KUNIT_EXPECT_EQ(test, ctfull_level(1, 0, 1000, 90, 0, false), CTFULL_LEVEL_WARNING);
	KUNIT_EXPECT_EQ(test, ctfull_level(0, 0, 1000, 90, 0, false), CTFULL_LEVEL_NORMAL);
	KUNIT_EXPECT_EQ(test, ctfull_level(0, 0, 0, 90, 0, true), CTFULL_LEVEL_NORMAL);
}

static void no_room(struct kunit *test)
{
	KUNIT_EXPECT_TRUE(test, ctfull_was_full(0, 1));
	KUNIT_EXPECT_TRUE(test, ctfull_was_full(60, 60));
	KUNIT_EXPECT_TRUE(test, ctfull_was_full(61, 60));
	/* 64, and a sixty-fourth */
	KUNIT_EXPECT_TRUE(test, ctfull_was_full(6400 - 163, 6400));
	KUNIT_EXPECT_FALSE(test, ctfull_was_full(6400 - 164, 6400));
	KUNIT_EXPECT_FALSE(test, ctfull_was_full(0, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_was_full(U32_MAX, 1000));
	KUNIT_EXPECT_TRUE(test, ctfull_was_full(U32_MAX, U32_MAX));
	KUNIT_EXPECT_FALSE(test, ctfull_was_full(U32_MAX / 2, U32_MAX));
}

/* --- Tokens --- */

/* How many at once */
static unsigned int drain(struct ctfull_tb *bucket, u32 rate, u32 period, u32 burst, u64 now)
{
	unsigned int n = 0;

	while (n <= 2000000 && ctfull_tb_take(bucket, rate, period, burst, now))
		n++;
	return n;
}

static void tokens(struct kunit *test)
{
	struct ctfull_tb bucket;
	unsigned int i, n;

	/* 10 a second of 1000 ticks, 20 at once */
	ctfull_tb_init(&bucket, 1000, 20, 5000);
	KUNIT_EXPECT_TRUE(test, ctfull_tb_due(&bucket, 5000));
	KUNIT_EXPECT_EQ(test, drain(&bucket, 10, 1000, 20, 5000), 20);
	KUNIT_EXPECT_FALSE(test, ctfull_tb_due(&bucket, 5000));
	KUNIT_EXPECT_FALSE(test, ctfull_tb_due(&bucket, 5099));
	KUNIT_EXPECT_EQ(test, drain(&bucket, 10, 1000, 20, 5099), 0);
	KUNIT_EXPECT_TRUE(test, ctfull_tb_due(&bucket, 5100));
	KUNIT_EXPECT_EQ(test, drain(&bucket, 10, 1000, 20, 5100), 1);
	KUNIT_EXPECT_EQ(test, drain(&bucket, 10, 1000, 20, 6100), 10);
	KUNIT_EXPECT_EQ(test, drain(&bucket, 10, 1000, 20, 8099), 19);
	KUNIT_EXPECT_EQ(test, drain(&bucket, 10, 1000, 20, 8100), 1);
	KUNIT_EXPECT_EQ(test, drain(&bucket, 10, 1000, 20, 60000), 20);

	/* 3 a minute, one at once: no third of a tick is given away */
	ctfull_tb_init(&bucket, 60 * 250, 1, 0);
	for (i = n = 0; i < 15000 * 2; i++)
		n += ctfull_tb_take(&bucket, 3, 60 * 250, 1, i);
	KUNIT_EXPECT_EQ(test, n, 6);
	/* 7 a second of 100 ticks: asked at each of them */
	ctfull_tb_init(&bucket, 100, 1, 0);
	for (i = n = 0; i < 1000; i++)
		n += ctfull_tb_take(&bucket, 7, 100, 1, i);
	KUNIT_EXPECT_GE(test, n, 1 + 7 * 8);
	KUNIT_EXPECT_LE(test, n, 1 + 7 * 10);
	/* more than one a tick */
	ctfull_tb_init(&bucket, 100, 5, 0);
	for (i = n = 0; i <= 1000; i++)
		n += drain(&bucket, 250, 100, 5, i);
	KUNIT_EXPECT_EQ(test, n, 5 + 2500);
}

/* Long idle, and the largest numbers that a rule may have */
static void idle(struct kunit *test)
{
	static const u64 idle[] = { U32_MAX - 1ULL, U32_MAX, U32_MAX + 1ULL, 1ULL << 33,
				    1ULL << 58, 1ULL << 63, U64_MAX - 5000 };
	struct ctfull_tb bucket;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(idle); i++) {
		ctfull_tb_init(&bucket, 1000, 5, 1000);
		KUNIT_EXPECT_EQ(test, drain(&bucket, 64, 1000, 5, 1000), 5);
		KUNIT_EXPECT_TRUE(test, ctfull_tb_due(&bucket, 1000 + idle[i]));
		KUNIT_EXPECT_EQ(test, drain(&bucket, 64, 1000, 5, 1000 + idle[i]), 5);
		KUNIT_EXPECT_FALSE(test, ctfull_tb_due(&bucket, 1000 + idle[i]));
	}
	ctfull_tb_init(&bucket, 60000, 1000000, 0);
	KUNIT_EXPECT_EQ(test, drain(&bucket, 1000000, 60000, 1000000, 0), 1000000);
	KUNIT_EXPECT_EQ(test, drain(&bucket, 1000000, 60000, 1000000, 59999), 999983);
	KUNIT_EXPECT_EQ(test, drain(&bucket, 1000000, 60000, 1000000, 1ULL << 40), 1000000);
	/* full when idle begins */
	ctfull_tb_init(&bucket, 60000, 20, 0);
	KUNIT_EXPECT_EQ(test, drain(&bucket, 1000000, 60000, 20, 1ULL << 62), 20);
}

/* Another processor has looked at the clock before, and comes later */
static void an_earlier_tick(struct kunit *test)
{
	struct ctfull_tb bucket;
	unsigned int i, n = 0;

	ctfull_tb_init(&bucket, 100, 1, 1000);
	KUNIT_EXPECT_TRUE(test, ctfull_tb_take(&bucket, 1, 100, 1, 1000));
	KUNIT_EXPECT_FALSE(test, ctfull_tb_take(&bucket, 1, 100, 1, 950));
	KUNIT_EXPECT_FALSE(test, ctfull_tb_due(&bucket, 1099));
	KUNIT_EXPECT_FALSE(test, ctfull_tb_take(&bucket, 1, 100, 1, 1099));
	KUNIT_EXPECT_TRUE(test, ctfull_tb_due(&bucket, 1100));
	KUNIT_EXPECT_TRUE(test, ctfull_tb_take(&bucket, 1, 100, 1, 1100));

	ctfull_tb_init(&bucket, 100, 1, 1000);
	for (i = 0; i <= 1000; i++) {
		n += ctfull_tb_take(&bucket, 1, 100, 1, 1000 + i);
		n += ctfull_tb_take(&bucket, 1, 100, 1, 999 + i);
	}
	KUNIT_EXPECT_EQ(test, n, 11);
}

#define GIVEN	400

struct token_case {
	u32 rate;
	u32 period;
	u32 burst;
	u32 gap;
};

/* Random times, against a bucket that gets its drops tick by tick */
static unsigned int tokens_simulate(const struct token_case *c, u64 *given, struct rnd_state *rnd)
{
	u64 credit = (u64)c->burst * c->period, start, now;
	unsigned int n = 0, steps, gap, i, j, wrong = 0;
	struct ctfull_tb bucket;

	start = prandom_u32_state(rnd);
	start <<= prandom_u32_state(rnd) % 30;
	now = start;
	ctfull_tb_init(&bucket, c->period, c->burst, now);
	for (steps = 0; steps < 5000 && n < GIVEN; steps++) {
		gap = prandom_u32_state(rnd) % c->gap;
		if (!(prandom_u32_state(rnd) % 64))
			gap *= 20;
		for (i = 0; i < gap; i++)
			credit = min(credit + c->rate, (u64)c->burst * c->period);
		now += gap;
		for (i = prandom_u32_state(rnd) % 4 * (prandom_u32_state(rnd) % 8) + 1;
		     i && n < GIVEN; i--) {
			const bool there = credit >= c->period;

			if (ctfull_tb_due(&bucket, now) != there)
				wrong++;
			/* who asks in vain nevertheless changes nothing */
			if (!there && i & 1)
				continue;
			if (ctfull_tb_take(&bucket, c->rate, c->period, c->burst, now) != there)
				wrong++;
			if (there) {
				credit -= c->period;
				given[n++] = now;
			}
		}
	}
	/* no window has more than the burst, and the rate's */
	for (i = 0; i < n; i++)
		for (j = i; j < n; j++)
			wrong += (u64)(j - i + 1) * c->period >
				 (u64)c->burst * c->period + (given[j] - given[i]) * c->rate;
	return n ? wrong : wrong + 1;
}

static void tokens_at_any_time(struct kunit *test)
{
	static const struct token_case cases[] = {
		{ 10, 1000, 20, 60 }, { 10, 250, 20, 20 }, { 10, 100, 1, 15 }, { 1, 1, 1, 3 },
		{ 1, 60000, 1, 4000 }, { 7, 60 * 250, 3, 900 }, { 3, 7, 2, 5 }, { 7, 3, 5, 3 },
		{ 1000000, 250, 1000000, 2 }, { 1000000, 60000, 5, 2 }, { 999, 1000, 1, 4 },
		{ 1001, 1000, 1, 4 }, { 1, 1000, 1000, 900 }, { 64, 100, 200, 30 },
	};
	struct rnd_state rnd;
	unsigned int i;
	u64 *given;

	given = kunit_kzalloc(test, GIVEN * sizeof(*given), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, given);
	prandom_seed_state(&rnd, 3);
	for (i = 0; i < ARRAY_SIZE(cases); i++)
		KUNIT_EXPECT_EQ_MSG(test, tokens_simulate(&cases[i], given, &rnd), 0,
				    "rate %u period %u burst %u", cases[i].rate,
				    cases[i].period, cases[i].burst);
}

/* --- Lines --- */

static struct ctfull_line longest(void)
{
	struct ctfull_line v = {
		.prefix = "12345678901234567890123456789", .count = U32_MAX, .max = U32_MAX,
		.untrack = true, .refused = U64_MAX, .suppressed = U64_MAX,
		.top = "2a02:8108:1234:5678:200:5efe:203.113.113.113",
	};

	return v;
}

static void lines(struct kunit *test)
{
	struct ctfull_line v = {
		.prefix = "x: ", .count = 9, .max = 10, .refused = 7, .suppressed = 6, .top = "",
	};
	char line[CTFULL_LINE];

	KUNIT_EXPECT_EQ(test, CTFULL_LINE, 128);
	ctfull_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line, "x: count=9 max=10 action=drop refused=7 suppressed=6 ");
	v.untrack = true;
	v.prefix = "";
	v.top = "192.0.2.1";
	ctfull_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line,
			   "count=9 max=10 action=untrack refused=7 suppressed=6 top=192.0.2.1 ");

	/* 127 characters, and one more: the source is the first to go */
	v = longest();
	v.count = 262144;
	v.max = 262144;
	v.refused = 123;
	v.suppressed = 12;
	v.top = "2001:db8:85a3::8a2e:370:7334";
	ctfull_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line,
			   "12345678901234567890123456789count=262144 max=262144 action=untrack refused=123 suppressed=12 top=2001:db8:85a3::8a2e:370:7334 ");
	KUNIT_EXPECT_EQ(test, strlen(line), 127);
	v.count = 1000000;
	ctfull_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line,
			   "12345678901234567890123456789count=1000000 max=262144 action=untrack refused=123 suppressed=12 ... ");

	/* the bound is the next */
	v = longest();
	ctfull_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line,
			   "12345678901234567890123456789count=4294967295 action=untrack refused=18446744073709551615 suppressed=18446744073709551615 ... ");
	v.top = "";
	ctfull_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line,
			   "12345678901234567890123456789count=4294967295 action=untrack refused=18446744073709551615 suppressed=18446744073709551615 ... ");

	/* the count is the last; no rule has such a prefix */
	v.prefix = "1234567890123456789012345678901234567890";
	ctfull_print(line, &v);
	KUNIT_EXPECT_STREQ(test, line,
			   "1234567890123456789012345678901234567890action=untrack refused=18446744073709551615 suppressed=18446744073709551615 ... ");
}

/* The line without the last @dropped of source, bound and count, as long as it is */
static void line_without(char *line, size_t size, const struct ctfull_line *v,
			 unsigned int dropped)
{
	size_t n = scnprintf(line, size, "%s", v->prefix);

	if (dropped < 3)
		n += scnprintf(line + n, size - n, "count=%u ", v->count);
	if (dropped < 2)
		n += scnprintf(line + n, size - n, "max=%u ", v->max);
	n += scnprintf(line + n, size - n, "action=%s ", v->untrack ? "untrack" : "drop");
	n += scnprintf(line + n, size - n, "refused=%llu ", v->refused);
	n += scnprintf(line + n, size - n, "suppressed=%llu ", v->suppressed);
	if (dropped < 1 && v->top[0])
		n += scnprintf(line + n, size - n, "top=%s ", v->top);
	if (dropped)
		scnprintf(line + n, size - n, "... ");
}

/* Every prefix, with numbers and sources of all lengths: the first that fits */
static void never_too_long(struct kunit *test)
{
	/* the longest that %pI6c prints */
	static const char top[] = "2a02:8108:1234:5678:0200:5efe:203.113.113.113";
	static const u32 numbers[] = { 0, 262144, U32_MAX };
	static const u64 many[] = { 0, 1234567, U64_MAX };
	unsigned int start, i, dropped, seen = 0, wrong = 0;
	struct ctfull_line v = longest();
	const char *prefix = v.prefix;
	char *line, *expected;

	line = kunit_kzalloc(test, CTFULL_LINE, GFP_KERNEL);
	expected = kunit_kzalloc(test, 256, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, line);
	KUNIT_ASSERT_NOT_NULL(test, expected);
	for (start = 0; start <= 29; start++) {
		for (i = 0; i < 3 * 3 * 3 * 3 * 2 * 5; i++) {
			v.prefix = prefix + start;
			v.count = numbers[i % 3];
			v.max = numbers[i / 3 % 3];
			v.refused = many[i / 9 % 3];
			v.suppressed = many[i / 27 % 3];
			v.untrack = i / 81 % 2;
			/* 45, 36, 26, 16 characters, or nobody */
			v.top = top + (i / 162 == 4 ? 45 : i / 162 * 10 - !!(i / 162));
			memset(line, 0x55, CTFULL_LINE);
			ctfull_print(line, &v);
			if (!memchr(line, 0, CTFULL_LINE)) {
				wrong++;
				continue;
			}
			for (dropped = 0; dropped < 3; dropped++) {
				line_without(expected, 256, &v, dropped);
				if (strlen(expected) < CTFULL_LINE)
					break;
			}
			wrong += strcmp(line, expected) != 0;
			seen |= BIT(dropped);
		}
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	/* with a prefix of 29 characters the count stays, whatever the numbers */
	KUNIT_EXPECT_EQ(test, seen, 7);
}

/* --- Sources --- */

static union nf_inet_addr address(u32 i)
{
	return (union nf_inet_addr){ .all = { i } };
}

static u32 hash(u32 i)
{
	return i * 0x9e3779b1U >> 8;
}

static void packet(struct ctfull_talkers *talkers, u32 i)
{
	const union nf_inet_addr addr = address(i);

	ctfull_talkers_add(talkers, hash(i), NFPROTO_IPV4, &addr);
}

static struct ctfull_source *find(struct ctfull_talkers *talkers, u32 i)
{
	const union nf_inet_addr addr = address(i);

	return ctfull_talkers_find(talkers, hash(i), NFPROTO_IPV4, &addr);
}

static struct ctfull_talkers *sketch(struct kunit *test)
{
	struct ctfull_talkers *talkers = kunit_kzalloc(test, sizeof(*talkers), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, talkers);
	return talkers;
}

static void first_sources(struct kunit *test)
{
	struct ctfull_talkers *talkers = sketch(test);
	const union nf_inet_addr none = {};
	struct ctfull_source *source;
	unsigned int i;

	KUNIT_EXPECT_NULL(test, talkers->top);
	KUNIT_EXPECT_NULL(test, find(talkers, 1));
	/* 0.0.0.0 is a source, and not nobody */
	KUNIT_EXPECT_NULL(test, ctfull_talkers_find(talkers, 3, NFPROTO_IPV4, &none));
	for (i = 1; i <= CTFULL_WAYS; i++) {
		const union nf_inet_addr addr = address(i - 1);

		/* all hashes of one set */
		ctfull_talkers_add(talkers, 3 + i * CTFULL_SETS, NFPROTO_IPV4, &addr);
		source = ctfull_talkers_find(talkers, 3 + i * CTFULL_SETS, NFPROTO_IPV4, &addr);
		KUNIT_ASSERT_NOT_NULL(test, source);
		KUNIT_EXPECT_EQ(test, source->count, 1);
		KUNIT_EXPECT_EQ(test, source->error, 0);
		KUNIT_EXPECT_NOT_NULL(test, talkers->top);
	}
	for (i = 0; i < CTFULL_SETS * CTFULL_WAYS; i++) {
		source = &talkers->source[i / CTFULL_WAYS][i % CTFULL_WAYS];
		KUNIT_EXPECT_EQ(test, source->count, i / CTFULL_WAYS == 3);
	}
	/* one more takes the place, and the count, of one of them */
	packet(talkers, 1000);
	i = hash(1000) % CTFULL_SETS;
	source = find(talkers, 1000);
	KUNIT_ASSERT_NOT_NULL(test, source);
	KUNIT_EXPECT_EQ(test, source->error, i == 3);
	KUNIT_EXPECT_EQ(test, source->count, 1 + (i == 3));
}

static void addresses(struct kunit *test)
{
	struct ctfull_talkers *talkers = sketch(test);
	union nf_inet_addr addr = address(0x0a000001);
	struct ctfull_source *four, *six;
	unsigned int i;

	for (i = 0; i < 7; i++)
		ctfull_talkers_add(talkers, 5, i < 5 ? NFPROTO_IPV4 : NFPROTO_IPV6, &addr);
	four = ctfull_talkers_find(talkers, 5, NFPROTO_IPV4, &addr);
	six = ctfull_talkers_find(talkers, 5, NFPROTO_IPV6, &addr);
	KUNIT_ASSERT_NOT_NULL(test, four);
	KUNIT_ASSERT_NOT_NULL(test, six);
	KUNIT_EXPECT_EQ(test, four->count, 5);
	KUNIT_EXPECT_EQ(test, six->count, 2);
	KUNIT_EXPECT_EQ(test, four->family, NFPROTO_IPV4);
	KUNIT_EXPECT_EQ(test, six->family, NFPROTO_IPV6);
	KUNIT_EXPECT_EQ(test, six->error, 0);
	KUNIT_EXPECT_PTR_EQ(test, talkers->top, four);
	KUNIT_EXPECT_TRUE(test, ctfull_source_is(six, NFPROTO_IPV6, &addr));
	KUNIT_EXPECT_FALSE(test, ctfull_source_is(six, NFPROTO_IPV4, &addr));

	/* each word counts */
	for (i = 0; i < 4; i++) {
		addr = address(0x0a000001);
		addr.all[i] ^= 0x80;
		KUNIT_EXPECT_NULL(test, ctfull_talkers_find(talkers, 5, NFPROTO_IPV6, &addr));
		KUNIT_EXPECT_FALSE(test, ctfull_source_is(six, NFPROTO_IPV6, &addr));
	}
}

#define SOURCES	600

/* What is wrong, with @sent packets of each source */
static unsigned int sketch_wrong(struct ctfull_talkers *talkers, const u32 *sent)
{
	unsigned int set, i, j, wrong = 0;

	for (set = 0; set < CTFULL_SETS; set++) {
		const struct ctfull_source *source = talkers->source[set];
		u64 packets = 0, counts = 0;

		for (i = 0; i < CTFULL_WAYS; i++) {
			const u32 who = source[i].addr.all[0];

			counts += source[i].count;
			if (!source[i].family) {
				wrong += source[i].count || source[i].error;
				continue;
			}
			wrong += hash(who) % CTFULL_SETS != set;
			wrong += source[i].count < sent[who];
			wrong += source[i].count - source[i].error > sent[who];
			wrong += source[i].error > source[i].count;
			wrong += talkers->top->count < source[i].count;
			for (j = 0; j < i; j++)
				wrong += ctfull_source_is(&source[j], source[i].family,
							  &source[i].addr);
		}
		for (i = 0; i < SOURCES; i++)
			if (hash(i) % CTFULL_SETS == set)
				packets += sent[i];
		wrong += packets != counts;
		for (i = 0; i < SOURCES; i++)
			if (hash(i) % CTFULL_SETS == set && sent[i] * 8ULL > packets)
				wrong += !find(talkers, i);
	}
	return wrong;
}

static void against_exact_counts(struct kunit *test)
{
	unsigned int round, i, who, lost = 0, wrong = 0;
	struct ctfull_talkers *talkers;
	struct rnd_state rnd;
	u32 *sent;

	prandom_seed_state(&rnd, 4);
	for (round = 0; round < 6; round++) {
		talkers = sketch(test);
		sent = kunit_kzalloc(test, SOURCES * sizeof(*sent), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, sent);
		for (i = 0; i < 4000; i++) {
			/* from evenly spread to a few that make nearly all */
			who = prandom_u32_state(&rnd) % SOURCES;
			if (round % 3 > 0)
				who = prandom_u32_state(&rnd) % (who + 1);
			if (round % 3 > 1)
				who = prandom_u32_state(&rnd) % (who + 1);
			sent[who]++;
			packet(talkers, who);
			if (i < 300 || i % 37 == 0)
				wrong += sketch_wrong(talkers, sent);
		}
		for (i = 0; i < SOURCES; i++)
			lost += sent[i] && !find(talkers, i);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	/* that was no test if all of them found a place */
	KUNIT_EXPECT_GT(test, lost, 0);
}

/* The maximum, after each packet */
static void top(struct kunit *test)
{
	struct ctfull_talkers *talkers = sketch(test);
	unsigned int i, j, wrong = 0;
	struct rnd_state rnd;

	prandom_seed_state(&rnd, 5);
	for (i = 0; i < 10000; i++) {
		u64 most = 0;

		packet(talkers, prandom_u32_state(&rnd) % (i % 2 ? 20 : 2000));
		for (j = 0; j < CTFULL_SETS * CTFULL_WAYS; j++)
			most = max(most, talkers->source[j / CTFULL_WAYS][j % CTFULL_WAYS].count);
		wrong += talkers->top->count != most;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
}

/* A packet of seven is its own, the others come from ever new sources of its set */
static void heavy_source(struct kunit *test)
{
	const union nf_inet_addr heavy = address(0xffffffff);
	struct ctfull_talkers *talkers = sketch(test);
	unsigned int i, own = 0, wrong = 0;
	struct ctfull_source *source;

	for (i = 1; i <= 20000; i++) {
		const union nf_inet_addr addr = address(i);
		const bool its = i % 7 == 0;

		own += its;
		ctfull_talkers_add(talkers, 9, NFPROTO_IPV4, its ? &heavy : &addr);
		source = ctfull_talkers_find(talkers, 9, NFPROTO_IPV4, &heavy);
		if (own * 8 > i)
			wrong += !source || source->count < own ||
				 source->count - source->error > own;
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);

	/* many others, all over the sets: it is the top one */
	talkers = sketch(test);
	for (i = 0; i < 20000; i++)
		packet(talkers, i % 10 ? 1000 + i : 77);
	source = find(talkers, 77);
	KUNIT_ASSERT_NOT_NULL(test, source);
	KUNIT_EXPECT_PTR_EQ(test, talkers->top, source);
	KUNIT_EXPECT_GE(test, source->count, 2000);
	KUNIT_EXPECT_LE(test, source->count - source->error, 2000);
}

static void merge_nothing(struct kunit *test)
{
	struct ctfull_source *source;

	source = kunit_kcalloc(test, 4, sizeof(*source), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, source);
	KUNIT_EXPECT_EQ(test, ctfull_talkers_merge(source, 0), 0);
	KUNIT_EXPECT_EQ(test, ctfull_talkers_merge(source, 1), 0);
	KUNIT_EXPECT_EQ(test, ctfull_talkers_merge(source, 4), 0);
	source[2] = (struct ctfull_source){ .family = NFPROTO_IPV4, .count = 3, .error = 1 };
	KUNIT_EXPECT_EQ(test, ctfull_talkers_merge(source, 4), 1);
	KUNIT_EXPECT_EQ(test, source[0].count, 3);
	KUNIT_EXPECT_EQ(test, source[0].error, 1);
	KUNIT_EXPECT_EQ(test, source[0].family, NFPROTO_IPV4);
	KUNIT_EXPECT_EQ(test, ctfull_talkers_merge(source, 1), 1);
	KUNIT_EXPECT_EQ(test, source[0].count, 3);
}

static void merge_few(struct kunit *test)
{
	static const struct ctfull_source all[] = {
		{ .addr.all = { 1 }, .count = 5, .error = 1, .family = NFPROTO_IPV4 },
		{ .addr.all = { 1 }, .count = 4, .error = 2, .family = NFPROTO_IPV6 },
		{ },
		{ .addr.all = { 1 }, .count = 1ULL << 40, .error = 3, .family = NFPROTO_IPV6 },
		{ .addr.all = { 1, 0, 0, 1 }, .count = 6, .family = NFPROTO_IPV6 },
		{ .addr.all = { 1 }, .count = 2, .error = 1, .family = NFPROTO_IPV4 },
		{ .addr.all = { 1 }, .count = 1, .error = 1, .family = NFPROTO_IPV4 },
	};
	struct ctfull_source *source = kunit_kzalloc(test, sizeof(all), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, source);
	memcpy(source, all, sizeof(all));
	KUNIT_EXPECT_EQ(test, ctfull_talkers_merge(source, ARRAY_SIZE(all)), 3);
	KUNIT_EXPECT_TRUE(test, ctfull_source_is(&source[0], NFPROTO_IPV6, &all[1].addr));
	KUNIT_EXPECT_EQ(test, source[0].count, (1ULL << 40) + 4);
	KUNIT_EXPECT_EQ(test, source[0].error, 5);
	KUNIT_EXPECT_TRUE(test, ctfull_source_is(&source[1], NFPROTO_IPV4, &all[0].addr));
	KUNIT_EXPECT_EQ(test, source[1].count, 8);
	KUNIT_EXPECT_EQ(test, source[1].error, 3);
	KUNIT_EXPECT_TRUE(test, ctfull_source_is(&source[2], NFPROTO_IPV6, &all[4].addr));
	KUNIT_EXPECT_EQ(test, source[2].count, 6);
	KUNIT_EXPECT_EQ(test, source[2].error, 0);
}

/* What several sketches have of one source, and is it anybody's? */
static bool summed(const struct ctfull_source *all, unsigned int n,
		   const struct ctfull_source *source)
{
	u64 count = 0, error = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if (!ctfull_source_is(&all[i], source->family, &source->addr))
			continue;
		count += all[i].count;
		error += all[i].error;
	}
	return count && count == source->count && error == source->error;
}

static void merge_sketches(struct kunit *test)
{
	const unsigned int each = CTFULL_SETS * CTFULL_WAYS, n = 4 * each;
	unsigned int cpu, i, j, left, who = 0, empty = 0, wrong = 0;
	struct ctfull_source *all, *source;
	struct ctfull_talkers *talkers;
	u64 before = 0, after = 0;
	struct rnd_state rnd;

	all = kunit_kcalloc(test, n, sizeof(*all), GFP_KERNEL);
	source = kunit_kcalloc(test, n, sizeof(*source), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all);
	KUNIT_ASSERT_NOT_NULL(test, source);
	prandom_seed_state(&rnd, 6);
	for (cpu = 0; cpu < 4; cpu++) {
		talkers = sketch(test);
		/* the last one has seen little, the one before it nothing */
		for (i = 0; cpu != 2 && i < (cpu == 3 ? 20 : 3000); i++) {
			const u32 any = prandom_u32_state(&rnd) % 300;
			const union nf_inet_addr addr = address(any % 200);

			ctfull_talkers_add(talkers, hash(any), any < 200 ? NFPROTO_IPV4 :
									   NFPROTO_IPV6, &addr);
		}
		memcpy(all + cpu * each, talkers->source, sizeof(talkers->source));
	}
	memcpy(source, all, n * sizeof(*all));
	left = ctfull_talkers_merge(source, n);
	KUNIT_ASSERT_LE(test, left, n);
	for (i = 0; i < n; i++) {
		before += all[i].count;
		empty += !all[i].family;
		for (j = 0; all[i].family && j < i; j++)
			if (ctfull_source_is(&all[j], all[i].family, &all[i].addr))
				break;
		who += all[i].family && j == i;
	}
	for (i = 0; i < left; i++) {
		after += source[i].count;
		wrong += !source[i].family;
		wrong += !summed(all, n, &source[i]);
		if (i)
			wrong += source[i].count > source[i - 1].count;
		for (j = 0; j < i; j++)
			wrong += ctfull_source_is(&source[j], source[i].family, &source[i].addr);
	}
	KUNIT_EXPECT_EQ(test, wrong, 0);
	KUNIT_EXPECT_EQ(test, left, who);
	KUNIT_EXPECT_EQ(test, after, before);
	KUNIT_EXPECT_EQ(test, before, 3000 + 3000 + 20);
	KUNIT_EXPECT_GT(test, empty, each);
	KUNIT_EXPECT_LT(test, left, n - empty);
}

/* --- */

/* Rules cross the border to 32-bit and 64-bit userspace as they are */
static void layout(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, offsetof(struct xt_ctfull_mtinfo, latch), 16);
	KUNIT_EXPECT_EQ(test, sizeof(struct xt_ctfull_mtinfo), 24);
	KUNIT_EXPECT_EQ(test, offsetof(struct xt_ctfull_tginfo, rule), 56);
	KUNIT_EXPECT_EQ(test, sizeof(struct xt_ctfull_tginfo), 64);
}

static struct kunit_case ctfull_cases[] = {
	KUNIT_CASE(entries),
	KUNIT_CASE(match_refuses),
	KUNIT_CASE(every_match),
	KUNIT_CASE(above),
	KUNIT_CASE(latch_holds),
	KUNIT_CASE(target_refuses),
	KUNIT_CASE(target_refuses_log),
	KUNIT_CASE(log_options),
	KUNIT_CASE(room),
	KUNIT_CASE(near),
	KUNIT_CASE(levels),
	KUNIT_CASE(every_level),
	KUNIT_CASE(reserves),
	KUNIT_CASE(no_room),
	KUNIT_CASE(tokens),
	KUNIT_CASE(idle),
	KUNIT_CASE(an_earlier_tick),
	KUNIT_CASE(tokens_at_any_time),
	KUNIT_CASE(lines),
	KUNIT_CASE(never_too_long),
	KUNIT_CASE(first_sources),
	KUNIT_CASE(addresses),
	KUNIT_CASE(against_exact_counts),
	KUNIT_CASE(top),
	KUNIT_CASE(heavy_source),
	KUNIT_CASE(merge_nothing),
	KUNIT_CASE(merge_few),
	KUNIT_CASE(merge_sketches),
	KUNIT_CASE(layout),
	{}
};

static struct kunit_suite ctfull_suite = {
	.name = "ctfull",
	.test_cases = ctfull_cases,
};

kunit_test_suite(ctfull_suite);
