/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTFULL_KEY_H
#define CTFULL_KEY_H

#include <stdbool.h>
#include <stdint.h>
#include <linux/netlink.h>
#include "../lib/output.h"

/* Text of an address, or of a network */
#define KEY_LEN			(ADDR_LEN + 4)

enum counted {
	BY_SRC,
	BY_DST,
	BY_DPORT,
	BY_PROTO,
	BY_STATE,
	BY_ZONE,
};

/**
 * struct key - what entries are counted by
 * @addr: an address, in network byte order
 * @family: of an address, AF_*
 * @present: there is a port (else the protocol has none), or a state of the protocol's
 *	own (else @number is of IPS_SEEN_REPLY and IPS_ASSURED)
 * @bits: so many of the address count, 0: all
 * @protocol: of a port or state
 * @zone: of an address, or the zone itself
 * @number: the port or state
 *
 * What is not used is 0. There is no padding, as a key is hashed.
 */
struct key {
	uint32_t addr[4];
	union {
		uint8_t family;
		uint8_t present;
	};
	union {
		uint8_t bits;
		uint8_t protocol;
	};
	union {
		uint16_t zone;
		uint16_t number;
	};
};

/**
 * struct counting - how entries are counted
 * @by: by what
 * @family: only those of this family; 0: all
 * @zones: an address is another one in each zone
 * @replied: only those whose source has most likely seen a reply
 * @liberal: nf_conntrack_tcp_be_liberal is set: TCP entries do not tell that
 * @settle: count again if far fewer are listed than the kernel counts
 * @prefix6: so many bits of an IPv6 address count; 0: all
 * @split: networks of @prefix6 bits of which also each address counts
 * @n_split: how many there are
 */
struct counting {
	enum counted by;
	uint8_t family;
	bool zones, replied, liberal, settle;
	uint8_t prefix6;
	const struct key *split;
	unsigned int n_split;
};

unsigned int key_bits(const struct key *key);
void key_mask(struct key *key, unsigned int bits);
bool key_within(const struct key *key, const struct key *net);
const char *key_text(const struct key *key, char *text);
bool key_parse(const struct nlmsghdr *nlh, const struct counting *how, struct key *key,
	       uint32_t *id);

#endif /* CTFULL_KEY_H */
