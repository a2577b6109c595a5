/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a dialogue of two ends through line.c and rtsp.c, in different ways to cut it, with
 * what the core does of units and holes, and checks what must hold whatever they say. For
 * rtsp_test.c and rtsp_fuzz.c.
 */
#ifndef _FUZZ_RTSP_DIALOGUE_H
#define _FUZZ_RTSP_DIALOGUE_H

#include <ctype.h>

#include "../../kernel/alg/rtsp.h"
#include "units.h"

/* What NAT makes of a port */
#define SHIFT		2000

struct event {
	bool reply;
	u32 at;			/* bytes of this direction before the verdict */
	char text[6][ALG_TEXT_MAX + 2];	/* what is written, by the order of the line */
	struct alg_verdict v;
};

/* As in the core */
struct hole {
	bool held, open;
	u16 port;
	struct alg_endpoint end;
};

struct run {
	struct units u;
	struct alg_ends ends;
	bool translated;
	struct rtsp r;
	struct event events[EVENTS_MAX];
	unsigned int count;
	struct hole hole[RTSP_HOLES];
	bool dormant, ended[2];
	unsigned int offers, answers;
};

static inline bool end_nat(const struct run *r, const struct alg_endpoint *e)
{
	const struct alg_addr *own = e->to_client ? r->ends.client : r->ends.server;

	return e->own != ALG_OWN_NOT && !same(&own[0], &own[1]);
}

/* A hole that is offered: in the direction of whose it is, at its own address unless loose */
static inline void check_offer(struct run *r, bool reply, const struct alg_action *a)
{
	const struct alg_endpoint *e = &a->end;
	const struct alg_addr *own = e->to_client ? r->ends.client : r->ends.server;
	struct hole *h = &r->hole[a->hole];

	must(e->udp && e->port >= 1024 && e->to_client != reply);
	must(!e->pair || (!(e->port & 1) && e->port < 65535));
	must(e->addr.len == own[0].len && e->who == ALG_FROM_PEER);
	must(same(&e->addr, &own[0]) ||
	     (e->own == ALG_OWN_NOT && (reply ? r->ends.loose_server : r->ends.loose)));
	must(reply || r->ends.active);
	must(!h->held);
	h->held = true;
	h->open = false;
	h->end = *e;
	h->port = e->port;
	if (end_nat(r, e))
		h->port = e->port < 60000 ? e->port + SHIFT : e->port - SHIFT;
	r->offers++;
}

static inline void check_open(struct run *r, bool reply, const struct alg_action *a, u32 holes)
{
	struct alg_line *line = &r->u.line[reply];
	unsigned int i;

	/* at a message's end */
	must(line->whole && !line->len && !line->want && !a->end.port);
	must(!a->again || reply);
	must(a->seconds <= RTSP_TIMEOUT_MAX);
	must(a->end.who == ALG_FROM_PEER || (a->end.who == ALG_FROM_ADDR && r->ends.loose_server));
	for (i = 0; i < RTSP_HOLES; i++) {
		if (!(holes >> i & 1))
			continue;
		must(r->hole[i].held);
		/* What the client asks for opens nothing. */
		must(reply || r->hole[i].open);
		if (!r->hole[i].open)
			must(++r->answers <= r->offers);
		r->hole[i].open = true;
	}
}

/* What is written instead of a text, by core's rules; an empty one: it stays. */
static inline void check_text(struct run *r, bool reply, const struct alg_action *a, char *text)
{
	const struct alg_endpoint *e = &a->end;
	const struct alg_addr *addr;
	u16 port;
	int len;

	text[0] = 0;
	units_check_text(&r->u, reply, a);
	port = e->port;
	if (a->hole != ALG_HOLE_NONE) {
		e = &r->hole[a->hole].end;
		port = a->view == ALG_VIEW_BACK ? e->port : r->hole[a->hole].port;
		if (!port)
			return;
	}
	must(e->to_client == (a->view == ALG_VIEW_OTHER ? !reply : reply));
	addr = e->to_client ? r->ends.client : r->ends.server;
	addr += a->view == ALG_VIEW_BACK ? ALG_OWN_INNER : ALG_OWN_OUTER;
	len = rtsp_print(text, a->form, addr, port);
	must(len > 0 && len < ALG_TEXT_MAX && len == (int)strlen(text));
	if (!end_nat(r, e))
		text[0] = 0;
	/* digits and addresses, whatever was there */
	must(strspn(text, "0123456789abcdef.:[]") == strlen(text));
}

