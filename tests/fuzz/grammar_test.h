/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of grammars: results as TAP, and what holds for the words of each protocol.
 */
#ifndef _FUZZ_GRAMMAR_TEST_H
#define _FUZZ_GRAMMAR_TEST_H

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "../../kernel/alg/protocol.h"

static unsigned int tests, failed;

static inline void ok(bool good, const char *kind, const char *name)
{
	printf("%sok %u - %s%s\n", good ? "" : "not ", ++tests, kind, name);
	failed += !good;
}

/* A word of small letters and _ each, and no two the same. @end: behind the last reason */
static inline void test_names(const struct alg_protocol *protocol, unsigned int end)
{
	const char *name, *p;
	bool good = true;
	unsigned int i, j;

	for (i = ALG_WHY_PROTOCOL; i < end; i++) {
		name = protocol->why_name(i);
		for (p = name; *p; p++)
			good &= islower(*p) || *p == '_';
		for (j = ALG_WHY_PROTOCOL; j < i; j++)
			good &= !!strcmp(name, protocol->why_name(j));
	}
	ok(good && protocol->whys == end - ALG_WHY_PROTOCOL, "", "reasons have names");
	ok(!strcmp(protocol->why_name(end), "?") && !strcmp(protocol->why_name(0), "?"), "",
	   "and what is none has none");
}

/* Is this what may be in the log of a line? */
static inline bool log_shows(const struct alg_protocol *protocol, bool reply, const char *text,
			     const char *wanted)
{
	struct alg_line line = {};

	alg_line_init(&line, 0);
	alg_line_add(&line, (const u8 *)text, strlen(text));
	return protocol->show(reply, &line) == strlen(wanted) &&
	       !memcmp(line.text, wanted, strlen(wanted));
}

#endif
