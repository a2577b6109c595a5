/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _NF_ALG_H
#define _NF_ALG_H

#include <linux/rculist.h>
#include <linux/skbuff.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_conntrack_expect.h>
#include <net/netfilter/nf_conntrack_helper.h>

#include "protocol.h"
#include "stream.h"

/* Of helpers: how many kinds of holes, by how long they stay */
#define ALG_CLASSES	2

/**
 * struct alg_helper - a protocol as a helper of the tracker's
 * @name: for -j CT --helper
 * @protocol: the grammar
 * @policy: of each class of holes, how long one stays, and how many there are
 * @loose: an address in the dialogue may be anybody's
 * @loose_server: one on the server's side may
 * @active: the client may ask for connections to itself
 * @takeover: it may also in a dialogue that another gateway began
 * @help: a function of its own, by which the kernel tells helpers apart: calls
 *	alg_help() unless alg_dormant()
 * @module: the protocol's
 * @families: for IPv4 and IPv6; filled in by alg_register()
 * @nat: filled in by alg_register()
 * @going: alg_unregister() was called
 * @index: of alg_net.count; filled in by alg_register()
 */
struct alg_helper {
	const char *name;
	const struct alg_protocol *protocol;
	struct nf_conntrack_expect_policy policy[ALG_CLASSES];
	bool loose;
	bool loose_server;
	bool active;
	bool takeover;
	int (*help)(struct sk_buff *skb, unsigned int protoff,
		    struct nf_conn *ct, enum ip_conntrack_info ctinfo);
	struct module *module;
	struct nf_conntrack_helper *families[2];
	struct nf_conntrack_nat_helper nat;
	bool going;
	u8 index;
};

/**
 * enum alg_fate - what happens for a reason
 * @ALG_NOT_OPENED: who asked for a hole got none
 * @ALG_LEFT_ALONE: the connection is not looked at any more
 * @ALG_FATES: so many
 */
enum alg_fate {
	ALG_NOT_OPENED,
	ALG_LEFT_ALONE,
	ALG_FATES,
};

/**
 * enum alg_phase - what is known of a connection without a state
 * @ALG_PHASE_UNSEEN: nothing of its handshake
 * @ALG_PHASE_KNOWN: the handshake was seen
 * @ALG_PHASE_PAUSED: its state was needed for others; the dialogue goes on with
 *	another one
 * @ALG_PHASE_RESUMED: the handshake was seen, by another gateway
 * @ALG_PHASE_DORMANT: it is left alone; a state it still has is for what was
 *	changed
 * @ALG_PHASE_NEVER: so, and what the tracker makes of its entry later is, too
 */
enum alg_phase {
	ALG_PHASE_UNSEEN,
	ALG_PHASE_KNOWN,
	ALG_PHASE_PAUSED,
	ALG_PHASE_RESUMED,
	ALG_PHASE_DORMANT,
	ALG_PHASE_NEVER,
};

/**
 * struct alg_data - nf_conn_help.data
 * @id: the number of the state, or 0. No pointer: it may outlive the state, and
 *	the module.
 * @first: with ALG_PHASE_KNOWN, the sequence number of the first byte of each
 *	direction, with ALG_PHASE_PAUSED that of the next one
 * @phase: enum alg_phase
 * @saved: with ALG_PHASE_PAUSED, of the protocol's save()
 */
struct alg_data {
	u32 id;
	u32 first[IP_CT_DIR_MAX];
	u8 phase;
	u8 saved;
};

/**
 * alg_data() - what a connection with a helper of this design has
 * @ct: it
 *
 * Return: %NULL if it has none any more: Linux 6.1 takes back what was attached
 * to connections that are not in the table yet, when the module of any helper
 * goes
 */
static inline struct alg_data *alg_data(const struct nf_conn *ct)
{
	struct nf_conn_help *help = nfct_help(ct);

	return help ? (struct alg_data *)help->data : NULL;
}

