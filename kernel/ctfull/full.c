// SPDX-License-Identifier: GPL-2.0-only
#include <linux/inet.h>
#include "../rule.h"
#include "full.h"

const char *ctfull_mt_validate(const struct xt_ctfull_mtinfo *info, unsigned int *bad)
{
	const char *what;

	what = rule_check_flags(info->flags, XT_CTFULL_MT_ALL, info->reserved,
				sizeof(info->reserved), bad);
	if (what)
		return what;
	*bad = info->flags;
	if (!(*bad & XT_CTFULL_CONDITIONS))
		return "no condition";
	*bad = info->invert & ~(info->flags & XT_CTFULL_CONDITIONS);
	if (*bad)
		return "an inverted condition that is not there";
	if (!(info->flags & XT_CTFULL_ABOVE)) {
		*bad = info->flags & ~XT_CTFULL_CONDITIONS;
		if (*bad)
			return "percent of what is not there";
		*bad = info->above ?: info->until;
		return *bad ? "a bound without its flag" : NULL;
	}
	*bad = info->above;
	if (!*bad || (info->flags & XT_CTFULL_ABOVE_PERCENT && *bad > 100))
		return "not a number of entries, or not 1 to 100 percent";
	*bad = info->until;
	if (info->flags & XT_CTFULL_UNTIL_PERCENT && (!*bad || *bad > 100))
		return "not 1 to 100 percent";
	/* Which of 10% and 500 entries is more is known when nf_conntrack_max is. */
	if (*bad > info->above && !(info->flags & XT_CTFULL_ABOVE_PERCENT) ==
				  !(info->flags & XT_CTFULL_UNTIL_PERCENT))
		return "a lower bound over the upper one";
	return NULL;
}

static bool ctfull_at_least(u32 value, bool percent, u32 count, u32 max)
{
	return (max || !percent) && count >= ctfull_entries(value, percent, max);
}

bool ctfull_above(const struct xt_ctfull_mtinfo *info, bool latched, u32 count, u32 max)
{
	/* With this @max @until may be the upper one: what begins to match goes on. */
	return ctfull_at_least(info->above, info->flags & XT_CTFULL_ABOVE_PERCENT, count, max) ||
	       (latched &&
		ctfull_at_least(info->until, info->flags & XT_CTFULL_UNTIL_PERCENT, count, max));
}

const char *ctfull_tg_validate(const struct xt_ctfull_tginfo *info, unsigned int *bad)
{
	const char *what;

	what = rule_check_flags(info->flags, XT_CTFULL_TG_ALL, info->reserved,
				sizeof(info->reserved), bad);
	if (what)
		return what;
	*bad = info->warn_at;
	if (!*bad || *bad > 100)
		return "warn-at not 1 to 100 percent";
	*bad = info->reserve;
	if (info->flags & XT_CTFULL_RESERVE_PERCENT && (!*bad || *bad > 99))
		return "reserve not 1 to 99 percent";
	*bad = info->log_rate;
	if (*bad > XT_CTFULL_LOG_MAX)
		return "log rate too high";
	*bad = info->log_burst;
	if (!*bad || *bad > XT_CTFULL_LOG_MAX)
		return "log burst not 1 to 1000000";
	return NULL;
}

u32 ctfull_rule_room(const struct xt_ctfull_tginfo *info, u32 max)
{
	if (info->flags & XT_CTFULL_RESERVE_PERCENT)
		return ctfull_room(0, info->reserve, max);
	return ctfull_room(info->reserve, 0, max);
}

bool ctfull_was_full(u32 count, u32 max)
{
	return (u64)count + max / 64 + 64 > max;
}

u32 ctfull_level_off(u32 on)
{
	return max(on - ctfull_entries(10, true, on), 1U);
}

enum ctfull_table_level ctfull_level(enum ctfull_table_level now, u32 count, u32 max,
				     u32 warn_at, u32 room, bool reserved)
{
	u32 warning;

	if (!max)
		return CTFULL_LEVEL_NORMAL;
	if (count >= (now < CTFULL_LEVEL_FULL ? max : ctfull_level_off(max)))
		return CTFULL_LEVEL_FULL;
	warning = ctfull_warn_entries(warn_at, max);
	if (now >= CTFULL_LEVEL_WARNING)
		warning = room ? ctfull_level_off(min(room, warning)) : 0;
	return reserved || count >= warning ? CTFULL_LEVEL_WARNING : CTFULL_LEVEL_NORMAL;
}

void ctfull_tb_init(struct ctfull_tb *bucket, u32 period, u32 burst, u64 now)
{
	*bucket = (struct ctfull_tb){ .credit = (u64)burst * period, .at = now, .due = now };
}

bool ctfull_tb_take(struct ctfull_tb *bucket, u32 rate, u32 period, u32 burst, u64 now)
{
	bool token;

	/* no product overflows: 32 bits by 32 */
	if (now > bucket->at) {
		bucket->credit += min_t(u64, now - bucket->at, U32_MAX) * rate;
		bucket->at = now;
	}
	bucket->credit = min(bucket->credit, (u64)burst * period);
	token = bucket->credit >= period;
	if (token)
		bucket->credit -= period;
	if (bucket->credit < period)
		WRITE_ONCE(bucket->due,
			   bucket->at + div_u64(period - bucket->credit + rate - 1, rate));
	return token;
}

void ctfull_print(char line[CTFULL_LINE], const struct ctfull_line *v)
{
	/* "count=4294967295 ", "max=4294967295 ", "top=", an address, a space */
	char count[24], max[24], top[INET6_ADDRSTRLEN + sizeof("top= ")];
	unsigned int left = 3;
	int len;

	snprintf(count, sizeof(count), "count=%u ", v->count);
	snprintf(max, sizeof(max), "max=%u ", v->max);
	snprintf(top, sizeof(top), v->top[0] ? "top=%s " : "%s", v->top);
	for (;;) {
		len = snprintf(line, CTFULL_LINE,
			       "%s%s%saction=%s refused=%llu suppressed=%llu %s%s", v->prefix,
			       left > 0 ? count : "", left > 1 ? max : "",
			       v->untrack ? "untrack" : "drop", v->refused, v->suppressed,
			       left > 2 ? top : "", left > 2 ? "" : "... ");
		if (len < CTFULL_LINE || !left)
			return;
		left--;
	}
}
