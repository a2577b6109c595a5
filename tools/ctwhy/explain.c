// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctwhy explain - what a reason means, and what to do
 */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include "../lib/options.h"
#include "../lib/program.h"
#include "commands.h"
#include "reasons.h"

static const char usage[] =
	"usage: ctwhy explain [REASON]\n"
	"\n"
	"What a reason means, where such packets come from, and what to do. Without REASON, what\n"
	"there is.\n";

static const struct opt options[] = {
	{ 0 },
};

static const struct reason *find(const char *name)
{
	unsigned int i;

	for (i = 0; i < XT_CTSTATE2_REASON_MAX; i++)
		if (!strcasecmp(name, reasons[i].name))
			return &reasons[i];
	fflush(stdout);
	warnx("%s: no such reason; there are", name);
	for (i = 0; i < XT_CTSTATE2_REASON_MAX; i++)
		fprintf(stderr, "  %s\n", reasons[i].name);
	return NULL;
}

/* "Causes: " and the text, or a list below it */
static void print_part(const char *title, const char *text)
{
	if (*text)
		printf("\n%s:%s%s", title, *text == '-' ? "\n" : " ", text);
}

/**
 * reason_print - print what a reason means, and what to do
 * @reason: the reason
 * @with_causes: also, where such packets come from
 */
void reason_print(const struct reason *reason, bool with_causes)
{
	printf("%s\n\n%s", reason->name, reason->what);
	if (with_causes)
		print_part("Causes", reason->causes);
	print_part("What to do", reason->remedy);
}

/* The first words of each, on one line */
static void list(void)
{
	unsigned int i, len;
	const char *at;

	for (i = 0; i < XT_CTSTATE2_REASON_MAX; i++) {
		len = printf("%-14s  ", reasons[i].name);
		for (at = reasons[i].what; *at && !strchr(".;:", *at); at++) {
			/* Not a word that would not fit */
			if ((*at == ' ' || *at == '\n') && len + strcspn(at + 1, "\n ") >= 96)
				break;
			putchar(*at == '\n' ? ' ' : *at);
			len++;
		}
		putchar('\n');
	}
}

int explain_main(int argc, char **argv)
{
	const char *name = argc > 1 && *argv[1] != '-' ? argv[1] : NULL;
	const struct reason *reason;

	if (name) {
		argv[1] = argv[0];
		argc--;
		argv++;
	}
	options_parse(argc, argv, usage, options, NULL);
	if (!name) {
		list();
		return 0;
	}
	reason = find(name);
	if (!reason)
		return EXIT_ERROR;
	reason_print(reason, true);
	return 0;
}
