/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a dialogue of two ends through line.c and ftp.c, in different ways to cut it,
 * and checks what must hold whatever they say. For ftp_test.c and ftp_fuzz.c.
 */
#ifndef _FUZZ_DIALOGUE_H
#define _FUZZ_DIALOGUE_H

#include <ctype.h>
#include <strings.h>

#include "../../kernel/alg/ftp.h"
#include "units.h"

struct event {
	bool reply;
	u32 at;			/* bytes of this direction before the verdict */
	u32 text;		/* where what is written anew stands, and which holes were open */
	u32 open;
	struct alg_verdict v;
};

struct run {
	struct units u;
	struct alg_ends ends;
	struct ftp f;
	struct event events[EVENTS_MAX];
	unsigned int count;
	/* known without ftp.c: is a hole open or offered, and where does it lead? */
	bool open[FTP_HOLES], offered[FTP_HOLES], dormant, login, tls;
	struct alg_endpoint end[FTP_HOLES];
	unsigned int asked, passive, ports, active;
};

/* Whoever is connected to, and at which port */
static inline void check_endpoint(struct run *r, const struct alg_endpoint *e)
{
	const struct alg_addr *own = e->to_client ? r->ends.client : r->ends.server;

	must(e->port >= 1024);
	must(e->addr.len == own[0].len);
	must(r->ends.loose || same(&e->addr, &own[0]) || same(&e->addr, &own[1]));
	must(e->own == ALG_OWN_NOT || same(&e->addr, &own[e->own]));
	must(e->who == ALG_FROM_PEER && !e->udp && !e->pair);
}

/* An address in this line: it stands there in the stream, and can be written again. */
static inline void check_text(struct run *r, bool reply, const struct alg_action *a)
{
	const struct alg_endpoint *e = &r->end[a->hole];
	char text[ALG_TEXT_MAX];
	int len;

	units_check_text(&r->u, reply, a);
	len = ftp_print(text, a->form, &e->addr, e->port);
	must(len > 0 && len < ALG_TEXT_MAX && len == (int)strlen(text));
}

/* How many holes are open */
static inline unsigned int holes_open(const struct run *r)
{
	unsigned int i, n = 0;

	for (i = 0; i < FTP_HOLES; i++)
		n += r->open[i];
	return n;
}

static inline void check_open(struct run *r, bool reply, const struct alg_action *a)
{
	const char *text = (const char *)r->u.line[reply].text;
	const struct alg_endpoint *e = a->end.port ? &a->end : &r->end[a->hole];

	/* What may have been accepted in TLS is enough for the way to the server. */
	must(r->u.line[reply].whole && (r->login || (r->tls && !e->to_client)));
	must(a->class <= FTP_CLASS_TRANSFER);
	if (!a->end.port) {
		must(r->offered[a->hole] || r->open[a->hole]);
	} else {
		must(!r->offered[a->hole] && !r->open[a->hole]);
		must(a->class == FTP_CLASS_ANNOUNCED);
		check_endpoint(r, &a->end);
		r->end[a->hole] = a->end;
		if (a->end.to_client) {
			must(!reply && r->ends.active);
			must(++r->active <= r->ports);
		} else {
			must(reply && (!memcmp(text, "227 ", 4) || !memcmp(text, "229 ", 4)));
			must(++r->passive <= r->asked);
		}
	}
	r->offered[a->hole] = false;
	r->open[a->hole] = true;
	must(holes_open(r) == 1);
}

static inline void check_offer(struct run *r, bool reply, const struct alg_action *a)
{
	must(!reply && a->end.to_client && r->login && r->ends.active);
	check_endpoint(r, &a->end);
	must(!r->offered[a->hole] && !r->open[a->hole]);
	r->offered[a->hole] = true;
	r->end[a->hole] = a->end;
}

static inline void check_action(struct run *r, bool reply, const struct alg_action *a)
{
	unsigned int i;

	must(!r->dormant);
	must(a->act == ALG_DORMANT || a->hole < FTP_HOLES);
	switch (a->act) {
	case ALG_CLOSE:
		must(r->open[a->hole] || r->offered[a->hole]);
		r->open[a->hole] = false;
		r->offered[a->hole] = false;
		break;
	case ALG_OFFER:
		check_offer(r, reply, a);
		break;
	case ALG_OPEN:
		check_open(r, reply, a);
		break;
	case ALG_REWRITE:
		check_text(r, reply, a);
		break;
	case ALG_DORMANT:
		must(a->why && a->why == r->f.why && !holes_open(r));
		must(a->why >= ALG_WHY_PROTOCOL && strcmp(ftp_why_name(a->why), "?"));
		for (i = 0; i < FTP_HOLES; i++)
			must(!r->offered[i]);
		r->dormant = true;
		break;
	default:
		must(!"an action");
	}
}

/* Is the line this word, or does it begin with it? */
static inline bool is_word(const struct alg_line *line, const char *word)
{
	unsigned int len = strlen(word);

	return line->len >= len && !strncasecmp((const char *)line->text, word, len) &&
	       (line->len == len || line->text[len] == ' ');
}

/*
 * Who asks for a hole gets it, or is told why not. @multi: the line is among those of a reply.
 * A 227 to a PASV behind which a PORT has opened one is asked for by nobody any more.
 */
