/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_TABLE_H
#define CTFULL_TABLE_H

#include "../lib/netlink.h"
#include "key.h"

/**
 * struct slot - a key and its entries
 * @key: the key
 * @entries: how many it has
 * @split: it is a network of which also each address counts, see struct counting
 *
 * A slot with neither entries nor @split is free.
 */
struct slot {
	struct key key;
	uint32_t entries : 31;
	uint32_t split : 1;
};

/**
 * struct table - what was counted
 * @slots: a hash table
 * @size: how many slots it has, a power of 2
 * @used: how many are not free
 * @seed: of the hash
 * @total: all entries, also those that were not counted
 * @approximate: the kernel's table changed too much while it was read
 */
struct table {
	struct slot *slots;
	size_t size, used;
	uint64_t seed[2];
	uint64_t total;
	bool approximate;
};

int table_read(struct table *table, struct nl *nl, const struct counting *how);
unsigned int table_top(const struct table *table, const struct slot **top, unsigned int n);
void table_free(struct table *table);

#endif /* CTFULL_TABLE_H */
