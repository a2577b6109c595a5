// SPDX-License-Identifier: GPL-2.0-only
/*
 * FTP's dialogue (RFC 959, 2228, 2389, 2428, 3659): which data connections have
 * both ends agreed on?
 *
 * A server answers commands in their order, each with one final reply, so that
 * a queue of the commands without one says what a reply is to. Servers do not
 * always keep to that. So what a reply says itself is believed, wherever it
 * comes: 227 and 229, 125 and 150, 220 after REIN, 230 and 232; what waits
 * before that gets no answer any more. A reply that cannot be one to the oldest
 * command is none. What waits for long is forgotten. So the client's next
 * command and the server's next plain reply bring both in step again.
 *
 * PORT and EPRT open when they pass, for the server alone: a server may connect
 * before it says 200. A refusal closes.
 *
 * After AUTH TLS (RFC 4217) come records, whose lengths can be read. After CCC,
 * which cannot, the ends go on in the clear, each at a time of its own: where a
 * record would begin, no byte is that of one.
 *
 * What only some lines need is noinline, so that all others do not keep
 * registers and stack for it.
 */

#include <asm/byteorder.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "ftp.h"
#include "text.h"

/* What a verb is to the dialogue */
enum {
	VERB_ANY,	/* answered by whatever; also what has no name here */
	VERB_OTHER,	/* by anything but what is others' */
	VERB_DATA,	/* by 125 or 150 first */
	VERB_PORT,
	VERB_EPRT,
	VERB_PASV,
	VERB_EPSV,
	VERB_EPSV_ALL,
	VERB_LOGIN,	/* USER, ACCT */
	VERB_PASS,
	VERB_AUTH,
	VERB_REIN,
	VERB_HTTP,
};

/* Of a command that waits: it opened the hole; is the offer; has its 1xx */
#define VERB_OPENED	0x20
#define VERB_OFFERED	0x40
#define VERB_STARTED	0x80
#define VERB_MASK	0x1f

#define VERB_MAX	7

/*
 * Of ftp.tls. The client has said AUTH; the server has agreed; records came
 * from an end; lines come from it again. A record that the server has not
 * agreed to, or has refused, is the end.
 */
#define TLS_ASKED		0x01
#define TLS_AGREED		0x02
#define TLS_RECORDS(reply)	(0x04 << (reply))
#define TLS_CLEAR(reply)	(0x10 << (reply))

/*
 * The first byte of a record's head, the head, and the longest record (RFC 5246
 * 6.2)
 */
#define TLS_TYPE_MIN	20
#define TLS_TYPE_MAX	23
#define TLS_HEAD	5
#define TLS_RECORD_MAX	(16384 + 2048)
/* CCC comes after the login. Who goes on in TLS for longer is left alone. */
#define TLS_RECORDS_MAX	100

struct ftp_verb {
	char name[VERB_MAX + 1];
	u8 verb;
};

/* Those of each letter, the frequent ones first; the last one has no name. */
static const struct ftp_verb * const verbs['Z' - 'A' + 1] = {
	['A' - 'A'] = (const struct ftp_verb[]) {
		{ "ABOR", VERB_ANY }, { "AUTH", VERB_AUTH },
		{ "APPE", VERB_DATA }, { "ACCT", VERB_LOGIN },
		{ "ADAT", VERB_AUTH }, { "ALGS", VERB_OTHER },
		{ "ALLO", VERB_OTHER }, { "AVBL", VERB_OTHER }, {}
	},
	['C' - 'A'] = (const struct ftp_verb[]) {
		{ "CWD", VERB_OTHER }, { "CCC", VERB_OTHER },
		{ "CDUP", VERB_OTHER }, { "CLNT", VERB_OTHER },
		{ "CONF", VERB_OTHER }, { "CSID", VERB_OTHER }, {}
	},
	['D' - 'A'] = (const struct ftp_verb[]) {
		{ "DELE", VERB_OTHER }, { "DSIZ", VERB_OTHER }, {}
	},
	['E' - 'A'] = (const struct ftp_verb[]) {
		{ "EPSV", VERB_EPSV }, { "EPRT", VERB_EPRT },
		{ "ENC", VERB_OTHER }, { "ESTA", VERB_OTHER },
		{ "ESTP", VERB_OTHER }, {}
	},
	['F' - 'A'] = (const struct ftp_verb[]) {
		{ "FEAT", VERB_OTHER }, {}
	},
	['G' - 'A'] = (const struct ftp_verb[]) {
		{ "GET", VERB_HTTP }, {}
	},
	['H' - 'A'] = (const struct ftp_verb[]) {
		{ "HASH", VERB_OTHER }, { "HEAD", VERB_HTTP },
		{ "HELP", VERB_OTHER }, { "HOST", VERB_OTHER }, {}
	},
	['L' - 'A'] = (const struct ftp_verb[]) {
		{ "LIST", VERB_DATA }, { "LANG", VERB_OTHER },
		{ "LPRT", VERB_OTHER }, { "LPSV", VERB_OTHER }, {}
	},
	['M' - 'A'] = (const struct ftp_verb[]) {
		{ "MLSD", VERB_DATA }, { "MDTM", VERB_OTHER },
		{ "MKD", VERB_OTHER }, { "MACB", VERB_OTHER },
		{ "MFCT", VERB_OTHER }, { "MFF", VERB_OTHER },
		{ "MFMT", VERB_OTHER }, { "MIC", VERB_OTHER },
		{ "MLST", VERB_OTHER }, { "MODE", VERB_OTHER }, {}
	},
	['N' - 'A'] = (const struct ftp_verb[]) {
		{ "NOOP", VERB_OTHER }, { "NLST", VERB_DATA }, {}
	},
	['O' - 'A'] = (const struct ftp_verb[]) {
		{ "OPTS", VERB_OTHER }, { "OPEN", VERB_OTHER }, {}
	},
	['P' - 'A'] = (const struct ftp_verb[]) {
		{ "PASV", VERB_PASV }, { "PORT", VERB_PORT },
		{ "PASS", VERB_PASS }, { "PWD", VERB_OTHER },
		{ "PBSZ", VERB_OTHER }, { "POST", VERB_HTTP },
		{ "PROT", VERB_OTHER }, { "PUT", VERB_HTTP },
		{ "P@SW", VERB_PASV }, {}
	},
	['Q' - 'A'] = (const struct ftp_verb[]) {
		{ "QUIT", VERB_OTHER }, {}
	},
	['R' - 'A'] = (const struct ftp_verb[]) {
		{ "RETR", VERB_DATA }, { "REST", VERB_OTHER },
		{ "RNFR", VERB_OTHER }, { "RNTO", VERB_OTHER },
		{ "RANG", VERB_OTHER }, { "REIN", VERB_REIN },
		{ "RMD", VERB_OTHER }, { "RMDA", VERB_OTHER }, {}
	},
	['S' - 'A'] = (const struct ftp_verb[]) {
		{ "STOR", VERB_DATA }, { "SIZE", VERB_OTHER },
		{ "SYST", VERB_OTHER }, { "SITE", VERB_ANY },
		{ "SMNT", VERB_OTHER }, { "SPSV", VERB_OTHER },
		{ "STAT", VERB_ANY }, { "STOU", VERB_DATA },
		{ "STRU", VERB_OTHER }, {}
	},
	['T' - 'A'] = (const struct ftp_verb[]) {
		{ "TYPE", VERB_OTHER }, { "THMB", VERB_DATA }, {}
	},
	['U' - 'A'] = (const struct ftp_verb[]) {
		{ "USER", VERB_LOGIN }, {}
	},
	['X' - 'A'] = (const struct ftp_verb[]) {
		{ "XCRC", VERB_OTHER }, { "XCUP", VERB_OTHER },
		{ "XCWD", VERB_OTHER }, { "XMD5", VERB_OTHER },
		{ "XMKD", VERB_OTHER }, { "XPWD", VERB_OTHER },
		{ "XRMD", VERB_OTHER }, { "XSHA", VERB_OTHER },
		{ "XSHA1", VERB_OTHER }, { "XSHA256", VERB_OTHER },
		{ "XSHA512", VERB_OTHER }, {}
	},
};

