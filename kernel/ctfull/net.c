// SPDX-License-Identifier: GPL-2.0-only
#include <linux/mutex.h>
#include <linux/netfilter/x_tables.h>
#include <linux/slab.h>
#include <linux/timekeeping.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>
#include <net/netfilter/nf_conntrack.h>
#include "net.h"

/* How often to look whether the level falls */
#define CTFULL_LEVEL_PERIOD	HZ

static unsigned int ctfull_net_id __read_mostly;

/* Serializes the coming and going of rules, of all namespaces; protects latches. */
static DEFINE_MUTEX(ctfull_rules_mutex);

/* Where a namespace's ctfull_net hangs: NULL before the first rule; then set once */
static struct ctfull_net **ctfull_pernet(struct net *net)
{
	return net_generic(net, ctfull_net_id);
}

static void ctfull_net_free(struct kref *ref)
{
	struct ctfull_net *cn = container_of(ref, struct ctfull_net, ref);

	ctfull_stats_free(&cn->stats);
	kfree(cn);
}

static void ctfull_net_put(struct ctfull_net *cn)
{
	kref_put(&cn->ref, ctfull_net_free);
}

static void ctfull_level_work(struct work_struct *work)
{
	struct ctfull_net *cn = container_of(to_delayed_work(work), struct ctfull_net, work);

	ctfull_net_update(cn, nf_conntrack_count(cn->net), READ_ONCE(nf_conntrack_max), false);
	if (READ_ONCE(cn->level) != CTFULL_LEVEL_NORMAL)
		schedule_delayed_work(&cn->work, CTFULL_LEVEL_PERIOD);
}

static struct ctfull_net *ctfull_net_alloc(struct net *net)
{
	struct ctfull_net *cn = kzalloc(sizeof(*cn), GFP_KERNEL_ACCOUNT);

	if (!cn)
		return NULL;
	if (ctfull_stats_alloc(&cn->stats)) {
		kfree(cn);
		return NULL;
	}
	cn->net = net;
	cn->skip_tick = jiffies - 1;
	cn->warn_at = XT_CTFULL_WARN_AT;
	kref_init(&cn->ref);
	INIT_LIST_HEAD(&cn->latches);
	INIT_LIST_HEAD(&cn->rules);
	spin_lock_init(&cn->lock);
	INIT_DELAYED_WORK(&cn->work, ctfull_level_work);
	ctfull_events_init(&cn->events);
	return cn;
}

struct ctfull_net *ctfull_net_find(struct net *net)
{
	/* pairs with ctfull_net_get() */
	return smp_load_acquire(ctfull_pernet(net));
}

/*
 * One to spare, if the namespace has none; before the mutex is taken. Memory may be long in
 * coming to a user who has used up his, and the others are not to wait for that.
 */
static struct ctfull_net *ctfull_net_spare(struct net *net)
{
	return ctfull_net_find(net) ? NULL : ctfull_net_alloc(net);
}

/* A reference to a namespace's, which is *@spare if there was none; NULL: no memory */
static struct ctfull_net *ctfull_net_get(struct net *net, struct ctfull_net **spare)
{
	struct ctfull_net **here = ctfull_pernet(net);

	lockdep_assert_held(&ctfull_rules_mutex);
	if (!*here) {
		/* pairs with ctfull_net_find() */
		smp_store_release(here, *spare);
		*spare = NULL;
	}
	if (*here)
		kref_get(&(*here)->ref);
	return *here;
}

/* What all rules together ask for, when one has come or gone */
static void ctfull_net_sum_rules(struct ctfull_net *cn, int more)
{
	u32 warn_at = 100, reserve = 0, percent = 0;
	const struct ctfull_rule *rule;

	list_for_each_entry(rule, &cn->rules, list) {
		warn_at = min_t(u32, warn_at, rule->info.warn_at);
		if (rule->info.flags & XT_CTFULL_RESERVE_PERCENT)
			percent = max(percent, rule->info.reserve);
		else
			reserve = max(reserve, rule->info.reserve);
	}
	spin_lock_bh(&cn->lock);
	WRITE_ONCE(cn->n_rules, cn->n_rules + more);
	spin_unlock_bh(&cn->lock);
	WRITE_ONCE(cn->warn_at, cn->n_rules ? warn_at : XT_CTFULL_WARN_AT);
	WRITE_ONCE(cn->reserve, reserve);
	WRITE_ONCE(cn->reserve_percent, percent);
	WRITE_ONCE(cn->skip_tick, jiffies - 1);
}

