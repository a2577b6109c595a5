/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a dialogue of two ends through line.c and rtsp.c, in different ways to cut it, with
 * what the core does of units and holes, and checks what must hold whatever they say. For
 * rtsp_test.c and rtsp_fuzz.c.
 */
#ifndef _FUZZ_RTSP_DIALOGUE_H
#define _FUZZ_RTSP_DIALOGUE_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/alg/rtsp.h"

#define STREAM_MAX	65536
#define EVENTS_MAX	8192
/* Sequence numbers wrap around in each dialogue */
#define SEQ_CLIENT	0xfffffff0U
#define SEQ_SERVER	0xffffff00U
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
	struct alg_ends ends;
	bool translated;
	struct rtsp r;
	struct alg_line line[2];
	u8 stream[2][STREAM_MAX];
	u32 end[2];		/* of what is in it */
	u32 total[2];		/* of that has been read, or is passed by */
	struct event events[EVENTS_MAX];
	unsigned int count;
	struct hole hole[RTSP_HOLES];
	bool dormant, ended[2];
	bool left[2];		/* with NAT, bytes of the line that comes would have left */
	unsigned int offers, answers;
};

/* How to cut */
enum cutting { CUT_NOT, CUT_BYTES, CUT_AT, CUT_REWIND };

#define must(condition)	do {							\
	if (!(condition)) {							\
		fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
		abort();							\
	}									\
} while (0)

static const u32 run_seq[2] = { SEQ_CLIENT, SEQ_SERVER };

static inline void run_init(struct run *r, const struct alg_ends *ends)
{
	memset(&r->r, 0, sizeof(r->r));
	r->ends = *ends;
	r->translated = memcmp(&ends->client[0], &ends->client[1], sizeof(ends->client[0])) ||
			memcmp(&ends->server[0], &ends->server[1], sizeof(ends->server[0]));
	memset(r->end, 0, sizeof(r->end));
	memset(r->total, 0, sizeof(r->total));
	memset(r->hole, 0, sizeof(r->hole));
	memset(r->ended, 0, sizeof(r->ended));
	memset(r->left, 0, sizeof(r->left));
	r->count = 0;
	r->dormant = false;
	r->offers = 0;
	r->answers = 0;
	alg_line_init(&r->line[0], SEQ_CLIENT);
	alg_line_init(&r->line[1], SEQ_SERVER);
	r->line[0].raw = true;
	r->line[1].raw = true;
}

static inline bool same(const struct alg_addr *a, const struct alg_addr *b)
{
	return a->len == b->len && !memcmp(a->b, b->b, a->len);
}

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
	struct alg_line *line = &r->line[reply];
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
	struct alg_line *line = &r->line[reply];
	const struct alg_addr *addr;
	u32 seq, offset;
	u16 port;
	int len;

	text[0] = 0;
	must(line->whole && !line->cut && a->len && a->at + a->len <= line->len);
	must(alg_line_seq(line, a->at, a->len, &seq));
	offset = seq - run_seq[reply];
	must(!memcmp(r->stream[reply] + offset, line->text + a->at, a->len));
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
	struct alg_line *line = &r->line[reply];
	unsigned int i, n = 0;

	must(alg_next_valid(&rtsp_protocol, v));
	must(line->whole || (!v->next && !v->skip));
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
		/* All of the line could have been held back. */
		must(!r->left[reply]);
		check_text(r, reply, &v->action[i], text);
		if (e && n < 6)
			snprintf(e->text[n], sizeof(e->text[n]), "%.51s", text);
		n++;
	}
	for (i = 0; i < RTSP_HOLES; i++)
		r->ends.port[i] = r->hole[i].port;
	check_streams(r);
}

/* What the core does after a whole unit */
static inline void run_next(struct run *r, bool reply, const struct alg_verdict *v)
{
	r->line[reply].head = v->next == ALG_UNIT_HEAD ? &rtsp_protocol.head : NULL;
	alg_line_skip(&r->line[reply], v->skip);
	r->total[reply] += v->skip;
}

