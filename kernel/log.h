/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the targets that log have in common: through nf_log, to the kernel's log or to
 * a group of nfnetlink_log.
 */
#ifndef _XCA_LOG_H
#define _XCA_LOG_H

#include <linux/types.h>

struct sk_buff;
struct xt_action_param;
struct xt_tgchk_param;

/*
 * Judges what userspace sent: returns what is wrong with the value in @bad, or NULL. With
 * @nflog, lines go to a @group of nfnetlink_log, and @level is 0. Any context.
 */
const char *log_check(bool nflog, unsigned int level, unsigned int group, const char *prefix,
		      size_t size, unsigned int *bad);

/*
 * Sees to it that there is a logger. Process context. Returns 0, and the rule owes a
 * log_put(); or a negative error. A module that uses this has nf_log_syslog and nfnetlink_log
 * for its MODULE_SOFTDEP: under nftables' lock no module may be waited for.
 */
int log_get(const struct xt_tgchk_param *par, bool nflog);
void log_put(u8 family, bool nflog);

/*
 * Writes @line, which is no longer than NF_LOG_PREFIXLEN with its end, and the packet behind
 * it. Any context but hard interrupts, under RCU.
 */
void log_packet(const struct sk_buff *skb, const struct xt_action_param *par, bool nflog,
		u8 level, u16 group, const char *line);

#endif /* _XCA_LOG_H */
