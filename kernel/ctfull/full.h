/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How full a table is, and what is said of it, on plain values: no skb, no lock, any
 * context. tests/kunit/ctfull_test.c includes this file as it is.
 */
#ifndef _XT_CTFULL_FULL_H
#define _XT_CTFULL_FULL_H

#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/netfilter/xt_ctfull.h>

/* A log line and its end: NF_LOG_PREFIXLEN, which nf_log_packet() cuts at */
#define CTFULL_LINE	128

/**
 * ctfull_entries() - what a number of a rule means
 * @value: entries, or percent
 * @percent: which of them
 * @max: nf_conntrack_max
 *
 * Return: the least number of entries that is at least @value
 */
static inline u32 ctfull_entries(u32 value, bool percent, u32 max)
{
	return percent ? div_u64((u64)max * value + 99, 100) : value;
}

/**
 * ctfull_warning() - where the level becomes warning
 * @warn_at: percent, not 0
 * @max: nf_conntrack_max, not 0
 *
 * Rounded down, as what a reserve leaves is: a warning at 90% comes before a reserve of 10%
 * refuses, whatever @max is.
 *
 * Return: entries, not 0
 */
static inline u32 ctfull_warning(u32 warn_at, u32 max)
{
	return max_t(u32, div_u64((u64)max * warn_at, 100), 1);
}

/**
 * ctfull_mt_check() - judge what userspace sent for the match
 * @info: the rule; only the part up to @latch is read
 * @bad: where to put the offending value
 *
 * Return: what is wrong with the value in @bad, or NULL if all is well
 */
static inline const char *ctfull_mt_check(const struct xt_ctfull_mtinfo *info, unsigned int *bad)
{
	unsigned int i;

	*bad = info->flags & ~XT_CTFULL_MT_ALL;
	if (*bad)
		return "unknown flags (is the module older than the plugin?)";
	for (i = 0; i < ARRAY_SIZE(info->reserved); i++) {
		*bad = info->reserved[i];
		if (*bad)
			return "reserved field not zero (is the module older than the plugin?)";
	}
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
	if (!*bad && info->flags & XT_CTFULL_UNTIL_PERCENT)
		return "not 1 to 100 percent";
	if (info->flags & XT_CTFULL_UNTIL_PERCENT && *bad > 100)
		return "not 1 to 100 percent";
	/* Which of 10% and 500 entries is more is known when nf_conntrack_max is. */
	if (*bad > info->above && !(info->flags & XT_CTFULL_ABOVE_PERCENT) ==
				  !(info->flags & XT_CTFULL_UNTIL_PERCENT))
		return "a lower bound over the upper one";
	return NULL;
}

/**
 * ctfull_holds() - does the table hold at least so many?
 * @value: entries, or percent
 * @percent: which of them
 * @count: entries in the table
 * @max: nf_conntrack_max; 0 is no bound, of which there are no percents
 *
 * Return: does it?
 */
static inline bool ctfull_holds(u32 value, bool percent, u32 count, u32 max)
{
	return (max || !percent) && count >= ctfull_entries(value, percent, max);
}

/**
 * ctfull_above() - the condition --above, not inverted
 * @info: the rule
 * @latched: it has matched, and has @until to fall under
 * @count: entries in the table
 * @max: nf_conntrack_max
 *
 * Return: does it match?
 */
static inline bool ctfull_above(const struct xt_ctfull_mtinfo *info, bool latched, u32 count,
				u32 max)
{
	/* With this @max @until may be the upper one: what begins to match goes on. */
	return ctfull_holds(info->above, info->flags & XT_CTFULL_ABOVE_PERCENT, count, max) ||
	       (latched &&
		ctfull_holds(info->until, info->flags & XT_CTFULL_UNTIL_PERCENT, count, max));
}

/**
 * ctfull_tg_check() - judge what userspace sent for the target
 * @info: the rule; only the part up to @rule is read
 * @bad: where to put the offending value
 *
 * Its @level, @group and @prefix are left to log_check().
 *
 * Return: what is wrong with the value in @bad, or NULL if all is well
 */