/* A rule that says the same to packets of the same hooks, the newest one; or NULL */
static struct ctfull_rule *ctfull_rule_find_equal(const struct ctfull_rule *rule)
{
	struct ctfull_rule *other;

	lockdep_assert_held(&ctfull_rules_mutex);
	list_for_each_entry(other, &rule->cn->rules, list)
		if (other->family == rule->family && other->hooks == rule->hooks &&
		    !memcmp(&other->info, &rule->info, offsetof(struct xt_ctfull_tginfo, rule)))
			return other;
	return NULL;
}

static int ctfull_rule_add(struct ctfull_rule *rule, struct net *net, struct ctfull_net **spare)
{
	struct ctfull_rule *equal;

	lockdep_assert_held(&ctfull_rules_mutex);
	rule->cn = ctfull_net_get(net, spare);
	if (!rule->cn)
		return -ENOMEM;
	if (rule->cn->n_rules >= CTFULL_RULES) {
		ctfull_net_put(rule->cn);
		return -ENOSPC;
	}
	equal = ctfull_rule_find_equal(rule);
	if (equal) {
		spin_lock_bh(&equal->lock);
		rule->bucket = equal->bucket;
		spin_unlock_bh(&equal->lock);
	}
	list_add(&rule->list, &rule->cn->rules);
	ctfull_net_sum_rules(rule->cn, 1);
	return 0;
}

struct ctfull_rule *ctfull_rule_alloc(const struct xt_tgchk_param *par,
				      const struct xt_ctfull_tginfo *info)
{
	struct ctfull_rule *rule = kzalloc(sizeof(*rule), GFP_KERNEL_ACCOUNT);
	struct ctfull_net *spare;
	int ret;

	if (!rule)
		return ERR_PTR(-ENOMEM);
	spare = ctfull_net_spare(par->net);
	rule->info = *info;
	rule->hooks = par->hook_mask;
	rule->family = par->family;
	spin_lock_init(&rule->lock);
	ctfull_tb_init(&rule->bucket, info->flags & XT_CTFULL_PER_MINUTE ? 60 * HZ : HZ,
		       info->log_burst, get_jiffies_64());

	mutex_lock(&ctfull_rules_mutex);
	ret = ctfull_rule_add(rule, par->net, &spare);
	mutex_unlock(&ctfull_rules_mutex);
	if (spare)
		ctfull_net_put(spare);
	if (!ret)
		return rule;
	kfree(rule);
	return ERR_PTR(ret);
}

void ctfull_rule_free(struct ctfull_rule *rule)
{
	struct ctfull_net *cn = rule->cn;
	struct ctfull_rule *equal;

	mutex_lock(&ctfull_rules_mutex);
	list_del(&rule->list);
	equal = ctfull_rule_find_equal(rule);
	if (equal)
		atomic64_add(atomic64_read(&rule->suppressed), &equal->suppressed);
	ctfull_net_sum_rules(cn, -1);
	if (!cn->n_rules) {
		/* nobody raises it before ctfull_rule_alloc() has the mutex */
		cancel_delayed_work_sync(&cn->work);
		WRITE_ONCE(cn->level, CTFULL_LEVEL_NORMAL);
	}
	mutex_unlock(&ctfull_rules_mutex);
	ctfull_net_put(cn);
	kfree(rule);
}

static struct ctfull_latch *ctfull_latch_find(struct ctfull_net *cn,
					      const struct xt_ctfull_mtinfo *info, u8 percent)
{
	struct ctfull_latch *latch;

	list_for_each_entry(latch, &cn->latches, list)
		if (latch->above == info->above && latch->until == info->until &&
		    latch->percent == percent)
			return latch;
	return NULL;
}

/* *@spare becomes a latch that there was none like; the caller's reference to @cn is for it. */
static struct ctfull_latch *ctfull_latch_add(struct ctfull_net *cn,
					     const struct xt_ctfull_mtinfo *info, u8 percent,
					     struct ctfull_latch **spare)
{
	struct ctfull_latch *latch = *spare;

