/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_CONNTRACK_H
#define CTFULL_CONNTRACK_H

#include <stdio.h>
#include "../lib/netlink.h"

/**
 * struct limits - how full the table is
 * @count: how many entries the kernel counts
 * @max: how many there may be; 0: any number
 */
struct limits {
	uint32_t count, max;
};

int conntrack_dump(struct nl *nl, uint8_t family, nl_cb *cb, void *data);
int conntrack_limits(struct nl *nl, struct limits *limits);
int conntrack_listed(struct nl *nl, bool dying, uint64_t *listed);
int conntrack_liberal(void);
bool conntrack_unlisted(uint32_t count, uint64_t listed);
void conntrack_unlisted_text(FILE *out, uint32_t count, uint64_t listed, uint64_t dying);
const char *conntrack_error(int error);

#endif /* CTFULL_CONNTRACK_H */
