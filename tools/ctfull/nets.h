/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_NETS_H
#define CTFULL_NETS_H

#include "key.h"

/**
 * struct net - a network
 * @key: as key_mask() leaves it
 * @all: it has all addresses of its family
 * @why: why who is in it is not banned
 */
struct net {
	struct key key;
	bool all;
	const char *why;
};

/**
 * struct nets - a list of networks; all 0: empty
 * @list: the networks
 * @n: how many there are
 */
struct nets {
	struct net *list;
	unsigned int n;
};

void nets_add(struct nets *nets, uint8_t family, const void *addr, unsigned int bits,
	      const char *why);
void nets_parse(struct nets *nets, const char *option, const char *text);
const struct net *nets_find(const struct nets *nets, const struct key *key);
void nets_free(struct nets *nets);

/* In local.c */
int nets_add_local(struct nets *nets, uint32_t *catch_all);

#endif /* CTFULL_NETS_H */
