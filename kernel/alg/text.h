/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What several grammars read in a text: numbers, addresses, and whose these are
 */
#ifndef _NF_ALG_TEXT_H
#define _NF_ALG_TEXT_H

#include <linux/string.h>
#include <linux/types.h>

#include "protocol.h"

/* What is read of a line */
struct alg_text {
	const u8 *s;
	unsigned int len;
	unsigned int at;
};

static inline bool is_digit(u8 c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_capital(u8 c)
{
	return c >= 'A' && c <= 'Z';
}

static inline u8 to_upper(u8 c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

/*
 * The byte that comes next; CR or LF, which nothing that is read has, at a
 * line's end
 */
static inline u8 text_peek(const struct alg_text *t)
{
	return t->s[t->at];
}

static inline bool text_take(struct alg_text *t, u8 c)
{
	if (text_peek(t) != c)
		return false;
	t->at++;
	return true;
}

static inline void text_spaces(struct alg_text *t)
{
	while (text_take(t, ' '))
		;
}

static inline bool text_end(struct alg_text *t)
{
	text_spaces(t);
	return t->at == t->len;
}

/* A number of at most @digits digits, whatever its value; more are none. */
static inline bool text_number(struct alg_text *t, unsigned int digits,
			       unsigned int *value)
{
	unsigned int n = 0;

	*value = 0;
	for (; is_digit(text_peek(t)) && n < digits; n++)
		*value = *value * 10 + t->s[t->at++] - '0';
	return n && !is_digit(text_peek(t));
}

static inline bool read_dotted(struct alg_text *t, u8 b[4])
{
	unsigned int i, value;

	for (i = 0; i < 4; i++) {
		if ((i && !text_take(t, '.')) || !text_number(t, 3, &value) ||
		    value > 255)
			return false;
		b[i] = value;
	}
	return true;
}

static inline int hex_value(u8 c)
{
	if (is_digit(c))
		return c - '0';
	c = to_upper(c);
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 4291 2.2, all three forms */
static inline bool read_ipv6(struct alg_text *t, u8 b[16])
{
	unsigned int n = 0, skip = 17, digits, value, start;

	if (text_take(t, ':')) {
		if (!text_take(t, ':'))
			return false;
		skip = 0;
	}
	while (n < 16) {
		start = t->at;
		value = 0;
		for (digits = 0; hex_value(text_peek(t)) >= 0 && digits < 4;
		     digits++, t->at++)
			value = value << 4 | hex_value(text_peek(t));
		if (!digits) {
			/* only after :: */
			if (n != skip)
				return false;
			break;
		}
		if (text_peek(t) == '.') {
			t->at = start;
			if (n > 12 || !read_dotted(t, b + n))
				return false;
			n += 4;
			break;
		}
		b[n++] = value >> 8;
		b[n++] = value;
		if (n == 16 || !text_take(t, ':'))
			break;
		if (text_take(t, ':')) {
			if (skip < 17)
				return false;
			skip = n;
		}
	}
	if (skip < 17) {
		if (n == 16)
			return false;
		memmove(b + 16 - (n - skip), b + skip, n - skip);
		memset(b + skip, 0, 16 - n);
		n = 16;
	}
	return n == 16;
}

static inline enum alg_own whose(const struct alg_addr *addr,
				 const struct alg_addr own[2])
{
	if (alg_addr_same(addr, &own[ALG_OWN_INNER]))
		return ALG_OWN_INNER;
	if (alg_addr_same(addr, &own[ALG_OWN_OUTER]))
		return ALG_OWN_OUTER;
	return ALG_OWN_NOT;
}

static inline bool is_zero(const struct alg_addr *addr)
{
	static const u8 none[4];

	return !memcmp(addr->b, none, 4);
}

static inline bool is_private(const u8 b[4])
{
	return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) ||
	       (b[0] == 192 && b[1] == 168) || (b[0] == 169 && b[1] == 254) ||
	       (b[0] == 100 && (b[1] & 0xc0) == 64);
}

/*
 * Can no client mean this address that the server says is its own? It is the
 * server's loopback or none, or is private where the server is not, which is
 * behind a NAT of its own then. Clients take the server's own address.
 */
static inline bool is_nobodys(const struct alg_addr *addr,
			      const struct alg_addr own[2])
{
	if (own[ALG_OWN_INNER].len != 4)
		return false;
	if (addr->b[0] == 127 || is_zero(addr))
		return true;
	return is_private(addr->b) && !is_private(own[ALG_OWN_INNER].b) &&
	       !is_private(own[ALG_OWN_OUTER].b);
}

#endif /* _NF_ALG_TEXT_H */
