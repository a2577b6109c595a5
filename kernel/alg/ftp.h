/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What two ends of an FTP control connection agree on, on plain values: no skb, no
 * lock, any context. tests/fuzz/ compiles ftp.c as it is.
 */
#ifndef _NF_ALG_FTP_H
#define _NF_ALG_FTP_H

#include <linux/types.h>

#include "line.h"

/* Commands that may wait for their answer and still open something */
#define FTP_PENDING	16
/* The longest text that ftp_print() writes, and its NUL: |2|39 characters|65535| */
#define FTP_TEXT_MAX	52
/* No hole under this port, of neither end */
#define FTP_PORT_MIN	1024

/**
 * struct ftp_addr - an address
 * @len: 4 or 16; 0 is none
 * @b: in network order; zero from @len on
 */
struct ftp_addr {
	u8 len;
	u8 b[16];
};

/**
 * enum ftp_own - whose address is it?
 * @FTP_OWN_INNER: the sender's, as it sees itself
 * @FTP_OWN_OUTER: the sender's, as the other end sees it
 * @FTP_OWN_NOT: somebody else's
 */
enum ftp_own {
	FTP_OWN_INNER,
	FTP_OWN_OUTER,
	FTP_OWN_NOT,
};

/**
 * struct ftp_ends - the ends of the control connection
 * @client: indexed by FTP_OWN_INNER (the source of the original direction) and
 *	FTP_OWN_OUTER (the destination of the reply direction)
 * @server: so too: the source of the reply direction, the destination of the original
 * @loose: an address may be anybody's
 */
struct ftp_ends {
	struct ftp_addr client[2];
	struct ftp_addr server[2];
	bool loose;
};

/**
 * enum ftp_form - how an address is written
 * @FTP_FORM_PORT: h1,h2,h3,h4,p1,p2 (PORT, 227)
 * @FTP_FORM_EPRT: |2|2001:db8::1|5000|
 * @FTP_FORM_EPSV: |||5000| (229)
 */
enum ftp_form {
	FTP_FORM_PORT,
	FTP_FORM_EPRT,
	FTP_FORM_EPSV,
};

/**
 * enum ftp_why - why a connection is left alone
 * @FTP_WHY_NONE: it is not
 * @FTP_WHY_GREETING: a client that spoke before the server's 220
 * @FTP_WHY_SERVER: a server that begins with something else
 * @FTP_WHY_COMMAND: a line that is no FTP command
 * @FTP_WHY_VERB: a verb that nobody knows, before the server accepted any that is known
 * @FTP_WHY_HTTP: a request of HTTP's
 * @FTP_WHY_SECURE: both ends agreed on TLS or another protection
 * @FTP_WHY_FLOOD: more commands without an answer than can be followed
 */
enum ftp_why {
	FTP_WHY_NONE,
	FTP_WHY_GREETING,
	FTP_WHY_SERVER,
	FTP_WHY_COMMAND,
	FTP_WHY_VERB,
	FTP_WHY_HTTP,
	FTP_WHY_SECURE,
	FTP_WHY_FLOOD,
};

/* What to do, in this order */
#define FTP_WITHDRAW	0x01	/* the offers of ftp_decision.withdrawn are void */
#define FTP_CLOSE	0x02	/* the hole that may be open must not be any more */
#define FTP_OFFER	0x04	/* an endpoint that FTP_OPEN may name later: write it anew */
#define FTP_OPEN	0x08	/* expect a connection; write its address anew if len is not 0 */
#define FTP_DORMANT	0x10	/* never look at this connection again */

/**
 * struct ftp_decision - what follows from a line
 * @act: FTP_*, or 0
 * @why: enum ftp_why, with FTP_DORMANT
 * @withdrawn: a bit for each slot, with FTP_WITHDRAW
 *
 * With FTP_OFFER and FTP_OPEN:
 * @slot: of the offer, under FTP_PENDING; FTP_OPEN has that of its FTP_OFFER
 * @to_client: the server connects to the client (PORT, EPRT), else the other way round
 * @own: enum ftp_own: what @addr is to the end that is connected to
 * @addr: the address; for 229 the server's own
 * @port: at least FTP_PORT_MIN
 * @form: enum ftp_form, to write it again
 * @at: where in the line it stands
 * @len: and how much; 0 if it is not in this line
 * @seq: the sequence number of its first byte
 */
struct ftp_decision {
	u8 act;
	u8 why;
	u16 withdrawn;
	u8 slot;
	bool to_client;
	u8 own;
	u8 form;
	struct ftp_addr addr;
	u16 port;
	u16 at;
	u16 len;
	u32 seq;
};

/**
 * struct ftp_pending - a command that has no answer yet
 * @verb: enum of ftp.c
 * @own: enum ftp_own
 * @form: enum ftp_form
 * @offered: it is an endpoint that may be opened
 * @port: its port
 * @addr: its address
 */
struct ftp_pending {
	u8 verb;
	u8 own;
	u8 form;
	bool offered;
	u16 port;
	struct ftp_addr addr;
};

/**
 * struct ftp - a dialogue; all zero at its beginning
 * @greeted: the server said 220
 * @trusted: the server accepted a command, so that the client's peer speaks FTP
 * @epsv_all: it accepted EPSV ALL
 * @hole: FTP_OPEN was told, and no FTP_CLOSE since
 * @why: enum ftp_why; not 0 if the connection is dormant
 * @first: the oldest of @pending
 * @count: so many are there
 * @multi: the code of the reply of which there are lines to come, or 0
 * @beyond: commands after those of @pending that had no room there
 * @pending: a ring
 */
struct ftp {
	bool greeted;
	bool trusted;
	bool epsv_all;
	bool hole;
	u8 why;
	u8 first;
	u8 count;
	u16 multi;
	u16 beyond;
	struct ftp_pending pending[FTP_PENDING];
};

void ftp_line(struct ftp *f, bool reply, const struct alg_line *line, const struct ftp_ends *ends,
	      struct ftp_decision *d);
bool ftp_hold(const struct ftp *f, bool reply, const struct alg_line *line);
const char *ftp_why_name(enum ftp_why why);
int ftp_print(char text[FTP_TEXT_MAX], enum ftp_form form, const struct ftp_addr *addr, u16 port);

#endif /* _NF_ALG_FTP_H */
