// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines out of a byte stream.
 *
 * A line ends with LF; CRs before it are no part of it. RFC 959 asks for CRLF,
 * but vsftpd ends a command at LF alone and drops all CRs before it, pure-ftpd
 * says that some clients send nothing else: who insists on CRLF sees fewer
 * lines than the server does, and a gateway must see what its ends see. A CR
 * elsewhere and a NUL are bytes of the line as others (a file name may have
 * them), which no verb and no address has.
 *
 * Telnet (RFC 959 4.1.3, RFC 854): IAC IAC is the byte 255; after IAC, an
 * option's command (251 to 254) has one byte after it; others (IP, DM before
 * ABOR) have none. IAC before what is no command is a byte of a file name in an
 * old character set, whose sender does not know of telnet; so it never hides a
 * line's end. Subnegotiation is not for FTP: IAC SB is removed as IP is, and
 * what follows is of the line.
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
	line->want = 0;
	line->text = line->kept;
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
	line->head = NULL;
	line_new(line);
}

static void line_put(struct alg_line *line, u8 byte)
{
	if (line->len < ALG_LINE_MAX)
		line->kept[line->len++] = byte;
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

/*
 * The byte after IAC, or after its command. Returns false if it is of the line.
 */
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
 * The first one of eight bytes that needs thought: LF, or one over 127; 8 if
 * there is none
 */
static __always_inline unsigned int line_stop(__le64 eight)
{
	const u64 ones = 0x0101010101010101ULL, tops = 0x80 * ones;
	u64 bytes = le64_to_cpu(eight) ^ '\n' * ones;

	/*
	 * Below the first bit of these, the subtraction has borrowed nothing.
	 */
	bytes = ((bytes - ones) | bytes) & tops;
	return likely(!bytes) ? 8 : (unsigned int)__builtin_ctzll(bytes) >> 3;
}

/* Less than eight bytes, and zero behind them */
static __always_inline __le64 line_bytes(const u8 *data, unsigned int len)
{
	__le32 first, last;

	/*
	 * The two reads may overlap: the same bytes then come to the same
	 * place.
	 */
	if (len >= 4) {
		memcpy(&first, data, 4);
		memcpy(&last, data + len - 4, 4);
		return cpu_to_le64(le32_to_cpu(first) |
				   (u64)le32_to_cpu(last) << 8 * (len - 4));
	}
	if (!len)
		return 0;
	return cpu_to_le64(data[0] | data[len / 2] << 8 * (len / 2) |
			   data[len - 1] << 8 * (len - 1));
}

/* Copies eight bytes, and returns how many of them need no thought. */
static __always_inline unsigned int line_eight(u8 *text, const u8 *data)
{
	__le64 eight;

	memcpy(&eight, data, 8);
	memcpy(text, &eight, 8);
	return line_stop(eight);
}

/*
 * Takes what needs no thought, while there is room in the text. Returns how
 * many.
 */
static __always_inline unsigned int line_plain(struct alg_line *line,
					       const u8 *data, unsigned int len)
{
	unsigned int room = ALG_LINE_MAX - line->len, n = 8;
	u8 *text = line->kept + line->len;
	const u8 *p = data, *last;
	__le64 eight;

	if (unlikely(len > room))
		len = room;
	if (len >= 8) {
		last = data + len - 8;
		for (; p < last && n == 8; p += n, text += n)
			n = line_eight(text, p);
		/* Some of the last eight are there already. */
		if (n == 8)
			p = last + line_eight(text - (p - last), last);
		len = p - data;
	} else {
		eight = line_bytes(data, len);
		/* Behind the text is room for the zeros. */
		memcpy(text, &eight, 8);
		n = line_stop(eight);
		if (n < len)
			len = n;
	}
	line->len += len;
	return len;
}

static void line_end(struct alg_line *line)
{
	line->kept[line->len] = '\n';
	while (!line->cut && line->len && line->kept[line->len - 1] == '\r')
		line->len--;
	line->whole = true;
}

/*
 * Takes what line_plain() leaves, and goes on until the line ends or the data.
 */
static noinline unsigned int line_careful(struct alg_line *line, const u8 *data,
					  unsigned int len)
{
	unsigned int i = 0;
	u8 byte;

	while (i < len && !line->whole) {
		byte = data[i++];
		if (line->telnet && line_telnet(line, byte))
			continue; /* it was nothing of the line, or 255 */
		if (byte == '\n')
			line_end(line);
		else if (byte == LINE_IAC && !line->raw)
			line->telnet = LINE_COMMAND;
		else
			line_put(line, byte);
		if (!line->telnet && !line->whole)
			i += line_plain(line, data + i, len - i);
	}
	return i;
}

/* Takes what a head wants. */
static unsigned int line_head(struct alg_line *line, const u8 *data,
			      unsigned int len)
{
	unsigned int i;

	if (len > (unsigned int)line->want - line->len)
		len = line->want - line->len;
	for (i = 0; i < len; i++)
		line->kept[line->len++] = data[i];
	line->next += len;
	line->whole = line->len == line->want;
	return len;
}

/* A head begins. */
static noinline unsigned int line_head_new(struct alg_line *line,
					   const u8 *data, unsigned int len)
{
	line_new(line);
	line->want = line->head->len;
	return line_head(line, data, len);
}

static bool line_is_head(const struct alg_line *line, u8 byte)
{
	return byte >= line->head->first && byte <= line->head->last;
}

/* The same as alg_line_add(), for all that line_whole() does not take */
static noinline unsigned int line_part(struct alg_line *line, const u8 *data,
				       unsigned int len)
{
	unsigned int i = 0;

	if (line->whole && len)
		line_new(line);
	if (unlikely(line->want))
		return line_head(line, data, len);
	if (likely(!line->telnet))
		i = line_plain(line, data, len);
	if (likely(i < len && !line->telnet && data[i] == '\n')) {
		line_end(line);
		i++;
	} else {
		i += line_careful(line, data + i, len - i);
	}
	line->next += i;
	return i;
}

/* How many bytes, at least eight of which there are, need no thought? */
static __always_inline unsigned int line_find(const u8 *data, unsigned int len)
{
	const u8 *p = data, *last = data + len - 8;
	unsigned int n = 8;
	__le64 eight;

	for (; p < last && n == 8; p += n) {
		memcpy(&eight, p, 8);
		n = line_stop(eight);
	}
	if (n == 8) {
		memcpy(&eight, last, 8);
		p = last + line_stop(eight);
	}
	return p - data;
}

/*
 * A new line that is there as a whole, as most are, stays where it is. Returns
 * 0 if this one is not, or has what needs thought.
 */
static __always_inline unsigned int
line_whole(struct alg_line *line, const u8 *data, unsigned int len)
{
	unsigned int end;
	__le64 eight;
	const u8 *cr;

	if (unlikely(len > ALG_LINE_MAX + 1))
		len = ALG_LINE_MAX + 1;
	if (len >= 8) {
		end = line_find(data, len);
	} else {
		eight = line_bytes(data, len);
		memcpy(line->kept, &eight, 8);
		data = line->kept;
		end = line_stop(eight);
	}
	if (unlikely(end >= len || data[end] != '\n'))
		return 0;
	for (cr = data + end; cr > data && cr[-1] == '\r'; cr--)
		;
	line->text = data;
	line->len = cr - data;
	line->start = line->next;
	line->want = 0;
	line->removed = 0;
	line->next += end + 1;
	line->cut = false;
	return end + 1;
}

/**
 * alg_line_add() - take bytes, up to the end of a line or a head
 * @line: what came before; a new one begins if that is whole
 * @data: the stream from @line->next on
 * @len: bytes there
 *
 * Whole units are the same for every way to cut the stream.
 *
 * Return: bytes taken, at least one of @len; all of them, if the unit is not
 * whole then. Call again for the rest.
 */
unsigned int alg_line_add(struct alg_line *line, const u8 *data,
			  unsigned int len)
{
	unsigned int n;

	/* After a whole unit, nothing of telnet's is half read. */
	if (likely(line->whole)) {
		if (line->head && len && line_is_head(line, *data))
			return line_head_new(line, data, len);
		n = line_whole(line, data, len);
		if (likely(n))
			return n;
	}
	return line_part(line, data, len);
}

/**
 * alg_line_seq() - where a part of a line stands in the stream
 * @line: the line
 * @at: the part's offset in @line->text
 * @len: its length, not 0
 * @seq: the sequence number of its first byte
 *
 * Return: as alg_line_solid()
 */
bool alg_line_seq(const struct alg_line *line, unsigned int at,
		  unsigned int len, u32 *seq)
{
	*seq = line->start + at;
	if (line->removed && at + len > line->gap_first)
		*seq += line->removed;
	return alg_line_solid(line, at, len);
}
