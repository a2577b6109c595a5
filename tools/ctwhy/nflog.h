/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTWHY_NFLOG_H
#define CTWHY_NFLOG_H

#include <sys/time.h>
#include "../lib/netlink.h"

/* So much of a packet has room in struct nl, with what the kernel says about it. */
#define NFLOG_RANGE	60000

/**
 * struct nflog - a group of nfnetlink_log, for this program alone
 * @nl: a socket; when it is closed, the group is free again
 * @group: its number
 */
struct nflog {
	struct nl nl;
	uint16_t group;
};

/**
 * struct logged - a packet that was logged
 * @family: AF_INET or AF_INET6
 * @hook: NF_INET_*
 * @when: it came
 * @in: interface; 0: none
 * @out: interface; 0: none
 * @seq: number of the packet: one that is left out was lost
 * @prefix: what CTLOG writes
 * @data: the packet, from its IP header on
 * @len: how much of it there is
 */
struct logged {
	uint8_t family, hook;
	struct timeval when;
	uint32_t in, out, seq;
	const char *prefix;
	const uint8_t *data;
	size_t len;
};

/**
 * logged_cb - takes a packet
 *
 * Returns whether it wants more.
 */
typedef bool logged_cb(const struct logged *logged, void *data);

int nflog_open(struct nflog *log, uint32_t range);
int nflog_flush(struct nflog *log);
void nflog_close(struct nflog *log);
int nflog_read(struct nflog *log, logged_cb *cb, void *data);

#endif /* CTWHY_NFLOG_H */
