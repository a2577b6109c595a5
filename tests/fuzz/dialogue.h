/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Runs a dialogue of two ends through line.c and ftp.c, in different ways to cut it,
 * and checks what must hold whatever they say. For ftp_test.c and ftp_fuzz.c.
 */
#ifndef _FUZZ_DIALOGUE_H
#define _FUZZ_DIALOGUE_H

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../../kernel/alg/ftp.h"

#define STREAM_MAX	65536
#define EVENTS_MAX	8192
/* Sequence numbers wrap around in each dialogue */
#define SEQ_CLIENT	0xfffffff0U
#define SEQ_SERVER	0xffffff00U

struct event {
	bool reply;
	u32 at;			/* bytes of this direction before the decision */
	struct alg_decision d;
};

struct run {
	struct alg_ends ends;
	struct ftp f;
	struct alg_line line[2];
	u8 stream[2][STREAM_MAX];
	u32 total[2];
	struct event events[EVENTS_MAX];
	unsigned int count;
	/* what is known without ftp.c */
	bool hole, dormant, login;
	bool offered[FTP_PENDING];
	struct alg_decision offer[FTP_PENDING];
	unsigned int asked, passive, ports, active;
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
	memset(&r->f, 0, sizeof(r->f));
	r->ends = *ends;
	r->total[0] = 0;
	r->total[1] = 0;
	r->count = 0;
	r->hole = false;
	r->dormant = false;
	r->login = false;
	memset(r->offered, 0, sizeof(r->offered));
	r->asked = 0;
	r->passive = 0;
	r->ports = 0;
	r->active = 0;
	alg_line_init(&r->line[0], SEQ_CLIENT);
	alg_line_init(&r->line[1], SEQ_SERVER);
}

/* From where another gateway left it */
static inline void run_resume(struct run *r)
{
	ftp_resume(&r->f, 0);
	r->hole = true;
	r->login = true;
}

static inline bool same(const struct alg_addr *a, const struct alg_addr *b)
{
	return a->len == b->len && !memcmp(a->b, b->b, a->len);
}

/* Whoever is connected to, and at which port */
static inline void check_endpoint(struct run *r, const struct alg_decision *d)
{
	const struct alg_addr *own = d->to_client ? r->ends.client : r->ends.server;

	must(d->port >= 1024);
	must(d->slot < FTP_PENDING);
	must(d->addr.len == own[0].len);
	must(r->ends.loose || same(&d->addr, &own[0]) || same(&d->addr, &own[1]));
	must(d->own == ALG_OWN_NOT || same(&d->addr, &own[d->own]));
}

/* An address in this line: it stands there in the stream, and can be written again. */
static inline void check_text(struct run *r, bool reply, const struct alg_decision *d)
{
	struct alg_line *line = &r->line[reply];
	u32 offset = d->seq - run_seq[reply];
	char text[ALG_TEXT_MAX];
	int len;

	must(line->whole && !line->cut);
	must(d->len && d->at + d->len <= line->len);
	must(offset + d->len <= r->total[reply]);
	must(offset >= line->start - run_seq[reply]);
	must(!memcmp(r->stream[reply] + offset, line->text + d->at, d->len));
	len = ftp_print(text, d->form, &d->addr, d->port);
	must(len > 0 && len < ALG_TEXT_MAX && len == (int)strlen(text));
}

static inline void check(struct run *r, bool reply, const struct alg_decision *d)
{
	struct alg_line *line = &r->line[reply];
	const char *text = (const char *)line->text;
	unsigned int i;

	if (!reply && line->whole && line->len >= 4) {
		r->asked += !strncasecmp(text, "PASV", 4) || !strncasecmp(text, "EPSV", 4);
		r->ports += !strncasecmp(text, "PORT", 4) || !strncasecmp(text, "EPRT", 4);
	}
	if (reply && line->whole && line->len >= 3)
		r->login |= !memcmp(text, "230", 3) || !memcmp(text, "232", 3) ||
			    !memcmp(text, "202", 3);
	must(!(d->act & (ALG_OFFER | ALG_OPEN)) || r->login);
	must(!(d->act & ALG_OFFER) || r->ends.active);
	must(!r->dormant || !d->act);
	must(!(d->act & ~0x1f));
	must(!!d->withdrawn == !!(d->act & ALG_WITHDRAW));
	for (i = 0; i < FTP_PENDING; i++) {
		if (!(d->withdrawn >> i & 1))
			continue;
		must(r->offered[i]);
		r->offered[i] = false;
	}
	if (d->act & ALG_CLOSE) {
		must(r->hole);
		r->hole = false;
	}
	must(!(d->act & ALG_OFFER) || !(d->act & ALG_OPEN));
	if (d->act & ALG_OFFER) {
		must(!reply && d->to_client);
		check_endpoint(r, d);
		check_text(r, reply, d);
		must(!r->offered[d->slot]);
		r->offered[d->slot] = true;
		r->offer[d->slot] = *d;
	}
	if (d->act & ALG_OPEN) {
		must(reply && line->whole && !r->hole);
		check_endpoint(r, d);
		if (d->to_client) {
			must(!d->len && !memcmp(text, "200", 3));
			must(r->offered[d->slot]);
			must(same(&d->addr, &r->offer[d->slot].addr));
			must(d->port == r->offer[d->slot].port);
			r->offered[d->slot] = false;
			must(++r->active <= r->ports);
		} else {
			must(!memcmp(text, "227 ", 3) || !memcmp(text, "229 ", 3));
			check_text(r, reply, d);
			must(++r->passive <= r->asked);
		}
		r->hole = true;
	}
	must(r->hole == r->f.hole);
	if (d->act & ALG_DORMANT) {
		must(d->why && d->why == r->f.why && !r->hole);
		must(strcmp(ftp_why_name(d->why), "?"));
		must(!(d->act & (ALG_OFFER | ALG_OPEN)));
		for (i = 0; i < FTP_PENDING; i++)
			must(!r->offered[i]);
		r->dormant = true;
	}
	must(r->f.count <= FTP_PENDING && r->f.first < FTP_PENDING);
}