/* --- addresses --- */

/*
 * h1,h2,h3,h4,p1,p2, with @blanks perhaps some around the commas. Returns
 * false if there are not six numbers with commas between them; *good says
 * whether they are all octets, and no more follow.
 */
static bool read_six(struct alg_text *t, struct alg_addr *addr, u16 *port,
		     bool blanks, bool *good)
{
	const u8 *s = t->s + t->at, *first, *end;
	unsigned int i, number;
	u8 value[6];

	*good = true;
	for (i = 0; i < 6; i++) {
		while (i && blanks && *s == ' ')
			s++;
		first = s;
		for (number = 0; is_digit(*s); s++)
			number = number * 10 + *s - '0';
		end = s;
		while (i < 5 && blanks && *s == ' ')
			s++;
		if (end == first || (i < 5 && *s++ != ','))
			return false;
		/* With more digits, the number may have gone round. */
		if (end - first > 3 || number > 255)
			*good = false;
		value[i] = number;
	}
	if (*end == ',')
		*good = false;
	t->at = end - t->s;
	memset(addr, 0, sizeof(*addr));
	addr->len = 4;
	for (i = 0; i < 4; i++)
		addr->b[i] = value[i];
	*port = (value[4] << 8 | value[5]) & 0xffff;
	return true;
}

/* RFC 2428: <d>1<d>address<d>port<d>, any <d> of 33 to 126 */
static bool read_eprt(struct alg_text *t, struct alg_addr *addr, u16 *port)
{
	unsigned int protocol, value;
	u8 d = text_peek(t);

	if (d < 33 || d > 126)
		return false;
	t->at++;
	memset(addr, 0, sizeof(*addr));
	if (!text_number(t, 1, &protocol) || !text_take(t, d))
		return false;
	if (protocol == 1) {
		addr->len = 4;
		if (!read_dotted(t, addr->b))
			return false;
	} else if (protocol == 2) {
		addr->len = 16;
		if (!read_ipv6(t, addr->b))
			return false;
	} else {
		return false;
	}
	if (!text_take(t, d) || !text_number(t, 5, &value) || value > 65535 ||
	    !text_take(t, d))
		return false;
	*port = value;
	return true;
}

/*
 * RFC 2428: (<d><d><d>port<d>). A digit may be <d>: then the port ends where it
 * comes again, so that no port has it.
 */
static bool read_epsv(struct alg_text *t, u16 *port)
{
	unsigned int value = 0, digits = 0;
	u8 d = text_peek(t);

	if (d < 33 || d > 126)
		return false;
	if (!text_take(t, d) || !text_take(t, d) || !text_take(t, d))
		return false;
	while (is_digit(text_peek(t)) && text_peek(t) != d) {
		if (++digits > 5)
			return false;
		value = value * 10 + text_peek(t) - '0';
		t->at++;
	}
	if (!digits || value > 65535 || !text_take(t, d) || text_peek(t) != ')')
		return false;
	*port = value;
	return true;
}

/* An endpoint that stands in a line */
struct ftp_endpoint {
	struct alg_endpoint end;
	u8 form;
	u16 at;
	u16 len;
};

/* May this endpoint be opened? Fills in what is the same for all forms. */
static enum ftp_why endpoint(struct ftp_endpoint *e,
			     const struct alg_addr own[2], bool loose,
			     const struct alg_line *line, unsigned int at,
			     unsigned int end)
{
	e->at = at;
	e->len = end - at;
	e->end.own = whose(&e->end.addr, own);
	if (e->end.addr.len != own[ALG_OWN_INNER].len)
		return FTP_WHY_FAMILY;
	if (e->end.own == ALG_OWN_NOT && !loose)
		return FTP_WHY_ADDRESS;
	if (e->end.port < ALG_PORT_MIN)
		return FTP_WHY_PORT;
	/*
	 * What cannot be written anew where it stands is not opened for
	 * anybody.
	 */
	if (!alg_line_solid(line, at, end - at))
		return FTP_WHY_TEXT;
	return FTP_WHY_NONE;
}

/* Offers or opens it, and has its text written anew, if that is right. */
static void use_endpoint(struct alg_verdict *v, u8 act, u8 hole, u8 class,
			 const struct ftp_endpoint *e)
{
	struct alg_action *a = alg_action_add(v, act, hole);

	a->end = e->end;
	a->class = class;
	if (!e->len)
		return;
	a = alg_action_add(v, ALG_REWRITE, hole);
	a->form = e->form;
	a->at = e->at;
	a->len = e->len;
}

