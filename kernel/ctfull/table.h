/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _XT_CTFULL_TABLE_H
#define _XT_CTFULL_TABLE_H

#include <linux/cache.h>
#include <linux/inet.h>
#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/percpu.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>
#include "full.h"
#include "talkers.h"

/* Events about refused packets a second */
#define CTFULL_EVENT_RATE	100

/*
 * Rules with CTFULL, and latches, of a network namespace. Each rule that comes or goes has
 * all of them looked at, under a mutex of all namespaces: who may make namespaces of his own
 * must not keep the others from it. iptables-legacy needs twice while it replaces rules.
 */
#define CTFULL_RULES	4096

struct net;
struct sk_buff;
struct nf_hook_state;
struct xt_tgchk_param;

/**
 * struct ctfull_figures - what happened to packets
 * @refused: all that CTFULL dropped or let pass untracked
 * @untracked: those of them that passed
 * @reserved: those of them that --reserve refused
 * @logged: those of them with a log line
 */
struct ctfull_figures {
	u64 refused;
	u64 untracked;
	u64 reserved;
	u64 logged;
};

/**
 * ctfull_still() - is it still this tick of the clock?
 * @tick: that jiffies was
 *
 * Context: any.
 */
static inline bool ctfull_still(const unsigned long *tick)
{
	return !(READ_ONCE(*tick) ^ jiffies);
}

/**
 * struct ctfull_cpu - what one processor counts
 * @lock: of all else here; nobody waits for it but readers
 * @used: it has counted something; without @lock, and for good
 * @figures: since the namespace has its first rule
 * @talkers: since the level last left normal
 * @episode: which time that was; see &struct ctfull_table
 */
struct ctfull_cpu {
	spinlock_t lock; /* of all else here */
	bool used;
	struct ctfull_figures figures;
	struct ctfull_talkers talkers;
	u32 episode;
};

/**
 * struct ctfull_table - what is kept of a network namespace
 * @net: the namespace; not to be used once it is being dismantled
 * @ref: the namespace has one, and each rule and latch
 * @latches: of its rules with --above; under the mutex of rules
 * @n_latches: how many; under it, too
 * @cpu: what each processor counts
 * @far: at this tick of the clock there is nothing to be done, see ctfull_far()
 * @peak: most entries seen
 * @peak_time: when; seconds since 1970
 * @level: enum ctfull_level; changes under @lock
 * @warn_at: the lowest of the rules' percents; changes under the mutex of rules
 * @reserve: the largest of their reserves in entries; changes so, too
 * @reserve_percent: the largest in percent; changes so, too
 * @episode: how often @level has left normal; changes under @lock
 * @rules: &struct ctfull_rule.list; under the mutex of rules
 * @n_rules: how many; changes under both
 * @unreported: refused packets without an event since the last one with one. From here on
 *	is what refused packets write, apart from what all packets read
 * @lock: of what is below
 * @seq: number of the last event
 * @events: of the events about packets
 * @work: looks whether the level falls, while it is not normal
 */
struct ctfull_table {
	struct net *net;
	struct kref ref;
	struct list_head latches;
	u32 n_latches;
	struct ctfull_cpu __percpu *cpu;
	unsigned long far;
	u32 peak;
	u32 peak_time;
	u32 level;
	u32 warn_at;
	u32 reserve;
	u32 reserve_percent;
	u32 episode;
	struct list_head rules;
	u32 n_rules;

	atomic64_t unreported ____cacheline_aligned_in_smp;
	spinlock_t lock; /* of what is below, and of changes of level, episode and n_rules */
	u64 seq;
	struct ctfull_bucket events;
	struct delayed_work work;
};

/**
 * struct ctfull_refusal - a packet that was refused
 * @table: the namespace's
 * @skb: the packet
 * @state: of the hook that it is in
 * @zone: of conntrack, in the packet's direction
 * @count: entries in the table
 * @max: nf_conntrack_max
 * @untrack: it passes untracked, else is dropped
 * @by_reserve: the rule's reserve refused it, and not the kernel
 */
struct ctfull_refusal {
	struct ctfull_table *table;
	const struct sk_buff *skb;
	const struct nf_hook_state *state;
	u16 zone;
	u32 count;
	u32 max;
	bool untrack;
	bool by_reserve;
};

/**
 * struct ctfull_rule - what a rule with -j CTFULL keeps
 * @list: in &struct ctfull_table.rules
 * @table: its namespace's
 * @info: a copy of what userspace sent
 * @hooks: that its packets come from, bits of enum nf_inet_hooks
 * @family: NFPROTO_*
 * @suppressed: packets refused without a log line since the last one with one. From here on
 *	is what refused packets write, apart from what all packets read
 * @lock: of @bucket
 * @bucket: of its log lines
 */
struct ctfull_rule {
	struct list_head list;
	struct ctfull_table *table;
	struct xt_ctfull_tginfo info;
	unsigned int hooks;
	u8 family;

	atomic64_t suppressed ____cacheline_aligned_in_smp;
	spinlock_t lock; /* of bucket */
	struct ctfull_bucket bucket;
};

/**
 * ctfull_rule_get() - what a new rule keeps
 * @par: of its checkentry
 * @info: the rule
 *
 * iptables replaces all rules of a table when it changes one. So a rule that is like another
 * one, which may be itself, goes on with as many tokens as that one has left.
 *
 * Context: process.
 * Return: it, for ctfull_rule_put(), or ERR_PTR(): -ENOMEM; -ENOSPC: there are CTFULL_RULES
 */
