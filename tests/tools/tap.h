/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static unsigned int tests, failed;

__attribute__((format(printf, 2, 3)))
static void ok(bool good, const char *format, ...)
{
	va_list args;

	printf("%sok %u - ", good ? "" : "not ", ++tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	failed += !good;
}

/* The plan; returns the exit status */
static int finish(void)
{
	printf("1..%u\n", tests);
	return !!failed;
}

#endif /* TESTS_TAP_H */
