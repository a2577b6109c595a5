// SPDX-License-Identifier: GPL-2.0-only
#include <linux/printk.h>
#include <net/netfilter/nf_conntrack.h>
#include "rule.h"

const char *rule_check_reserved(const u8 *reserved, size_t size, unsigned int *bad)
{
	size_t i;

	for (i = 0; i < size; i++) {
		*bad = reserved[i];
		if (*bad)
			return "reserved field not zero (is the module older than the plugin?)";
	}
	return NULL;
}

const char *rule_check_flags(unsigned int flags, unsigned int known, const u8 *reserved,
			     size_t size, unsigned int *bad)
{
	*bad = flags & ~known;
	if (*bad)
		return "unknown flags (is the module older than the plugin?)";
	return rule_check_reserved(reserved, size, bad);
}

int rule_refused(const char *what, unsigned int bad)
{
	pr_info_ratelimited("rule refused: %s: %#x\n", what, bad);
	return -EINVAL;
}

int rule_tracker_get(struct net *net, u8 family)
{
	int ret = nf_ct_netns_get(net, family);

	if (ret < 0)
		pr_info_ratelimited("rule refused: no connection tracking for protocol family %u\n",
				    family);
	return ret;
}
