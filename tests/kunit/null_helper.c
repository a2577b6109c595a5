// SPDX-License-Identifier: GPL-2.0-only
/*
 * The helper "null", which does nothing: what it costs is what the kernel takes to call
 * one. For bench/helpers.
 */

#include <linux/module.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>

static int null_help(struct sk_buff *skb, unsigned int protoff, struct nf_conn *ct,
		     enum ip_conntrack_info ctinfo)
{
	return NF_ACCEPT;
}

static const struct nf_conntrack_expect_policy null_policy = { .max_expected = 1 };

static struct nf_conntrack_helper null_helper = {
	.name = "null",
	.me = THIS_MODULE,
	.tuple.src.l3num = NFPROTO_IPV4,
	.tuple.dst.protonum = IPPROTO_TCP,
	.help = null_help,
	.expect_policy = &null_policy,
};

static int __init null_init(void)
{
	return nf_conntrack_helper_register(&null_helper);
}

static void __exit null_exit(void)
{
	nf_conntrack_helper_unregister(&null_helper);
}

module_init(null_init);
module_exit(null_exit);
MODULE_LICENSE("GPL v2");
MODULE_DESCRIPTION("A connection tracking helper that does nothing");
