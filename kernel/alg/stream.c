// SPDX-License-Identifier: GPL-2.0-only
/*
 * A sender's bytes, and what the receiver gets.
 *
 * An address that is written anew makes the stream longer or shorter, and its
 * bytes may come in any number of segments, any of them more than once. So what
 * was changed is remembered until the receiver has acknowledged it: each
 * segment that touches it gets the same bytes at the same place.
 *
 * A line whose address has to be written anew must be there as a whole before
 * its first byte leaves. To drop its parts until the sender sends it in one
 * piece is not enough: one that writes byte by byte fills its congestion window
 * with them, and then sends the same ones again and again. So parts are held
 * back, and the sender is told that they arrived. The receiver says so itself:
 * instead of a segment that is held as a whole it gets one byte that it already
 * has, answers at once with an acknowledgment of what it has (RFC 9293
 * 3.10.7.4), and that one is raised on its way back by what is held. No packet
 * is made here; if one is lost, the sender's own retransmission starts it
 * again.
 */

#include <linux/kernel.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "stream.h"

static u32 edit_end(const struct alg_edit *e)
{
	return e->seq + e->len;
}

/* Later numbers differ by so much more. */
static u32 edit_shift(const struct alg_edit *e)
{
	return e->new_len - e->len;
}

static void add(struct alg_stream *s, struct alg_edit *e)
{
	s->edit[s->count++] = e;
}

/**
 * alg_stream_init() - at its beginning
 * @s: to be set up
 * @seq: of the byte that comes first
 */
void alg_stream_init(struct alg_stream *s, u32 seq)
{
	memset(s, 0, sizeof(*s));
	alg_line_init(&s->line, seq);
	s->acked = seq;
	s->told = seq;
	s->told_from = seq;
}

/**
 * alg_stream_free() - forget all changes
 * @s: set up; may be freed again
 */
void alg_stream_free(struct alg_stream *s)
{
	while (s->count)
		kfree(s->edit[--s->count]);
	kfree(s->spare);
	s->spare = NULL;
	s->held = 0;
}

/**
 * alg_stream_hold() - the incomplete line must not leave yet
 * @s: after the bytes of a segment
 *
 * Does nothing without memory, or if the line's bytes are not all known or,
 * written anew, would be too many for a segment: then it leaves as it comes.
 * Nothing may leave that is in
 * @s->held from then on.
 */
void alg_stream_hold(struct alg_stream *s)
{
	const struct alg_line *line = &s->line;

	if (line->next - line->start != line->len ||
	    alg_before(line->start, s->fresh) ||
	    line->len > ALG_SEGMENT_MIN - ALG_TEXT_MAX) {
		alg_stream_release(s);
		return;
	}
	if (!s->spare)
		s->spare = kmalloc(sizeof(*s->spare) + ALG_LINE_MAX +
				   ALG_TEXT_MAX, GFP_ATOMIC);
	if (s->spare)
		s->held = line->len;
}

/**
 * alg_stream_release() - what is held leaves as it came
 * @s: its line is still the one that is held, perhaps with more bytes
 */
void alg_stream_release(struct alg_stream *s)
{
	struct alg_edit *e = s->spare;

	if (!s->held)
		return;
	e->seq = s->line.start;
	e->len = s->held;
	e->new_len = s->held;
	e->held = true;
	memcpy(e->text, s->line.text, s->held);
	add(s, e);
	s->spare = NULL;
	s->held = 0;
}

/* The part of the line that one change is to cover, by what is in its text */
static bool rewrite_span(const struct alg_stream *s,
			 const struct alg_piece *piece, unsigned int count,
			 unsigned int *from, unsigned int *to)
{
	const struct alg_piece *last = &piece[count - 1];
	u32 seq, end;

	if (!alg_line_seq(&s->line, piece->at, piece->len, &seq) ||
	    !alg_line_seq(&s->line, last->at, last->len, &end))
		return false;
	/* Bytes that were removed between them are not known. */
	if (end - seq != (u32)(last->at - piece->at) ||
	    alg_before(seq, s->fresh))
		return false;
	*from = piece->at;
	*to = last->at + last->len;
	if (seq - s->line.start < s->held) {
		*from = 0;
		if (*to < s->held)
			*to = s->held;
	}
	return true;
}

/* Copies the line from @from to @to, with the pieces in it as they leave. */
static void rewrite_text(u8 *text, const struct alg_line *line,
			 const struct alg_piece *piece, unsigned int count,
			 unsigned int from, unsigned int to)
{
	for (; count; count--, piece++) {
		memcpy(text, line->text + from, piece->at - from);
		text += piece->at - from;
		memcpy(text, piece->text, piece->new_len);
		text += piece->new_len;
		from = piece->at + piece->len;
	}
	memcpy(text, line->text + from, to - from);
}

/**
 * alg_stream_rewrite() - write parts of the line anew
 * @s: a line came, alg_stream_ready() before it
 * @piece: the parts, in the order of the line, apart from each other
 * @count: so many, at least one
 *
 * Return: the change, of which nothing has left; %NULL without memory, if some
 * of the parts' bytes have left or are not known, or if it would be too long
 * for a segment
 */
const struct alg_edit *alg_stream_rewrite(struct alg_stream *s,
					  const struct alg_piece *piece,
					  unsigned int count)
{
	unsigned int i, from, to, len;
	struct alg_edit *e;
	u32 seq;

	if (!rewrite_span(s, piece, count, &from, &to))
		return NULL;
	len = to - from;
	for (i = 0; i < count; i++)
		len += piece[i].new_len - piece[i].len;
	if (len > ALG_SEGMENT_MIN)
		return NULL;
	if (!from && s->held) {
		e = s->spare;
		e->seq = s->line.start;
		e->held = true;
		s->spare = NULL;
		s->held = 0;
	} else {
		e = kmalloc(sizeof(*e) + len, GFP_ATOMIC);
		if (!e)
			return NULL;
		alg_stream_release(s);
		alg_line_seq(&s->line, piece->at, piece->len, &seq);
		e->seq = seq;
		e->held = false;
	}
	e->len = to - from;
	e->new_len = len;
	rewrite_text(e->text, &s->line, piece, count, from, to);
	add(s, e);
	return e;
}

