// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is kept of a network namespace whose table may become full: figures, the
 * level, and who is refused.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/netfilter.h>
#include <linux/netfilter/x_tables.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/netfilter/nf_conntrack.h>
#include "table.h"

/* How often to look whether the level falls */
#define CTFULL_LOOK	HZ

/* Of so many sources a log line compares what all processors have counted */
#define CTFULL_CANDIDATES	4

static unsigned int ctfull_net_id __read_mostly;
static u32 ctfull_hash_key __read_mostly;

/**
 * struct ctfull_net - where a namespace's table hangs
 * @table: NULL before the first rule; then set once
 */
struct ctfull_net {
	struct ctfull_table *table;
};

/* Serializes the coming and going of rules, of all namespaces; protects latches. */
static DEFINE_MUTEX(ctfull_table_mutex);

static void ctfull_table_free(struct kref *ref)
{
	struct ctfull_table *table = container_of(ref, struct ctfull_table, ref);

	free_percpu(table->cpu);
	kfree(table);
}

static void ctfull_look(struct work_struct *work)
{
	struct ctfull_table *table =
		container_of(to_delayed_work(work), struct ctfull_table, work);

	ctfull_table_saw(table, nf_conntrack_count(table->net), READ_ONCE(nf_conntrack_max),
			 false);
	if (READ_ONCE(table->level) != CTFULL_LEVEL_NORMAL)
		schedule_delayed_work(&table->work, CTFULL_LOOK);
}

static struct ctfull_table *ctfull_table_alloc(struct net *net)
{
	struct ctfull_table *table = kzalloc(sizeof(*table), GFP_KERNEL_ACCOUNT);
	int cpu;

	if (!table)
		return NULL;
	table->cpu = alloc_percpu_gfp(struct ctfull_cpu, GFP_KERNEL_ACCOUNT);
	if (!table->cpu) {
		kfree(table);
		return NULL;
	}
	for_each_possible_cpu(cpu)
		spin_lock_init(&per_cpu_ptr(table->cpu, cpu)->lock);
	table->net = net;
	table->far = jiffies - 1;
	table->warn_at = XT_CTFULL_WARN_AT;
	kref_init(&table->ref);
	INIT_LIST_HEAD(&table->latches);
	INIT_LIST_HEAD(&table->rules);
	spin_lock_init(&table->lock);
	ctfull_bucket_fill(&table->events, HZ, CTFULL_EVENT_RATE, get_jiffies_64());
	INIT_DELAYED_WORK(&table->work, ctfull_look);
	return table;
}

struct ctfull_table *ctfull_table_find(struct net *net)
{
	struct ctfull_net *here = net_generic(net, ctfull_net_id);

	/* pairs with ctfull_table_get() */
	return smp_load_acquire(&here->table);
}

/* A reference to a namespace's table, which is made if need be; NULL: no memory */
static struct ctfull_table *ctfull_table_hold(struct net *net)
{
	struct ctfull_net *here = net_generic(net, ctfull_net_id);
	struct ctfull_table *table = here->table;

	lockdep_assert_held(&ctfull_table_mutex);
	if (!table) {
		table = ctfull_table_alloc(net);
		/* pairs with ctfull_table_find() */
		smp_store_release(&here->table, table);
	}
	if (table)
		kref_get(&table->ref);
	return table;
}

/* A rule has come or gone. */
static void ctfull_table_rules(struct ctfull_table *table, int more)
{
	u32 warn_at = 100, reserve = 0, percent = 0;
	const struct ctfull_rule *rule;

	list_for_each_entry(rule, &table->rules, list) {
		warn_at = min_t(u32, warn_at, rule->info.warn_at);
		if (rule->info.flags & XT_CTFULL_RESERVE_PERCENT)
			percent = max(percent, rule->info.reserve);
		else
			reserve = max(reserve, rule->info.reserve);
	}
	spin_lock_bh(&table->lock);
	WRITE_ONCE(table->n_rules, table->n_rules + more);
	spin_unlock_bh(&table->lock);
	WRITE_ONCE(table->warn_at, table->n_rules ? warn_at : XT_CTFULL_WARN_AT);
	WRITE_ONCE(table->reserve, reserve);
	WRITE_ONCE(table->reserve_percent, percent);
	WRITE_ONCE(table->far, jiffies - 1);
}