static inline void check_why(const struct run *r, bool reply, bool multi,
			     const struct alg_verdict *v)
{
	const struct alg_line *line = &r->u.line[reply];
	bool made = false;
	unsigned int i;

	must(!v->why || (line->whole && v->why >= ALG_WHY_PROTOCOL));
	must(!v->why || strcmp(ftp_why_name(v->why), "?"));
	must(ftp_show(reply, line) <= line->len);
	if (!reply && is_word(line, "PASS"))
		must(ftp_show(reply, line) == 4);
	for (i = 0; i < v->count; i++)
		made |= v->action[i].act == ALG_OFFER ||
			(v->action[i].act == ALG_OPEN && v->action[i].end.port);
	must(!made || !v->why);
	if (made || r->dormant || !line->whole)
		return;
	if (!reply)
		must(!v->why == !(is_word(line, "PORT") || is_word(line, "EPRT")));
	else if (!multi && r->f.greeted && (is_word(line, "227") || is_word(line, "229")))
		must(v->why || holes_open(r));
}

static inline void check(struct run *r, bool reply, bool multi, const struct alg_verdict *v)
{
	struct alg_line *line = &r->u.line[reply];
	const char *text = (const char *)line->text;
	unsigned int i;

	if (!reply && line->whole && line->len >= 4) {
		r->asked += !strncasecmp(text, "PASV", 4) || !strncasecmp(text, "EPSV", 4) ||
			    !strncasecmp(text, "P@SW", 4);
		r->ports += !strncasecmp(text, "PORT", 4) || !strncasecmp(text, "EPRT", 4);
	}
	if (reply && line->whole && line->len >= 3)
		r->login |= !memcmp(text, "230", 3) || !memcmp(text, "232", 3) ||
			    !memcmp(text, "202", 3);
	r->tls |= reply && line->whole && line->len >= 3 && !memcmp(text, "234", 3);
	must(alg_actions_valid(&ftp_protocol, line, &r->ends, v));
	for (i = 0; i < v->count; i++)
		check_action(r, reply, &v->action[i]);
	check_why(r, reply, multi, v);
	must(holes_open(r) == !!r->f.hole);
	must(!r->f.hole || r->open[r->f.hole - 1]);
	must(r->f.count <= FTP_PENDING && r->f.first < FTP_PENDING);
	must(!r->f.offer || r->offered[r->f.offer - 1]);
}

static inline void run_event(struct run *r, bool reply, const struct alg_verdict *v)
{
	struct event *e = &r->events[r->count++];
	unsigned int i;
	u32 seq;

	e->reply = reply;
	e->at = r->u.total[reply];
	e->text = 0;
	e->open = 0;
	e->v = *v;
	for (i = 0; i < FTP_HOLES; i++)
		e->open |= (u32)r->open[i] << i;
	for (i = 0; i < v->count && i < ALG_ACTIONS; i++)
		if (v->action[i].act == ALG_REWRITE &&
		    alg_line_seq(&r->u.line[reply], v->action[i].at, v->action[i].len, &seq))
			e->text = seq - units_seq[reply];
}

static inline void run_unit(struct units *u, bool reply, struct alg_verdict *v)
{
	struct run *r = (struct run *)u;
	bool multi = r->f.multi;

	ftp_unit(&r->f, reply, &u->line[reply], &r->ends, v);
	if ((v->count || v->why) && r->count < EVENTS_MAX)
		run_event(r, reply, v);
	check(r, reply, multi, v);
}

static inline void run_init(struct run *r, const struct alg_ends *ends)
{
	units_init(&r->u, &ftp_protocol, &r->f, run_unit);
	r->ends = *ends;
	r->count = 0;
	r->dormant = false;
	r->login = false;
	r->tls = false;
	memset(r->open, 0, sizeof(r->open));
	memset(r->offered, 0, sizeof(r->offered));
	r->asked = 0;
	r->passive = 0;
	r->ports = 0;
	r->active = 0;
}

/* From where another gateway left it */
static inline void run_resume(struct run *r)
{
	ftp_resume(&r->f, 0);
	r->open[0] = true;
	r->login = true;
}

/* The first difference of what two runs decided, or -1 */
static inline int run_differ(const struct run *a, const struct run *b)
{
	unsigned int i;

	for (i = 0; i < a->count && i < b->count; i++) {
		const struct event *x = &a->events[i], *y = &b->events[i];

		/* A line that is none is told when its end or that of its bytes is there. */
		if (x->reply != y->reply || (x->at != y->at && !is_dormant(&x->v)) ||
		    !same_actions(&x->v, &y->v))
			return i;
	}
	return a->count == b->count ? -1 : (int)i;
}

/*
 * Whatever was said, as long as it was FTP, and both ends are not in TLS: is there a way
 * back? After the client's next command and the server's next plain reply, both are in step
 * again.
 */
static inline bool run_way_back(struct run *r)
{
	static const char * const lines[] = { "NOOP\r\n", "200 ok\r\n", "PASV\r\n" };
	char text[40];
	unsigned int i, n;

	if (r->f.tls && r->tls)
		return true;
	for (i = 0; i < 2; i++)
		if (!alg_line_between(&r->u.line[i]))
			units_bytes(&r->u, i, (const u8 *)"\r\n", 2, CUT_NOT, 0);
	for (i = 0; i < ARRAY_SIZE(lines); i++)
		units_bytes(&r->u, i & 1, (const u8 *)lines[i], strlen(lines[i]), CUT_NOT, 0);
	if (r->dormant || !r->f.login || r->f.epsv_all || r->ends.server[0].len != 4)
		return true;
	n = r->passive;
	i = snprintf(text, sizeof(text), "227 (%u,%u,%u,%u,100,1)\r\n", r->ends.server[0].b[0],
		     r->ends.server[0].b[1], r->ends.server[0].b[2], r->ends.server[0].b[3]);
	return !units_bytes(&r->u, true, (const u8 *)text, i, CUT_NOT, 0) || r->passive == n + 1;
}

#endif