/**
 * alg_dormant() - is this connection left alone?
 * @ct: it, with a helper of this design
 *
 * Return: true if alg_help() has nothing to do with its packets. It has to see
 * each handshake: the tracker may use the entry again, for another connection
 * of the same ends.
 */
static inline bool alg_dormant(const struct nf_conn *ct)
{
	const struct alg_data *data = alg_data(ct);
	u8 state = READ_ONCE(ct->proto.tcp.state);

	if (!data)
		return true;
	return READ_ONCE(data->phase) >= ALG_PHASE_DORMANT &&
	       !READ_ONCE(data->id) && state >= TCP_CONNTRACK_ESTABLISHED &&
	       state <= TCP_CONNTRACK_LAST_ACK;
}

int alg_register(struct alg_helper *helper);
void alg_unregister(struct alg_helper *helper);
void alg_set_timeout(struct alg_helper *helper, unsigned int seconds);
unsigned long alg_counted(const struct net *net,
			  const struct alg_helper *helper, u8 why);
int alg_help(struct sk_buff *skb, unsigned int protoff, struct nf_conn *ct,
	     enum ip_conntrack_info ctinfo, const struct alg_helper *helper,
	     const struct alg_data *data);

/* --- between alg.c and alg_tcp.c --- */

/**
 * struct alg_pool - states that have one bound in common
 * @conns: them, the next one to be looked at first
 * @count: so many
 */
struct alg_pool {
	struct list_head conns;
	unsigned int count;
};

/**
 * struct alg_hole - what may come, or is kept for it
 * @exp: what the tracker expects, of the port and of the next one, each with a
 *	reference; @exp[0] is %NULL also if an offer's port needs not be kept
 * @end: as the grammar said it
 * @port: as the other side knows it; 0 if the hole is neither open nor offered
 * @open: it is open
 */
struct alg_hole {
	struct nf_conntrack_expect *exp[2];
	struct alg_endpoint end;
	u16 port;
	bool open;
};

/**
 * struct alg_packet - what a packet is to its connection
 * @skb: the packet
 * @ct: the connection
 * @ctinfo: as the tracker says
 * @protoff: where the TCP header is
 * @dir: its direction
 * @dataoff: where the payload is
 * @len: bytes of payload
 * @seq: as the sender counts
 * @ack: as the sender counts
 * @flags: TCPHDR_*
 */
struct alg_packet {
	struct sk_buff *skb;
	struct nf_conn *ct;
	enum ip_conntrack_info ctinfo;
	unsigned int protoff;
	enum ip_conntrack_dir dir;
	unsigned int dataoff;
	unsigned int len;
	u32 seq;
	u32 ack;
	u8 flags;
};

/**
 * struct alg_conn - the state of a connection
 * @node: in alg_table, by alg_lock
 * @list: in its pool's list, by alg_lock
 * @rcu: for readers of alg_table
 * @pool: of which it is
 * @unlinked: it is in neither; by alg_lock
 * @missed: alg_gc_worker() did not find the connection the last time
 * @id: what alg_data.id is; not 0
 * @ct: the connection, to be compared with: it may be gone
 * @tuple: its original direction; constant, as are @zone and @net
 * @helper: whose dialogue it is
 * @ends: constant but for what the helper's parameters say
 * @nat: the addresses of this direction's sender have to be written anew;
 *	constant
 * @edits: something in what this direction's sender says may have to; constant
 * @translated: those of one direction have to; constant
 * @resumed: another gateway began with it; constant
 * @synced: the beginning of a line was seen
 * @dormant: the dialogue is left alone; what has been changed is remembered
 * @moved: a direction got longer or shorter: the state stays as long as the
 *	connection is open, because the kernel alone gets a retransmission
 *	wrong that begins before that and ends behind it
 * @lock: of all below; inside it only the kernel's
 * @dead: the state was taken back
 * @attention: there is more to be done after this packet: it is dormant, or has
 *	a @why
 * @packet: the one that is looked at
 * @used: when the last packet came
 * @why: of each enum alg_fate, what is still to be written to the log
 * @lines: of the segment that may still come
 * @gap: of each direction: when the first segment was dropped since the stream
 *	went on, or 0
 * @gap_last: when the last one was
 * @hole: so many as the protocol has
 * @inherited: there may be expectations from before this state
 * @verdict: of the unit that is looked at
 * @stream: what each sender's bytes become
 * @dialogue: the protocol's
 */
