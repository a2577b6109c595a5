// SPDX-License-Identifier: GPL-2.0-only
/* An expectation names two helpers: whose it is, and which one its connection gets. */
#include <net/netfilter/nf_conntrack_expect.h>

void probe(struct nf_conntrack_expect *exp);

void probe(struct nf_conntrack_expect *exp)
{
	RCU_INIT_POINTER(exp->assign_helper, NULL);
}
