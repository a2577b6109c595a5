/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All differences between kernels. The rest is written for the newest one; here is
 * what others need for that.
 *
 * No version is asked for, since distributions take what they like from later ones: each
 * HAVE_X is defined in probed.h if the few lines of probes/x.c can be compiled for this
 * kernel, see probe.
 */
#ifndef _XCA_COMPAT_H
#define _XCA_COMPAT_H

#include <linux/dynamic_debug.h>
#include <linux/kmemleak.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_core.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>

#include "probed.h"

/* Some kernels have these only where there is dynamic debug. */
#ifndef DYNAMIC_DEBUG_BRANCH
#define DEFINE_DYNAMIC_DEBUG_METADATA(...)
#define DYNAMIC_DEBUG_BRANCH(...)		false
#endif

/*
 * What a helper's expectations may be. Not what nf_ct_helper_init() was given, but a copy
 * that lives as long as the helper.
 */
static inline struct nf_conntrack_expect_policy *
compat_helper_policy(const struct nf_conntrack_helper *h)
{
	return (struct nf_conntrack_expect_policy *)h->expect_policy;
}

#ifdef HAVE_HELPER_PORT
/* see compat_helpers_register() */
#define nf_ct_helper_init(h, family, proto, name, ...) \
	nf_ct_helper_init(h, family, proto, name, 0, 0, 0, __VA_ARGS__)
#endif

#ifndef HAVE_HELPER_COPIED

/* What a connection may point to when the module is gone */
struct compat_helper {
	struct nf_conntrack_helper helper;
	struct nf_conntrack_expect_policy policy[NF_CT_MAX_EXPECT_CLASSES];
};

static inline int compat_helper_register(const struct nf_conntrack_helper *h,
					 struct nf_conntrack_helper **helper)
{
	struct compat_helper *copy = kzalloc(sizeof(*copy), GFP_KERNEL);
	int err;

	if (!copy)
		return -ENOMEM;
	copy->helper = *h;
	memcpy(copy->policy, h->expect_policy,
	       (h->expect_class_max + 1) * sizeof(copy->policy[0]));
	copy->helper.expect_policy = copy->policy;
	err = nf_conntrack_helper_register(&copy->helper);
	if (err) {
		kfree(copy);
		return err;
	}
	/* see compat_helpers_unregister() */
	kmemleak_not_leak(copy);
	*helper = &copy->helper;
	return 0;
}

struct compat_helpers {
	struct nf_conntrack_helper **helper;
	unsigned int n;
};

static inline bool compat_helpers_have(const struct compat_helpers *helpers,
				       const struct nf_conntrack_helper *h)
{
	unsigned int i;

	for (i = 0; i < helpers->n; i++) {
		if (h == helpers->helper[i])
			return true;
	}
	return false;
}

static inline bool compat_helpers_expect(struct nf_conntrack_expect *exp, void *helpers)
{
#ifdef HAVE_ASSIGN_HELPER
	if (compat_helpers_have(helpers, rcu_access_pointer(exp->assign_helper)))
		return true;
#endif
	return compat_helpers_have(helpers, rcu_access_pointer(exp->helper));
}

/*
 * The connection stays; its masters lose the helper. One that is in the table has lost it, and
 * has its own masters looked at.
 */
static inline int compat_helpers_unhelp(struct nf_conn *ct, void *helpers)
{
	struct nf_conn_help *help;

	while ((ct = ct->master) && nf_ct_is_dying(ct)) {
		help = nfct_help(ct);
		if (help && compat_helpers_have(helpers, rcu_access_pointer(help->helper)))
			RCU_INIT_POINTER(help->helper, NULL);
	}
	return 0;
}

