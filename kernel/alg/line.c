// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines out of a byte stream.
 *
 * A line ends with LF; CRs before it are no part of it. RFC 959 asks for CRLF, but
 * vsftpd ends a command at LF alone and drops all CRs before it, pure-ftpd says that
 * some clients send nothing else: who insists on CRLF sees fewer lines than the server
 * does, and a gateway must see what its ends see. A CR elsewhere and a NUL are bytes
 * of the line as others (a file name may have them), which no verb and no address has.
 *
 * Telnet (RFC 959 4.1.3, RFC 854): IAC IAC is the byte 255; after IAC, an option's
 * command (251 to 254) has one byte after it; others (IP, DM before ABOR) have none. IAC
 * before what is no command is a byte of a file name in an old character set, whose
 * sender does not know of telnet; so it never hides a line's end. Subnegotiation is
 * not for FTP: IAC SB is removed as IP is, and what follows is of the line.
 */

#include <asm/byteorder.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include "line.h"

#define LINE_SE		240
#define LINE_WILL	251
#define LINE_DONT	254
#define LINE_IAC	255

/* alg_line.telnet */
enum {
	LINE_TEXT,
	LINE_COMMAND,	/* after IAC */
	LINE_OPTION,	/* after IAC and 251 to 254 */
};

static void line_new(struct alg_line *line)
{
	line->start = line->next;
	line->removed = 0;
	line->len = 0;
	line->gap_first = 0;
	line->gap_last = 0;
	line->telnet = LINE_TEXT;
	line->whole = false;
	line->cut = false;
}

/**
 * alg_line_init() - at the beginning of a stream
 * @line: to be set up
 * @seq: of the byte that comes first
 */
void alg_line_init(struct alg_line *line, u32 seq)
{
	line->next = seq;
	line_new(line);
}

static void line_put(struct alg_line *line, u8 byte)
{
	if (line->len < ALG_LINE_MAX)
		line->text[line->len++] = byte;
	else
		line->cut = true;
}

static void line_remove(struct alg_line *line, unsigned int bytes)
{
	if (!line->removed)
		line->gap_first = line->len;
	line->gap_last = line->len;
	line->removed += bytes;
}

/* The byte after IAC, or after its command. Returns false if it is of the line. */
static bool line_telnet(struct alg_line *line, u8 byte)
{
	if (line->telnet == LINE_OPTION) {
		line_remove(line, 3);
		line->telnet = LINE_TEXT;
		return true;
	}
	line->telnet = LINE_TEXT;
	if (byte < LINE_SE) {
		line_put(line, LINE_IAC);
		return false;
	}
	if (byte == LINE_IAC) {
		line_remove(line, 1);
		line_put(line, LINE_IAC);
	} else if (byte >= LINE_WILL && byte <= LINE_DONT) {
		line->telnet = LINE_OPTION;
	} else {
		line_remove(line, 2);
	}
	return true;
}

/*
 * Takes what needs no thought: bytes of the line, while there is room for them, eight at
 * a time where there are. Returns the offset of the first byte that it left.
 */
static unsigned int line_plain(struct alg_line *line, const u8 *data, unsigned int i,
			       unsigned int len)
{
	const u64 ones = 0x0101010101010101ULL, tops = 0x80 * ones;
	unsigned int n = line->len;
	u64 bytes, think = 0;
	__le64 eight;

	len = len - i < ALG_LINE_MAX - n ? len : i + ALG_LINE_MAX - n;
	for (; len - i >= 8 && !think; i += 8, n += 8) {
		memcpy(&eight, data + i, 8);
		memcpy(line->text + n, &eight, 8);
		bytes = le64_to_cpu(eight);
		/* The lowest bit that is set is of the first LF or the first byte over 127. */
		think = (((bytes ^ '\n' * ones) - ones) | bytes) & tops;
	}
	if (think) {
		unsigned int back = 8 - __builtin_ctzll(think) / 8;

		i -= back;
		n -= back;
	}
	for (; i < len && data[i] != '\n' && data[i] != LINE_IAC; i++)
		line->text[n++] = data[i];
	line->len = n;
	return i;
}

static void line_end(struct alg_line *line)
{
	line->text[line->len] = '\n';
	while (!line->cut && line->len && line->text[line->len - 1] == '\r')
		line->len--;
	line->whole = true;
}

/**
 * alg_line_add() - take bytes until there is something to look at
 * @line: what came before
 * @data: the stream from @line->next on
 * @len: bytes there
 * @event: why it stopped
 *
 * Whole lines are the same for every way to cut the stream. That one has begun is told
 * whenever @data ends before it does.
 *
 * Return: bytes taken, at least one of @len; call again for the rest
 */
unsigned int alg_line_add(struct alg_line *line, const u8 *data, unsigned int len,
			  enum alg_line_event *event)
{
	unsigned int i = 0;

	if (line->whole && len)
		line_new(line);
	*event = ALG_LINE_MORE;
	while (i < len && *event == ALG_LINE_MORE) {
		u8 byte;

		if (!line->telnet) {
			i = line_plain(line, data, i, len);
			if (i == len)
				break;
		}
		byte = data[i++];
		if (unlikely(line->telnet) && line_telnet(line, byte)) {
			/* nothing of the line, or 255 */
		} else if (unlikely(byte == LINE_IAC)) {
			line->telnet = LINE_COMMAND;
		} else if (byte == '\n') {
			line_end(line);
			*event = ALG_LINE_WHOLE;
		} else {
			line_put(line, byte);
		}
	}
	if (line->len >= ALG_LINE_HEAD && !line->whole)
		*event = ALG_LINE_BEGUN;
	line->next += i;
	return i;
}

/**
 * alg_line_rewind() - forget what came of an incomplete line
 * @line: the line
 *
 * For a segment whose tail is held back, or that is dropped, so that the line comes
 * again as a whole.
 *
 * Return: the sequence number of the byte that must come next
 */
u32 alg_line_rewind(struct alg_line *line)
{
	if (!line->whole) {
		line->next = line->start;
		line_new(line);
	}
	return line->next;
}

/**
 * alg_line_seq() - where a part of a line stands in the stream
 * @line: the line
 * @at: the part's offset in @line->text
 * @len: its length, not 0
 * @seq: the sequence number of its first byte
 *
 * Return: false if bytes of telnet's stood inside the part, so that it is not contiguous
 * there; also if they stood before it and after it, of which nothing more is known
 */
bool alg_line_seq(const struct alg_line *line, unsigned int at, unsigned int len, u32 *seq)
{
	if (!line->removed || at + len <= line->gap_first) {
		*seq = line->start + at;
		return true;
	}
	*seq = line->start + line->removed + at;
	return at >= line->gap_last;
}
