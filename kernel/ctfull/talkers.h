/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is refused most: the Space-Saving sketch (Metwally, Agrawal, El Abbadi:
 * "Efficient computation of frequent and top-k elements in data streams", 2005), in
 * sets, so that a packet looks at a few counters only. On plain values: no lock, any
 * context. tests/kunit/ctfull_test.c includes this file as it is.
 */
#ifndef _XT_CTFULL_TALKERS_H
#define _XT_CTFULL_TALKERS_H

#include <linux/netfilter.h>
#include <linux/sort.h>
#include <linux/string.h>

#define CTFULL_SETS	16
#define CTFULL_WAYS	8

/**
 * struct ctfull_source - a source of refused packets
 * @addr: IPv4: the other words are 0
 * @count: packets, of which
 * @error: as many may be those of sources that were here before
 * @family: NFPROTO_IPV4 or NFPROTO_IPV6; 0: nobody yet
 */
struct ctfull_source {
	union nf_inet_addr addr;
	u64 count;
	u64 error;
	u8 family;
};

/**
 * struct ctfull_talkers - sources of refused packets
 * @source: a source is always in the same set. One that makes more than one packet
 *	of CTFULL_WAYS in its set is sure to be there.
 * @top: the one with most packets, or NULL
 */
struct ctfull_talkers {
	struct ctfull_source source[CTFULL_SETS][CTFULL_WAYS];
	struct ctfull_source *top;
};

static inline bool ctfull_source_is(const struct ctfull_source *source, u8 family,
				    const union nf_inet_addr *addr)
{
	return source->family == family && nf_inet_addr_cmp(&source->addr, addr);
}

/**
 * ctfull_talkers_find() - what is known of a source
 * @talkers: the sketch
 * @hash: of @family and @addr, with a key that nobody knows
 * @family: NFPROTO_*
 * @addr: source address, IPv4 in the first word and 0 in the others
 *
 * Return: it, or NULL
 */
static inline struct ctfull_source *
ctfull_talkers_find(struct ctfull_talkers *talkers, u32 hash, u8 family,
		    const union nf_inet_addr *addr)
{
	struct ctfull_source *set = talkers->source[hash % CTFULL_SETS];
	unsigned int i;

	for (i = 0; i < CTFULL_WAYS; i++)
		if (ctfull_source_is(&set[i], family, addr))
			return &set[i];
	return NULL;
}

/**
 * ctfull_talkers_add() - count a packet
 * @talkers: the sketch
 * @hash: as for ctfull_talkers_find()
 * @family: NFPROTO_*
 * @addr: source address
 */
static inline void ctfull_talkers_add(struct ctfull_talkers *talkers, u32 hash, u8 family,
				      const union nf_inet_addr *addr)
{
	struct ctfull_source *set = talkers->source[hash % CTFULL_SETS];
	struct ctfull_source *source = ctfull_talkers_find(talkers, hash, family, addr);
	unsigned int i;

	if (!source) {
		/* It takes over the place, and the count, of the one with fewest. */
		source = set;
		for (i = 1; i < CTFULL_WAYS; i++)
			if (set[i].count < source->count)
				source = &set[i];
		source->addr = *addr;
		source->family = family;
		source->error = source->count;
	}
	source->count++;
	if (!talkers->top || source->count > talkers->top->count)
		talkers->top = source;
}

static inline int ctfull_compare_who(const void *a, const void *b)
{
	const struct ctfull_source *x = a, *y = b;

	return x->family != y->family ? x->family - y->family :
					memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

static inline int ctfull_compare_count(const void *a, const void *b)
{
	const struct ctfull_source *x = a, *y = b;

	return x->count < y->count ? 1 : x->count > y->count ? -1 : ctfull_compare_who(a, b);
}

/**
 * ctfull_talkers_merge() - add up what several processors have counted
 * @source: an array of sources, some of them the same or nobody; afterwards each is
 *	there once, the ones with most packets first
 * @n: how many
 *
 * Return: how many are left
 */
static inline unsigned int ctfull_talkers_merge(struct ctfull_source *source, unsigned int n)
{
	unsigned int i, left = 0;

	sort(source, n, sizeof(*source), ctfull_compare_who, NULL);
	for (i = 0; i < n; i++) {
		if (!source[i].family)
			continue;
		if (left && !ctfull_compare_who(&source[left - 1], &source[i])) {
			source[left - 1].count += source[i].count;
			source[left - 1].error += source[i].error;
			continue;
		}
		source[left++] = source[i];
	}
	sort(source, left, sizeof(*source), ctfull_compare_count, NULL);
	return left;
}

#endif /* _XT_CTFULL_TALKERS_H */
