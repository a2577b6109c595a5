/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes units of what two ends say, by line.c, as the core does, in different ways to cut it.
 * For dialogue.h and rtsp_dialogue.h.
 */
#ifndef _FUZZ_UNITS_H
#define _FUZZ_UNITS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernel/alg/protocol.h"

#define STREAM_MAX	65536
#define EVENTS_MAX	8192
/* Sequence numbers wrap around in each dialogue */
#define SEQ_CLIENT	0xfffffff0U
#define SEQ_SERVER	0xffffff00U

static const u32 units_seq[2] = { SEQ_CLIENT, SEQ_SERVER };

#define must(condition)	do {							\
	if (!(condition)) {							\
		fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #condition); \
		abort();							\
	}									\
} while (0)

/* Both directions of a connection. First member of what @unit is to find */
struct units {
	const struct alg_protocol *protocol;
	void *dialogue;
	struct alg_line line[2];
	u8 stream[2][STREAM_MAX];
	/* said, and read; more, if what is to be skipped was not said yet */
	u32 said[2], total[2];
	/* With NAT, bytes of the line that comes would have left. */
	bool left[2];
	/* Has the grammar look at a unit, and checks what it says of it */
	void (*unit)(struct units *u, bool reply, struct alg_verdict *v);
};

/* How to cut */
enum cutting { CUT_NOT, CUT_BYTES, CUT_AT, CUT_REWIND };

/* Nothing was said. */
static inline void units_fresh(struct units *u)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		u->said[i] = 0;
		u->total[i] = 0;
		u->left[i] = false;
		alg_line_init(&u->line[i], units_seq[i]);
		u->line[i].raw = !u->protocol->telnet;
	}
}

/* The streams may be longer than their buffers: they begin again, the lines that come go on. */
static inline void units_again(struct units *u)
{
	unsigned int i;

	for (i = 0; i < 2; i++) {
		u->said[i] = 0;
		u->total[i] = 0;
		u->line[i].next = units_seq[i];
	}
}

static inline void units_init(struct units *u, const struct alg_protocol *protocol, void *dialogue,
			      void (*unit)(struct units *u, bool reply, struct alg_verdict *v))
{
	u->protocol = protocol;
	u->dialogue = dialogue;
	u->unit = unit;
	memset(dialogue, 0, protocol->size);
	units_fresh(u);
}

static inline bool same(const struct alg_addr *a, const struct alg_addr *b)
{
	return a->len == b->len && !memcmp(a->b, b->b, a->len);
}

/* Something of a text that is to be written anew is as it came in the stream. */
static inline void units_check_text(const struct units *u, bool reply, const struct alg_action *a)
{
	const struct alg_line *line = &u->line[reply];
	u32 offset, seq;

	/* All of the line could have been held back, but for what is telnet's. */
	must(!u->left[reply] || line->removed);
	must(line->whole && !line->cut);
	must(a->len && a->at + a->len <= line->len);
	must(alg_line_seq(line, a->at, a->len, &seq));
	offset = seq - units_seq[reply];
	must(offset + a->len <= u->total[reply]);
	must(offset >= line->start - units_seq[reply]);
	must(!memcmp(u->stream[reply] + offset, line->text + a->at, a->len));
}

/* What comes after a whole unit */
static inline void units_next(struct units *u, bool reply, const struct alg_verdict *v)
{
	must(alg_next_valid(u->protocol, v));
	u->line[reply].head = v->next == ALG_UNIT_HEAD ? &u->protocol->head : NULL;
	alg_line_skip(&u->line[reply], v->skip);
	u->total[reply] += v->skip;
}

