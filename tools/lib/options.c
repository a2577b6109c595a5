// SPDX-License-Identifier: GPL-2.0-only
/*
 * Options of a command: one table is what getopt_long() takes, and what --help prints
 */
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "options.h"
#include "program.h"

#define OPTIONS_MAX	31

/**
 * opt_flag - opt.parse of an option that sets a bool
 */
void opt_flag(const struct opt *opt, const char *text __attribute__((unused)))
{
	*(bool *)opt->value = true;
}

/**
 * opt_text - opt.parse of an option that takes whatever is not empty
 */
void opt_text(const struct opt *opt, const char *text)
{
	if (!*text)
		errx(EXIT_ERROR, "--%s: must not be empty", opt->name);
	*(const char **)opt->value = text;
}

/**
 * opt_number - opt.parse of an option that takes a number, an unsigned int
 *
 * An argument that was left out leaves the value as it is.
 */
void opt_number(const struct opt *opt, const char *text)
{
	if (text && !parse_number(text, opt->min, opt->max, opt->value))
		errx(EXIT_ERROR, "--%s %s: must be a number from %u to %u", opt->name, text,
		     opt->min, opt->max);
}

/**
 * parse_number - read a decimal number
 * @text: nothing else may be in it
 * @min: the least that is allowed
 * @max: the most
 * @value: the number; as it was if there is none
 *
 * Returns whether it is one.
 */
bool parse_number(const char *text, unsigned int min, unsigned int max, unsigned int *value)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(text, &end, 10);
	/* strtoul() takes spaces and signs */
	if (*text < '0' || *text > '9' || *end || errno || number < min || number > max)
		return false;
	*value = number;
	return true;
}

/* As getopt.h has it */
static int has_arg(const struct opt *opt)
{
	return !opt->arg ? no_argument : *opt->arg == '[' ? optional_argument : required_argument;
}

static int print_label(char *label, size_t size, const struct opt *opt)
{
	return snprintf(label, size, "  -%c, --%s%s%s", opt->letter, opt->name,
			has_arg(opt) == required_argument ? " " : "", opt->arg ? opt->arg : "");
}

static void print_help(const char *usage, const struct opt *options, const char *notes)
{
	const struct opt *opt;
	int width = 0, len;
	char label[80];
	const char *at;

	for (opt = options; opt->name; opt++) {
		len = print_label(label, sizeof(label), opt);
		if (width < len)
			width = len;
	}
	puts(usage);
	for (opt = options; opt->name; opt++) {
		print_label(label, sizeof(label), opt);
		for (at = opt->help; *at; at += len + !!at[len]) {
			len = strcspn(at, "\n");
			printf("%-*s  %.*s\n", width, label, len, at);
			*label = 0;
		}
	}
	if (notes)
		printf("\n%s", notes);
}

/**
 * options_parse - take the options of a command
 * @argc: the command's
 * @argv: the command's
 * @usage: what --help begins with
 * @options: up to 31; the last one has no name
 * @notes: what --help ends with, or NULL
 *
 * Does not return if something is wrong, or after --help.
 */
void options_parse(int argc, char **argv, const char *usage, const struct opt *options,
		   const char *notes)
{
	struct option longs[OPTIONS_MAX + 2] = { 0 };
	char shorts[3 * OPTIONS_MAX + 2] = "h", *at = shorts + 1;
	unsigned int i, n;
	int letter;

	for (n = 0; n < OPTIONS_MAX && options[n].name; n++) {
		longs[n].name = options[n].name;
		longs[n].has_arg = has_arg(&options[n]);
		longs[n].val = options[n].letter;
		at += sprintf(at, "%c%.*s", options[n].letter, longs[n].has_arg, "::");
	}
	longs[n] = (struct option){ "help", no_argument, NULL, 'h' };
	while ((letter = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (letter == 'h') {
			print_help(usage, options, notes);
			flush_output();
			exit(0);
		}
		for (i = 0; i < n && options[i].letter != letter; i++)
			;
		if (i == n)
			errx(EXIT_ERROR, "see --help");
		options[i].parse(&options[i], optarg);
	}
	if (argv[optind])
		errx(EXIT_ERROR, "unexpected argument \"%s\"; see --help", argv[optind]);
}
