/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTWHY_REASONS_H
#define CTWHY_REASONS_H

#include <stdbool.h>
#include <linux/netfilter/xt_ctstate2.h>

/**
 * struct reason - why a packet is INVALID: a section of doc/states.md, as plain text
 * @name: as CTLOG writes it
 * @what: what it means
 * @causes: where it comes from; may be empty
 * @remedy: what to do about it
 */
struct reason {
	const char *name, *what, *causes, *remedy;
};

/* By enum xt_ctstate2_reason. reasons.awk makes it. */
extern const struct reason reasons[XT_CTSTATE2_REASON_MAX];

void reason_print(const struct reason *reason, bool with_causes);

#endif /* CTWHY_REASONS_H */
