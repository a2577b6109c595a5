/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What two ends of an FTP control connection agree on, on plain values: no skb,
 * no lock, any context. tests/fuzz/ compiles ftp.c as it is.
 */
#ifndef _NF_ALG_FTP_H
#define _NF_ALG_FTP_H

#include <linux/types.h>

#include "protocol.h"

/* Commands that may wait for their answer: older ones are forgotten */
#define FTP_PENDING	16
/* Holes: the open one, and one that a pipelined PORT keeps for its turn */
#define FTP_HOLES	2
/* Of alg_helper.policy: until a transfer is asked for, and until it begins */
#define FTP_CLASS_ANNOUNCED	0
#define FTP_CLASS_TRANSFER	1

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
 * enum ftp_why - why a connection is left alone, or nothing is opened
 * @FTP_WHY_NONE: it is not so
 * @FTP_WHY_GREETING: a client that spoke before the server's 220
 * @FTP_WHY_SERVER: a server that begins with something else
 * @FTP_WHY_COMMAND: a line that is no FTP command, before the login
 * @FTP_WHY_VERB: a verb that nobody knows, before the server accepted any that
 *	is known
 * @FTP_WHY_HTTP: a request of HTTP's
 * @FTP_WHY_SECURE: both ends agreed on TLS or another protection, and are not
 *	back in the clear
 * @FTP_WHY_LOGIN: the server has not accepted it, or may take it back
 * @FTP_WHY_ACTIVE: the client may not ask for connections to itself
 * @FTP_WHY_EPSV_ALL: the client said that it will only say EPSV
 * @FTP_WHY_TEXT: no address can be read, or more than one, or it is not in one
 *	piece
 * @FTP_WHY_FAMILY: an address of IPv4 in a dialogue over IPv6, or vice versa
 * @FTP_WHY_PORT: under ALG_PORT_MIN
 * @FTP_WHY_ADDRESS: a third party's
 * @FTP_WHY_OUTER: the client's own as only the server knows it
 * @FTP_WHY_ASKED: no PASV or EPSV waits for this answer
 * @FTP_WHY_EARLY: another PORT waits for its turn already
 * @FTP_WHY_END: none of these
 */
enum ftp_why {
	FTP_WHY_NONE = ALG_WHY_NONE,
	FTP_WHY_GREETING = ALG_WHY_PROTOCOL,
	FTP_WHY_SERVER,
	FTP_WHY_COMMAND,
	FTP_WHY_VERB,
	FTP_WHY_HTTP,
	FTP_WHY_SECURE,
	FTP_WHY_LOGIN,
	FTP_WHY_ACTIVE,
	FTP_WHY_EPSV_ALL,
	FTP_WHY_TEXT,
	FTP_WHY_FAMILY,
	FTP_WHY_PORT,
	FTP_WHY_ADDRESS,
	FTP_WHY_OUTER,
	FTP_WHY_ASKED,
	FTP_WHY_EARLY,
	FTP_WHY_END,
};

/**
 * enum ftp_login - may something be opened?
 * @FTP_LOGIN_NOT: the server has not accepted the login
 * @FTP_LOGIN_UNSEEN: if it has, it was in TLS, of which anybody can make the
 *	records: to the server only
 * @FTP_LOGIN_SEEN: it has
 */
enum ftp_login {
	FTP_LOGIN_NOT,
	FTP_LOGIN_UNSEEN,
	FTP_LOGIN_SEEN,
};

/**
 * struct ftp - a dialogue; all zero at its beginning
 * @greeted: the server said 220
 * @trusted: the server accepted a command, so that the client's peer speaks FTP
 * @login: enum ftp_login
 * @epsv_all: it accepted EPSV ALL
 * @spoke: the client has, since a reply of many lines began
 * @hole: the number of the hole for which ALG_OPEN was told, here or by another
 *	gateway, and no ALG_CLOSE since, and 1; or 0
 * @offer: so, of the one that is offered
 * @why: enum ftp_why; not 0 if the connection is dormant
 * @tls: how far TLS is, as in ftp.c, or 0
 * @records: so many of TLS's have passed
 * @first: the oldest of @pending
 * @count: so many are there
 * @multi: the code of the reply of which there are lines to come, or 0
 * @pending: a ring of commands that have no answer yet, as in ftp.c
 */
struct ftp {
	bool greeted;
	bool trusted;
	bool epsv_all;
	bool spoke;
	u8 hole;
	u8 login;
	u8 offer;
	u8 why;
	u8 tls;
	u8 records;
	u8 first;
	u8 count;
	u16 multi;
	u8 pending[FTP_PENDING];
};

extern const struct alg_protocol ftp_protocol;

void ftp_unit(void *dialogue, bool reply, const struct alg_line *line,
	      const struct alg_ends *ends, struct alg_verdict *v);
bool ftp_hold(const void *dialogue, bool reply, const struct alg_line *line);
u8 ftp_save(const void *dialogue);
void ftp_resume(void *dialogue, u8 saved);
unsigned int ftp_show(bool reply, const struct alg_line *line);
const char *ftp_why_name(u8 why);
int ftp_print(char text[ALG_TEXT_MAX], u8 form, const struct alg_addr *addr,
	      u16 port);

#endif /* _NF_ALG_FTP_H */
