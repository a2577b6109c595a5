// SPDX-License-Identifier: GPL-2.0-only
/* A helper has a port, which no other one of its family and protocol may have. */
#include <net/netfilter/nf_conntrack_helper.h>

void probe(struct nf_conntrack_helper *h);

void probe(struct nf_conntrack_helper *h)
{
	nf_ct_helper_init(h, NFPROTO_IPV4, IPPROTO_TCP, "probe", 0, 0, 0, NULL, 0,
			  NULL, NULL, NULL);
	h->tuple.src.u.tcp.port = htons(1);
}