/* Where a byte leaves; one inside a change, where that begins */
static u32 leaves_at(const struct alg_stream *s, u32 seq)
{
	u32 shift = s->shift;
	unsigned int i;

	for (i = 0; i < s->count; i++) {
		const struct alg_edit *e = s->edit[i];

		if (alg_before(seq, edit_end(e))) {
			if (alg_before(e->seq, seq))
				seq = e->seq;
			break;
		}
		shift += edit_shift(e);
	}
	return seq + shift;
}

static void change(struct alg_plan *plan, u32 offset, u32 len, const u8 *text,
		   u32 new_len)
{
	plan->change[plan->count++] = (struct alg_change){
		.offset = offset,
		.len = len,
		.text = text,
		.new_len = new_len,
	};
}

/**
 * alg_stream_plan() - what leaves instead of a segment?
 * @s: the stream, with the segment's bytes taken
 * @seq: the segment's sequence number
 * @len: bytes of payload
 * @limit: bytes from this one on do not leave
 * @max: nor more than so many of them, if it has to be changed; at least
 *	ALG_SEGMENT_MIN
 * @plan: what leaves; valid until @s changes
 *
 * Return: false if nothing does
 */
bool alg_stream_plan(const struct alg_stream *s, u32 seq, unsigned int len,
		     u32 limit, unsigned int max, struct alg_plan *plan)
{
	u32 last = seq + len, end = last, at = seq, out = 0;
	unsigned int i;

	plan->seq = leaves_at(s, seq);
	/*
	 * What is held has not left: so that an RST has the number that the
	 * receiver expects
	 */
	if (s->held && alg_before(s->line.start, seq))
		plan->seq -= s->held;
	plan->count = 0;
	plan->cut = false;

	if (len && !alg_before(seq, limit)) {
		if (!s->held)
			return false;
		/* A byte that the receiver has, so that it says what it has */
		plan->seq = leaves_at(s, s->line.start) - 1;
		plan->cut = true;
		change(plan, 0, len, "\n", 1);
		return true;
	}
	if (alg_before(limit, end))
		end = limit;
	/*
	 * A change of what the receiver has is forgotten: what follows has
	 * another place.
	 */
	if (alg_before(seq, s->acked) && alg_before(s->acked, end)) {
		at = s->acked;
		plan->seq = leaves_at(s, at);
		change(plan, 0, at - seq, NULL, 0);
	}

	for (i = 0; i < s->count; i++) {
		const struct alg_edit *e = s->edit[i];
		u32 from = alg_before(at, e->seq) ? e->seq : at;
		u32 to = alg_before(edit_end(e), last) ? edit_end(e) : last;

		if (alg_before(edit_end(e), seq) ||
		    (edit_end(e) == seq && !e->held))
			continue;
		if (!alg_before(e->seq, end))
			break;
		if (alg_before(to, from))
			to = from;
		out += from - at;
		if (out && out + e->new_len > max) {
			out -= from - at;
			end = from;
			break;
		}
		if (alg_before(e->seq, seq))
			plan->seq = leaves_at(s, e->seq);
		change(plan, from - seq, to - from, e->text, e->new_len);
		out += e->new_len;
		at = to;
	}
	if (alg_before(at, end) && plan->count && out + (end - at) > max)
		end = at + (out < max ? max - out : 0);
	if (alg_before(end, at))
		end = at;
	if (end != last) {
		plan->cut = true;
		change(plan, end - seq, last - end, NULL, 0);
	}
	return true;
}

/**
 * alg_stream_acked() - the receiver has all before this
 * @s: the stream
 * @ack: the acknowledgment, as the receiver counts
 *
 * Forgets the changes that it covers.
 *
 * Return: the acknowledgment for the sender, as it counts
 */
u32 alg_stream_acked(struct alg_stream *s, u32 ack)
{
	u32 shift = s->shift, first;
	unsigned int i, done = 0;

	for (i = 0; i < s->count; i++) {
		const struct alg_edit *e = s->edit[i];

		first = e->seq + shift;
		if (!alg_before(first, ack))
			break;
		if (alg_before(ack, first + e->new_len)) {
			ack = first;
			break;
		}
		shift += edit_shift(e);
		done++;
	}
	for (i = 0; i < s->count; i++) {
		if (i < done) {
			s->shift += edit_shift(s->edit[i]);
			kfree(s->edit[i]);
		} else {
			s->edit[i - done] = s->edit[i];
		}
	}
	s->count -= done;
	ack -= shift;
	if (alg_before(s->acked, ack))
		s->acked = ack;
	if (s->held && ack == s->line.start) {
		s->told_from = ack;
		s->told = ack + s->held;
	}
	/*
	 * The receiver asks again for what the sender has no more: it gets it
	 * from here.
	 */
	if (!alg_before(ack, s->told_from) && alg_before(ack, s->told))
		ack = s->told;
	return ack;
}

/**
 * alg_stream_shift() - how the numbers of bytes that have still to come differ
 * @s: the stream
 *
 * Return: what the receiver counts, less what the sender does
 */
u32 alg_stream_shift(const struct alg_stream *s)
{
	u32 shift = s->shift;
	unsigned int i;

	for (i = 0; i < s->count; i++)
		shift += edit_shift(s->edit[i]);
	return shift;
}
