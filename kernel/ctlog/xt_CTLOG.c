// SPDX-License-Identifier: GPL-2.0-only
/*
 * xt_CTLOG - log a packet with what the connection tracker knows about it
 */
#include <linux/module.h>
#include <linux/skbuff.h>
#include <linux/netfilter/x_tables.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_helper.h>
#include <net/netfilter/nf_conntrack_zones.h>
#include "../log.h"
#include "../rule.h"
#include "../tracker/invalid.h"
#include "../tracker/packet.h"
#include "ctlog.h"

static void ctlog_get_connection(struct ctlog_values *v, const struct nf_conn *ct,
				 enum ip_conntrack_info ctinfo)
{
	const struct nf_conn_help *help = nfct_help(ct);
	const struct nf_conntrack_helper *helper = NULL;

	v->connection = true;
	v->dir = CTINFO2DIR(ctinfo);
	v->status = READ_ONCE(ct->status);
	v->expires = tracker_lifetime(v->status, READ_ONCE(ct->timeout), nfct_time_stamp) / HZ;
	v->zone = nf_ct_zone_id(nf_ct_zone(ct), v->dir);
	if (nf_ct_protonum(ct) == IPPROTO_TCP)
		v->tcp_state = READ_ONCE(ct->proto.tcp.state);
	if (nf_ct_protonum(ct) == IPPROTO_SCTP)
		v->sctp_state = READ_ONCE(ct->proto.sctp.state);
	if (help)
		helper = rcu_dereference(help->helper);
	if (helper)
		v->helper = helper->name;
#ifdef CONFIG_NF_CONNTRACK_MARK
	v->mark = READ_ONCE(ct->mark);
#endif
}

static unsigned int ctlog_tg(struct sk_buff *skb, const struct xt_action_param *par)
{
	const struct xt_ctlog_tginfo *info = par->targinfo;
	struct ctlog_values v = {
		.prefix = info->prefix,
		.state = tracker_state(skb_get_nfct(skb)),
		.reason = XT_CTSTATE2_REASON_MAX,
		.tcp_state = TCP_CONNTRACK_MAX,
		.sctp_state = SCTP_CONNTRACK_MAX,
	};
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct;
	char line[CTLOG_LINE];

	ct = nf_ct_get(skb, &ctinfo);
	if (ct && !nf_ct_is_template(ct))
		ctlog_get_connection(&v, ct, ctinfo);
	else if (v.state == XT_CTSTATE2_STATE_INVALID_BIT)
		v.reason = info->raw ? XT_CTSTATE2_REASON_NOT_TRACKED :
				       tracker_invalid_reason(skb, par->state, info->zone);
	ctlog_print(line, &v);

	log_packet(skb, par, info->flags & XT_CTLOG_NFLOG, info->level, info->group, line);
	return XT_CONTINUE;
}

static int ctlog_tg_check(const struct xt_tgchk_param *par)
{
	struct xt_ctlog_tginfo *info = par->targinfo;
	const char *what;
	unsigned int bad;
	int ret;

	what = ctlog_validate(info, &bad);
	if (what)
		return rule_refused(what, bad);

	ret = log_get(par, info->flags & XT_CTLOG_NFLOG);
	if (ret)
		return ret;
	ret = rule_tracker_get(par->net, par->family);
	if (ret < 0) {
		log_put(par->family, info->flags & XT_CTLOG_NFLOG);
		return ret;
	}
	info->raw = !strcmp(par->table, "raw");
	return 0;
}

static void ctlog_tg_destroy(const struct xt_tgdtor_param *par)
{
	const struct xt_ctlog_tginfo *info = par->targinfo;

	nf_ct_netns_put(par->net, par->family);
	log_put(par->family, info->flags & XT_CTLOG_NFLOG);
}

#define CTLOG_TARGET(pf) {						\
	.name		= "CTLOG",					\
	.revision	= 0,						\
	.family		= pf,						\
	.target		= ctlog_tg,					\
	.checkentry	= ctlog_tg_check,				\
	.destroy	= ctlog_tg_destroy,				\
	.targetsize	= sizeof(struct xt_ctlog_tginfo),		\
	.usersize	= offsetof(struct xt_ctlog_tginfo, raw),	\
	.me		= THIS_MODULE,					\
}

static struct xt_target ctlog_tg_reg[] __read_mostly = {
	CTLOG_TARGET(NFPROTO_IPV4),
	CTLOG_TARGET(NFPROTO_IPV6),
};

static int __init ctlog_init(void)
{
	return xt_register_targets(ctlog_tg_reg, ARRAY_SIZE(ctlog_tg_reg));
}

static void __exit ctlog_exit(void)
{
	xt_unregister_targets(ctlog_tg_reg, ARRAY_SIZE(ctlog_tg_reg));
}

module_init(ctlog_init);
module_exit(ctlog_exit);

MODULE_DESCRIPTION("Xtables: log packets with what the connection tracker knows about them");
MODULE_AUTHOR("xtables-conntrack-addons developers");
MODULE_VERSION(XCA_VERSION);
MODULE_LICENSE("GPL");
MODULE_ALIAS("ipt_CTLOG");
MODULE_ALIAS("ip6t_CTLOG");
MODULE_SOFTDEP("pre: nf_log_syslog nfnetlink_log");
