/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef CTWHY_CONNECTION_H
#define CTWHY_CONNECTION_H

#include "../lib/netlink.h"
#include "packet.h"

/**
 * struct connection - an entry of the tracker's table
 * @original: between whom its first packet was
 * @state: TCP's or SCTP's, by name; NULL: its protocol has none
 * @reply: the packet that it was asked for goes in the reply direction
 */
struct connection {
	struct ends original;
	const char *state;
	bool reply;
};

bool connection_find(struct nl *nl, const struct packet *packet, uint16_t zone,
		     struct connection *connection);

#endif /* CTWHY_CONNECTION_H */
