// SPDX-License-Identifier: GPL-2.0-only
/*
 * xt_ctstate2 - match a packet by what the connection tracker knows about it
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/netfilter/x_tables.h>
#include <net/netfilter/nf_conntrack.h>
#include "state.h"

static bool ctstate2_mt(const struct sk_buff *skb, struct xt_action_param *par)
{
	const struct xt_ctstate2_mtinfo *info = par->matchinfo;
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct;
	unsigned int nat = 0;

	if (info->nat) {
		ct = nf_ct_get(skb, &ctinfo);
		if (ct)
			nat = ctstate2_nat(READ_ONCE(ct->status));
	}
	return ctstate2_match(info, ctstate2_state(skb_get_nfct(skb)), nat);
}

static int ctstate2_mt_check(const struct xt_mtchk_param *par)
{
	struct xt_ctstate2_mtinfo *info = par->matchinfo;
	unsigned int bad;
	const char *what;
	int ret;

	what = ctstate2_check(info, &bad);
	if (what) {
		pr_info_ratelimited("rule refused: %s: %#x\n", what, bad);
		return -EINVAL;
	}

	/* Nothing tracks in a namespace before somebody asked for it. */
	ret = nf_ct_netns_get(par->net, par->family);
	if (ret < 0) {
		pr_info_ratelimited("rule refused: no connection tracking for protocol family %u\n",
				    par->family);
		return ret;
	}
	ctstate2_compile(info);
	return 0;
}

static void ctstate2_mt_destroy(const struct xt_mtdtor_param *par)
{
	nf_ct_netns_put(par->net, par->family);
}

static struct xt_match ctstate2_mt_reg __read_mostly = {
	.name		= "ctstate2",
	.revision	= 0,
	.family		= NFPROTO_UNSPEC,
	.match		= ctstate2_mt,
	.checkentry	= ctstate2_mt_check,
	.destroy	= ctstate2_mt_destroy,
	.matchsize	= sizeof(struct xt_ctstate2_mtinfo),
	.usersize	= offsetof(struct xt_ctstate2_mtinfo, accept),
	.me		= THIS_MODULE,
};

static int __init ctstate2_init(void)
{
	return xt_register_match(&ctstate2_mt_reg);
}

static void __exit ctstate2_exit(void)
{
	xt_unregister_match(&ctstate2_mt_reg);
}

module_init(ctstate2_init);
module_exit(ctstate2_exit);

MODULE_DESCRIPTION("Xtables: match what the connection tracker knows about a packet");
MODULE_LICENSE("GPL");
MODULE_ALIAS("ipt_ctstate2");
MODULE_ALIAS("ip6t_ctstate2");
