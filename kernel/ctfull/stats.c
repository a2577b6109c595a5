// SPDX-License-Identifier: GPL-2.0-only
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/netfilter.h>
#include <linux/percpu.h>
#include <linux/random.h>
#include <linux/spinlock.h>
#include "stats.h"

/* Of so many sources a log line compares what all processors have counted */
#define CTFULL_CANDIDATES	4

/**
 * struct ctfull_pcpu_stats - what one processor counts
 * @lock: of all else here; nobody waits for it but readers
 * @used: it has counted something; without @lock, and for good
 * @counters: packets
 * @talkers: their sources
 * @episode: of @talkers
 */
struct ctfull_pcpu_stats {
	spinlock_t lock; /* of all else here */
	bool used;
	struct ctfull_counters counters;
	struct ctfull_talkers talkers;
	u32 episode;
};

int ctfull_stats_alloc(struct ctfull_stats *stats)
{
	int cpu;

	stats->pcpu = alloc_percpu_gfp(struct ctfull_pcpu_stats, GFP_KERNEL_ACCOUNT);
	if (!stats->pcpu)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(stats->pcpu, cpu)->lock);
	get_random_bytes(&stats->key, sizeof(stats->key));
	return 0;
}

void ctfull_stats_free(struct ctfull_stats *stats)
{
	free_percpu(stats->pcpu);
}

void ctfull_stats_new_episode(struct ctfull_stats *stats)
{
	WRITE_ONCE(stats->episode, stats->episode + 1);
}

static u32 ctfull_hash(const struct ctfull_stats *stats, u8 family,
		       const union nf_inet_addr *addr)
{
	return family == NFPROTO_IPV4 ? jhash_1word(addr->all[0], stats->key) :
					jhash2(addr->all, ARRAY_SIZE(addr->all), stats->key);
}

void ctfull_stats_refused(struct ctfull_stats *stats, const struct ctfull_refusal *refusal)
{
	struct ctfull_pcpu_stats *cpu = this_cpu_ptr(stats->pcpu);
	u32 episode = READ_ONCE(stats->episode);
	u8 family = refusal->state->pf;
	union nf_inet_addr addr = {};

	/* The tracker has read these headers: this packet is none that it cannot read. */
	if (family == NFPROTO_IPV4)
		addr.ip = ip_hdr(refusal->skb)->saddr;
	else
		addr.in6 = ipv6_hdr(refusal->skb)->saddr;

	spin_lock(&cpu->lock);
	if (unlikely(!cpu->counters.refused++))
		WRITE_ONCE(cpu->used, true);
	cpu->counters.untracked += refusal->untrack;
	cpu->counters.reserved += refusal->by_reserve;
	if (cpu->episode != episode) {
		memset(&cpu->talkers, 0, sizeof(cpu->talkers));
		cpu->episode = episode;
	}
	ctfull_talkers_add(&cpu->talkers, ctfull_hash(stats, family, &addr), family, &addr);
	spin_unlock(&cpu->lock);
}

void ctfull_stats_logged(struct ctfull_stats *stats)
{
	struct ctfull_pcpu_stats *cpu = this_cpu_ptr(stats->pcpu);

	spin_lock(&cpu->lock);
	cpu->counters.logged++;
	spin_unlock(&cpu->lock);
}

void ctfull_stats_sum(struct ctfull_stats *stats, struct ctfull_counters *sum)
{
	struct ctfull_pcpu_stats *cpu;
	int i;

	*sum = (struct ctfull_counters){};
	for_each_possible_cpu(i) {
		cpu = per_cpu_ptr(stats->pcpu, i);
		if (!READ_ONCE(cpu->used))
			continue;
		spin_lock_bh(&cpu->lock);
		sum->refused += cpu->counters.refused;
		sum->untracked += cpu->counters.untracked;
		sum->reserved += cpu->counters.reserved;
		sum->logged += cpu->counters.logged;
		spin_unlock_bh(&cpu->lock);
	}
}

/*
 * The sources that are the first one on some processor, the ones with most packets there,
 * each once; returns how many
 */