static inline void run_unit(struct run *r, bool reply)
{
	struct alg_line *line = &r->line[reply];
	struct alg_verdict v = {};
	struct event *e = NULL;

	rtsp_unit(&r->r, reply, line, &r->ends, &v);
	if ((v.count || v.why) && r->count < EVENTS_MAX) {
		e = &r->events[r->count++];
		memset(e->text, 0, sizeof(e->text));
		e->reply = reply;
		e->at = r->total[reply];
		e->v = v;
	}
	check(r, reply, &v, e);
	if (line->whole && !r->dormant)
		run_next(r, reply, &v);
}

/* Bytes that are in r->stream already, up to @end */
static inline void run_segment(struct run *r, bool reply, u32 end)
{
	struct alg_line *line = &r->line[reply];

	while (r->total[reply] < end && !r->dormant) {
		u8 *data = r->stream[reply] + r->total[reply];
		unsigned int len = end - r->total[reply], taken;
		/* for ASan, a copy of just that much, there for as long as it may be read */
		u8 *copy = len > 1 ? memcpy(malloc(len), data, len) : data;

		taken = alg_line_add(line, copy, len);
		must(taken > 0 && taken <= len);
		r->total[reply] += taken;
		must(line->next == run_seq[reply] + r->total[reply]);
		if (alg_line_ready(line))
			run_unit(r, reply);
		if (line->whole)
			r->left[reply] = false;
		else if (line->len && !line->want)
			r->left[reply] |= !rtsp_hold(&r->r, reply, line);
		if (len > 1)
			free(copy);
		must(line->next == run_seq[reply] + r->total[reply]);
	}
}

/* Bytes from one end, cut in one of the ways. Returns false if there is no room. */
static inline bool run_bytes(struct run *r, bool reply, const u8 *data, u32 len, enum cutting cut,
			     u32 at)
{
	struct alg_line *line = &r->line[reply], before;
	u32 begin = r->end[reply], i;

	if (len > STREAM_MAX - begin)
		return false;
	memcpy(r->stream[reply] + begin, data, len);
	r->end[reply] += len;
	if (at > len)
		at = len;
	switch (cut) {
	case CUT_BYTES:
		for (i = 1; i <= len; i++)
			run_segment(r, reply, begin + i);
		break;
	case CUT_REWIND:
		/* the segment comes, its tail is held back, and comes with the next one */
		run_segment(r, reply, begin + at);
		if (!line->whole && !r->dormant) {
			before = *line;
			alg_line_init(line, line->start);
			line->want = before.want;
			line->head = before.head;
			r->left[reply] = false;
			r->total[reply] = line->next - run_seq[reply];
		}
		run_segment(r, reply, begin + len);
		break;
	case CUT_AT:
		run_segment(r, reply, begin + at);
		run_segment(r, reply, begin + len);
		break;
	case CUT_NOT:
		run_segment(r, reply, begin + len);
		break;
	}
	return true;
}

static inline bool same_event(const struct event *a, const struct event *b)
{
	unsigned int i;

	for (i = 0; i < a->v.count && i < b->v.count; i++)
		if (memcmp(&a->v.action[i], &b->v.action[i], sizeof(a->v.action[i])))
			return false;
	return a->reply == b->reply && a->v.count == b->v.count && a->v.why == b->v.why &&
	       !memcmp(a->text, b->text, sizeof(a->text));
}

/* The first difference of what two runs decided, or -1 */
static inline int run_differ(const struct run *a, const struct run *b)
{
	unsigned int i;

	for (i = 0; i < a->count && i < b->count; i++) {
		const struct event *x = &a->events[i], *y = &b->events[i];
		/* A line that is none is told when its end or that of its bytes is there. */
		bool dormant = x->v.count && x->v.action[x->v.count - 1].act == ALG_DORMANT;

		if (!same_event(x, y) || (x->at != y->at && !dormant))
			return i;
	}
	return a->count == b->count ? -1 : (int)i;
}

#endif