/* --- the queue --- */

static u8 *pending_at(struct ftp *f, unsigned int i)
{
	return &f->pending[(f->first + i) % FTP_PENDING];
}

static u8 verb_at(struct ftp *f, unsigned int i)
{
	return *pending_at(f, i) & VERB_MASK;
}

static bool is_announcement(u8 verb)
{
	return verb >= VERB_PORT && verb <= VERB_EPSV;
}

static void close_hole(struct ftp *f, struct alg_verdict *v)
{
	if (f->hole)
		alg_action_add(v, ALG_CLOSE, f->hole - 1);
	f->hole = 0;
}

/* What opened the hole before is not the one that a refusal may close. */
static void opened(struct ftp *f, u8 hole, u8 *pending)
{
	unsigned int i;

	for (i = 0; i < f->count; i++)
		*pending_at(f, i) &= ~VERB_OPENED;
	f->hole = hole + 1;
	if (pending)
		*pending |= VERB_OPENED;
}

/* What is offered will not be opened. */
static noinline void withdraw(struct ftp *f, struct alg_verdict *v)
{
	unsigned int i;

	if (!f->offer)
		return;
	alg_action_add(v, ALG_CLOSE, f->offer - 1);
	f->offer = 0;
	for (i = 0; i < f->count; i++)
		*pending_at(f, i) &= ~VERB_OFFERED;
}

static void pop(struct ftp *f, struct alg_verdict *v)
{
	if (*pending_at(f, 0) & VERB_OFFERED)
		withdraw(f, v);
	f->first = (f->first + 1) % FTP_PENDING;
	f->count--;
}

/* Let it alone from now on */
static noinline void dormant(struct ftp *f, struct alg_verdict *v,
			     enum ftp_why why)
{
	while (f->count)
		pop(f, v);
	close_hole(f, v);
	f->why = why;
	alg_action_add(v, ALG_DORMANT, 0)->why = why;
}

/*
 * The server takes up the oldest command, as far as the client can know: if it
 * is about another data connection, none will come that was announced before.
 * Not earlier: a pipelined PORT is sent while the transfer before it has still
 * to connect.
 */
static noinline void take_up_announcement(struct ftp *f, struct alg_verdict *v)
{
	u8 *pending = pending_at(f, 0);
	unsigned int i;

	/* The hole is this one's already, or a later one's. */
	for (i = 0; i < f->count; i++)
		if (*pending_at(f, i) & VERB_OPENED)
			return;
	close_hole(f, v);
	if (*pending & VERB_OFFERED) {
		*pending &= ~VERB_OFFERED;
		alg_action_add(v, ALG_OPEN, f->offer - 1);
		opened(f, f->offer - 1, pending);
		f->offer = 0;
	}
}

static void take_up(struct ftp *f, struct alg_verdict *v)
{
	if (f->count && is_announcement(verb_at(f, 0)))
		take_up_announcement(f, v);
}

/* Is such a command in the queue, from its @i-th on? */
static bool waits_from(struct ftp *f, unsigned int i, u8 verb)
{
	for (; i < f->count; i++)
		if (verb_at(f, i) == verb)
			return true;
	return false;
}

static bool waits(struct ftp *f, u8 verb)
{
	return waits_from(f, 0, verb);
}

/* Is there an @verb in the queue? Then it is the oldest one now. */
static noinline bool skip_to(struct ftp *f, struct alg_verdict *v, u8 verb)
{
	if (!waits(f, verb))
		return false;
	while (verb_at(f, 0) != verb)
		pop(f, v);
	return true;
}

/*
 * The last of those announcements behind the oldest command that come before
 * any transfer, or %NULL: either the client did not wait for the answer to this
 * one, or it got none.
 */
static u8 *next_announcement(struct ftp *f)
{
	u8 *pending = NULL;
	unsigned int i;

	for (i = 1; i < f->count && verb_at(f, i) != VERB_DATA; i++)
		if (is_announcement(verb_at(f, i)))
			pending = pending_at(f, i);
	return pending;
}

/* One that never got an answer, of too many; that REIN did is assumed. */
static noinline void forget(struct ftp *f, struct alg_verdict *v)
{
	if (verb_at(f, 0) == VERB_REIN) {
		close_hole(f, v);
		f->trusted = false;
		f->login = FTP_LOGIN_NOT;
	}
	pop(f, v);
	take_up(f, v);
}

/* --- the client --- */

/*
 * The first bytes of a text, up to the first space or @len, as capitals, and
 * zero behind them
 */
static __always_inline __le64 capitals(const u8 *s, unsigned int len,
				       unsigned int *end)
{
	const u64 ones = 0x0101010101010101ULL, tops = 0x80 * ones;
	u64 bytes, space, low;
	__le64 eight;

	memcpy(&eight, s, 8);
	bytes = le64_to_cpu(eight);
	space = bytes ^ ' ' * ones;
	/*
	 * Below its first bit that is set, neither has borrowed or carried
	 * anything.
	 */
	space = (space - ones) & ~space & tops;
	if (space && len > (unsigned int)__builtin_ctzll(space) >> 3)
		len = (unsigned int)__builtin_ctzll(space) >> 3;
	*end = len;
	if (len < 8)
		bytes &= ((u64)1 << 8 * len) - 1;
	low = (bytes & ~tops) + (0x80 - 'a') * ones;
	low &= ~((bytes & ~tops) + (0x7f - 'z') * ones) & ~bytes & tops;
	return cpu_to_le64(bytes - (low >> 2));
}

/* Three or four letters may be a verb that has no name here. */
static noinline bool may_be_verb(u64 bytes, unsigned int len)
{
	if (len != 3 && len != 4)
		return false;
	for (; bytes; bytes >>= 8)
		if (!is_capital(bytes & 0xff))
			return false;
	return true;
}

/*
 * The verb of a text, which ends at *@end. Returns false if there is none in
 * its form. Inline: all of this is in registers then.
 */