static inline const char *ctfull_tg_check(const struct xt_ctfull_tginfo *info, unsigned int *bad)
{
	unsigned int i;

	*bad = info->flags & ~XT_CTFULL_TG_ALL;
	if (*bad)
		return "unknown flags (is the module older than the plugin?)";
	for (i = 0; i < ARRAY_SIZE(info->reserved); i++) {
		*bad = info->reserved[i];
		if (*bad)
			return "reserved field not zero (is the module older than the plugin?)";
	}
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

/**
 * ctfull_room() - what a reserve leaves
 * @reserve: so many entries, and
 * @percent: so many percent: the larger one counts
 * @max: nf_conntrack_max
 *
 * Return: how many entries may be filled, if @max is not 0
 */
static inline u32 ctfull_room(u32 reserve, u32 percent, u32 max)
{
	return max - min(max, max(reserve, ctfull_entries(percent, true, max)));
}

/**
 * ctfull_rule_room() - what a rule's reserve leaves to its packets
 * @info: the rule
 * @max: nf_conntrack_max
 *
 * Return: how many entries they may fill, if @max is not 0; 0 if the reserve is as large as
 * the table, which may be larger or smaller than when the rule was made
 */
static inline u32 ctfull_rule_room(const struct xt_ctfull_tginfo *info, u32 max)
{
	const bool percent = info->flags & XT_CTFULL_RESERVE_PERCENT;

	return ctfull_room(percent ? 0 : info->reserve, percent ? info->reserve : 0, max);
}

/**
 * ctfull_no_room() - the tracker could not make an entry: because the table is full?
 * @count: entries in the table, the most of what was counted before and after
 * @max: nf_conntrack_max, not 0
 *
 * Else there was no memory. Other processors may have ended entries since the tracker
 * counted, so that a full table is one in which less than 64 and a sixty-fourth are free.
 */
static inline bool ctfull_no_room(u32 count, u32 max)
{
	return (u64)count + max / 64 + 64 > max;
}

/**
 * ctfull_far() - is it of no use to count again before the clock's next tick?
 * @count: entries in the table
 * @bound: of interest
 *
 * Counting costs more than all else that a rule does. A tick is 1 to 10 ms: in that
 * time no more than 8192 entries are made, or so many as there are.
 */
static inline bool ctfull_far(u32 count, u32 bound)
{
	return bound / 2 >= 8192 && count < bound / 2;
}

/**
 * ctfull_near() - may there be no room for this packet, when the tracker sees it?
 * @count: entries in the table
 * @room: from ctfull_room()
 *
 * Between this question and the tracker's turn other processors add entries, and
 * this one does if it is interrupted: more than a thousand and an eighth of the
 * table are not thought of.
 */
static inline bool ctfull_near(u32 count, u32 room)
{
	return (u64)count + room / 8 + 1024 >= room;
}

/**
 * ctfull_level_off() - where a level goes off
 * @on: entries that it goes on at, not 0
 *
 * Return: with fewer than these it is off
 */
static inline u32 ctfull_level_off(u32 on)
{
	return max(on - ctfull_entries(10, true, on), 1U);
}

/**
 * ctfull_level() - how full is it?
 * @now: the level until now; one that is on goes off a tenth under where it goes on,
 *	so that a table that hovers there is reported once
 * @count: entries in the table
 * @max: nf_conntrack_max; 0 is no bound, which is never full
 * @warn_at: percent of @max
 * @room: from ctfull_room(), of the largest reserve
 * @reserved: a reserve has just refused a packet: the table is full for some, and the
 *	level is not normal until there is room for them again
 *
 * Return: the level
 */
static inline enum ctfull_level ctfull_level(enum ctfull_level now, u32 count, u32 max,
					     u32 warn_at, u32 room, bool reserved)
{
	u32 warning;

	if (!max)
		return CTFULL_LEVEL_NORMAL;
	if (count >= (now < CTFULL_LEVEL_FULL ? max : ctfull_level_off(max)))
		return CTFULL_LEVEL_FULL;
	warning = ctfull_warning(warn_at, max);
	if (now >= CTFULL_LEVEL_WARNING)
		warning = room ? ctfull_level_off(min(room, warning)) : 0;
	return reserved || count >= warning ? CTFULL_LEVEL_WARNING : CTFULL_LEVEL_NORMAL;
}

/**
 * struct ctfull_bucket - a token bucket
 * @credit: in parts of a token: as many as there are ticks in the rate's period
 * @at: the tick that @credit is of
 * @due: before this tick there is no token
 */
struct ctfull_bucket {
	u64 credit;
	u64 at;
	u64 due;
};

/**
 * ctfull_bucket_fill() - a full one
 * @bucket: to be filled
 * @period: ticks
 * @burst: most tokens in it
 * @now: tick
 */
static inline void ctfull_bucket_fill(struct ctfull_bucket *bucket, u32 period, u32 burst, u64 now)
{
	*bucket = (struct ctfull_bucket){ .credit = (u64)burst * period, .at = now, .due = now };
}

/**
 * ctfull_token_due() - may there be a token?
 * @bucket: not protected by the caller
 * @now: tick
 *
 * Return: false if it is no use to ask ctfull_token()
 */
static inline bool ctfull_token_due(const struct ctfull_bucket *bucket, u64 now)
{
	return now >= READ_ONCE(bucket->due);
}

/**
 * ctfull_token() - take one, if there is one
 * @bucket: protected by the caller
 * @rate: tokens a period, not 0
 * @period: ticks
 * @burst: most tokens in it
 * @now: tick; another processor may have been here with a later one
 *
 * Return: was there one?
 */
static inline bool ctfull_token(struct ctfull_bucket *bucket, u32 rate, u32 period, u32 burst,
				u64 now)
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

/**
 * struct ctfull_line - what a log line says
 * @prefix: the rule's
 * @count: entries in the table
 * @max: nf_conntrack_max
 * @untrack: what became of the packet: dropped or not
 * @refused: packets refused in this namespace so far, with this one
 * @suppressed: packets that this rule refused without a line since its last one
 * @top: the source with the most refused packets, or ""
 */
struct ctfull_line {
	const char *prefix;
	u32 count;
	u32 max;
	bool untrack;
	u64 refused;
	u64 suppressed;
	const char *top;
};

/**
 * ctfull_print() - write a line
 * @line: for the line
 * @v: what it says
 *
 * What makes it too long is left out by whole fields, and "..." stands at the end:
 * the top source, nf_conntrack_max, the count. What is left always fits.
 */
static inline void ctfull_print(char line[CTFULL_LINE], const struct ctfull_line *v)
{
	/* "count=4294967295 ", "max=4294967295 ", "top=", 39 characters, a space */
	char count[24], max[24], top[48];
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

#endif /* _XT_CTFULL_FULL_H */
