/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_EVICT_H
#define CTFULL_EVICT_H

#include "key.h"
#include "../lib/netlink.h"

/**
 * struct eviction - a source whose entries are deleted
 * @source: an address or a network, in its zone
 * @deleted: how many were
 * @failed: how many could not be
 * @error: the last reason, a negative errno
 */
struct eviction {
	const struct key *source;
	unsigned int deleted, failed;
	int error;
};

int evict(struct nl *nl, struct eviction *evictions, unsigned int n);

#endif /* CTFULL_EVICT_H */
