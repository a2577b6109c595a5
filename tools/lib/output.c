// SPDX-License-Identifier: GPL-2.0-only
/*
 * How addresses, names, times and figures are written, as text and in JSON
 */
#include <arpa/inet.h>
#include <assert.h>
#include <err.h>
#include <stdio.h>
#include <string.h>
#include "output.h"
#include "program.h"

/* How many bytes the character at @at has; 0: it is no UTF-8 */
static unsigned int utf8_len(const char *at)
{
	json_t *character = NULL;
	unsigned int n;

	/* jansson takes nothing else; it looks at no byte after one that is wrong. */
	for (n = 1; n <= 4 && !character; n++)
		character = json_stringn(at, n);
	json_decref(character);
	return character ? n - 1 : 0;
}

/**
 * utf8_text - a name that the kernel takes from others, for JSON and Prometheus
 * @text: a namespace, an interface or a set can be called anything
 * @utf8: what is to be written: a byte that is part of no character becomes \xff or
 *	the like, so that two names stay two
 * @size: of @utf8; what has no room is left out. UTF8_LEN is enough for a name
 *
 * Returns @utf8.
 */
char *utf8_text(const char *text, char *utf8, size_t size)
{
	size_t len = 0;
	unsigned int n;

	while (*text && len + 5 <= size) {
		n = utf8_len(text);
		if (n) {
			memcpy(utf8 + len, text, n);
			len += n;
			text += n;
		} else {
			len += snprintf(utf8 + len, size - len, "\\x%02x",
					(unsigned char)*text++);
		}
	}
	utf8[len] = 0;
	return utf8;
}

/**
 * name_text - a name that may be anything, for a terminal
 * @name: the name
 * @text: what is to be written: ASCII, with a question mark for each byte that is not, and
 *	for a control character
 * @size: of @text; what has no room is left out
 */
void name_text(const char *name, char *text, size_t size)
{
	size_t i;

	for (i = 0; i < size - 1 && name[i]; i++)
		text[i] = name[i] < ' ' || name[i] > '~' ? '?' : name[i];
	text[i] = 0;
}

/**
 * json_name - utf8_text(), in JSON
 * @name: up to 255 bytes
 *
 * Returns a new reference, or NULL for lack of memory.
 */
json_t *json_name(const char *name)
{
	char utf8[UTF8_LEN];

	return json_string(utf8_text(name, utf8, sizeof(utf8)));
}

/**
 * json_print - print JSON and a newline, or end the program
 * @json: is freed; NULL: there was no memory for it
 * @flags: json_dumpf()'s
 */
void json_print(json_t *json, size_t flags)
{
	if (!json)
		no_memory();
	if (json_dumpf(json, stdout, flags | JSON_DIGITS) || putchar('\n') == EOF ||
	    fflush(stdout))
		err(EXIT_ERROR, "cannot write");
	json_decref(json);
}

/**
 * addr_text - an address
 * @family: AF_INET or AF_INET6
 * @addr: its bytes
 * @text: has room for ADDR_LEN characters
 *
 * Returns @text.
 */
const char *addr_text(uint8_t family, const void *addr, char *text)
{
	if (!inet_ntop(family, addr, text, ADDR_LEN))
		snprintf(text, ADDR_LEN, "?");
	return text;
}

static_assert(sizeof(time_t) == 8, "times after 2038 are needed");

/**
 * time_text - a time, such as 2026-11-21T10:00:00+0100
 * @seconds: since 1970
 * @text: where it is written to
 * @size: of @text
 *
 * Returns @text.
 */
const char *time_text(time_t seconds, char *text, size_t size)
{
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(text, size, "%Y-%m-%dT%H:%M:%S%z", &tm))
		snprintf(text, size, "?");
	return text;
}

/**
 * protocol_name - a transport protocol
 * @protocol: its number
 * @text: where the number is written to if it has no name
 * @size: of @text
 */
const char *protocol_name(uint8_t protocol, char *text, size_t size)
{
	static const char *const names[] = {
		[IPPROTO_ICMP] = "icmp",
		[IPPROTO_TCP] = "tcp",
		[IPPROTO_UDP] = "udp",
		[IPPROTO_DCCP] = "dccp",
		[IPPROTO_GRE] = "gre",
		[IPPROTO_ICMPV6] = "icmpv6",
		[IPPROTO_SCTP] = "sctp",
		[IPPROTO_UDPLITE] = "udplite",
	};

	if (protocol < ARRAY_SIZE(names) && names[protocol])
		return names[protocol];
	snprintf(text, size, "%u", protocol);
	return text;
}

/**
 * per_mille - a share, rounded down, so that what is not full does not look so
 * @part: so much
 * @whole: of so much
 */
unsigned int per_mille(uint64_t part, uint64_t whole)
{
	return whole ? part * 1000 / whole : 0;
}

/**
 * json_percent - a share, in percent with one decimal
 * @part: so much
 * @whole: of so much; 0: unlimited, which gives null
 */
json_t *json_percent(uint64_t part, uint64_t whole)
{
	return whole ? json_real(per_mille(part, whole) / 10.0) : json_null();
}
