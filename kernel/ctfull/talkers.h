/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who is refused most: the Space-Saving sketch (Metwally, Agrawal, El Abbadi:
 * "Efficient computation of frequent and top-k elements in data streams", 2005), in
 * sets, so that a packet looks at a few counters only. On plain values: no lock, any
 * context.
 */
#ifndef _XT_CTFULL_TALKERS_H
#define _XT_CTFULL_TALKERS_H

#include <linux/netfilter.h>

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

/* What is known of a source, or NULL. @hash is of it, with a key that nobody knows. */
struct ctfull_source *ctfull_talkers_find(struct ctfull_talkers *talkers, u32 hash, u8 family,
					  const union nf_inet_addr *addr);

/* Counts a packet. */
void ctfull_talkers_add(struct ctfull_talkers *talkers, u32 hash, u8 family,
			const union nf_inet_addr *addr);

/*
 * Adds up what several processors have counted. Of @n sources some may be the same or nobody;
 * afterwards each is there once, the ones with most packets first. Returns how many are left.
 */
unsigned int ctfull_talkers_merge(struct ctfull_source *source, unsigned int n);

#endif /* _XT_CTFULL_TALKERS_H */
