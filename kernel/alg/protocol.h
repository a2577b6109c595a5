/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the core and a protocol's grammar say to each other, on plain values: no
 * skb, no lock, any context. tests/fuzz/ compiles a grammar as it is.
 */
#ifndef _NF_ALG_PROTOCOL_H
#define _NF_ALG_PROTOCOL_H

#include <linux/string.h>
#include <linux/types.h>

#include "line.h"

/* Actions that follow from a unit, and the texts that they may change */
#define ALG_ACTIONS	8
#define ALG_REWRITES	6
/* Holes of a connection */
#define ALG_HOLES	32
/*
 * The longest text that alg_protocol.print() writes, and its NUL: |2|39
 * characters|65535|
 */
#define ALG_TEXT_MAX	52
/* What is passed by at once */
#define ALG_SKIP_MAX	0x20000000U
/* Below are services: no hole, of neither end */
#define ALG_PORT_MIN	1024
/* Of alg_action.hole: the address alone */
#define ALG_HOLE_NONE	0xff
/* Reasons, those of the core and of a grammar together */
#define ALG_WHYS	32

/**
 * enum alg_why - why nothing was opened, or a connection is left alone
 * @ALG_WHY_NONE: it is not so
 * @ALG_WHY_MEMORY: there is none
 * @ALG_WHY_PORT: another expectation has the port; with NAT, all that were
 *	tried
 * @ALG_WHY_EXPECTATIONS: the namespace has as many as it may
 * @ALG_WHY_CONNECTIONS: it has as many states as it may
 * @ALG_WHY_SEGMENTS: some are missing
 * @ALG_WHY_LINES: too many at once
 * @ALG_WHY_NAT: it was set up before the helper
 * @ALG_WHY_MPTCP: not all of the dialogue comes by
 * @ALG_WHY_HANDSHAKE: it was not seen, or there was payload before its end
 * @ALG_WHY_FAULT: the grammar asked for what cannot be
 * @ALG_WHY_PROTOCOL: the first of the grammar's own
 */
enum alg_why {
	ALG_WHY_NONE,
	ALG_WHY_MEMORY,
	ALG_WHY_PORT,
	ALG_WHY_EXPECTATIONS,
	ALG_WHY_CONNECTIONS,
	ALG_WHY_SEGMENTS,
	ALG_WHY_LINES,
	ALG_WHY_NAT,
	ALG_WHY_MPTCP,
	ALG_WHY_HANDSHAKE,
	ALG_WHY_FAULT,
	ALG_WHY_PROTOCOL,
};

/**
 * struct alg_addr - an address
 * @len: 4 or 16; 0 is none
 * @b: in network order; zero from @len on
 */
struct alg_addr {
	u8 len;
	u8 b[16];
};

/**
 * alg_addr_same() - is it the same address?
 * @a: an address
 * @b: an address
 */
static inline bool alg_addr_same(const struct alg_addr *a,
				 const struct alg_addr *b)
{
	u64 x[2], y[2];

	memcpy(x, a->b, sizeof(x));
	memcpy(y, b->b, sizeof(y));
	return a->len == b->len && x[0] == y[0] && x[1] == y[1];
}

/**
 * enum alg_own - whose address is it?
 * @ALG_OWN_INNER: an end's, as it sees itself
 * @ALG_OWN_OUTER: an end's, as the other end sees it
 * @ALG_OWN_NOT: somebody else's
 */
enum alg_own {
	ALG_OWN_INNER,
	ALG_OWN_OUTER,
	ALG_OWN_NOT,
};

/**
 * struct alg_ends - the ends of the control connection
 * @client: indexed by ALG_OWN_INNER (the source of the original direction) and
 *	ALG_OWN_OUTER (the destination of the reply direction)
 * @server: so too: the source of the reply direction, the destination of the
 *	original
 * @loose: an address may be anybody's
 * @loose_server: one on the server's side may
 * @active: the client may ask for connections to itself
 * @port: of each hole, as the other side knows it; 0 if it is neither open nor
 *	offered
 */
struct alg_ends {
	struct alg_addr client[2];
	struct alg_addr server[2];
	bool loose;
	bool loose_server;
	bool active;
	u16 port[ALG_HOLES];
};

/**
 * enum alg_from - who may use a hole
 * @ALG_FROM_PEER: the other end of the control connection
 * @ALG_FROM_ADDR: alg_endpoint.from
 * @ALG_FROM_ANY: everybody
 */
enum alg_from {
	ALG_FROM_PEER,
	ALG_FROM_ADDR,
	ALG_FROM_ANY,
};

/**
 * struct alg_endpoint - where a hole leads to, and who may use it
 * @addr: the address
 * @port: its port
 * @pair: and the next one; @port is even then
 * @udp: of UDP, else TCP
 * @to_client: @addr is on the client's side, else on the server's
 * @own: enum alg_own: what @addr is to the end of that side
 * @who: enum alg_from
 * @from: with ALG_FROM_ADDR
 */
struct alg_endpoint {
	struct alg_addr addr;
	u16 port;
	bool pair;
	bool udp;
	bool to_client;
	u8 own;
	u8 who;
	struct alg_addr from;
};

/**
 * enum alg_act - what to do
 * @ALG_CLOSE: nothing comes through this hole any more, and its port is free
 * @ALG_OFFER: keep a port for this hole; nothing comes through it yet
 * @ALG_OPEN: let in what comes through this hole
 * @ALG_REWRITE: put an address into this line
 * @ALG_DORMANT: never look at this connection again; the last one of its list
 */
enum alg_act {
	ALG_CLOSE,
	ALG_OFFER,
	ALG_OPEN,
	ALG_REWRITE,
	ALG_DORMANT,
};

