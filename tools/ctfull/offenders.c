// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who is to be banned, by what the table holds: plain values, and nothing else
 */
#include <stdlib.h>
#include "../lib/program.h"
#include "offenders.h"

static void add_networks(const struct judgment *how, const struct nets *nets, struct key *list,
			 unsigned int *n)
{
	const struct net *net;

	for (net = nets->list; net < nets->list + nets->n; net++) {
		if (net->all || net->key.family != AF_INET6 ||
		    key_bits(&net->key) <= how->prefix6)
			continue;
		list[*n] = net->key;
		key_mask(&list[*n], how->prefix6);
		list[(*n)++].zone = how->zone;
	}
}

/**
 * networks_to_split - the IPv6 networks with somebody in them who is never banned
 * @how: who is to be banned
 * @n: how many they are
 *
 * They are not banned as a whole, so their addresses must count as well: this is for
 * struct counting. Returns a list that is to be freed; it may have a network twice.
 */
struct key *networks_to_split(const struct judgment *how, unsigned int *n)
{
	struct key *list = calloc(how->own.n + how->never.n + 1, sizeof(*list));

	if (!list)
		no_memory();
	*n = 0;
	add_networks(how, &how->own, list, n);
	add_networks(how, &how->never, list, n);
	return list;
}

static const char *why_spared(const struct judgment *how, const struct slot *slot)
{
	const struct key *source = &slot->key;
	const struct net *net;

	if (source->zone != how->zone)
		return "it is of another zone than --zone";
	net = nets_find(&how->own, source);
	if (!net)
		net = nets_find(&how->never, source);
	if (net)
		return net->why;
	if (slot->split)
		return "an address in it is never banned, and no other one holds so much alone";
	if (source->family == AF_INET6 ? !how->ipv6 : !how->ipv4)
		return "there is no --set for addresses of its family";
	return NULL;
}

/* Is one of the addresses of @network among those with the most entries, too? */
static bool has_offender(const struct slot *network, const struct slot *const *top,
			 unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		if (!top[i]->split && top[i]->key.zone == network->key.zone &&
		    key_within(&top[i]->key, &network->key))
			return true;
	return false;
}

/**
 * find_offenders - who holds too much
 * @how: who is to be banned
 * @top: the sources with the most entries, table_top()'s
 * @n: how many, up to OFFENDERS_MAX
 * @whole: how many entries the table can hold
 * @offenders: who they are, with room for @n
 *
 * Instead of a network that is split, its addresses are told if any of them holds too
 * much by itself. Returns how many there are.
 */
unsigned int find_offenders(const struct judgment *how, const struct slot *const *top,
			    unsigned int n, uint64_t whole, struct offender *offenders)
{
	unsigned int guilty = 0, found = 0, i;

	while (guilty < n && top[guilty]->entries * 100ULL >= whole * how->min_share)
		guilty++;
	for (i = 0; i < guilty; i++) {
		if (top[i]->split && has_offender(top[i], top, guilty))
			continue;
		offenders[found++] = (struct offender){
			.source = top[i]->key,
			.entries = top[i]->entries,
			.spared = why_spared(how, top[i]),
		};
	}
	return found;
}