struct ctfull_rule *ctfull_rule_get(const struct xt_tgchk_param *par,
				    const struct xt_ctfull_tginfo *info);

/**
 * ctfull_rule_put() - a rule goes
 * @rule: what it has kept
 *
 * What it has not logged, a rule like it tells, if there is one: it has been replaced. With
 * the last rule the level is normal again, and nobody looks at it or raises it: nothing is
 * sent when a module that has no rules any more goes.
 *
 * Context: process. The namespace may be gone, and is not touched.
 */
void ctfull_rule_put(struct ctfull_rule *rule);

/**
 * struct ctfull_latch - of all rules of a namespace with the same --above N or N:M, so
 *	that it stays as it is when rules are replaced, which any change of a table may mean
 * @list: in &struct ctfull_table.latches
 * @table: the namespace's
 * @users: rules
 * @above: N
 * @until: M
 * @percent: XT_CTFULL_ABOVE_PERCENT, XT_CTFULL_UNTIL_PERCENT
 * @on: they match, until the table holds fewer than M
 * @far: at this tick of the clock they do not match, see ctfull_far()
 */
struct ctfull_latch {
	struct list_head list;
	struct ctfull_table *table;
	unsigned int users;
	u32 above;
	u32 until;
	u8 percent;
	bool on;
	unsigned long far;
};

/**
 * ctfull_latch_get() - the latch for a rule
 * @net: its namespace
 * @info: the rule, with XT_CTFULL_ABOVE
 *
 * Context: process.
 * Return: the latch, for ctfull_latch_put(), or ERR_PTR(): -ENOMEM; -ENOSPC: there are
 * CTFULL_RULES others
 */
struct ctfull_latch *ctfull_latch_get(struct net *net, const struct xt_ctfull_mtinfo *info);

/**
 * ctfull_latch_put() - a rule goes
 * @latch: its latch
 *
 * Context: process. The namespace may be gone, and is not touched.
 */
void ctfull_latch_put(struct ctfull_latch *latch);

/**
 * ctfull_table_find() - a namespace's table, for who wants to read
 * @net: the namespace
 *
 * Context: process, while the namespace lives.
 * Return: the table, or NULL if there was no rule yet that needs one
 */
struct ctfull_table *ctfull_table_find(struct net *net);

/**
 * ctfull_table_saw() - the table holds so many entries: update peak and level
 * @table: the namespace's
 * @count: entries
 * @max: nf_conntrack_max
 * @reserved: a reserve has refused a packet
 *
 * Context: any but hard interrupts.
 */
void ctfull_table_saw(struct ctfull_table *table, u32 count, u32 max, bool reserved);

/**
 * ctfull_table_room() - what the largest reserve of all rules leaves
 * @table: the namespace's
 * @max: nf_conntrack_max
 *
 * Context: any.
 * Return: entries
 */
static inline u32 ctfull_table_room(const struct ctfull_table *table, u32 max)
{
	return ctfull_room(READ_ONCE(table->reserve), READ_ONCE(table->reserve_percent), max);
}

/**
 * ctfull_table_refused() - a packet was refused: count it and its source
 * @refusal: all about it
 *
 * Context: bottom halves off.
 */
void ctfull_table_refused(const struct ctfull_refusal *refusal);

/**
 * ctfull_table_logged() - a refused packet gets a log line: count it
 * @table: the namespace's
 * @top: for the source with most packets, as text; "" if there is none
 *
 * Context: bottom halves off.
 * Return: packets refused so far
 */
u64 ctfull_table_logged(struct ctfull_table *table, char top[INET6_ADDRSTRLEN]);

/**
 * ctfull_table_figures() - what happened to packets, on all processors
 * @table: the namespace's
 * @sum: where to put it
 *
 * Context: any but hard interrupts.
 */
void ctfull_table_figures(struct ctfull_table *table, struct ctfull_figures *sum);

/**
 * ctfull_table_sources() - the sources of refused packets since the level last left
 *	normal, those with most packets first
 * @table: the namespace's
 * @n: for how many there are
 *
 * Context: process.
 * Return: them, for kvfree(), or ERR_PTR(-ENOMEM)
 */
struct ctfull_source *ctfull_table_sources(struct ctfull_table *table, unsigned int *n);

/**
 * ctfull_init_tables() - keep a table for each namespace from now on
 *
 * Context: process.
 * Return: 0 or a negative error
 */
int ctfull_init_tables(void);

/**
 * ctfull_exit_tables() - stop that
 *
 * Context: process.
 */
void ctfull_exit_tables(void);

/**
 * ctfull_event_level() - tell listeners that the level has changed
 * @table: the namespace's, whose lock is held
 * @count: entries
 * @max: nf_conntrack_max
 */
void ctfull_event_level(struct ctfull_table *table, u32 count, u32 max);

/**
 * ctfull_event_refused() - tell listeners of a refused packet, unless it is one of too
 *	many
 * @refusal: all about it
 *
 * Context: any but hard interrupts, under RCU.
 */
void ctfull_event_refused(const struct ctfull_refusal *refusal);

/**
 * ctfull_init_events() - register with generic netlink
 *
 * Context: process.
 * Return: 0 or a negative error
 */
int ctfull_init_events(void);

/**
 * ctfull_exit_events() - take that back
 *
 * Context: process.
 */
void ctfull_exit_events(void);

#endif /* _XT_CTFULL_TABLE_H */