static __always_inline bool read_verb(const u8 *s, unsigned int len,
				      unsigned int *end, u8 *verb, bool *known)
{
	const __le64 name = capitals(s, len, end);
	u64 bytes = le64_to_cpu(name);
	const struct ftp_verb *v;

	*verb = VERB_ANY;
	*known = false;
	/*
	 * Zero at its end is of no verb, but would look like what is behind
	 * one.
	 */
	if (!*end || *end > VERB_MAX || !is_capital(bytes & 0xff) ||
	    !(bytes >> 8 * (*end - 1)))
		return false;
	for (v = verbs[(bytes & 0xff) - 'A']; v && v->name[0]; v++) {
		if (!memcmp(v->name, &name, sizeof(name))) {
			*verb = v->verb;
			*known = true;
			return true;
		}
	}
	return may_be_verb(bytes, *end);
}

/* " HTTP/1.1": fetch() lets a page choose the verb, but not this. */
static bool ends_as_http(const struct alg_line *line)
{
	return line->len >= 9 &&
	       !memcmp(line->text + line->len - 9, " HTTP/", 6);
}

/*
 * Is this a dialogue of FTP's? After the login, a line that is no command is
 * none of our business: the server knows what it is.
 */
static __always_inline enum ftp_why
judge_command(const struct ftp *f, const struct alg_line *line,
	      unsigned int len, unsigned int *end, u8 *verb)
{
	bool known;

	if (!f->greeted)
		return FTP_WHY_GREETING;
	if (!read_verb(line->text, len, end, verb, &known))
		return f->login == FTP_LOGIN_SEEN ? FTP_WHY_NONE :
						    FTP_WHY_COMMAND;
	if (*verb == VERB_HTTP)
		return FTP_WHY_HTTP;
	if (!f->trusted) {
		if (!known)
			return FTP_WHY_VERB;
		if (line->whole && !line->cut && ends_as_http(line))
			return FTP_WHY_HTTP;
	}
	return FTP_WHY_NONE;
}

/* "ALL", or the number of a protocol, or nothing */
static u8 epsv_argument(struct alg_text *t)
{
	unsigned int protocol;

	if (text_end(t))
		return VERB_EPSV;
	if (is_digit(text_peek(t)))
		return text_number(t, 5, &protocol) && text_end(t) ? VERB_EPSV :
								     VERB_OTHER;
	if (t->len - t->at >= 3 && to_upper(t->s[t->at]) == 'A' &&
	    to_upper(t->s[t->at + 1]) == 'L' &&
	    to_upper(t->s[t->at + 2]) == 'L') {
		t->at += 3;
		if (text_end(t))
			return VERB_EPSV_ALL;
	}
	return VERB_OTHER;
}

/* What EPSV or PASV is, with something behind it */
static noinline u8 judge_argument(const struct alg_line *line, unsigned int at,
				  u8 verb)
{
	struct alg_text t = { .s = line->text, .len = line->len, .at = at };

	if (line->cut)
		return VERB_OTHER;
	if (verb == VERB_EPSV)
		return epsv_argument(&t);
	return text_end(&t) ? verb : VERB_OTHER;
}

static noinline enum ftp_why read_offer(struct alg_text *t, u8 verb,
					const struct alg_line *line,
					const struct alg_ends *ends,
					struct ftp_endpoint *e)
{
	bool good = true;
	enum ftp_why why;
	unsigned int at;

	memset(e, 0, sizeof(*e));
	text_spaces(t);
	at = t->at;
	if (verb == VERB_PORT) {
		e->form = FTP_FORM_PORT;
		if (!read_six(t, &e->end.addr, &e->end.port, false, &good) ||
		    !good)
			return FTP_WHY_TEXT;
	} else {
		e->form = FTP_FORM_EPRT;
		if (!read_eprt(t, &e->end.addr, &e->end.port))
			return FTP_WHY_TEXT;
	}
	e->end.to_client = true;
	why = endpoint(e, ends->client, ends->loose, line, at, t->at);
	if (!text_end(t))
		return FTP_WHY_TEXT;
	/*
	 * Its address as the server sees it a client behind NAT hardly knows,
	 * but the page that makes a browser say it does.
	 */
	if (!why && e->end.own == ALG_OWN_OUTER && !ends->loose)
		return FTP_WHY_OUTER;
	return why;
}

/*
 * May the client wait for the server at all? Before the login was accepted, it
 * may be others who make the client say it; so, too, if what was said before
 * will end the login.
 */
static enum ftp_why judge_announcement(struct ftp *f,
				       const struct alg_line *line,
				       const struct alg_ends *ends)
{
	if (f->login != FTP_LOGIN_SEEN || waits(f, VERB_REIN) ||
	    waits(f, VERB_AUTH))
		return FTP_WHY_LOGIN;
	if (!ends->active)
		return FTP_WHY_ACTIVE;
	if (f->epsv_all || waits(f, VERB_EPSV_ALL))
		return FTP_WHY_EPSV_ALL;
	return line->cut ? FTP_WHY_TEXT : FTP_WHY_NONE;
}

/*
 * The client waits for the server at an endpoint. It opens now, or at its turn
 * if a transfer before it may still need the hole that is open.
 */
static noinline void announce(struct ftp *f, u8 *pending, unsigned int at,
			      const struct alg_line *line,
			      const struct alg_ends *ends,
			      struct alg_verdict *v)
{
	struct alg_text t = { .s = line->text, .len = line->len, .at = at };
	struct ftp_endpoint e;
	u8 hole;

	v->why = judge_announcement(f, line, ends);
	if (!v->why)
		v->why = read_offer(&t, *pending, line, ends, &e);
	if (v->why)
		return;
	if (!waits(f, VERB_DATA)) {
		withdraw(f, v);
		hole = f->hole ? f->hole - 1 : f->offer == 1;
		close_hole(f, v);
		use_endpoint(v, ALG_OPEN, hole, FTP_CLASS_ANNOUNCED, &e);
		opened(f, hole, pending);
	} else if (!f->offer) {
		hole = f->hole == 1;
		use_endpoint(v, ALG_OFFER, hole, FTP_CLASS_TRANSFER, &e);
		f->offer = hole + 1;
		*pending |= VERB_OFFERED;
	} else {
		v->why = FTP_WHY_EARLY;
	}
}

static noinline void ftp_command(struct ftp *f, const struct alg_line *line,
				 const struct alg_ends *ends,
				 struct alg_verdict *v)
{
	unsigned int len = line->len, end;
	u8 verb = VERB_ANY, *pending;
	enum ftp_why why;

