/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_BAN_H
#define CTFULL_BAN_H

#include "nftset.h"
#include "offenders.h"

/**
 * struct bans - what is done to offenders
 * @table: the table of @sets
 * @sets: where they are put into
 * @n_sets: how many sets there are
 * @timeout_s: for so long
 * @prefix6: of the option; 0: not given
 * @exec: command that is run for each; NULL: none
 * @evict: their entries are deleted
 * @dry_run: nothing is done, but told
 * @json: as JSON
 */
struct bans {
	struct nftable table;
	struct nftset sets[2];
	unsigned int n_sets, timeout_s, prefix6;
	const char *exec;
	bool evict, dry_run, json;
};

/**
 * struct fill - how full the table is
 * @level: enum ctfull_level
 * @whole: so many entries it can hold
 */
struct fill {
	uint32_t level;
	uint64_t whole;
};

bool bans_look_up_sets(struct bans *bans, struct nl *nl, struct judgment *how, bool start);
void ban_offenders(const struct bans *bans, struct nl *nl, const struct offender *offenders,
		   unsigned int n, const struct fill *fill);

#endif /* CTFULL_BAN_H */
