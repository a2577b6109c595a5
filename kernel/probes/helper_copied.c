// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tracker keeps a copy of a helper, and counts who refers to it: a connection
 * has its helper as long as it lives, also when the module is gone.
 */
#include <net/netfilter/nf_conntrack_helper.h>

int probe(struct nf_conntrack_helper *h, struct nf_conntrack_helper **copy);

int probe(struct nf_conntrack_helper *h, struct nf_conntrack_helper **copy)
{
	refcount_set(&h->ct_refcnt, 1);
	return nf_conntrack_helpers_register(h, 1, copy);
}