/* Bytes that are in u->stream already, up to @end */
static inline void units_segment(struct units *u, bool reply, u32 end)
{
	struct alg_line *line = &u->line[reply];

	while (u->total[reply] < end) {
		struct alg_verdict v = {};
		u8 *data = u->stream[reply] + u->total[reply];
		unsigned int len = end - u->total[reply], taken;
		/* for ASan, a copy of just that much, there for as long as it may be read */
		u8 *copy = len > 1 ? memcpy(malloc(len), data, len) : data;

		taken = alg_line_add(line, copy, len);
		must(taken > 0 && taken <= len);
		must(line->whole || taken == len);
		must(line->len <= ALG_LINE_MAX);
		u->total[reply] += taken;
		must(line->next == units_seq[reply] + u->total[reply]);
		if (alg_line_ready(line)) {
			u->unit(u, reply, &v);
			must(line->whole || (!v.next && !v.skip));
			if (line->whole)
				units_next(u, reply, &v);
		}
		if (line->whole)
			u->left[reply] = false;
		else if (line->len && !line->want)
			u->left[reply] |= !u->protocol->hold(u->dialogue, reply, line);
		if (len > 1)
			free(copy);
	}
}

/* Bytes from one end, cut in one of the ways. Returns false if there is no room. */
static inline bool units_bytes(struct units *u, bool reply, const u8 *data, u32 len,
			       enum cutting cut, u32 at)
{
	struct alg_line *line = &u->line[reply], before;
	u32 begin = u->said[reply], i;

	if (len > STREAM_MAX - begin)
		return false;
	/* What this end says may make something else of a line that the other one has begun. */
	u->left[!reply] = false;
	u->said[reply] += len;
	memcpy(u->stream[reply] + begin, data, len);
	if (at > len)
		at = len;
	switch (cut) {
	case CUT_BYTES:
		for (i = 1; i <= len; i++)
			units_segment(u, reply, begin + i);
		break;
	case CUT_REWIND:
		/* the segment comes, its tail is held back, and comes with the next one */
		units_segment(u, reply, begin + at);
		if (!line->whole) {
			before = *line;
			alg_line_init(line, line->start);
			line->want = before.want;
			line->head = before.head;
			u->left[reply] = false;
			u->total[reply] = line->next - units_seq[reply];
		}
		units_segment(u, reply, begin + len);
		break;
	case CUT_AT:
		units_segment(u, reply, begin + at);
		units_segment(u, reply, begin + len);
		break;
	case CUT_NOT:
		units_segment(u, reply, begin + len);
		break;
	}
	return true;
}

/*
 * What both ends say by turns, with the byte 1 between: a fuzzer's input. Returns false if there
 * is no room.
 */
static inline bool units_play(struct units *u, bool reply, const u8 *data, size_t size,
			      enum cutting cut, u32 at)
{
	size_t begin = 0, i;

	for (i = 0; i <= size; i++) {
		if (i < size && data[i] != 1)
			continue;
		if (!units_bytes(u, reply, data + begin, i - begin, cut, at))
			return false;
		reply = !reply;
		begin = i + 1;
	}
	return true;
}

/* For fuzzers: of each family, with NAT of both ends */
static const struct alg_ends fuzz_ends[2] __attribute__((unused)) = {
	{
		.client = { { 4, { 10, 0, 0, 2 } }, { 4, { 192, 0, 2, 1 } } },
		.server = { { 4, { 10, 9, 0, 9 } }, { 4, { 203, 0, 113, 5 } } },
	}, {
		.client = { { 16, { 0xfd, [15] = 2 } }, { 16, { 0x20, 1, 0xd, 0xb8, [15] = 1 } } },
		.server = { { 16, { 0xfd, [15] = 9 } }, { 16, { 0x20, 1, 0xd, 0xb8, [15] = 5 } } },
	},
};

static inline bool same_actions(const struct alg_verdict *a, const struct alg_verdict *b)
{
	unsigned int i;

	for (i = 0; i < a->count && i < b->count; i++)
		if (memcmp(&a->action[i], &b->action[i], sizeof(a->action[i])))
			return false;
	return a->count == b->count && a->why == b->why;
}

static inline bool is_dormant(const struct alg_verdict *v)
{
	return v->count && v->action[v->count - 1].act == ALG_DORMANT;
}

#endif
