// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull top - who holds the entries of the connection tracking table
 */
#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include "../lib/options.h"
#include "../lib/output.h"
#include "../lib/program.h"
#include "../lib/screen.h"
#include "commands.h"
#include "conntrack.h"
#include "report.h"
#include "table.h"

static const char *const by_names[] = {
	[BY_SRC] = "src",
	[BY_DST] = "dst",
	[BY_DPORT] = "dport",
	[BY_PROTO] = "proto",
	[BY_STATE] = "state",
	[BY_ZONE] = "zone",
};

static struct counting how = { .by = BY_SRC };
static unsigned int lines;		/* 0: 10, or as many as the terminal has */
static unsigned int seconds;		/* 0: once */
static bool as_json;

static void parse_by(const struct opt *opt, const char *text)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(by_names); i++) {
		if (!strcmp(text, by_names[i])) {
			how.by = i;
			return;
		}
	}
	errx(EXIT_ERROR, "--%s %s: must be src, dst, dport, proto, state or zone", opt->name, text);
}

static void parse_family(const struct opt *opt, const char *text)
{
	if (!strcmp(text, "ipv4"))
		how.family = AF_INET;
	else if (!strcmp(text, "ipv6"))
		how.family = AF_INET6;
	else
		errx(EXIT_ERROR, "--%s %s: must be ipv4 or ipv6", opt->name, text);
}

static void parse_watch(const struct opt *opt, const char *text)
{
	seconds = 2;
	opt_number(opt, text);
}

static const char usage[] =
	"usage: ctfull top [OPTION]...\n"
	"\n"
	"Who holds the entries of the connection tracking table, and who is refused.\n";

static const struct opt options[] = {
	OPT('b', "by", "WHAT", "count by src (the default), dst, dport, proto, state or zone",
	    parse_by),
	OPT_NUMBER('n', "number", "N", &lines, 1, 1000000, "so many lines [10]"),
	OPT('f', "family", "NAME", "only ipv4 or ipv6", parse_family),
	OPT('w', "watch", "[=SEC]", "again every SEC seconds [2]; on a terminal q quits",
	    parse_watch, .value = &seconds, .min = 1, .max = 86400),
	OPT_FLAG('j', "json", &as_json, "as JSON; with --watch an object per line"),
	{ 0 },
};

/* What is shown */
static struct table table;
static struct limits limits;
static uint64_t dying;
static struct report sources[SOURCES];
static int refused;			/* sources of refused packets, or an error */

/* Only where all that is there was to be listed */
static bool some_unlisted(void)
{
	return !how.family && !table.approximate && conntrack_unlisted(limits.count, table.total);
}

static void read_all(void)
{
	static struct nl nl;
	int ret;

	how.settle = !how.family;
	ret = nl_open(&nl, NETLINK_NETFILTER);
	if (!ret)
		ret = table_read(&table, &nl, &how);
	if (!ret)
		conntrack_limits(&nl, &limits);
	if (!ret && (!some_unlisted() || conntrack_listed(&nl, true, &dying)))
		dying = 0;
	nl_close(&nl);
	if (ret) {
		if (stdscr)
			endwin();
		errx(EXIT_ERROR, "%s", conntrack_error(ret));
	}
	refused = report_read(NULL, sources, SOURCES);
}

static const char *state_name(const struct key *key, char *text, size_t size)
{
	static const struct {
		uint8_t protocol;
		const char *names[10];
	} states[] = {
		{ IPPROTO_TCP, { "NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT",
				 "CLOSE_WAIT", "LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2" } },
		{ IPPROTO_SCTP, { "NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED",
				  "ESTABLISHED", "SHUTDOWN_SENT", "SHUTDOWN_RECD",
				  "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT" } },
		{ IPPROTO_DCCP, { "NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ",
				  "CLOSING", "TIMEWAIT" } },
	};
	unsigned int i;

	if (!key->present)
		return key->number & IPS_ASSURED ? "ASSURED" :
		       key->number & IPS_SEEN_REPLY ? "REPLIED" : "UNREPLIED";
	for (i = 0; i < ARRAY_SIZE(states); i++)
		if (states[i].protocol == key->protocol && key->number < 10 &&
		    states[i].names[key->number])
			return states[i].names[key->number];
	snprintf(text, size, "%u", key->number);
	return text;
}

static void label_text(const struct key *key, char *text, size_t size)
{
	char number[16], state[16];
	const char *protocol = protocol_name(key->protocol, number, sizeof(number));

	switch (how.by) {
	case BY_SRC:
	case BY_DST:
		addr_text(key->family, key->addr, text);
		break;
	case BY_DPORT:
		snprintf(text, size, key->present ? "%s/%u" : "%s, no port", protocol,
			 key->number);
		break;
	case BY_PROTO:
		snprintf(text, size, "%s", protocol);
		break;
	case BY_STATE:
		snprintf(text, size, "%s/%s", protocol, state_name(key, state, sizeof(state)));
		break;
	case BY_ZONE:
		snprintf(text, size, "%u", key->zone);
		break;
	}
}

