/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What happened to the packets of a network namespace, counted by each processor: how many
 * were refused, and whose
 */
#ifndef _XT_CTFULL_STATS_H
#define _XT_CTFULL_STATS_H

#include <linux/inet.h>
#include <linux/types.h>
#include "talkers.h"

struct ctfull_pcpu_stats;
struct nf_hook_state;
struct sk_buff;

/**
 * struct ctfull_stats - of a namespace
 * @pcpu: what each processor counts
 * @episode: changes when sources are counted anew, see ctfull_stats_new_episode()
 * @key: of the hash of sources
 */
struct ctfull_stats {
	struct ctfull_pcpu_stats __percpu *pcpu;
	u32 episode;
	u32 key;
};

/**
 * struct ctfull_counters - packets, since the namespace has its first rule
 * @refused: all that CTFULL dropped or let pass untracked
 * @untracked: those of them that passed
 * @reserved: those of them that --reserve refused
 * @logged: those of them with a log line
 */
struct ctfull_counters {
	u64 refused;
	u64 untracked;
	u64 reserved;
	u64 logged;
};

/**
 * struct ctfull_refusal - a packet that was refused
 * @skb: the packet
 * @state: of the hook that it is in
 * @zone: of conntrack, in the packet's direction
 * @count: entries in the table
 * @max: nf_conntrack_max
 * @untrack: it passes untracked, else is dropped
 * @by_reserve: the rule's reserve refused it, and not the kernel
 */
struct ctfull_refusal {
	const struct sk_buff *skb;
	const struct nf_hook_state *state;
	u16 zone;
	u32 count;
	u32 max;
	bool untrack;
	bool by_reserve;
};

/* Process context. ctfull_stats_alloc() returns 0 or -ENOMEM. */
int ctfull_stats_alloc(struct ctfull_stats *stats);
void ctfull_stats_free(struct ctfull_stats *stats);

/* Forgets the sources: each processor does with the next packet that it refuses. */
void ctfull_stats_new_episode(struct ctfull_stats *stats);

/* Count a refused packet and its source; one that gets a log line. Bottom halves off. */
void ctfull_stats_refused(struct ctfull_stats *stats, const struct ctfull_refusal *refusal);
void ctfull_stats_logged(struct ctfull_stats *stats);

/* What all processors have counted. Any context but hard interrupts. */
void ctfull_stats_sum(struct ctfull_stats *stats, struct ctfull_counters *sum);

/* The source with most refused packets, as text; "" if there is none. Same context. */
void ctfull_stats_top(struct ctfull_stats *stats, char top[INET6_ADDRSTRLEN]);

/*
 * The @n sources of refused packets, for kvfree(), those with most packets first; or
 * ERR_PTR(-ENOMEM). Process context.
 */
struct ctfull_source *ctfull_stats_sources(struct ctfull_stats *stats, unsigned int *n);

#endif /* _XT_CTFULL_STATS_H */
