/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a sender's bytes become on their way: lines written anew, and held back
 * until they are whole. Sequence numbers and payload in, changes of a segment
 * out: no skb, no lock. tests/fuzz/ compiles stream.c as it is.
 */
#ifndef _NF_ALG_STREAM_H
#define _NF_ALG_STREAM_H

#include <linux/types.h>

#include "protocol.h"

/* Changes that the receiver has not acknowledged */
#define ALG_EDITS	8
/* A line may add so many: what was held, and an address */
#define ALG_LINE_EDITS	2
/*
 * Before so many bytes, what the receiver has is not known; the other way round
 * it is late
 */
#define ALG_ACKED_UNKNOWN	0x3fffffffU
/*
 * Any path takes a segment of so many bytes: RFC 791's 576 and RFC 8200's 1280
 * less headers
 */
#define ALG_SEGMENT_MIN	516

/**
 * struct alg_edit - bytes of the stream that leave as others
 * @seq: the sequence number of the first of them, as the sender counts
 * @len: bytes, not 0
 * @new_len: bytes that leave instead
 * @held: the sender was told that they arrived, and will not send them again
 * @text: what leaves
 */
struct alg_edit {
	u32 seq;
	u16 len;
	u16 new_len;
	bool held;
	u8 text[];
};

/**
 * struct alg_stream - one direction of a connection
 * @line: the line that comes in
 * @fresh: no byte from here on has left
 * @acked: the receiver has acknowledged all before it
 * @told: the sender was told that what is from @told_from to here arrived, and
 *	will not send it again
 * @told_from: where that begins
 * @shift: how the sequence numbers before the first of @edit differ
 * @held: so many bytes from @line.start on came and have not left
 * @count: of @edit
 * @ended: nothing more is read of it; for alg_tcp.c
 * @edit: what the receiver has not acknowledged, in the order of the stream
 * @spare: for what is held: there is always one if @held is not 0
 */
struct alg_stream {
	struct alg_line line;
	u32 fresh;
	u32 acked;
	u32 told;
	u32 told_from;
	u32 shift;
	u16 held;
	u8 count;
	bool ended;
	struct alg_edit *edit[ALG_EDITS];
	struct alg_edit *spare;
};

/**
 * struct alg_piece - part of a line to be written anew
 * @at: where in the line's text it begins
 * @len: bytes there, not 0
 * @new_len: bytes instead
 * @text: they
 */
struct alg_piece {
	u16 at;
	u16 len;
	u16 new_len;
	const char *text;
};

/**
 * struct alg_change - part of a segment's payload to be replaced
 * @offset: where it begins
 * @len: bytes there, may be 0
 * @new_len: bytes instead, may be 0
 * @text: they
 */
struct alg_change {
	u32 offset;
	u32 len;
	u32 new_len;
	const u8 *text;
};

/**
 * struct alg_plan - what leaves instead of a segment
 * @seq: its sequence number, as the receiver counts
 * @cut: its end does not leave
 * @count: of @change
 * @change: in the order of the payload
 */
struct alg_plan {
	u32 seq;
	bool cut;
	unsigned int count;
	struct alg_change change[ALG_EDITS + 2];
};

void alg_stream_init(struct alg_stream *s, u32 seq);
void alg_stream_free(struct alg_stream *s);
void alg_stream_hold(struct alg_stream *s);
void alg_stream_release(struct alg_stream *s);
const struct alg_edit *alg_stream_rewrite(struct alg_stream *s,
					  const struct alg_piece *piece,
					  unsigned int count);
bool alg_stream_plan(const struct alg_stream *s, u32 seq, unsigned int len,
		     u32 limit, unsigned int max, struct alg_plan *plan);
u32 alg_stream_acked(struct alg_stream *s, u32 ack);
u32 alg_stream_shift(const struct alg_stream *s);

static inline bool alg_before(u32 a, u32 b)
{
	return a - b > 0x7fffffff;
}

/* Is the stream as it was sent, with nothing to remember? */
static inline bool alg_stream_plain(const struct alg_stream *s)
{
	return !s->count && !s->held;
}

/* Is there room for what the next line may need? */
static inline bool alg_stream_ready(const struct alg_stream *s)
{
	return s->count + ALG_LINE_EDITS <= ALG_EDITS;
}

#endif /* _NF_ALG_STREAM_H */