static inline void compat_helpers_unregister(struct nf_conntrack_helper **helper,
					     unsigned int n)
{
	struct compat_helpers helpers = { .helper = helper, .n = n };
	unsigned int i;

	for (i = 0; i < n; i++)
		nf_conntrack_helper_unregister(helper[i]);
	/*
	 * The kernel has taken the expectations first, and then the helper off the connections.
	 * Meanwhile ctnetlink could make more of them, which still name the helper. And it
	 * finds no connection that is off the table, but still the master of others, of which
	 * it asks for the master's helper when they go. The second one waits for readers.
	 */
	nf_ct_expect_iterate_destroy(compat_helpers_expect, &helpers);
	nf_ct_iterate_destroy(compat_helpers_unhelp, &helpers);
	for (i = 0; i < n; i++) {
		/*
		 * Not freed: a connection that nobody finds, because its reader of events does
		 * not read, still points to it, and the kernel reads its name when it lists such.
		 */
		helper[i]->help = NULL;
		helper[i]->from_nlattr = NULL;
		helper[i]->me = NULL;
		helper[i] = NULL;
	}
}

#define nf_conntrack_helper_register	compat_helper_register
#define nf_conntrack_helpers_unregister	compat_helpers_unregister
#endif /* HAVE_HELPER_COPIED */

#if !defined(HAVE_HELPER_COPIED) || defined(HAVE_HELPER_PORT)
/*
 * Some kernels want a port for each helper that no other one has, for a use that they have
 * given up. It is not the protocol's, which the kernel's own helper has, nor another one
 * that an administrator gives to that: so the first that is free, from the last one down.
 */
static inline int compat_helper_register_port(struct nf_conntrack_helper *h,
					      struct nf_conntrack_helper **helper)
{
#ifdef HAVE_HELPER_PORT
	unsigned int port;
	int err = -EBUSY;

	for (port = 65535; port >= 65500 && err == -EBUSY; port--) {
		h->tuple.src.u.tcp.port = htons(port);
		err = nf_conntrack_helper_register(h, helper);
	}
	return err;
#else
	return nf_conntrack_helper_register(h, helper);
#endif
}

static inline int compat_helpers_register(struct nf_conntrack_helper *h, unsigned int n,
					  struct nf_conntrack_helper **helper)
{
	unsigned int i;
	int err;

	for (i = 0; i < n; i++) {
		err = compat_helper_register_port(&h[i], &helper[i]);
		if (err) {
			nf_conntrack_helpers_unregister(helper, i);
			return err;
		}
	}
	return 0;
}

#define nf_conntrack_helpers_register	compat_helpers_register
#endif

/*
 * Has a connection the helper only because the one that announced it has? So it is with some
 * stable kernels that know one helper of an expectation, and take it for that of both. Who is
 * given a helper by a rule or by ctnetlink has the bit.
 */
static inline bool compat_helper_inherited(const struct nf_conn *ct)
{
#ifdef HAVE_ASSIGN_HELPER
	return false;
#else
	return (READ_ONCE(ct->status) & (IPS_EXPECTED | IPS_HELPER)) == IPS_EXPECTED;
#endif
}

/* An expectation that is still there lives for so many seconds from now on. */
static inline void compat_expect_refresh(struct nf_conntrack_expect *exp,
					 unsigned int seconds)
{
#ifdef HAVE_EXPECT_TIMER
	mod_timer_pending(&exp->timeout, jiffies + seconds * HZ);
#else
	if (!nf_ct_exp_is_expired(exp))
		WRITE_ONCE(exp->timeout, nfct_time_stamp + seconds * HZ);
#endif
}

/*
 * The dead expectations of a connection go, which kernels without timers keep until they look
 * through the table.
 */
static inline void compat_expect_remove_dead(struct nf_conn *ct)
{
#ifndef HAVE_EXPECT_TIMER
	struct nf_conntrack_expect *exp;
	struct hlist_node *next;

	spin_lock_bh(&nf_conntrack_expect_lock);
	hlist_for_each_entry_safe(exp, next, &nfct_help(ct)->expectations, lnode)
		if (nf_ct_exp_is_expired(exp))
			nf_ct_unlink_expect(exp);
	spin_unlock_bh(&nf_conntrack_expect_lock);
#endif
}

#endif /* _XCA_COMPAT_H */
