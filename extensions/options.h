/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options that several extensions share
 */
#ifndef _XCA_OPTIONS_H
#define _XCA_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <xtables.h>

/**
 * parse_prefix() - parse --log-prefix
 * @target: name of the target, for messages
 * @prefix: where to put it
 * @size: of @prefix, with its end
 * @arg: what the user wrote
 *
 * Exits with a message if @arg is too long or has control characters.
 */
static inline void parse_prefix(const char *target, char *prefix, size_t size,
				const char *arg)
{
	const unsigned char *c;

	if (strlen(arg) >= size)
		xtables_error(PARAMETER_PROBLEM,
			      "%s: --log-prefix \"%s\": %zu characters; use at most %zu",
			      target, arg, strlen(arg), size - 1);
	for (c = (const unsigned char *)arg; *c; c++)
		if (*c < ' ' || *c == 0x7f)
			xtables_error(PARAMETER_PROBLEM,
				      "%s: --log-prefix: control character 0x%02x after \"%.*s\"; leave it out",
				      target, *c, (int)((const char *)c - arg),
				      arg);
	memcpy(prefix, arg, strlen(arg) + 1);
}

/**
 * print_log_options() - print --log-prefix, and --log-level or --nflog-group
 * @dashes: "--" for what iptables-restore reads, "" for people
 * @prefix: what a line begins with; not printed if empty
 * @nflog: the lines go to @group, not to the kernel's log with @level
 * @level: syslog level; warning is not printed
 * @group: of nfnetlink_log
 */
static inline void print_log_options(const char *dashes, const char *prefix,
				     bool nflog, unsigned int level,
				     unsigned int group)
{
	if (prefix[0]) {
		printf(" %slog-prefix", dashes);
		xtables_save_string(prefix);
	}
	if (nflog)
		printf(" %snflog-group %u", dashes, group);
	else if (level != LOG_WARNING)
		printf(" %slog-level %u", dashes, level);
}

#endif /* _XCA_OPTIONS_H */
