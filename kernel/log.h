/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the targets that log have in common: through nf_log, to the kernel's log or to
 * a group of nfnetlink_log.
 */
#ifndef _XCA_LOG_H
#define _XCA_LOG_H

#include <linux/kmod.h>
#include <linux/netfilter/x_tables.h>
#include <net/netfilter/nf_log.h>

/**
 * log_check() - judge what userspace sent
 * @nflog: to a group of nfnetlink_log
 * @level: syslog level, 0 with @nflog
 * @group: with @nflog
 * @prefix: what a line begins with
 * @size: of the array @prefix
 * @bad: where to put the offending value
 *
 * Context: any.
 * Return: what is wrong with the value in @bad, or NULL if all is well
 */
static inline const char *log_check(bool nflog, unsigned int level, unsigned int group,
				    const char *prefix, size_t size, unsigned int *bad)
{
	unsigned int i;

	*bad = level;
	if (*bad > (nflog ? 0 : 7))
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

/**
 * log_get() - see to it that there is a logger
 * @par: of checkentry
 * @nflog: as for log_check()
 *
 * Context: process. A module that uses this has nf_log_syslog and nfnetlink_log for
 * its MODULE_SOFTDEP: under nftables' lock no module may be waited for.
 * Return: 0, and log_put() is to be called, or a negative error
 */
static inline int log_get(const struct xt_tgchk_param *par, bool nflog)
{
	const unsigned int type = nflog ? NF_LOG_TYPE_ULOG : NF_LOG_TYPE_LOG;
	const char *what = nflog ? "nfnetlink_log" : "nf_log_syslog";
	int ret = nf_logger_find_get(par->family, type);

	if (ret && !par->nft_compat) {
		request_module("%s", what);
		ret = nf_logger_find_get(par->family, type);
	}
	if (ret)
		pr_info_ratelimited("rule refused: no logger; load %s\n", what);
	return ret;
}

/**
 * log_put() - a rule with log_get() goes
 * @family: NFPROTO_*
 * @nflog: as for log_get()
 */
static inline void log_put(u8 family, bool nflog)
{
	nf_logger_put(family, nflog ? NF_LOG_TYPE_ULOG : NF_LOG_TYPE_LOG);
}

/**
 * log_packet() - write a line, and the packet behind it
 * @skb: the packet
 * @par: of the target
 * @nflog: as for log_get()
 * @level: as for log_check()
 * @group: as for log_check()
 * @line: what to write; no more than NF_LOG_PREFIXLEN with its end
 *
 * Context: any but hard interrupts, under RCU.
 */
static inline void log_packet(const struct sk_buff *skb, const struct xt_action_param *par,
			      bool nflog, u8 level, u16 group, const char *line)
{
	struct nf_loginfo li = { .type = NF_LOG_TYPE_LOG };

	if (nflog) {
		li.type = NF_LOG_TYPE_ULOG;
		li.u.ulog.group = group;
	} else {
		li.u.log.level = level;
	}
	nf_log_packet(xt_net(par), xt_family(par), xt_hooknum(par), skb, xt_in(par), xt_out(par),
		      &li, "%s", line);
}

#endif /* _XCA_LOG_H */
