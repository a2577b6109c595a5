/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NF_ALG_H
#define _NF_ALG_H

#include <linux/skbuff.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>

#include "protocol.h"

/**
 * struct alg_helper - a protocol as a helper of the tracker's
 * @name: for -j CT --helper
 * @port: that no other helper of this design has: the kernel wants one, for a use that
 *	it has given up. Not that of the protocol, which its own helper has.
 * @protocol: the grammar
 * @policy: how long a hole may be open
 * @loose: an address in the dialogue may be anybody's
 * @help: a function of its own, by which the kernel tells helpers apart: calls alg_help()
 *	unless alg_dormant()
 * @module: the protocol's
 * @families: for IPv4 and IPv6; filled in by alg_register()
 */
struct alg_helper {
	const char *name;
	u16 port;
	const struct alg_protocol *protocol;
	struct nf_conntrack_expect_policy policy;
	bool loose;
	int (*help)(struct sk_buff *skb, unsigned int protoff, struct nf_conn *ct,
		    enum ip_conntrack_info ctinfo);
	struct module *module;
	struct nf_conntrack_helper families[2];
};

struct alg_conn;

/**
 * enum alg_phase - what is known of a connection without a state
 * @ALG_PHASE_UNSEEN: nothing of its handshake
 * @ALG_PHASE_KNOWN: the handshake was seen
 * @ALG_PHASE_RESUMED: it was, by another gateway
 * @ALG_PHASE_DORMANT: it is left alone; a state it still has is for what was changed
 * @ALG_PHASE_NEVER: so, and what the tracker makes of its entry later is, too
 */
enum alg_phase {
	ALG_PHASE_UNSEEN,
	ALG_PHASE_KNOWN,
	ALG_PHASE_RESUMED,
	ALG_PHASE_DORMANT,
	ALG_PHASE_NEVER,
};

/**
 * struct alg_data - nf_conn_help.data
 * @conn: the state, or %NULL
 * @first: with ALG_PHASE_KNOWN, the sequence number of the first byte of each direction
 * @phase: enum alg_phase
 */
struct alg_data {
	struct alg_conn __rcu *conn;
	u32 first[IP_CT_DIR_MAX];
	u8 phase;
};

/**
 * alg_dormant() - is this connection left alone?
 * @ct: it, with a helper of this design
 *
 * Return: true if alg_help() has nothing to do with its packets. It has to see each
 * handshake: the tracker may use the entry again, for another connection of the same ends.
 */
static inline bool alg_dormant(const struct nf_conn *ct)
{
	const struct alg_data *data = nfct_help_data(ct);
	u8 state = READ_ONCE(ct->proto.tcp.state);

	return READ_ONCE(data->phase) >= ALG_PHASE_DORMANT && !rcu_access_pointer(data->conn) &&
	       state >= TCP_CONNTRACK_ESTABLISHED && state <= TCP_CONNTRACK_LAST_ACK;
}

int alg_register(struct alg_helper *helper);
void alg_unregister(struct alg_helper *helper);
int alg_help(struct sk_buff *skb, unsigned int protoff, struct nf_conn *ct,
	     enum ip_conntrack_info ctinfo, const struct alg_helper *helper);

#endif /* _NF_ALG_H */