/* Up to @n keys; the caller frees */
static const struct slot **list(unsigned int *n)
{
	const struct slot **top;

	if (*n > table.used)
		*n = table.used;
	top = calloc(2 * *n + 1, sizeof(*top));
	if (!top)
		no_memory();
	*n = table_top(&table, top, *n);
	return top;
}

static void print_text(FILE *out, unsigned int n)
{
	const struct slot **top = list(&n);
	unsigned int i, share;
	char text[64];

	fprintf(out, "%llu entries", (unsigned long long)table.total);
	if (limits.max) {
		share = per_mille(table.total, limits.max);
		fprintf(out, ", %u.%u%% of the table's %u", share / 10, share % 10, limits.max);
	}
	fprintf(out, "; by %s: %zu different%s\n", by_names[how.by], table.used,
		table.approximate ? "; it was resized meanwhile, figures are approximate" : "");
	if (some_unlisted())
		conntrack_unlisted_text(out, limits.count, table.total, dying);
	fprintf(out, "%10s  %6s  %s\n", "entries", "share", by_names[how.by]);
	for (i = 0; i < n; i++) {
		label_text(&top[i]->key, text, sizeof(text));
		share = per_mille(top[i]->entries, table.total);
		fprintf(out, "%10u  %3u.%u%%  %s\n", top[i]->entries, share / 10, share % 10,
			text);
	}
	free(top);
	if (refused < 0)
		fprintf(out, "refused packets: not known; %s\n", report_error(refused));
	else if (!refused)
		fprintf(out, "refused packets: none\n");
	else
		fprintf(out, "refused packets, by src\n");
	sources_text(out, sources, refused);
}

static json_t *to_json(unsigned int n)
{
	const struct slot **top = list(&n);
	json_t *array = json_array();
	unsigned int i;
	char text[64];

	for (i = 0; i < n; i++) {
		label_text(&top[i]->key, text, sizeof(text));
		json_array_append_new(array,
				      json_pack("{s:s, s:I, s:f}", "key", text,
						"entries", (json_int_t)top[i]->entries,
						"percent", per_mille(top[i]->entries,
								     table.total) / 10.0));
	}
	free(top);
	return json_pack("{s:s, s:I, s:I, s:I, s:b, s:I, s:I, s:b, s:o, s:o}",
			 "by", by_names[how.by],
			 "entries", (json_int_t)table.total, "counted", (json_int_t)limits.count,
			 "dying", (json_int_t)dying, "held", some_unlisted(),
			 "max", (json_int_t)limits.max,
			 "different", (json_int_t)table.used, "approximate", table.approximate,
			 "top", array,
			 "refused", refused < 0 ? json_null() : sources_json(sources, refused));
}

static void draw(void)
{
	unsigned int fit;

	/* Two lines of heading, one before the refused packets, these, and what is held */
	fit = 3 + (refused > 0 ? refused : 0) + (some_unlisted() ? 3 + !!dying : 0);
	fit = LINES > (int)fit ? LINES - fit : 0;
	screen_draw(print_text, lines && lines < fit ? lines : fit);
}

static void watch_terminal(void)
{
	SCREEN *screen = screen_open("leave --watch out");
	long long until, rest;
	int c = KEY_RESIZE;

	while (c != 'q' && c != 'Q') {
		read_all();
		draw();
		until = now_ms() + seconds * 1000LL;
		while (c != 'q' && c != 'Q' && (rest = until - now_ms()) > 0) {
			timeout(rest);
			errno = 0;
			c = getch();
			if (c == KEY_RESIZE)
				draw();
			else if (c == ERR && errno != EINTR && now_ms() < until)
				c = 'q'; /* the terminal has gone */
		}
	}
	endwin();
	delscreen(screen);
}

int top_main(int argc, char **argv)
{
	options_parse(argc, argv, usage, options, NULL);
	/* Without a terminal to read from, nobody could press q. */
	if (seconds && !as_json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO)) {
		watch_terminal();
	} else {
		for (;;) {
			read_all();
			if (as_json)
				json_print(to_json(lines ? lines : 10),
					   seconds ? JSON_COMPACT : JSON_INDENT(2));
			else
				print_text(stdout, lines ? lines : 10);
			if (!seconds || fflush(stdout))
				break;
			sleep(seconds);
		}
	}
	table_free(&table);
	return 0;
}