static inline void check_action(struct run *r, bool reply, const struct alg_action *a)
{
	u32 holes = 1U << (a->hole & 31) | a->also;
	unsigned int i;

	must(!r->dormant);
	switch (a->act) {
	case ALG_CLOSE:
		for (i = 0; i < RTSP_HOLES; i++) {
			if (!(holes >> i & 1))
				continue;
			must(r->hole[i].held || r->r.side[reply].kind);
			memset(&r->hole[i], 0, sizeof(r->hole[i]));
		}
		break;
	case ALG_OFFER:
		check_offer(r, reply, a);
		break;
	case ALG_OPEN:
		check_open(r, reply, a, holes);
		break;
	case ALG_DORMANT:
		must(a->why && a->why == r->r.why);
		must(a->why >= ALG_WHY_PROTOCOL && strcmp(rtsp_why_name(a->why), "?"));
		memset(r->hole, 0, sizeof(r->hole));
		r->dormant = true;
		break;
	default:
		must(a->act == ALG_REWRITE);
	}
}

/* What the core has is what the grammar knows of, and the other way round. */
static inline void check_streams(const struct run *r)
{
	unsigned int i, j;

	for (i = 0; i < RTSP_STREAMS; i++) {
		const struct rtsp_stream *s = &r->r.stream[i];

		must(!s->state == !s->used || s->used || !s->holes);
		must(s->timeout <= RTSP_TIMEOUT_MAX);
		for (j = 0; j < RTSP_STREAM_HOLES; j++)
			must(r->hole[i * RTSP_STREAM_HOLES + j].held == (s->holes >> j & 1));
	}
}

static inline void check(struct run *r, bool reply, const struct alg_verdict *v, struct event *e)
{
	struct alg_line *line = &r->u.line[reply];
	unsigned int i, n = 0;

	must(alg_actions_valid(&rtsp_protocol, line, &r->ends, v));
	must(!v->why || (line->whole && v->why >= ALG_WHY_PROTOCOL));
	must(!v->why || strcmp(rtsp_why_name(v->why), "?"));
	must(rtsp_show(reply, line) <= line->len);
	for (i = 0; i < v->count; i++)
		check_action(r, reply, &v->action[i]);
	for (i = 0; i < v->count; i++) {
		char text[ALG_TEXT_MAX];

		if (v->action[i].act != ALG_REWRITE)
			continue;
		check_text(r, reply, &v->action[i], text);
		if (e && n < 6)
			snprintf(e->text[n], sizeof(e->text[n]), "%.51s", text);
		n++;
	}
	for (i = 0; i < RTSP_HOLES; i++)
		r->ends.port[i] = r->hole[i].port;
	check_streams(r);
}

static inline void run_unit(struct units *u, bool reply, struct alg_verdict *v)
{
	struct run *r = (struct run *)u;
	struct event *e = NULL;

	rtsp_unit(&r->r, reply, &u->line[reply], &r->ends, v);
	if ((v->count || v->why) && r->count < EVENTS_MAX) {
		e = &r->events[r->count++];
		memset(e->text, 0, sizeof(e->text));
		e->reply = reply;
		e->at = u->total[reply];
		e->v = *v;
	}
	check(r, reply, v, e);
}

static inline void run_init(struct run *r, const struct alg_ends *ends)
{
	units_init(&r->u, &rtsp_protocol, &r->r, run_unit);
	r->ends = *ends;
	r->translated = memcmp(&ends->client[0], &ends->client[1], sizeof(ends->client[0])) ||
			memcmp(&ends->server[0], &ends->server[1], sizeof(ends->server[0]));
	memset(r->hole, 0, sizeof(r->hole));
	memset(r->ended, 0, sizeof(r->ended));
	r->count = 0;
	r->dormant = false;
	r->offers = 0;
	r->answers = 0;
}

static inline bool same_event(const struct event *a, const struct event *b)
{
	return a->reply == b->reply && same_actions(&a->v, &b->v) &&
	       !memcmp(a->text, b->text, sizeof(a->text));
}

/* The first difference of what two runs decided, or -1 */
static inline int run_differ(const struct run *a, const struct run *b)
{
	unsigned int i;

	for (i = 0; i < a->count && i < b->count; i++) {
		const struct event *x = &a->events[i], *y = &b->events[i];

		/* A line that is none is told when its end or that of its bytes is there. */
		if (!same_event(x, y) || (x->at != y->at && !is_dormant(&x->v)))
			return i;
	}
	return a->count == b->count ? -1 : (int)i;
}

#endif