	if (unlikely(!line->whole)) {
		/*
		 * CRs that may turn out to be of the line's end, and a verb
		 * that may go on
		 */
		while (len && line->text[len - 1] == '\r')
			len--;
		if (len <= VERB_MAX && !memchr(line->text, ' ', len))
			return;
	}
	why = judge_command(f, line, len, &end, &verb);
	/* What its end would tell is not known of a line that is not kept. */
	if (!why && line->cut && f->login != FTP_LOGIN_SEEN)
		why = FTP_WHY_COMMAND;
	if (why) {
		dormant(f, v, why);
		return;
	}
	if (!line->whole)
		return;
	f->spoke = true;
	/* Nobody answers nothing. */
	if (!len)
		return;

	if ((verb == VERB_PASV || verb == VERB_EPSV) && end != len)
		verb = judge_argument(line, end, verb);
	if (f->count == FTP_PENDING)
		forget(f, v);
	pending = pending_at(f, f->count);
	*pending = verb;
	if (verb == VERB_PORT || verb == VERB_EPRT)
		announce(f, pending, end, line, ends, v);
	/* It may take the server some time to find what it is asked for. */
	if (verb == VERB_DATA && f->hole)
		alg_action_add(v, ALG_OPEN, f->hole - 1)->class =
			FTP_CLASS_TRANSFER;
	if (verb == VERB_AUTH) {
		f->tls |= TLS_ASKED;
		v->next = ALG_UNIT_HEAD;
	}
	if (!f->count++ && is_announcement(verb))
		take_up_announcement(f, v);
}

/* --- the server --- */

/*
 * 227 in its forms in the wild: the six numbers are in parentheses, after =, or
 * bare, with any text around them. More than one of them in a line is
 * ambiguous.
 */
static noinline enum ftp_why read_227(const struct alg_line *line,
				      const struct alg_ends *ends,
				      struct ftp_endpoint *e)
{
	struct alg_text t = { .s = line->text, .len = line->len };
	unsigned int at = 3, start = 0, end = 0;
	const u8 *s = line->text;
	enum ftp_why why;
	bool good;

	for (;;) {
		while (at < line->len && !is_digit(s[at]))
			at++;
		if (at == line->len)
			break;
		t.at = at;
		if (read_six(&t, &e->end.addr, &e->end.port, true, &good)) {
			if (!good || end)
				return FTP_WHY_TEXT;
			start = at;
			end = t.at;
			at = end;
			continue;
		}
		/* not six numbers from here: perhaps from the next one */
		while (is_digit(s[at]))
			at++;
	}
	e->form = FTP_FORM_PORT;
	if (!end)
		return FTP_WHY_TEXT;
	if (ends->loose || !is_nobodys(&e->end.addr, ends->server))
		return endpoint(e, ends->server, ends->loose, line, start, end);
	e->end.addr = ends->server[ALG_OWN_INNER];
	why = endpoint(e, ends->server, false, line, start, end);
	/* The text stays. */
	e->len = 0;
	return why;
}

static noinline enum ftp_why read_229(const struct alg_line *line,
				      const struct alg_ends *ends,
				      struct ftp_endpoint *e)
{
	struct alg_text t = { .s = line->text, .len = line->len };
	unsigned int at;

	e->form = FTP_FORM_EPSV;
	e->end.addr = ends->server[ALG_OWN_INNER];
	for (at = 4; at < t.len; at++) {
		if (t.s[at - 1] != '(')
			continue;
		t.at = at;
		if (read_epsv(&t, &e->end.port))
			return endpoint(e, ends->server, ends->loose, line, at,
					t.at);
	}
	return FTP_WHY_TEXT;
}

/* Can this final reply be one to this command? */
static bool can_answer(u8 verb, unsigned int code)
{
	if (code >= 400)
		return true;
	switch (verb) {
	case VERB_PORT:
	case VERB_EPRT:
		return code == 200 || code == 202 || code >= 300;
	case VERB_PASV:
		return code == 227;
	case VERB_EPSV:
		return code == 227 || code == 229;
	}
	if (code == 227 || code == 229)
		return false;
	switch (verb) {
	case VERB_DATA:
		return code != 220 && code != 230 && code < 300;
	case VERB_LOGIN:
	case VERB_PASS:
		return code != 220 && code != 226 && code != 250;
	case VERB_REIN:
		return code == 220;
	case VERB_AUTH:
		return code == 234 || code == 235 || code == 334 || code == 335;
	case VERB_ANY:
		return true;
	}
	return code != 226 && code != 230;
}

/* Opens a passive endpoint, if this is what both ends agree on. */
static noinline void passive(struct ftp *f, unsigned int code,
			     const struct alg_line *line,
			     const struct alg_ends *ends, struct alg_verdict *v)
{
	u8 *next = next_announcement(f);
	struct ftp_endpoint e = {};
	u8 hole;

	/* The client already waits for the server itself. */
	if (next && (*next & VERB_OPENED))
		return;
	if (!f->login)
		v->why = FTP_WHY_LOGIN;
	else if (f->epsv_all && code == 227)
		v->why = FTP_WHY_EPSV_ALL;
	else if (line->cut)
		v->why = FTP_WHY_TEXT;
	else if (code == 227)
		v->why = read_227(line, ends, &e);
	else
		v->why = read_229(line, ends, &e);
	if (v->why)
		return;
	close_hole(f, v);
	hole = f->offer == 1;
	use_endpoint(v, ALG_OPEN, hole, FTP_CLASS_ANNOUNCED, &e);
	opened(f, hole, next);
}

/*
 * What is said from here on are records; what the client said before is not
 * answered any more. Another protection has no length that is known.
 */
static noinline void agree_on_tls(struct ftp *f, unsigned int code,
				  struct alg_verdict *v)
{
	if (code != 234) {
		dormant(f, v, FTP_WHY_SECURE);
		return;
	}
	while (f->count)
		pop(f, v);
	close_hole(f, v);
	f->trusted = true;
	f->tls = TLS_ASKED | TLS_AGREED;
	v->why = FTP_WHY_SECURE;
}

