/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_NFTSET_H
#define CTFULL_NFTSET_H

#include "../lib/netlink.h"
#include "key.h"

/**
 * struct nftable - a table of nftables
 * @text: FAMILY/TABLE
 * @family: NFPROTO_*; 0: none was given
 * @name: its name
 */
struct nftable {
	const char *text;
	uint8_t family;
	char name[256];
};

/**
 * struct nftset - a set that addresses are put into for a while
 * @name: its name
 * @family: AF_INET or AF_INET6; 0: it cannot be used
 * @interval: takes networks
 */
struct nftset {
	const char *name;
	uint8_t family;
	bool interval;
};

/**
 * struct nftset_item - what is put into a set
 * @set: the set
 * @key: an address, or a network if the set takes it
 */
struct nftset_item {
	const struct nftset *set;
	const struct key *key;
};

int nftset_look_up(struct nl *nl, const struct nftable *table, struct nftset *set,
		   char *why, size_t size);
int nftset_has(struct nl *nl, const struct nftable *table, const struct nftset_item *item);
int nftset_add(struct nl *nl, const struct nftable *table, const struct nftset_item *items,
	       unsigned int n, uint64_t timeout_ms);

#endif /* CTFULL_NFTSET_H */
