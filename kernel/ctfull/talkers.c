// SPDX-License-Identifier: GPL-2.0-only
#include <linux/sort.h>
#include <linux/string.h>
#include "talkers.h"

struct ctfull_source *ctfull_talkers_find(struct ctfull_talkers *talkers, u32 hash, u8 family,
					  const union nf_inet_addr *addr)
{
	struct ctfull_source *set = talkers->source[hash % CTFULL_SETS];
	unsigned int i;

	for (i = 0; i < CTFULL_WAYS; i++)
		if (ctfull_source_is(&set[i], family, addr))
			return &set[i];
	return NULL;
}

void ctfull_talkers_add(struct ctfull_talkers *talkers, u32 hash, u8 family,
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

static int ctfull_compare_who(const void *a, const void *b)
{
	const struct ctfull_source *x = a, *y = b;

	if (x->family != y->family)
		return x->family - y->family;
	return memcmp(&x->addr, &y->addr, sizeof(x->addr));
}

static int ctfull_compare_count(const void *a, const void *b)
{
	const struct ctfull_source *x = a, *y = b;

	if (x->count != y->count)
		return x->count < y->count ? 1 : -1;
	return ctfull_compare_who(a, b);
}

unsigned int ctfull_talkers_merge(struct ctfull_source *source, unsigned int n)
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
