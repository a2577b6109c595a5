/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LIB_OPTIONS_H
#define LIB_OPTIONS_H

#include <stdbool.h>

/**
 * struct opt - an option of a command
 * @letter: of the short form
 * @name: of the long form; NULL: the end of a table
 * @arg: how --help calls the argument; NULL: there is none; one that may be left
 *	out is written "[=SEC]"
 * @help: what it does; a newline goes on below
 * @parse: takes the argument (NULL: there is none), or ends the program with a
 *	message that names it and says what is wanted
 * @value: where @parse puts it
 * @min: for opt_number()
 * @max: for opt_number()
 */
struct opt {
	char letter;
	const char *name, *arg, *help;
	void (*parse)(const struct opt *opt, const char *text);
	void *value;
	unsigned int min, max;
};

#define OPT(l, n, a, h, p, ...)						\
	{ .letter = (l), .name = (n), .arg = (a), .help = (h), .parse = (p), __VA_ARGS__ }
#define OPT_FLAG(l, n, v, h)		OPT(l, n, NULL, h, opt_flag, .value = (v))
#define OPT_TEXT(l, n, a, v, h)		OPT(l, n, a, h, opt_text, .value = (v))
#define OPT_NUMBER(l, n, a, v, from, to, h)				\
	OPT(l, n, a, h, opt_number, .value = (v), .min = (from), .max = (to))

void opt_flag(const struct opt *opt, const char *text);
void opt_text(const struct opt *opt, const char *text);
void opt_number(const struct opt *opt, const char *text);
bool parse_number(const char *text, unsigned int min, unsigned int max, unsigned int *value);
void options_parse(int argc, char **argv, const char *usage, const struct opt *options,
		   const char *notes);

#endif /* LIB_OPTIONS_H */