	if (cn->n_latches >= CTFULL_RULES)
		return ERR_PTR(-ENOSPC);
	*spare = NULL;
	latch->cn = cn;
	latch->above = info->above;
	latch->until = info->until;
	latch->percent = percent;
	latch->skip_tick = jiffies - 1;
	list_add(&latch->list, &cn->latches);
	cn->n_latches++;
	return latch;
}

struct ctfull_latch *ctfull_latch_get(struct net *net, const struct xt_ctfull_mtinfo *info)
{
	u8 percent = info->flags & (XT_CTFULL_ABOVE_PERCENT | XT_CTFULL_UNTIL_PERCENT);
	struct ctfull_latch *spare = kzalloc(sizeof(*spare), GFP_KERNEL_ACCOUNT);
	struct ctfull_latch *latch = ERR_PTR(-ENOMEM);
	struct ctfull_net *cn, *spare_cn;

	if (!spare)
		return latch;
	spare_cn = ctfull_net_spare(net);
	mutex_lock(&ctfull_rules_mutex);
	cn = ctfull_net_get(net, &spare_cn);
	if (!cn)
		goto out;
	latch = ctfull_latch_find(cn, info, percent);
	if (!latch)
		latch = ctfull_latch_add(cn, info, percent, &spare);
	/* one reference for all of its users */
	if (IS_ERR(latch) || latch->users++)
		ctfull_net_put(cn);
out:
	mutex_unlock(&ctfull_rules_mutex);
	if (spare_cn)
		ctfull_net_put(spare_cn);
	kfree(spare);
	return latch;
}

void ctfull_latch_put(struct ctfull_latch *latch)
{
	mutex_lock(&ctfull_rules_mutex);
	if (!--latch->users) {
		list_del(&latch->list);
		latch->cn->n_latches--;
		ctfull_net_put(latch->cn);
		kfree(latch);
	}
	mutex_unlock(&ctfull_rules_mutex);
}

static void ctfull_net_update_peak(struct ctfull_net *cn, u32 count)
{
	u32 peak = READ_ONCE(cn->peak);

	while (count > peak) {
		if (!try_cmpxchg(&cn->peak, &peak, count))
			continue;
		WRITE_ONCE(cn->peak_time, ktime_get_real_seconds());
		return;
	}
}

void ctfull_net_update(struct ctfull_net *cn, u32 count, u32 max, bool reserved)
{
	struct ctfull_status status = { .count = count, .max = max };
	enum ctfull_table_level before = READ_ONCE(cn->level);
	u32 room;

	ctfull_net_update_peak(cn, count);
	/* most packets of a flood */
	if (before == CTFULL_LEVEL_FULL && max && count >= max)
		return;
	room = ctfull_net_room(cn, max);
	status.warn_at = READ_ONCE(cn->warn_at);
	if (ctfull_level(before, count, max, status.warn_at, room, reserved) == before)
		return;

	spin_lock_bh(&cn->lock);
	before = cn->level;
	status.level = ctfull_level(before, count, max, status.warn_at, room, reserved);
	if (status.level != before && cn->n_rules) {
		WRITE_ONCE(cn->level, status.level);
		if (before == CTFULL_LEVEL_NORMAL) {
			ctfull_stats_new_episode(&cn->stats);
			schedule_delayed_work(&cn->work, CTFULL_LEVEL_PERIOD);
		}
		ctfull_event_level(&cn->events, cn->net, &cn->stats, &status);
	}
	spin_unlock_bh(&cn->lock);
}

/* No packet passes here any more: hooks went before, in pre_exit. */
static void __net_exit ctfull_pernet_exit(struct net *net)
{
	struct ctfull_net *cn = *ctfull_pernet(net);

	if (!cn)
		return;
	cancel_delayed_work_sync(&cn->work);
	ctfull_net_put(cn);
}

static struct pernet_operations ctfull_pernet_ops = {
	.exit	= ctfull_pernet_exit,
	.id	= &ctfull_net_id,
	.size	= sizeof(struct ctfull_net *),
};

int __init ctfull_net_init(void)
{
	return register_pernet_subsys(&ctfull_pernet_ops);
}

/* not __exit: called when the module cannot be loaded, too */
void ctfull_net_exit(void)
{
	unregister_pernet_subsys(&ctfull_pernet_ops);
}
