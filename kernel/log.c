// SPDX-License-Identifier: GPL-2.0-only
#include <linux/kmod.h>
#include <linux/printk.h>
#include <linux/netfilter/x_tables.h>
#include <net/netfilter/nf_log.h>
#include "log.h"

const char *log_check(bool nflog, unsigned int level, unsigned int group, const char *prefix,
		      size_t size, unsigned int *bad)
{
	unsigned int i;

	*bad = level;
	if (*bad > (nflog ? 0 : LOGLEVEL_DEBUG))
		return "not a log level, or one with a group";
	*bad = group;
	if (*bad && !nflog)
		return "a group without its flag";
	for (i = 0; i < size && prefix[i]; i++) {
		*bad = (unsigned char)prefix[i];
		if (*bad < ' ' || *bad == 0x7f)
			return "a control character in the prefix";
	}
	*bad = i;
	return i < size ? NULL : "a prefix without an end";
}

static enum nf_log_type log_type(bool nflog)
{
	return nflog ? NF_LOG_TYPE_ULOG : NF_LOG_TYPE_LOG;
}

int log_get(const struct xt_tgchk_param *par, bool nflog)
{
	const char *what = nflog ? "nfnetlink_log" : "nf_log_syslog";
	int ret = nf_logger_find_get(par->family, log_type(nflog));

	if (ret && !par->nft_compat) {
		request_module("%s", what);
		ret = nf_logger_find_get(par->family, log_type(nflog));
	}
	if (ret)
		pr_info_ratelimited("rule refused: no logger; load %s\n", what);
	return ret;
}

void log_put(u8 family, bool nflog)
{
	nf_logger_put(family, log_type(nflog));
}

void log_packet(const struct sk_buff *skb, const struct xt_action_param *par, bool nflog,
		u8 level, u16 group, const char *line)
{
	struct nf_loginfo li = { .type = log_type(nflog) };

	if (nflog)
		li.u.ulog.group = group;
	else
		li.u.log.level = level;
	nf_log_packet(xt_net(par), xt_family(par), xt_hooknum(par), skb, xt_in(par), xt_out(par),
		      &li, "%s", line);
}