struct alg_conn {
	struct hlist_node node;
	struct list_head list;
	struct rcu_head rcu;
	struct alg_pool *pool;
	bool unlinked;
	bool missed;
	u32 id;
	const struct nf_conn *ct;
	struct nf_conntrack_tuple tuple;
	struct nf_conntrack_zone zone;
	struct net *net;
	const struct alg_helper *helper;
	spinlock_t lock; /* for all below */
	struct alg_ends ends;
	bool nat[IP_CT_DIR_MAX];
	bool edits[IP_CT_DIR_MAX];
	bool translated;
	bool resumed;
	bool synced[IP_CT_DIR_MAX];
	bool dormant;
	bool moved;
	bool dead;
	bool attention;
	u8 why[ALG_FATES];
	struct alg_packet packet;
	unsigned long used;
	int lines;
	unsigned long gap[IP_CT_DIR_MAX];
	unsigned long gap_last[IP_CT_DIR_MAX];
	struct alg_hole *hole;
	bool inherited;
	struct alg_verdict verdict;
	struct alg_stream stream[IP_CT_DIR_MAX];
	u8 dialogue[] __aligned(8);
};

#define ALG_BUCKETS	4096

/* All states, by alg_conn.id. Changes by alg_lock; readers: RCU */
extern struct hlist_head alg_table[ALG_BUCKETS];

/**
 * alg_conn_find() - the state of a connection
 * @ct: it
 * @data: alg_data() of @ct
 *
 * Inline, for each packet. Context: under RCU, which keeps the state.
 * Return: the state, or %NULL
 */
static inline struct alg_conn *alg_conn_find(const struct nf_conn *ct,
					     const struct alg_data *data)
{
	u32 id = READ_ONCE(data->id);
	struct alg_conn *conn;

	if (!id)
		return NULL;
	hlist_for_each_entry_rcu(conn, &alg_table[id % ALG_BUCKETS], node)
		if (conn->id == id && conn->ct == ct)
			return conn;
	return NULL;
}

/* Do both ends have what the other one sent, with nothing to remember? */
static inline bool alg_plain(const struct alg_conn *conn)
{
	return alg_stream_plain(&conn->stream[IP_CT_DIR_ORIGINAL]) &&
	       alg_stream_plain(&conn->stream[IP_CT_DIR_REPLY]);
}

struct alg_conn *alg_conn_attach(const struct alg_helper *helper,
				 struct nf_conn *ct,
				 const struct alg_packet *packet);
void alg_conn_destroy(struct nf_conn *ct, struct alg_conn *conn);
void alg_set_dormant(struct alg_conn *conn, struct nf_conn *ct, u8 why);
void alg_act(struct alg_conn *conn, const struct alg_packet *packet);

/* "[", an address of IPv6, "]:65535", twice, and " to " between them */
#define ALG_ENDS_MAX	(2 * (2 + 45 + 6) + 4)

int alg_print_ends(char text[ALG_ENDS_MAX],
		   const struct nf_conntrack_tuple *t);
const char *alg_why_name(const struct alg_helper *helper, u8 why);
void alg_log(const struct nf_conn *ct, const struct alg_helper *helper,
	     enum alg_fate fate, u8 why);
void alg_leave_alone(const struct nf_conn *ct, const struct alg_helper *helper,
		     u8 why);

#endif /* _NF_ALG_H */