/* A rule that says the same to packets of the same hooks, the newest one; or NULL */
static struct ctfull_rule *ctfull_rule_like(const struct ctfull_rule *rule)
{
	struct ctfull_rule *other;

	lockdep_assert_held(&ctfull_table_mutex);
	list_for_each_entry(other, &rule->table->rules, list)
		if (other->family == rule->family && other->hooks == rule->hooks &&
		    !memcmp(&other->info, &rule->info, offsetof(struct xt_ctfull_tginfo, rule)))
			return other;
	return NULL;
}

/* A rule comes: adds it to the table of its namespace, if there is room for it. */
static int ctfull_rule_add(struct ctfull_rule *rule, struct net *net)
{
	struct ctfull_rule *like;

	lockdep_assert_held(&ctfull_table_mutex);
	rule->table = ctfull_table_hold(net);
	if (!rule->table)
		return -ENOMEM;
	if (rule->table->n_rules >= CTFULL_RULES) {
		kref_put(&rule->table->ref, ctfull_table_free);
		return -ENOSPC;
	}
	like = ctfull_rule_like(rule);
	if (like) {
		spin_lock_bh(&like->lock);
		rule->bucket = like->bucket;
		spin_unlock_bh(&like->lock);
	}
	list_add(&rule->list, &rule->table->rules);
	ctfull_table_rules(rule->table, 1);
	return 0;
}

struct ctfull_rule *ctfull_rule_get(const struct xt_tgchk_param *par,
				    const struct xt_ctfull_tginfo *info)
{
	struct ctfull_rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);
	int ret;

	if (!rule)
		return ERR_PTR(-ENOMEM);
	rule->info = *info;
	rule->hooks = par->hook_mask;
	rule->family = par->family;
	spin_lock_init(&rule->lock);
	ctfull_bucket_fill(&rule->bucket, info->flags & XT_CTFULL_PER_MINUTE ? 60 * HZ : HZ,
			   info->log_burst, get_jiffies_64());

	mutex_lock(&ctfull_table_mutex);
	ret = ctfull_rule_add(rule, par->net);
	mutex_unlock(&ctfull_table_mutex);
	if (!ret)
		return rule;
	kfree(rule);
	return ERR_PTR(ret);
}

void ctfull_rule_put(struct ctfull_rule *rule)
{
	struct ctfull_table *table = rule->table;
	struct ctfull_rule *like;

	mutex_lock(&ctfull_table_mutex);
	list_del(&rule->list);
	like = ctfull_rule_like(rule);
	if (like)
		atomic64_add(atomic64_read(&rule->suppressed), &like->suppressed);
	ctfull_table_rules(table, -1);
	if (!table->n_rules) {
		/* nobody raises it before ctfull_rule_get() has the mutex */
		cancel_delayed_work_sync(&table->work);
		WRITE_ONCE(table->level, CTFULL_LEVEL_NORMAL);
	}
	mutex_unlock(&ctfull_table_mutex);
	kref_put(&table->ref, ctfull_table_free);
	kfree(rule);
}

static struct ctfull_latch *ctfull_latch_find(struct ctfull_table *table,
					      const struct xt_ctfull_mtinfo *info, u8 percent)
{
	struct ctfull_latch *latch;

	list_for_each_entry(latch, &table->latches, list)
		if (latch->above == info->above && latch->until == info->until &&
		    latch->percent == percent)
			return latch;
	return NULL;
}

/* A latch that there was none like, in a table that the caller holds for it */
static struct ctfull_latch *ctfull_latch_alloc(struct ctfull_table *table,
					       const struct xt_ctfull_mtinfo *info, u8 percent)
{
	struct ctfull_latch *latch;

	if (table->n_latches >= CTFULL_RULES)
		return ERR_PTR(-ENOSPC);
	latch = kzalloc(sizeof(*latch), GFP_KERNEL_ACCOUNT);
	if (!latch)
		return ERR_PTR(-ENOMEM);
	latch->table = table;
	latch->above = info->above;
	latch->until = info->until;
	latch->percent = percent;
	latch->far = jiffies - 1;
	list_add(&latch->list, &table->latches);
	table->n_latches++;
	return latch;
}

