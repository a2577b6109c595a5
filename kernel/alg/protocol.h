/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What alg.c and a protocol's grammar say to each other, on plain values: no
 * skb, no lock, any context. tests/fuzz/ compiles a grammar as it is.
 */
#ifndef _NF_ALG_PROTOCOL_H
#define _NF_ALG_PROTOCOL_H

#include <linux/types.h>

#include "line.h"

/* Offers that may wait for their answer */
#define ALG_OFFERS	16
/*
 * The longest text that alg_protocol.print() writes, and its NUL: |2|39
 * characters|65535|
 */
#define ALG_TEXT_MAX	52

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
 * enum alg_own - whose address is it?
 * @ALG_OWN_INNER: the sender's, as it sees itself
 * @ALG_OWN_OUTER: the sender's, as the other end sees it
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
 * @active: the client may ask for connections to itself
 */
struct alg_ends {
	struct alg_addr client[2];
	struct alg_addr server[2];
	bool loose;
	bool active;
};

/* What to do, in this order */
#define ALG_WITHDRAW	0x01	/* alg_decision.withdrawn: these offers are void */
#define ALG_CLOSE	0x02	/* the hole that may be open must not be any more */
#define ALG_OFFER	0x04	/* what ALG_OPEN may name later: write it anew */
#define ALG_OPEN	0x08	/* expect a connection; write anew if len is not 0 */
#define ALG_DORMANT	0x10	/* never look at this connection again */

/**
 * struct alg_decision - what follows from a line
 * @act: ALG_*, or 0
 * @why: with ALG_DORMANT, for alg_protocol.why_name()
 * @withdrawn: a bit for each slot, with ALG_WITHDRAW
 *
 * With ALG_OFFER and ALG_OPEN:
 * @slot: of the offer, under ALG_OFFERS; ALG_OPEN has that of its ALG_OFFER
 * @to_client: the server connects to the client, else the other way round
 * @own: enum alg_own: what @addr is to the end that is connected to
 * @addr: the address
 * @port: its port
 * @form: for alg_protocol.print()
 * @at: where in the line they stand
 * @len: and how much; 0 if they are not in this line
 * @seq: the sequence number of the first byte
 */
struct alg_decision {
	u8 act;
	u8 why;
	u16 withdrawn;
	u8 slot;
	bool to_client;
	u8 own;
	u8 form;
	struct alg_addr addr;
	u16 port;
	u16 at;
	u16 len;
	u32 seq;
};

/**
 * struct alg_protocol - a grammar
 * @size: of its dialogue, which is all zero at the beginning of a connection
 * @line: what does this line mean? Called for the first bytes of a line
 *	(alg_line_ready()) and for the whole one. Fills in act, and what goes
 *	with it.
 * @hold: with NAT, may this incomplete line become one whose address has to be
 *	written anew? Then its bytes do not leave before its end is there. Only
 *	of a line that has no bytes removed.
 * @save: what is needed to go on with a dialogue between two lines, from 1 to
 *	0x7f; 0: it cannot, as something waits for an answer, say
 * @resume: the dialogue goes on: with what save() returned, or with 0: it has
 *	begun elsewhere, and is not known. A hole may have come with it: what
 *	closes one has to say ALG_CLOSE.
 * @print: an address in a form of the protocol's; returns the text's length,
 *	under ALG_TEXT_MAX, or 0 if there is none
 * @why_name: why a connection is left alone, for the log
 */
struct alg_protocol {
	unsigned int size;
	void (*line)(void *dialogue, bool reply, const struct alg_line *line,
		     const struct alg_ends *ends, struct alg_decision *d);
	bool (*hold)(const void *dialogue, bool reply,
		     const struct alg_line *line);
	u8 (*save)(const void *dialogue);
	void (*resume)(void *dialogue, u8 saved);
	int (*print)(char text[ALG_TEXT_MAX], u8 form,
		     const struct alg_addr *addr, u16 port);
	const char *(*why_name)(u8 why);
};

#endif /* _NF_ALG_PROTOCOL_H */