/* The oldest command has this final reply. */
static noinline void answer(struct ftp *f, unsigned int code,
			    const struct alg_line *line,
			    const struct alg_ends *ends, struct alg_verdict *v)
{
	u8 pending = *pending_at(f, 0), verb = pending & VERB_MASK;
	bool success = code >= 200 && code < 300;

	switch (verb) {
	case VERB_PORT:
	case VERB_EPRT:
		if (code != 200 && (pending & VERB_OPENED))
			close_hole(f, v);
		break;
	case VERB_PASV:
	case VERB_EPSV:
		if (success)
			passive(f, code, line, ends, v);
		else if (pending & VERB_OPENED)
			close_hole(f, v);
		break;
	case VERB_EPSV_ALL:
		f->epsv_all |= success;
		break;
	case VERB_DATA:
		/* It is over, or did not begin: another may, for a while. */
		if (pending & VERB_STARTED)
			close_hole(f, v);
		else if (f->hole)
			alg_action_add(v, ALG_OPEN, f->hole - 1)->class =
				FTP_CLASS_ANNOUNCED;
		break;
	case VERB_PASS:
		/* RFC 959 5.4: "superfluous", where there are no passwords */
		if (code == 202)
			f->login = FTP_LOGIN_SEEN;
		break;
	case VERB_AUTH:
		if (code < 400) {
			agree_on_tls(f, code, v);
			return;
		}
		if (!waits_from(f, 1, VERB_AUTH))
			f->tls = 0;
		break;
	case VERB_REIN:
		if (success) {
			close_hole(f, v);
			f->epsv_all = false;
			f->trusted = false;
			f->login = FTP_LOGIN_NOT;
		}
		break;
	}
	if (code < 400 && verb != VERB_REIN)
		f->trusted = true;
	pop(f, v);
	take_up(f, v);
}

/*
 * The command that a 227 or 229 is to is the oldest now; if there is none,
 * nobody asked. One that the client did not wait for, and said PORT, is not it
 * if there is another.
 */
static noinline void skip_to_passive(struct ftp *f, struct alg_verdict *v,
				     unsigned int code)
{
	u8 *next;

	for (;;) {
		if ((code != 227 || !skip_to(f, v, VERB_PASV)) &&
		    !skip_to(f, v, VERB_EPSV)) {
			v->why = FTP_WHY_ASKED;
			return;
		}
		next = next_announcement(f);
		if (!next || !(*next & VERB_OPENED) ||
		    (!waits_from(f, 1, VERB_EPSV) &&
		     (code != 227 || !waits_from(f, 1, VERB_PASV))))
			return;
		pop(f, v);
	}
}

static __always_inline void final_reply(struct ftp *f, unsigned int code,
					const struct alg_line *line,
					const struct alg_ends *ends,
					struct alg_verdict *v)
{
	if (code < 200) {
		if ((code == 125 || code == 150) && skip_to(f, v, VERB_DATA))
			*pending_at(f, 0) |= VERB_STARTED;
		return;
	}
	/* These say themselves what they are to, but only if somebody asked. */
	switch (code) {
	case 220:
		skip_to(f, v, VERB_REIN);
		break;
	case 227:
	case 229:
		skip_to_passive(f, v, code);
		break;
	case 230:
	case 232:
		if (waits(f, VERB_LOGIN) || waits(f, VERB_PASS))
			f->login = FTP_LOGIN_SEEN;
		break;
	case 234:
		if (skip_to(f, v, VERB_AUTH))
			break;
		fallthrough;
	case 600 ... 699:
		dormant(f, v, FTP_WHY_SECURE);
		return;
	}
	if (f->count && can_answer(verb_at(f, 0), code))
		answer(f, code, line, ends, v);
	else if (!f->count && code >= 400)
		close_hole(f, v);	/* of what was forgotten, perhaps */
}

/* SSH, HTTP, IMAP, POP: who greets so speaks no FTP. */
static bool greets_otherwise(const struct alg_line *line)
{
	static const char * const begins[] = {
		"SSH-", "HTTP/", "* OK", "* PREAUTH", "* BYE", "+OK", "-ERR",
	};
	unsigned int i, len;

	for (i = 0; i < ARRAY_SIZE(begins); i++) {
		len = strlen(begins[i]);
		if (line->len >= len && !memcmp(line->text, begins[i], len))
			return true;
	}
	return false;
}

/* Does a 220 say that it is of SMTP's, which has the same code? */
static bool greets_as_smtp(const struct alg_line *line)
{
	bool smtp = false;
	unsigned int i;
	const char *s;

	for (i = 3; i + 3 <= line->len; i++) {
		s = (const char *)line->text + i;
		if (!strncasecmp(s, "FTP", 3))
			return false;
		smtp |= i + 4 <= line->len && !strncasecmp(s, "SMTP", 4);
	}
	return smtp;
}

static noinline void greeting(struct ftp *f, unsigned int code,
			      const struct alg_line *line,
			      struct alg_verdict *v)
{
	if (code == 220 && !greets_as_smtp(line))
		f->greeted = true;
	else if (code != 120)
		dormant(f, v, FTP_WHY_SERVER);
}

/*
 * A line among those of a reply of many lines (RFC 959 4.2: until the same code
 * with a space; all before is text). Some servers end it otherwise: by the bare
 * code; not at all, before a 1xx says that a transfer begins; or so that the
 * client goes on before they do. Returns true if the reply is over with a line
 * before this one, and this one is another reply.
 */
static noinline bool multi_over(struct ftp *f, unsigned int code,
				const struct alg_line *line,
				const struct alg_ends *ends,
				struct alg_verdict *v)
{
	unsigned int multi = f->multi;

	if ((code == 125 || code == 150) && waits(f, VERB_DATA)) {
		f->multi = 0;
		return true;
	}
	if (!f->spoke || !f->greeted)
		return false;
	f->multi = 0;
	/* Its last line is the one that would say where. */
	if (multi != 227 && multi != 229)
		final_reply(f, multi, line, ends, v);
	else
		v->why = FTP_WHY_TEXT;
	return !f->why && !(f->tls & TLS_AGREED);
}

static noinline void ftp_reply(struct ftp *f, const struct alg_line *line,
			       const struct alg_ends *ends,
			       struct alg_verdict *v)
{
	unsigned int code = 0;
	u8 after = '\n';

