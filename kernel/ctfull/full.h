/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How full a table is, and what is said of it, on plain values: no skb, no lock, any
 * context. Inline is what packets ask that find room.
 *
 * Everywhere @count are the entries of a namespace, and @max is nf_conntrack_max.
 */
#ifndef _XT_CTFULL_FULL_H
#define _XT_CTFULL_FULL_H

#include <linux/kernel.h>
#include <linux/math64.h>
#include <linux/netfilter/xt_ctfull.h>

/* A log line and its end: NF_LOG_PREFIXLEN, which nf_log_packet() cuts at */
#define CTFULL_LINE	128

/* --- Rules --- */

/* Judge what userspace sent: returns what is wrong with the value in @bad, or NULL. */
const char *ctfull_mt_validate(const struct xt_ctfull_mtinfo *info, unsigned int *bad);
/* @level, @group and @prefix are left to log_check(). */
const char *ctfull_tg_validate(const struct xt_ctfull_tginfo *info, unsigned int *bad);

/* The least number of entries that is at least @value, which is entries or percent */
static inline u32 ctfull_entries(u32 value, bool percent, u32 max)
{
	return percent ? div_u64((u64)max * value + 99, 100) : value;
}

/* Does --above, not inverted, match? @latched: it has, and has @until to fall under. */
bool ctfull_above(const struct xt_ctfull_mtinfo *info, bool latched, u32 count, u32 max);

/* --- Room --- */

/* What @reserve entries or @percent leave, whichever is more; for a @max that is not 0 */
static inline u32 ctfull_room(u32 reserve, u32 percent, u32 max)
{
	return max - min(max, max(reserve, ctfull_entries(percent, true, max)));
}

/* What a rule's reserve leaves to its packets; 0 if it is as large as the table is now */
u32 ctfull_rule_room(const struct xt_ctfull_tginfo *info, u32 max);

/**
 * ctfull_can_skip_tick() - may a rule do nothing until the clock's next tick?
 * @count: entries in the table
 * @bound: that the rule waits for
 *
 * Counting costs more than all else that a rule does. A tick is 1 to 10 ms: in that
 * time no more than 8192 entries are made, or so many as there are.
 */
static inline bool ctfull_can_skip_tick(u32 count, u32 bound)
{
	return bound / 2 >= 8192 && count < bound / 2;
}

/**
 * ctfull_nearly_full() - may there be no room for this packet, when the tracker sees it?
 * @count: entries in the table
 * @room: from ctfull_room()
 *
 * Between this question and the tracker's turn other processors add entries, and
 * this one does if it is interrupted: more than a thousand and an eighth of the
 * table are not thought of.
 */
static inline bool ctfull_nearly_full(u32 count, u32 room)
{
	return (u64)count + room / 8 + 1024 >= room;
}

/**
 * ctfull_was_full() - the tracker could not make an entry: because the table is full?
 * @count: entries in the table, the most of what was counted before and after
 * @max: not 0
 *
 * Else there was no memory. Other processors may have ended entries since the tracker
 * counted, so that a full table is one in which less than 64 and a sixty-fourth are free.
 */
bool ctfull_was_full(u32 count, u32 max);

/* --- Levels --- */

/*
 * Where the level becomes warning. Rounded down, as what a reserve leaves is: a warning at
 * 90% comes before a reserve of 10% refuses, whatever @max is. Not 0.
 */
static inline u32 ctfull_warn_entries(u32 warn_at, u32 max)
{
	return max_t(u32, div_u64((u64)max * warn_at, 100), 1);
}

/*
 * With fewer entries than these a level goes off that goes on at @on: a tenth under it, so
 * that a table that hovers there is reported once
 */
u32 ctfull_level_off(u32 on);

/**
 * ctfull_level() - how full is it?
 * @now: the level until now
 * @count: entries in the table
 * @max: 0 is no bound, which is never full
 * @warn_at: percent of @max
 * @room: from ctfull_room(), of the largest reserve
 * @reserved: a reserve has just refused a packet: the table is full for some, and the
 *	level is not normal until there is room for them again
 */
enum ctfull_table_level ctfull_level(enum ctfull_table_level now, u32 count, u32 max,
				     u32 warn_at, u32 room, bool reserved);

/* --- Token buckets: @rate tokens in @period ticks, no more than @burst at once --- */

/**
 * struct ctfull_tb - a token bucket
 * @credit: in parts of a token: as many as there are ticks in the rate's period
 * @at: the tick that @credit is of
 * @due: before this tick there is no token
 */
struct ctfull_tb {
	u64 credit;
	u64 at;
	u64 due;
};

/* Fills it. */
void ctfull_tb_init(struct ctfull_tb *bucket, u32 period, u32 burst, u64 now);

/* May there be a token? Needs no lock, so that most packets of a flood take none. */
static inline bool ctfull_tb_due(const struct ctfull_tb *bucket, u64 now)
{
	return now >= READ_ONCE(bucket->due);
}

/*
 * Takes one, if there is one. The caller has the bucket's lock; another processor may have
 * been here with a later @now.
 */
bool ctfull_tb_take(struct ctfull_tb *bucket, u32 rate, u32 period, u32 burst, u64 now);

/* --- Lines --- */

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

/*
 * What makes a line too long is left out by whole fields, and "..." stands at the end:
 * the top source, nf_conntrack_max, the count. What is left always fits.
 */
void ctfull_print(char line[CTFULL_LINE], const struct ctfull_line *v);

#endif /* _XT_CTFULL_FULL_H */
