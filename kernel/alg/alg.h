/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NF_ALG_H
#define _NF_ALG_H

#include <linux/skbuff.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>

#include "protocol.h"

/**
 * struct alg_helper - a protocol as a helper of the tracker's
 * @name: for -j CT --helper
 * @port: that no other helper of this design has: the kernel wants one, for a use that
 *	it has given up. Not that of the protocol, which its own helper has.
 * @protocol: the grammar
 * @policy: how long a hole may be open
 * @loose: an address in the dialogue may be anybody's
 * @help: a function of its own, which calls alg_help(): by it the kernel tells helpers apart
 * @module: the protocol's
 * @families: for IPv4 and IPv6; filled in by alg_register()
 */
struct alg_helper {
	const char *name;
	u16 port;
	const struct alg_protocol *protocol;
	struct nf_conntrack_expect_policy policy;
	bool loose;
	int (*help)(struct sk_buff *skb, unsigned int protoff, struct nf_conn *ct,
		    enum ip_conntrack_info ctinfo);
	struct module *module;
	struct nf_conntrack_helper families[2];
};

int alg_register(struct alg_helper *helper);
void alg_unregister(struct alg_helper *helper);
int alg_help(const struct alg_helper *helper, struct sk_buff *skb, unsigned int protoff,
	     struct nf_conn *ct, enum ip_conntrack_info ctinfo);

#endif /* _NF_ALG_H */