/**
 * enum alg_view - as whom does ALG_REWRITE name an endpoint?
 * @ALG_VIEW_OTHER: as the other side has to
 * @ALG_VIEW_BACK: as its own side did
 */
enum alg_view {
	ALG_VIEW_OTHER,
	ALG_VIEW_BACK,
};

/**
 * struct alg_action - something to do
 * @act: enum alg_act
 * @hole: its number, under alg_protocol.holes; with ALG_REWRITE, the address
 *	and port are those of this hole, or with ALG_HOLE_NONE of @end
 * @class: with ALG_OFFER and ALG_OPEN, of alg_helper.policy: how long
 * @end: with ALG_OFFER, and with ALG_OPEN unless its port is 0: then the hole
 *	is the one that was offered, or is open already and lives longer; @end.who
 *	and @end.from count for the former, unless they are the peer
 * @also: with ALG_CLOSE, and with ALG_OPEN if the port is 0: these holes, too, a
 *	bit each
 * @again: with ALG_OPEN: of a hole that is open, what came through it may come
 *	once more
 * @seconds: with ALG_OPEN: how long, or 0: as @class says
 * @view: with ALG_REWRITE, enum alg_view
 * @form: for alg_protocol.print()
 * @at: where in the line the text stands
 * @len: how much
 * @why: with ALG_DORMANT, enum alg_why
 */
struct alg_action {
	u8 act;
	u8 hole;
	u8 class;
	u8 view;
	u8 form;
	u8 why;
	bool again;
	u16 at;
	u16 len;
	u16 seconds;
	u32 also;
	struct alg_endpoint end;
};

/**
 * enum alg_unit - what comes next in a direction
 * @ALG_UNIT_LINE: a line
 * @ALG_UNIT_HEAD: what alg_protocol.head is about, if it begins so; or a line
 * @ALG_UNIT_END: nothing that is looked at
 */
enum alg_unit {
	ALG_UNIT_LINE,
	ALG_UNIT_HEAD,
	ALG_UNIT_END,
};

/**
 * struct alg_verdict - what follows from a unit
 * @next: enum alg_unit; only with a whole unit
 * @count: of @action
 * @why: enum alg_why: an end asked for a hole in this unit, and for this reason
 *	gets none. Not if it gets it later.
 * @skip: so many bytes stand before the next unit, which nobody looks at; only
 *	with a whole one
 * @action: in the order in which they are to be done
 */
struct alg_verdict {
	u8 next;
	u8 count;
	u8 why;
	u32 skip;
	struct alg_action action[ALG_ACTIONS];
};

/**
 * alg_action_add() - one more thing to do
 * @v: the list
 * @act: enum alg_act
 * @hole: of which hole
 *
 * Return: the action, to be filled in. Of too many, none is done.
 */
static inline struct alg_action *alg_action_add(struct alg_verdict *v, u8 act,
						u8 hole)
{
	struct alg_action *a;

	if (likely(v->count < ALG_ACTIONS)) {
		a = &v->action[v->count++];
	} else {
		a = &v->action[ALG_ACTIONS - 1];
		v->count = ALG_ACTIONS + 1;
	}
	/* The last member counts only if another one says so. */
	memset(a, 0, offsetof(struct alg_action, end.from));
	a->act = act;
	a->hole = hole;
	return a;
}

/**
 * struct alg_protocol - a grammar
 * @size: of its dialogue, which is all zero at the beginning of a connection
 * @holes: of a connection
 * @classes: of alg_helper.policy
 * @head: of what is between its lines and says how long it is; may be
 *	all zero
 * @telnet: its lines are telnet's
 * @both: an address may have to be written anew in both directions
 * @whys: so many reasons from ALG_WHY_PROTOCOL on
 * @unit: what does this unit mean? Called for each whole one, and for the first
 *	bytes of a line (alg_line_ready()). @v is empty, and a line is next.
 * @hold: with NAT, may this incomplete line become one whose address has to be
 *	written anew? Then its bytes do not leave before its end is there.
 *	Only of a line that has no bytes removed.
 * @save: what is needed to go on with a dialogue between two lines, from 1 to
 *	0x7f; 0: it cannot, as something waits for an answer, say
 * @resume: the dialogue goes on: with what save() returned, or with 0: it has
 *	begun elsewhere, and is not known. A hole may have come with it: what
 *	closes one has to say ALG_CLOSE.
 * @print: an address in a form of the protocol's; returns the text's length,
 *	under ALG_TEXT_MAX, or 0 if there is none
 * @show: how many bytes of a unit's beginning may be in the log, for who looks
 *	for a fault: no password, for one
 * @why_name: one of @whys, for the log and for monitoring: a word of small
 *	letters and _, which stays as it is
 */
struct alg_protocol {
	unsigned int size;
	u8 holes;
	u8 classes;
	struct alg_head head;
	bool telnet;
	bool both;
	u8 whys;
	void (*unit)(void *dialogue, bool reply, const struct alg_line *line,
		     const struct alg_ends *ends, struct alg_verdict *v);
	bool (*hold)(const void *dialogue, bool reply,
		     const struct alg_line *line);
	u8 (*save)(const void *dialogue);
	void (*resume)(void *dialogue, u8 saved);
	int (*print)(char text[ALG_TEXT_MAX], u8 form,
		     const struct alg_addr *addr, u16 port);
	unsigned int (*show)(bool reply, const struct alg_line *line);
	const char *(*why_name)(u8 why);
};

bool alg_next_valid(const struct alg_protocol *protocol,
		    const struct alg_verdict *v);
bool alg_actions_valid(const struct alg_protocol *protocol,
		       const struct alg_line *line, const struct alg_ends *ends,
		       const struct alg_verdict *v);

#endif /* _NF_ALG_PROTOCOL_H */
