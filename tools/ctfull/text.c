// SPDX-License-Identifier: GPL-2.0-only
/*
 * Names that the kernel takes from others: a namespace, an interface or a set can be called
 * anything, and neither JSON nor Prometheus takes what is no UTF-8.
 */
#include "ctfull.h"

/* How many bytes the character at @at has; 0: it is no UTF-8 */
static unsigned int utf8_len(const char *at)
{
	const unsigned char *bytes = (const unsigned char *)at;
	uint32_t value, min;
	unsigned int n, i;

	if (*bytes < 0x80)
		return 1;
	if ((*bytes & 0xe0) == 0xc0) {
		n = 2;
		value = *bytes & 0x1f;
		min = 0x80;
	} else if ((*bytes & 0xf0) == 0xe0) {
		n = 3;
		value = *bytes & 0x0f;
		min = 0x800;
	} else if ((*bytes & 0xf8) == 0xf0) {
		n = 4;
		value = *bytes & 0x07;
		min = 0x10000;
	} else {
		return 0;
	}
	/* A byte 0, which ends it, is no part of one either. */
	for (i = 1; i < n; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (bytes[i] & 0x3f);
	}
	/* Not the shortest form, or half of a UTF-16 pair, or too large */
	if (value < min || (value >= 0xd800 && value < 0xe000) || value > 0x10ffff)
		return 0;
	return n;
}

/*
 * Copies @text to @utf8, of @size bytes; UTF8_LEN is enough for a name. A byte that is part
 * of no character becomes \xff or the like, so that two names stay two. Returns @utf8.
 */
char *utf8_text(const char *text, char *utf8, size_t size)
{
	size_t len = 0;
	unsigned int n;

	while (*text && len + 5 <= size) {
		n = utf8_len(text);
		if (n) {
			while (n--)
				utf8[len++] = *text++;
		} else {
			len += snprintf(utf8 + len, size - len, "\\x%02x",
					(unsigned char)*text++);
		}
	}
	utf8[len] = 0;
	return utf8;
}
