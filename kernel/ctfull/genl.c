// SPDX-License-Identifier: GPL-2.0-only
/*
 * The requests of the generic netlink family
 */
#include <linux/mm.h>
#include <linux/skbuff.h>
#include <net/genetlink.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/sock.h>
#include "events.h"
#include "genl.h"
#include "net.h"

/* Without rules the level is what the count says. */
static int ctfull_fill_figures(struct sk_buff *msg, struct net *net, u32 portid, u32 seq, int flags)
{
	struct ctfull_status status = {
		.count = nf_conntrack_count(net),
		.max = READ_ONCE(nf_conntrack_max),
		.warn_at = XT_CTFULL_WARN_AT,
	};
	u32 rules = 0, peak = 0, peak_time = 0, room = status.max;
	struct ctfull_net *cn = ctfull_net_find(net);
	struct ctfull_counters sum = {};
	void *header;

	if (cn) {
		ctfull_stats_sum(&cn->stats, &sum);
		status.warn_at = READ_ONCE(cn->warn_at);
		rules = READ_ONCE(cn->n_rules);
		if (rules)
			ctfull_net_update(cn, status.count, status.max, false);
		room = ctfull_net_room(cn, status.max);
		status.level = READ_ONCE(cn->level);
		peak = READ_ONCE(cn->peak);
		peak_time = READ_ONCE(cn->peak_time);
	}
	if (!rules)
		status.level = ctfull_level(CTFULL_LEVEL_NORMAL, status.count, status.max,
					    status.warn_at, status.max, false);

	header = genlmsg_put(msg, portid, seq, &ctfull_family, flags, CTFULL_CMD_GET);
	if (!header)
		return -EMSGSIZE;
	if (ctfull_put_status(msg, &status) ||
	    nla_put_u64_64bit(msg, CTFULL_A_REFUSED, sum.refused, CTFULL_A_PAD) ||
	    nla_put_u64_64bit(msg, CTFULL_A_UNTRACKED, sum.untracked, CTFULL_A_PAD) ||
	    nla_put_u64_64bit(msg, CTFULL_A_RESERVED, sum.reserved, CTFULL_A_PAD) ||
	    nla_put_u64_64bit(msg, CTFULL_A_LOGGED, sum.logged, CTFULL_A_PAD) ||
	    nla_put_u64_64bit(msg, CTFULL_A_SUPPRESSED, sum.refused - sum.logged,
			      CTFULL_A_PAD) ||
	    nla_put_u32(msg, CTFULL_A_PEAK, peak) ||
	    nla_put_u64_64bit(msg, CTFULL_A_PEAK_TIME, peak_time, CTFULL_A_PAD) ||
	    nla_put_u32(msg, CTFULL_A_RULES, rules) ||
	    nla_put_u32(msg, CTFULL_A_ROOM, room))
		goto nla_put_failure;
	genlmsg_end(msg, header);
	return 0;

nla_put_failure:
	genlmsg_cancel(msg, header);
	return -EMSGSIZE;
}

static int ctfull_get_doit(struct sk_buff *skb, struct genl_info *info)
{
	struct sk_buff *msg = genlmsg_new(GENLMSG_DEFAULT_SIZE, GFP_KERNEL);
	int ret;

	if (!msg)
		return -ENOMEM;
	ret = ctfull_fill_figures(msg, genl_info_net(info), info->snd_portid, info->snd_seq, 0);
	if (ret) {
		nlmsg_free(msg);
		return ret;
	}
	return genlmsg_reply(msg, info);
}

static int ctfull_get_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	int ret;

	if (cb->args[0])
		return 0;
	ret = ctfull_fill_figures(msg, sock_net(msg->sk), NETLINK_CB(cb->skb).portid,
				  cb->nlh->nlmsg_seq, NLM_F_MULTI);
	cb->args[0] = !ret;
	return ret ?: msg->len;
}

/**
 * struct ctfull_dump - a dump of sources that goes on, in netlink_callback.ctx
 * @source: them, or NULL
 * @n: how many
 * @next: the next one to be sent
 */
struct ctfull_dump {
	struct ctfull_source *source;
	unsigned int n;
	unsigned int next;
};

static int ctfull_sources_start(struct netlink_callback *cb)
{
	struct ctfull_net *cn = ctfull_net_find(sock_net(cb->skb->sk));
	struct ctfull_dump *dump = (void *)cb->ctx;

	BUILD_BUG_ON(sizeof(*dump) > sizeof(cb->ctx));
	*dump = (struct ctfull_dump){};
	if (!cn)
		return 0;
	dump->source = ctfull_stats_sources(&cn->stats, &dump->n);
	if (!IS_ERR(dump->source))
		return 0;
	dump->source = NULL;
	return -ENOMEM;
}

static int ctfull_fill_source(struct sk_buff *msg, const struct netlink_callback *cb,
			      const struct ctfull_source *source)
{
	void *header = genlmsg_put(msg, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
				   &ctfull_family, NLM_F_MULTI, CTFULL_CMD_GET_SOURCES);

	if (!header)
		return -EMSGSIZE;
	if (nla_put_u32(msg, CTFULL_A_FAMILY, source->family) ||
	    ctfull_put_addr(msg, CTFULL_A_SRC, source->family, &source->addr) ||
	    nla_put_u64_64bit(msg, CTFULL_A_REFUSED, source->count, CTFULL_A_PAD) ||
	    nla_put_u64_64bit(msg, CTFULL_A_ERROR, source->error, CTFULL_A_PAD))
		goto nla_put_failure;
	genlmsg_end(msg, header);
	return 0;

nla_put_failure:
	genlmsg_cancel(msg, header);
	return -EMSGSIZE;
}

static int ctfull_sources_dumpit(struct sk_buff *msg, struct netlink_callback *cb)
{
	struct ctfull_dump *dump = (void *)cb->ctx;

	while (dump->next < dump->n) {
		if (ctfull_fill_source(msg, cb, &dump->source[dump->next]))
			break;
		dump->next++;
	}
	return msg->len;
}

static int ctfull_sources_done(struct netlink_callback *cb)
{
	struct ctfull_dump *dump = (void *)cb->ctx;

	kvfree(dump->source);
	return 0;
}

/* No request takes attributes. */
static const struct nla_policy ctfull_policy[] = {
	[CTFULL_A_PAD] = { .type = NLA_REJECT },
};

static const struct genl_ops ctfull_ops[] = {
	{
		.cmd	= CTFULL_CMD_GET,
		.flags	= GENL_UNS_ADMIN_PERM,
		.doit	= ctfull_get_doit,
		.dumpit	= ctfull_get_dumpit,
	},
	{
		.cmd	= CTFULL_CMD_GET_SOURCES,
		.flags	= GENL_UNS_ADMIN_PERM,
		.start	= ctfull_sources_start,
		.dumpit	= ctfull_sources_dumpit,
		.done	= ctfull_sources_done,
	},
};

int __init ctfull_genl_init(void)
{
	ctfull_family.ops = ctfull_ops;
	ctfull_family.n_ops = ARRAY_SIZE(ctfull_ops);
	ctfull_family.resv_start_op = CTFULL_CMD_UNSPEC + 1;
	ctfull_family.policy = ctfull_policy;
	ctfull_family.maxattr = ARRAY_SIZE(ctfull_policy) - 1;
	return genl_register_family(&ctfull_family);
}

/* not __exit: called when the module cannot be loaded, too */
void ctfull_genl_exit(void)
{
	genl_unregister_family(&ctfull_family);
}
