/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_OFFENDERS_H
#define CTFULL_OFFENDERS_H

#include "nets.h"
#include "table.h"

/*
 * More sources cannot have 1% each, but the addresses of an IPv6 network count beside
 * it; and a little for a limit that was lowered
 */
#define OFFENDERS_MAX		256

/**
 * struct offender - a source that holds too much of the table
 * @source: an address or a network, in its zone
 * @entries: how many it holds
 * @spared: why it is not to be banned; NULL: it is
 */
struct offender {
	struct key source;
	uint32_t entries;
	const char *spared;
};

/**
 * struct judgment - who is to be banned
 * @min_share: too much is so many percent of the table
 * @zone: only sources of this zone
 * @prefix6: an IPv6 source is a network of so many bits
 * @ipv4: IPv4 addresses can be banned
 * @ipv6: IPv6 addresses and networks can be
 * @own: this machine's addresses
 * @never: others that are never banned
 */
struct judgment {
	unsigned int min_share, zone, prefix6;
	bool ipv4, ipv6;
	struct nets own, never;
};

struct key *networks_to_split(const struct judgment *how, unsigned int *n);
unsigned int find_offenders(const struct judgment *how, const struct slot *const *top,
			    unsigned int n, uint64_t whole, struct offender *offenders);

#endif /* CTFULL_OFFENDERS_H */