struct ctfull_latch *ctfull_latch_get(struct net *net, const struct xt_ctfull_mtinfo *info)
{
	const u8 percent = info->flags & (XT_CTFULL_ABOVE_PERCENT | XT_CTFULL_UNTIL_PERCENT);
	struct ctfull_latch *latch = ERR_PTR(-ENOMEM);
	struct ctfull_table *table;

	mutex_lock(&ctfull_table_mutex);
	table = ctfull_table_hold(net);
	if (!table)
		goto out;
	latch = ctfull_latch_find(table, info, percent) ?:
		ctfull_latch_alloc(table, info, percent);
	/* one reference for all of its users */
	if (IS_ERR(latch) || latch->users++)
		kref_put(&table->ref, ctfull_table_free);
out:
	mutex_unlock(&ctfull_table_mutex);
	return latch;
}

void ctfull_latch_put(struct ctfull_latch *latch)
{
	mutex_lock(&ctfull_table_mutex);
	if (!--latch->users) {
		list_del(&latch->list);
		latch->table->n_latches--;
		kref_put(&latch->table->ref, ctfull_table_free);
		kfree(latch);
	}
	mutex_unlock(&ctfull_table_mutex);
}

static void ctfull_table_peak(struct ctfull_table *table, u32 count)
{
	u32 peak = READ_ONCE(table->peak);

	while (count > peak) {
		if (!try_cmpxchg(&table->peak, &peak, count))
			continue;
		WRITE_ONCE(table->peak_time, ktime_get_real_seconds());
		return;
	}
}

void ctfull_table_saw(struct ctfull_table *table, u32 count, u32 max, bool reserved)
{
	enum ctfull_level level, before;
	u32 room;

	ctfull_table_peak(table, count);
	before = READ_ONCE(table->level);
	/* most packets of a flood */
	if (before == CTFULL_LEVEL_FULL && max && count >= max)
		return;
	room = ctfull_table_room(table, max);
	level = ctfull_level(before, count, max, READ_ONCE(table->warn_at), room, reserved);
	if (level == before)
		return;

	spin_lock_bh(&table->lock);
	before = table->level;
	level = ctfull_level(before, count, max, READ_ONCE(table->warn_at), room, reserved);
	if (level != before && table->n_rules) {
		WRITE_ONCE(table->level, level);
		if (before == CTFULL_LEVEL_NORMAL) {
			WRITE_ONCE(table->episode, table->episode + 1);
			schedule_delayed_work(&table->work, CTFULL_LOOK);
		}
		ctfull_event_level(table, count, max);
	}
	spin_unlock_bh(&table->lock);
}

static u32 ctfull_hash(u8 family, const union nf_inet_addr *addr)
{
	return family == NFPROTO_IPV4 ? jhash_1word(addr->all[0], ctfull_hash_key) :
					jhash2(addr->all, 4, ctfull_hash_key);
}

void ctfull_table_refused(const struct ctfull_refusal *refusal)
{
	struct ctfull_cpu *cpu = this_cpu_ptr(refusal->table->cpu);
	const u32 episode = READ_ONCE(refusal->table->episode);
	const u8 family = refusal->state->pf;
	union nf_inet_addr addr = {};

	/* The tracker has read these headers: this packet is none that it cannot read. */
	if (family == NFPROTO_IPV4)
		addr.ip = ip_hdr(refusal->skb)->saddr;
	else
		addr.in6 = ipv6_hdr(refusal->skb)->saddr;

	spin_lock(&cpu->lock);
	if (unlikely(!cpu->figures.refused++))
		WRITE_ONCE(cpu->used, true);
	cpu->figures.untracked += refusal->untrack;
	cpu->figures.reserved += refusal->by_reserve;
	if (cpu->episode != episode) {
		memset(&cpu->talkers, 0, sizeof(cpu->talkers));
		cpu->episode = episode;
	}
	ctfull_talkers_add(&cpu->talkers, ctfull_hash(family, &addr), family, &addr);
	spin_unlock(&cpu->lock);
}

void ctfull_table_figures(struct ctfull_table *table, struct ctfull_figures *sum)
{
	int i;

	*sum = (struct ctfull_figures){};
	for_each_possible_cpu(i) {
		struct ctfull_cpu *cpu = per_cpu_ptr(table->cpu, i);

		if (!READ_ONCE(cpu->used))
			continue;
		spin_lock_bh(&cpu->lock);
		sum->refused += cpu->figures.refused;
		sum->untracked += cpu->figures.untracked;
		sum->reserved += cpu->figures.reserved;
		sum->logged += cpu->figures.logged;
		spin_unlock_bh(&cpu->lock);
	}
}

