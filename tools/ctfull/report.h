/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_REPORT_H
#define CTFULL_REPORT_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <jansson.h>
#include <linux/netfilter/xt_ctfull.h>
#include "../lib/netlink.h"

/* How many sources of refused packets are shown */
#define SOURCES			5

/**
 * struct report - what a message of the netlink family "ctfull" says
 * @cmd: CTFULL_CMD_*
 * @has: which attributes it has, bits 1 << CTFULL_A_*; the members of others are 0
 *
 * The other members are the attributes, see xt_ctfull.h, in host byte order.
 */
struct report {
	uint8_t cmd;
	uint32_t has;
	uint32_t count, max, level, warn_at, peak, rules, room;
	uint64_t refused, untracked, reserved, logged, suppressed, error;
	uint64_t peak_time;
	uint64_t seq;
	uint32_t family, protocol, icmp_type, zone, action;
	uint16_t sport, dport;
	uint8_t src[16], dst[16];
	char in[IFNAMSIZ], out[IFNAMSIZ];
};

static inline bool report_has(const struct report *report, int attr)
{
	return report->has & (1U << attr);
}

void report_parse(const struct nlmsghdr *nlh, struct report *report);
int report_read(struct report *figures, struct report *sources, unsigned int max);
const char *report_error(int error);
const char *level_name(uint32_t level);
json_t *sources_json(const struct report *sources, int n);
void sources_text(FILE *out, const struct report *sources, int n);

#endif /* CTFULL_REPORT_H */
