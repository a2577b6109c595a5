// SPDX-License-Identifier: GPL-2.0-only
/*
 * xt_CTFORGET - forget a packet's connection, so that the next packet begins
 * anew
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/netfilter/x_tables.h>
#include <net/netfilter/nf_conntrack.h>
#include "../rule.h"

/*
 * In PREROUTING, a packet of this machine's own to itself, or a copy of what it sent to many:
 * it has the connection that it had in OUTPUT. That may have begun with this very packet, though
 * it is confirmed by now. So OUTPUT is the place for those.
 */
static bool ctforget_tg_looped(const struct sk_buff *skb, const struct xt_action_param *par)
{
	return xt_hooknum(par) == NF_INET_PRE_ROUTING &&
	       (xt_in(par)->flags & IFF_LOOPBACK || skb->pkt_type == PACKET_LOOPBACK);
}

/*
 * The packet itself has been looked up, and perhaps translated, as the
 * connection said. So it does not go on: whoever sent it sends another one.
 *
 * A connection that is not confirmed is in no table yet: there is nothing to
 * forget, and it is the one that begins anew. nf_ct_delete() must not see it.
 * One that is dying has been taken off by somebody else a moment ago.
 */
static unsigned int ctforget_tg(struct sk_buff *skb, const struct xt_action_param *par)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct;

	ct = nf_ct_get(skb, &ctinfo);
	if (!ct || nf_ct_is_template(ct) || !nf_ct_is_confirmed(ct) ||
	    ctforget_tg_looped(skb, par))
		return XT_CONTINUE;
	nf_ct_kill(ct);
	return NF_DROP;
}

static int ctforget_tg_check(const struct xt_tgchk_param *par)
{
	int ret;

	/* In nftables, a table has any name, and the hook is what counts. */
	if (!par->nft_compat && strcmp(par->table, "mangle")) {
		pr_info_ratelimited("rule refused: only in the table mangle, not in %s\n",
				    par->table);
		return -EINVAL;
	}
	ret = rule_tracker_get(par->net, par->family);
	return ret < 0 ? ret : 0;
}

static void ctforget_tg_destroy(const struct xt_tgdtor_param *par)
{
	nf_ct_netns_put(par->net, par->family);
}

#define CTFORGET_TARGET(pf) {						\
	.name		= "CTFORGET",					\
	.revision	= 0,						\
	.family		= pf,						\
	.hooks		= 1 << NF_INET_PRE_ROUTING |			\
			  1 << NF_INET_LOCAL_OUT,			\
	.target		= ctforget_tg,					\
	.checkentry	= ctforget_tg_check,				\
	.destroy	= ctforget_tg_destroy,				\
	.me		= THIS_MODULE,					\
}

static struct xt_target ctforget_tg_reg[] __read_mostly = {
	CTFORGET_TARGET(NFPROTO_IPV4),
	CTFORGET_TARGET(NFPROTO_IPV6),
};

static int __init ctforget_init(void)
{
	return xt_register_targets(ctforget_tg_reg, ARRAY_SIZE(ctforget_tg_reg));
}

static void __exit ctforget_exit(void)
{
	xt_unregister_targets(ctforget_tg_reg, ARRAY_SIZE(ctforget_tg_reg));
}

module_init(ctforget_init);
module_exit(ctforget_exit);

MODULE_DESCRIPTION("Xtables: forget a packet's connection");
MODULE_AUTHOR("xtables-conntrack-addons developers");
MODULE_VERSION(XCA_VERSION);
MODULE_LICENSE("GPL");
MODULE_ALIAS("ipt_CTFORGET");
MODULE_ALIAS("ip6t_CTFORGET");