/*
 * The sources that are the first one on some processor, the ones with most packets there,
 * each once; returns how many
 */
static unsigned int ctfull_table_candidates(struct ctfull_table *table, u32 episode,
					    struct ctfull_source candidate[CTFULL_CANDIDATES])
{
	struct ctfull_source source, *least;
	unsigned int i, n = 0;
	int cpu_id;

	for_each_possible_cpu(cpu_id) {
		struct ctfull_cpu *cpu = per_cpu_ptr(table->cpu, cpu_id);

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

/* The one of these that has most packets on all processors; NULL if there are none */
static const struct ctfull_source *ctfull_table_top(struct ctfull_table *table, u32 episode,
						    struct ctfull_source *candidate,
						    unsigned int n)
{
	const struct ctfull_source *best = NULL, *same;
	unsigned int i;
	int cpu_id;

	for (i = 0; i < n; i++)
		candidate[i].count = 0;
	for_each_possible_cpu(cpu_id) {
		struct ctfull_cpu *cpu = per_cpu_ptr(table->cpu, cpu_id);

		if (!READ_ONCE(cpu->used))
			continue;
		spin_lock_bh(&cpu->lock);
		for (i = 0; i < n && cpu->episode == episode; i++) {
			struct ctfull_source *source = &candidate[i];

			same = ctfull_talkers_find(&cpu->talkers,
						   ctfull_hash(source->family, &source->addr),
						   source->family, &source->addr);
			source->count += same ? same->count : 0;
		}
		spin_unlock_bh(&cpu->lock);
	}
	for (i = 0; i < n; i++)
		if (!best || candidate[i].count > best->count)
			best = &candidate[i];
	return best;
}

u64 ctfull_table_logged(struct ctfull_table *table, char top[INET6_ADDRSTRLEN])
{
	struct ctfull_source candidate[CTFULL_CANDIDATES];
	struct ctfull_cpu *cpu = this_cpu_ptr(table->cpu);
	const u32 episode = READ_ONCE(table->episode);
	const struct ctfull_source *source;
	struct ctfull_figures sum;
	unsigned int n;

	n = ctfull_table_candidates(table, episode, candidate);
	source = ctfull_table_top(table, episode, candidate, n);
	top[0] = 0;
	if (source)
		snprintf(top, INET6_ADDRSTRLEN,
			 source->family == NFPROTO_IPV4 ? "%pI4" : "%pI6c", &source->addr);
	spin_lock(&cpu->lock);
	cpu->figures.logged++;
	spin_unlock(&cpu->lock);
	ctfull_table_figures(table, &sum);
	return sum.refused;
}

struct ctfull_source *ctfull_table_sources(struct ctfull_table *table, unsigned int *n)
{
	u32 episode = READ_ONCE(table->episode);
	struct ctfull_source *all;
	int i;

	*n = 0;
	all = kvmalloc_array(num_possible_cpus(), sizeof(((struct ctfull_talkers *)0)->source),
			     GFP_KERNEL_ACCOUNT);
	if (!all)
		return ERR_PTR(-ENOMEM);
	for_each_possible_cpu(i) {
		struct ctfull_cpu *cpu = per_cpu_ptr(table->cpu, i);

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

/* No packet passes here any more: hooks went before, in pre_exit. */
static void __net_exit ctfull_net_exit(struct net *net)
{
	struct ctfull_net *here = net_generic(net, ctfull_net_id);

	if (!here->table)
		return;
	cancel_delayed_work_sync(&here->table->work);
	kref_put(&here->table->ref, ctfull_table_free);
}

static struct pernet_operations ctfull_net_ops = {
	.exit	= ctfull_net_exit,
	.id	= &ctfull_net_id,
	.size	= sizeof(struct ctfull_net),
};

int __init ctfull_init_tables(void)
{
	get_random_bytes(&ctfull_hash_key, sizeof(ctfull_hash_key));
	return register_pernet_subsys(&ctfull_net_ops);
}

/* not __exit: called when the module cannot be loaded, too */
void ctfull_exit_tables(void)
{
	unregister_pernet_subsys(&ctfull_net_ops);
}
