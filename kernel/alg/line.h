/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The lines of one direction of a TCP connection, whatever its segments are: no
 * skb, no lock, no memory of its own. tests/fuzz/ compiles line.c as it is.
 */
#ifndef _NF_ALG_LINE_H
#define _NF_ALG_LINE_H

#include <linux/compiler.h>
#include <linux/types.h>

/* Of a line, this much is kept: the rest is counted, and skipped */
#define ALG_LINE_MAX	512
/* With so much of a line, it is looked at before its end is there */
#define ALG_LINE_BEGUN	8

/**
 * struct alg_head - what begins with one of these bytes is no line
 * @first: the first of them
 * @last: the last one
 * @len: it is so many bytes, up to ALG_LINE_MAX; 0: there is none
 */
struct alg_head {
	u8 first;
	u8 last;
	u8 len;
};

/**
 * struct alg_line - a line that comes in, and what is needed to find it in the
 * stream
 * @start: the sequence number of its first byte
 * @removed: bytes of telnet's that are not in @text
 * @next: the sequence number of the byte after the last one that came
 * @len: bytes in @text
 * @gap_first: the first of the removed ones stood before this byte of @text
 * @gap_last: the last of them
 * @telnet: what the next byte is, for line.c
 * @whole: its end is there; the next byte begins a new line
 * @cut: it is longer than @text
 * @raw: 255 is a byte as others, not telnet's; never changed here
 * @want: it is none, but a head, of so many bytes; else 0
 * @head: it may be one; %NULL: it is a line, whatever it begins with
 * @text: the line, without its end; behind that of a whole one its first CR, or
 *	LF; its first eight bytes may be read, however many it has. A whole line
 *	may still lie where it came: it is there until alg_line_add()'s caller
 *	gives that back.
 * @kept: a line that did not come in one piece, and a head
 */
struct alg_line {
	u32 start;
	u32 removed;
	u32 next;
	u16 len;
	u16 gap_first;
	u16 gap_last;
	u8 telnet;
	bool whole;
	bool cut;
	bool raw;
	u8 want;
	const struct alg_head *head;
	const u8 *text;
	u8 kept[ALG_LINE_MAX + 8];
};

/**
 * alg_line_ready() - is there something to look at?
 * @line: the line, after alg_line_add()
 *
 * Return: true if it is whole, or has begun: ALG_LINE_BEGUN or more bytes of it
 * are there, which tell a stream that is not of this protocol long before it
 * has a line's end, if ever
 */
static inline bool alg_line_ready(const struct alg_line *line)
{
	return line->whole || (line->len >= ALG_LINE_BEGUN && !line->want);
}

/**
 * alg_line_between() - has no byte of the next line come?
 * @line: the line
 */
static inline bool alg_line_between(const struct alg_line *line)
{
	return line->whole || line->next == line->start;
}

/**
 * alg_line_solid() - is a part of a line contiguous in the stream?
 * @line: the line
 * @at: the part's offset in @line->text
 * @len: its length, not 0
 *
 * Return: false if bytes of telnet's stood inside the part; also if they stood
 * before it and after it, of which nothing more is known
 */
static inline bool alg_line_solid(const struct alg_line *line, unsigned int at,
				  unsigned int len)
{
	return likely(!line->removed) || at + len <= line->gap_first ||
	       at >= line->gap_last;
}

/**
 * alg_line_skip() - so many bytes are of no unit
 * @line: a whole unit
 * @bytes: behind it
 *
 * What comes next in the stream is what comes behind them.
 */
static inline void alg_line_skip(struct alg_line *line, u32 bytes)
{
	line->next += bytes;
}

void alg_line_init(struct alg_line *line, u32 seq);
unsigned int alg_line_add(struct alg_line *line, const u8 *data,
			  unsigned int len);
bool alg_line_seq(const struct alg_line *line, unsigned int at,
		  unsigned int len, u32 *seq);

#endif /* _NF_ALG_LINE_H */
