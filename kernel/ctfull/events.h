/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The multicast group of the generic netlink family, and what messages of all kinds hold
 */
#ifndef _XT_CTFULL_EVENTS_H
#define _XT_CTFULL_EVENTS_H

#include <linux/cache.h>
#include <linux/netfilter.h>
#include <linux/spinlock.h>
#include <net/genetlink.h>
#include "full.h"
#include "stats.h"

/**
 * struct ctfull_events - of a namespace
 * @unreported: refused packets without an event since the last one with one
 * @lock: of what is below
 * @seq: number of the last event
 * @bucket: of the events about packets
 */
struct ctfull_events {
	atomic64_t unreported;
	spinlock_t lock; /* of what is below */
	u64 seq;
	struct ctfull_tb bucket;
};

/**
 * struct ctfull_status - how full a table is
 * @count: entries
 * @max: nf_conntrack_max
 * @level: enum ctfull_table_level
 * @warn_at: percent
 */
struct ctfull_status {
	u32 count;
	u32 max;
	u32 level;
	u32 warn_at;
};

/* genl.c gives it its requests, and registers it. */
extern struct genl_family ctfull_family;

int ctfull_put_status(struct sk_buff *msg, const struct ctfull_status *status);
int ctfull_put_addr(struct sk_buff *msg, int attr, u8 family, const union nf_inet_addr *addr);

void ctfull_events_init(struct ctfull_events *events);

/*
 * Tells listeners that the level has changed. Any context but hard interrupts; the caller
 * makes changes wait for each other, so that events come in their order.
 */
void ctfull_event_level(struct ctfull_events *events, struct net *net,
			struct ctfull_stats *stats, const struct ctfull_status *status);

/*
 * Tells listeners of a refused packet, unless it is one of too many. Any context but hard
 * interrupts, under RCU.
 */
void ctfull_event_refused(struct ctfull_events *events, struct ctfull_stats *stats,
			  const struct ctfull_refusal *refusal);

#endif /* _XT_CTFULL_EVENTS_H */
