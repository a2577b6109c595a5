// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helper "null", which does nothing: what it costs is what the kernel takes to call
 * one. For bench/helpers.
 */

#include <linux/module.h>

#include "compat.h"

static int null_help(struct sk_buff *skb, unsigned int protoff, struct nf_conn *ct,
		     enum ip_conntrack_info ctinfo)
{
	return NF_ACCEPT;
}

static const struct nf_conntrack_expect_policy null_policy = { .max_expected = 1 };

static struct nf_conntrack_helper *null_helper;

static int __init null_init(void)
{
	struct nf_conntrack_helper h;

	nf_ct_helper_init(&h, NFPROTO_IPV4, IPPROTO_TCP, "null", &null_policy, 0, null_help,
			  NULL, THIS_MODULE);
	return nf_conntrack_helpers_register(&h, 1, &null_helper);
}

static void __exit null_exit(void)
{
	nf_conntrack_helpers_unregister(&null_helper, 1);
}

module_init(null_init);
module_exit(null_exit);
MODULE_LICENSE("GPL v2");
MODULE_DESCRIPTION("A connection tracking helper that does nothing");