/* Bytes that are in r->stream already, up to @end */
static inline void run_segment(struct run *r, bool reply, u32 end)
{
	struct alg_line *line = &r->line[reply];

	while (r->total[reply] < end) {
		struct alg_decision d = {};
		u8 *data = r->stream[reply] + r->total[reply];
		unsigned int len = end - r->total[reply], taken;
		/* for ASan, a copy of just that much */
		u8 *copy = len > 1 ? memcpy(malloc(len), data, len) : data;

		taken = alg_line_add(line, copy, len);
		if (len > 1)
			free(copy);
		must(taken > 0 && taken <= len);
		must(line->whole || taken == len);
		must(line->len <= ALG_LINE_MAX);
		r->total[reply] += taken;
		must(line->next == run_seq[reply] + r->total[reply]);
		if (!alg_line_ready(line)) {
			ftp_hold(&r->f, reply, line);
			break;
		}
		ftp_line(&r->f, reply, line, &r->ends, &d);
		/* an address comes in a line all of which could have been held back */
		check(r, reply, &d);
		if (d.act && r->count < EVENTS_MAX)
			r->events[r->count++] = (struct event){ reply, r->total[reply], d };
	}
}

/* Bytes from one end, cut in one of the ways. Returns false if there is no room. */
static inline bool run_bytes(struct run *r, bool reply, const u8 *data, u32 len, enum cutting cut,
			     u32 at)
{
	u32 begin = r->total[reply], i;

	if (len > STREAM_MAX - begin)
		return false;
	memcpy(r->stream[reply] + begin, data, len);
	switch (cut) {
	case CUT_BYTES:
		for (i = 1; i <= len; i++)
			run_segment(r, reply, begin + i);
		break;
	case CUT_AT:
		run_segment(r, reply, begin + (at < len ? at : len));
		run_segment(r, reply, begin + len);
		break;
	case CUT_REWIND:
		/* the segment comes, its tail is held back, and comes with the next one */
		run_segment(r, reply, begin + (at < len ? at : len));
		if (!r->line[reply].whole)
			alg_line_init(&r->line[reply], r->line[reply].start);
		r->total[reply] = r->line[reply].next - run_seq[reply];
		run_segment(r, reply, begin + len);
		break;
	case CUT_NOT:
		run_segment(r, reply, begin + len);
		break;
	}
	return true;
}

/* The first difference of what two runs decided, or -1 */
static inline int run_differ(const struct run *a, const struct run *b)
{
	unsigned int i;

	for (i = 0; i < a->count && i < b->count; i++) {
		const struct event *x = &a->events[i], *y = &b->events[i];

		/* A line that is none is told when its end or that of its bytes is there. */
		if (x->reply != y->reply || x->d.act != y->d.act ||
		    (x->at != y->at && !(x->d.act & ALG_DORMANT)) ||
		    x->d.why != y->d.why || x->d.withdrawn != y->d.withdrawn)
			return i;
		if (x->d.act & (ALG_OFFER | ALG_OPEN) &&
		    (x->d.slot != y->d.slot || x->d.to_client != y->d.to_client ||
		     x->d.own != y->d.own || x->d.form != y->d.form || x->d.port != y->d.port ||
		     x->d.at != y->d.at || x->d.len != y->d.len || x->d.seq != y->d.seq ||
		     !same(&x->d.addr, &y->d.addr)))
			return i;
	}
	return a->count == b->count ? -1 : (int)i;
}

#endif
