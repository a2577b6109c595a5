/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the rules of all extensions have in common when they come
 */
#ifndef _XCA_RULE_H
#define _XCA_RULE_H

#include <linux/types.h>

struct net;

/*
 * Is all of a rule known to this module? Returns what is wrong with the value in @bad, or
 * NULL. Any context.
 */
const char *rule_check_flags(unsigned int flags, unsigned int known, const u8 *reserved,
			     size_t size, unsigned int *bad);
const char *rule_check_reserved(const u8 *reserved, size_t size, unsigned int *bad);

/* Says in the kernel log what is wrong with a rule; returns -EINVAL, for checkentry. */
int rule_refused(const char *what, unsigned int bad);

/*
 * Nothing tracks in a namespace before somebody asked for it. Process context. Returns 0, and
 * the rule owes an nf_ct_netns_put(); or a negative error, which the kernel log tells.
 */
int rule_tracker_get(struct net *net, u8 family);

#endif /* _XCA_RULE_H */