static unsigned int ctfull_stats_candidates(struct ctfull_stats *stats, u32 episode,
					    struct ctfull_source candidate[CTFULL_CANDIDATES])
{
	struct ctfull_source source, *least;
	struct ctfull_pcpu_stats *cpu;
	unsigned int i, n = 0;
	int id;

	for_each_possible_cpu(id) {
		cpu = per_cpu_ptr(stats->pcpu, id);
		if (!READ_ONCE(cpu->used))
			continue;
		source.family = 0;
		spin_lock_bh(&cpu->lock);
		if (cpu->episode == episode && cpu->talkers.top)
			source = *cpu->talkers.top;
		spin_unlock_bh(&cpu->lock);
		if (!source.family)
			continue;
		least = candidate;
		for (i = 0; i < n; i++) {
			if (ctfull_source_is(&candidate[i], source.family, &source.addr))
				break;
			if (candidate[i].count < least->count)
				least = &candidate[i];
		}
		if (i < n)
			candidate[i].count = max(candidate[i].count, source.count);
		else if (n < CTFULL_CANDIDATES)
			candidate[n++] = source;
		else if (source.count > least->count)
			*least = source;
	}
	return n;
}

/* Adds what a processor has counted of these sources. */
static void ctfull_stats_add(struct ctfull_stats *stats, struct ctfull_pcpu_stats *cpu,
			     struct ctfull_source *source, unsigned int n)
{
	const struct ctfull_source *same;
	unsigned int i;

	lockdep_assert_held(&cpu->lock);
	for (i = 0; i < n; i++) {
		same = ctfull_talkers_find(&cpu->talkers,
					   ctfull_hash(stats, source[i].family, &source[i].addr),
					   source[i].family, &source[i].addr);
		if (same)
			source[i].count += same->count;
	}
}

void ctfull_stats_top(struct ctfull_stats *stats, char top[INET6_ADDRSTRLEN])
{
	struct ctfull_source candidate[CTFULL_CANDIDATES], *best = candidate;
	u32 episode = READ_ONCE(stats->episode);
	struct ctfull_pcpu_stats *cpu;
	unsigned int i, n;
	int id;

	top[0] = 0;
	n = ctfull_stats_candidates(stats, episode, candidate);
	if (!n)
		return;
	for (i = 0; i < n; i++)
		candidate[i].count = 0;
	for_each_possible_cpu(id) {
		cpu = per_cpu_ptr(stats->pcpu, id);
		if (!READ_ONCE(cpu->used))
			continue;
		spin_lock_bh(&cpu->lock);
		if (cpu->episode == episode)
			ctfull_stats_add(stats, cpu, candidate, n);
		spin_unlock_bh(&cpu->lock);
	}
	for (i = 1; i < n; i++)
		if (candidate[i].count > best->count)
			best = &candidate[i];
	snprintf(top, INET6_ADDRSTRLEN, best->family == NFPROTO_IPV4 ? "%pI4" : "%pI6c",
		 &best->addr);
}

struct ctfull_source *ctfull_stats_sources(struct ctfull_stats *stats, unsigned int *n)
{
	u32 episode = READ_ONCE(stats->episode);
	struct ctfull_pcpu_stats *cpu;
	struct ctfull_source *all;
	int i;

	*n = 0;
	all = kvmalloc_array(num_possible_cpus(), sizeof(cpu->talkers.source),
			     GFP_KERNEL_ACCOUNT);
	if (!all)
		return ERR_PTR(-ENOMEM);
	for_each_possible_cpu(i) {
		cpu = per_cpu_ptr(stats->pcpu, i);
		if (!READ_ONCE(cpu->used))
			continue;
		spin_lock_bh(&cpu->lock);
		if (cpu->episode == episode) {
			memcpy(all + *n, cpu->talkers.source, sizeof(cpu->talkers.source));
			*n += CTFULL_SETS * CTFULL_WAYS;
		}
		spin_unlock_bh(&cpu->lock);
	}
	*n = ctfull_talkers_merge(all, *n);
	return all;
}
