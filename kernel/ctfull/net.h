/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is kept of a network namespace with rules of ctfull: the level, the rules, the latches
 */
#ifndef _XT_CTFULL_NET_H
#define _XT_CTFULL_NET_H

#include <linux/jiffies.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/workqueue.h>
#include "events.h"
#include "full.h"
#include "stats.h"

/*
 * Rules with CTFULL, and latches, of a network namespace. Each rule that comes or goes has
 * all of them looked at, under a mutex of all namespaces: who may make namespaces of his own
 * must not keep the others from it. iptables-legacy needs twice while it replaces rules.
 */
#define CTFULL_RULES	4096

struct xt_tgchk_param;

/**
 * struct ctfull_net - of a namespace, from its first rule on
 * @net: the namespace; not to be used once it is being dismantled
 * @ref: the namespace has one, each rule one, and each latch
 * @latches: of its rules with --above; under the mutex of rules
 * @n_latches: how many; under it, too
 * @skip_tick: in this tick of the clock CTFULL does nothing, see ctfull_can_skip_tick()
 * @peak: most entries seen
 * @peak_time: when; seconds since 1970
 * @level: enum ctfull_table_level; changes under @lock
 * @warn_at: the lowest of the rules' percents; changes under the mutex of rules
 * @reserve: the largest of their reserves in entries; changes so, too
 * @reserve_percent: the largest in percent; changes so, too
 * @rules: &struct ctfull_rule.list; under the mutex of rules
 * @n_rules: how many; changes under both
 * @stats: of refused packets; its episodes begin when the level leaves normal, under @lock
 * @lock: of changes of @level, @n_rules and the episode
 * @work: looks whether the level falls, while it is not normal
 * @events: the multicast group. What refused packets write, apart from what all packets read
 */
struct ctfull_net {
	struct net *net;
	struct kref ref;
	struct list_head latches;
	u32 n_latches;
	unsigned long skip_tick;
	u32 peak;
	u32 peak_time;
	u32 level;
	u32 warn_at;
	u32 reserve;
	u32 reserve_percent;
	struct list_head rules;
	u32 n_rules;
	struct ctfull_stats stats;
	spinlock_t lock; /* of changes of level, n_rules and the episode */
	struct delayed_work work;

	struct ctfull_events events ____cacheline_aligned_in_smp;
};

/**
 * struct ctfull_rule - what a rule with -j CTFULL keeps
 * @list: in &struct ctfull_net.rules
 * @cn: its namespace's
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
	struct ctfull_net *cn;
	struct xt_ctfull_tginfo info;
	unsigned int hooks;
	u8 family;

	atomic64_t suppressed ____cacheline_aligned_in_smp;
	spinlock_t lock; /* of bucket */
	struct ctfull_tb bucket;
};

/**
 * struct ctfull_latch - of all rules of a namespace with the same --above N or N:M, so
 *	that it stays as it is when rules are replaced, which any change of a table may mean
 * @list: in &struct ctfull_net.latches
 * @cn: the namespace's
 * @users: rules
 * @above: N
 * @until: M
 * @percent: XT_CTFULL_ABOVE_PERCENT, XT_CTFULL_UNTIL_PERCENT
 * @on: they match, until the table holds fewer than M
 * @skip_tick: in this tick of the clock they do not match, see ctfull_can_skip_tick()
 */
struct ctfull_latch {
	struct list_head list;
	struct ctfull_net *cn;
	unsigned int users;
	u32 above;
	u32 until;
	u8 percent;
	bool on;
	unsigned long skip_tick;
};

/* Is the clock still at this tick? */
static inline bool ctfull_tick_is(const unsigned long *tick)
{
	unsigned long now = jiffies;

	return READ_ONCE(*tick) == now;
}

/**
 * ctfull_rule_alloc() - what a new rule keeps
 * @par: of its checkentry
 * @info: the rule
 *
 * iptables replaces all rules of a table when it changes one. So a rule that is like another
 * one, which may be itself, goes on with as many tokens as that one has left.
 *
 * Context: process.
 * Return: it, for ctfull_rule_free(), or ERR_PTR(): -ENOMEM; -ENOSPC: there are CTFULL_RULES
 */
struct ctfull_rule *ctfull_rule_alloc(const struct xt_tgchk_param *par,
				      const struct xt_ctfull_tginfo *info);

/*
 * What the rule has not logged, a rule like it tells, if there is one: it has been replaced. With
 * the last rule the level is normal again, and nobody looks at it or raises it: nothing is
 * sent when a module that has no rules any more goes.
 *
 * Context: process. The namespace may be gone, and is not touched.
 */
void ctfull_rule_free(struct ctfull_rule *rule);

/*
 * The latch for a rule with XT_CTFULL_ABOVE, or ERR_PTR(): -ENOMEM; -ENOSPC: there are
 * CTFULL_RULES others. Process context. When it is put, the namespace may be gone.
 */
struct ctfull_latch *ctfull_latch_get(struct net *net, const struct xt_ctfull_mtinfo *info);
void ctfull_latch_put(struct ctfull_latch *latch);

/* NULL if there was no rule yet that needs it. Any context, while the namespace lives. */
struct ctfull_net *ctfull_net_find(struct net *net);

/**
 * ctfull_net_update() - peak and level, by what the table holds now
 * @cn: the namespace's
 * @count: entries
 * @max: nf_conntrack_max
 * @reserved: a reserve has refused a packet
 *
 * Context: any but hard interrupts.
 */
void ctfull_net_update(struct ctfull_net *cn, u32 count, u32 max, bool reserved);

/* What the largest reserve of all rules leaves of @max. Any context. */
static inline u32 ctfull_net_room(const struct ctfull_net *cn, u32 max)
{
	return ctfull_room(READ_ONCE(cn->reserve), READ_ONCE(cn->reserve_percent), max);
}

/* For the module; process context. ctfull_net_init() returns 0 or a negative error. */
int ctfull_net_init(void);
void ctfull_net_exit(void);

#endif /* _XT_CTFULL_NET_H */