	if (!line->whole)
		return;
	if (line->len >= 3 && is_digit(line->text[0]) &&
	    is_digit(line->text[1]) && is_digit(line->text[2]))
		code = (line->text[0] - '0') * 100 +
		       (line->text[1] - '0') * 10 + line->text[2] - '0';
	if (line->len > 3)
		after = line->text[3];
	if (code < 100 || code > 699 ||
	    (after != ' ' && after != '-' && after != '\n')) {
		/* Text: of a reply of many lines, or of a sloppy server */
		if (!f->greeted && !f->multi && greets_otherwise(line))
			dormant(f, v, FTP_WHY_SERVER);
		return;
	}
	if (f->multi) {
		if (after == '-')
			return;
		if (code != f->multi && !multi_over(f, code, line, ends, v))
			return;
		f->multi = 0;
	} else if (after == '-') {
		f->multi = code;
		f->spoke = false;
		return;
	}
	if (f->greeted)
		final_reply(f, code, line, ends, v);
	else
		greeting(f, code, line, v);
}

/* --- TLS --- */

/* What may be the head of a record */
static void tls_record(struct ftp *f, bool reply, const struct alg_line *line,
		       struct alg_verdict *v)
{
	const u8 *s = line->text;
	unsigned int len = s[3] << 8 | s[4];

	v->next = ALG_UNIT_HEAD;
	v->skip = len;
	f->tls |= TLS_RECORDS(reply);
	if (!(f->tls & TLS_AGREED) || s[1] != 3 || len > TLS_RECORD_MAX ||
	    (f->tls & TLS_CLEAR(reply)) || ++f->records > TLS_RECORDS_MAX)
		dormant(f, v, FTP_WHY_SECURE);
}

/*
 * An end says something in the clear again. Of a server that is back nobody
 * knows before it speaks; so a client that is may say PORT, if its login was
 * accepted in the clear. One that was accepted in a record opens the way to the
 * server only: a client that is made to say something can be made to say what
 * looks like a record.
 */
static void tls_clear(struct ftp *f, bool reply)
{
	f->tls |= TLS_CLEAR(reply);
	if (!(f->tls & TLS_CLEAR(!reply)))
		return;
	f->tls = 0;
	f->records = 0;
	if (!f->login)
		f->login = FTP_LOGIN_UNSEEN;
}

/* A unit of ends that may speak TLS, or do, or are not listened to any more */
static noinline void tls_unit(struct ftp *f, bool reply,
			      const struct alg_line *line,
			      const struct alg_ends *ends,
			      struct alg_verdict *v)
{
	if (f->why)
		return;
	if (line->want) {
		tls_record(f, reply, line, v);
		return;
	}
	if ((f->tls & TLS_AGREED) && !(f->tls & TLS_CLEAR(reply))) {
		/* No TLS came of what was agreed on, or it began before. */
		if (!(f->tls & TLS_RECORDS(reply))) {
			dormant(f, v, FTP_WHY_SECURE);
			return;
		}
		tls_clear(f, reply);
	}
	if (reply)
		ftp_reply(f, line, ends, v);
	else
		ftp_command(f, line, ends, v);
	if (line->whole && f->tls && (!reply || (f->tls & TLS_AGREED)))
		v->next = ALG_UNIT_HEAD;
}

/**
 * ftp_unit() - what does this unit mean?
 * @dialogue: struct ftp, before it, and after
 * @reply: it is the server's
 * @line: the line, or (alg_line_ready()) its first bytes; or bytes, if it may
 *	be TLS
 * @ends: of the control connection
 * @v: what to do
 */
void ftp_unit(void *dialogue, bool reply, const struct alg_line *line,
	      const struct alg_ends *ends, struct alg_verdict *v)
{
	struct ftp *f = dialogue;

	if (unlikely(f->why | f->tls | line->want))
		tls_unit(f, reply, line, ends, v);
	else if (reply)
		ftp_reply(f, line, ends, v);
	else
		ftp_command(f, line, ends, v);
}

/**
 * ftp_hold() - may an incomplete line become one whose address has to be
 * written anew?
 * @dialogue: struct ftp
 * @reply: it is the server's line
 * @line: what came of it
 *
 * Return: true if, with NAT, its bytes must not leave before its end is there.
 * That is never so of a line that is longer than ALG_LINE_MAX.
 */
bool ftp_hold(const void *dialogue, bool reply, const struct alg_line *line)
{
	const struct ftp *f = dialogue;
	static const char *const begins[2][2] = { { "PORT ", "EPRT " },
						  { "227 ", "229 " } };
	unsigned int i, j;

	if (f->why || line->whole || line->cut || !line->len)
		return false;
	for (i = 0; reply; i++) {
		u8 verb;

		if (i == f->count)
			return false;
		verb = f->pending[(f->first + i) % FTP_PENDING] & VERB_MASK;
		if (verb == VERB_PASV || verb == VERB_EPSV)
			break;
	}
	for (i = 0; i < 2; i++) {
		const char *s = begins[reply][i];

		for (j = 0;
		     j < line->len && s[j] && to_upper(line->text[j]) == s[j];
		     j++)
			;
		if (j == line->len || !s[j])
			return true;
	}
	return false;
}

/* What ftp_save() saves */
#define FTP_SAVED	0x01
#define FTP_GREETED	0x02
#define FTP_TRUSTED	0x04
#define FTP_LOGIN	0x08
#define FTP_EPSV_ALL	0x10
#define FTP_HOLE	0x20
/* A transfer waits for its last reply */
#define FTP_TRANSFER	0x40

/**
 * ftp_save() - what is needed to go on later
 * @dialogue: struct ftp, between two lines
 *
 * Return: for ftp_resume(); 0 in the middle of a reply, in TLS or if the login
 * was perhaps there, or while commands wait for theirs: what that is to must
 * not be forgotten. A transfer may wait: it does so for hours.
 */
u8 ftp_save(const void *dialogue)
{
	const struct ftp *f = dialogue;

	bool transfer = f->count == 1 &&
			(f->pending[f->first] & VERB_MASK) == VERB_DATA;

	if (f->why || f->multi || f->tls || f->login == FTP_LOGIN_UNSEEN ||
	    (f->count && !transfer))
		return 0;
	return FTP_SAVED | (f->greeted ? FTP_GREETED : 0) |
	       (f->trusted ? FTP_TRUSTED : 0) | (f->login ? FTP_LOGIN : 0) |
	       (f->epsv_all ? FTP_EPSV_ALL : 0) | (f->hole ? FTP_HOLE : 0) |
	       (transfer ? FTP_TRANSFER : 0);
}

/**
 * ftp_resume() - go on with a dialogue
 * @dialogue: struct ftp, all zero
 * @saved: from ftp_save(), or 0: another gateway saw its beginning
 *
 * In the latter case, the login was accepted there, and a hole may have come
 * with it. What waits for an answer is not known, and opens nothing.
 */
void ftp_resume(void *dialogue, u8 saved)
{
	struct ftp *f = dialogue;

	if (!saved)
		saved = FTP_GREETED | FTP_LOGIN | FTP_HOLE;
	f->greeted = saved & FTP_GREETED;
	f->trusted = saved & FTP_TRUSTED;
	f->login = saved & FTP_LOGIN ? FTP_LOGIN_SEEN : FTP_LOGIN_NOT;
	f->epsv_all = saved & FTP_EPSV_ALL;
	f->hole = saved & FTP_HOLE ? 1 : 0;
	if (saved & FTP_TRANSFER) {
		f->pending[0] = VERB_DATA;
		f->count = 1;
	}
}

/**
 * ftp_show() - how much of a line may be in the log
 * @reply: it is the server's
 * @line: the line, or its first bytes
 *
 * Return: so many bytes from its beginning. Of the client's, only lines that
 * are about holes have their arguments: others are passwords, or names of
 * files. Of what is no command, four bytes tell a protocol.
 */
unsigned int ftp_show(bool reply, const struct alg_line *line)
{
	unsigned int len = line->len, end;
	bool known;
	u8 verb;

	if (reply)
		return len;
	if (!read_verb(line->text, len, &end, &verb, &known))
		return len < 4 ? len : 4;
	return is_announcement(verb) ? len : end;
}

/**
 * ftp_why_name() - for the log, and for monitoring
 * @why: enum ftp_why, from ALG_WHY_PROTOCOL on
 */
const char *ftp_why_name(u8 why)
{
	static const char *const names[] = {
		[FTP_WHY_GREETING] = "client_first",
		[FTP_WHY_SERVER] = "no_greeting",
		[FTP_WHY_COMMAND] = "not_ftp",
		[FTP_WHY_VERB] = "unknown_command",
		[FTP_WHY_HTTP] = "http",
		[FTP_WHY_SECURE] = "encrypted",
		[FTP_WHY_LOGIN] = "no_login",
		[FTP_WHY_ACTIVE] = "active_off",
		[FTP_WHY_EPSV_ALL] = "epsv_all",
		[FTP_WHY_TEXT] = "unreadable",
		[FTP_WHY_FAMILY] = "other_family",
		[FTP_WHY_PORT] = "low_port",
		[FTP_WHY_ADDRESS] = "third_party",
		[FTP_WHY_OUTER] = "outer_address",
		[FTP_WHY_ASKED] = "not_asked",
		[FTP_WHY_EARLY] = "too_early",
	};

	return why < ARRAY_SIZE(names) && names[why] ? names[why] : "?";
}

/*
 * As RFC 5952 has it: some servers compare the text with their own of the
 * client's address.
 */
static void print_ipv6(char text[ALG_TEXT_MAX], const u8 b[16])
{
	unsigned int i, zeros = 0, from = 0, longest = 0, n = 0;

	for (i = 0; i < 16; i += 2) {
		zeros = b[i] || b[i + 1] ? 0 : zeros + 2;
		if (zeros > longest) {
			longest = zeros;
			from = i + 2 - zeros;
		}
	}
	/* Of one zero alone, nothing gets shorter. */
	if (longest < 4)
		longest = 0;
	for (i = 0; i < 16; i += 2) {
		if (longest && i == from) {
			n += snprintf(text + n, ALG_TEXT_MAX - n, "::");
			i += longest - 2;
			continue;
		}
		n += snprintf(text + n, ALG_TEXT_MAX - n, "%s%x",
			      i && text[n - 1] != ':' ? ":" : "",
			      b[i] << 8 | b[i + 1]);
	}
}

/**
 * ftp_print() - write an address anew
 * @text: for the text and its NUL
 * @form: enum ftp_form
 * @addr: the address, of four bytes for FTP_FORM_PORT; not read for
 *	FTP_FORM_EPSV
 * @port: the port
 *
 * The delimiter is always the one that RFC 2428 recommends: another one, which
 * was there before, may be in the new address.
 *
 * Return: the text's length; 0 if this form cannot have this address
 */
int ftp_print(char text[ALG_TEXT_MAX], u8 form, const struct alg_addr *addr,
	      u16 port)
{
	const u8 *b = addr->b;
	char v6[ALG_TEXT_MAX];

	switch (form) {
	case FTP_FORM_PORT:
		if (addr->len != 4)
			return 0;
		return snprintf(text, ALG_TEXT_MAX, "%u,%u,%u,%u,%u,%u", b[0],
				b[1], b[2], b[3], port >> 8, port & 255);
	case FTP_FORM_EPRT:
		if (addr->len == 4)
			return snprintf(text, ALG_TEXT_MAX,
					"|1|%u.%u.%u.%u|%u|", b[0], b[1], b[2],
					b[3], port);
		if (addr->len != 16)
			return 0;
		print_ipv6(v6, b);
		return snprintf(text, ALG_TEXT_MAX, "|2|%s|%u|", v6, port);
	case FTP_FORM_EPSV:
		return snprintf(text, ALG_TEXT_MAX, "|||%u|", port);
	}
	return 0;
}

const struct alg_protocol ftp_protocol = {
	.size = sizeof(struct ftp),
	.holes = FTP_HOLES,
	.classes = FTP_CLASS_TRANSFER + 1,
	.head = { .first = TLS_TYPE_MIN, .last = TLS_TYPE_MAX, .len = TLS_HEAD },
	.telnet = true,
	.whys = FTP_WHY_END - ALG_WHY_PROTOCOL,
	.unit = ftp_unit,
	.hold = ftp_hold,
	.save = ftp_save,
	.resume = ftp_resume,
	.print = ftp_print,
	.show = ftp_show,
	.why_name = ftp_why_name,
};
