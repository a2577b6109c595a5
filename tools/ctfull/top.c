// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull top - who holds the entries of the connection tracking table
 */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <curses.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include "ctfull.h"

static const char usage[] =
	"usage: ctfull top [OPTION]...\n"
	"\n"
	"Who holds the entries of the connection tracking table, and who is refused.\n"
	"\n"
	"  -b, --by WHAT       count by src (the default), dst, dport, proto, state or zone\n"
	"  -n, --number N      so many lines [10]\n"
	"  -f, --family NAME   only ipv4 or ipv6\n"
	"  -w, --watch[=SEC]   again each SEC seconds [2]; on a terminal q quits\n"
	"  -j, --json          as JSON; with --watch an object a line\n";

static const struct option options[] = {
	{ "by", required_argument, NULL, 'b' },
	{ "number", required_argument, NULL, 'n' },
	{ "family", required_argument, NULL, 'f' },
	{ "watch", optional_argument, NULL, 'w' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

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

/* What is shown */
static struct table table;
static uint32_t count, max_entries;
static uint64_t dying;
static struct report sources[SOURCES];
static int refused;			/* sources of refused packets, or an error */

/* Only where all that is there was to be listed */
static bool is_held(void)
{
	return !how.family && !table.approximate && conntrack_held(count, table.total);
}

static void look(void)
{
	static struct nl nl;
	int ret;

	how.settle = !how.family;
	ret = nl_open(&nl, NETLINK_NETFILTER);
	if (!ret)
		ret = table_read(&table, &nl, &how);
	if (!ret && conntrack_limits(&nl, &count, &max_entries)) {
		count = 0;
		max_entries = 0;
	}
	if (!ret && (!is_held() || conntrack_listed(&nl, true, &dying)))
		dying = 0;
	nl_close(&nl);
	if (ret) {
		if (stdscr)
			endwin();
		die("%s", conntrack_error(ret));
	}
	refused = ctfull_read(NULL, sources, SOURCES);
}

static const char *state_name(const struct key *key, char *text, size_t size)
{
	static const char *const tcp[] = {
		"NONE", "SYN_SENT", "SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT",
		"LAST_ACK", "TIME_WAIT", "CLOSE", "SYN_SENT2",
	};
	static const char *const sctp[] = {
		"NONE", "CLOSED", "COOKIE_WAIT", "COOKIE_ECHOED", "ESTABLISHED",
		"SHUTDOWN_SENT", "SHUTDOWN_RECD", "SHUTDOWN_ACK_SENT", "HEARTBEAT_SENT",
	};
	static const char *const dccp[] = {
		"NONE", "REQUEST", "RESPOND", "PARTOPEN", "OPEN", "CLOSEREQ", "CLOSING",
		"TIMEWAIT",
	};

	const char *const *names = NULL;
	size_t n = 0;

	if (!key->family)
		return key->number & IPS_ASSURED ? "ASSURED" :
		       key->number & IPS_SEEN_REPLY ? "REPLIED" : "UNREPLIED";
	if (key->protocol == IPPROTO_TCP) {
		names = tcp;
		n = ARRAY_SIZE(tcp);
	} else if (key->protocol == IPPROTO_SCTP) {
		names = sctp;
		n = ARRAY_SIZE(sctp);
	} else if (key->protocol == IPPROTO_DCCP) {
		names = dccp;
		n = ARRAY_SIZE(dccp);
	}
	if (key->number < n)
		return names[key->number];
	snprintf(text, size, "%u", key->number);
	return text;
}

static void label_text(const struct key *key, char *text, size_t size)
{
	char name[16], state[16];

	switch (how.by) {
	case BY_SRC:
	case BY_DST:
		addr_text(key->family, key->addr, text);
		break;
	case BY_DPORT:
		if (key->family)
			snprintf(text, size, "%s/%u",
				 protocol_name(key->protocol, name, sizeof(name)), key->number);
		else
			snprintf(text, size, "%s, no port",
				 protocol_name(key->protocol, name, sizeof(name)));
		break;
	case BY_PROTO:
		snprintf(text, size, "%s", protocol_name(key->protocol, name, sizeof(name)));
		break;
	case BY_STATE:
		snprintf(text, size, "%s/%s", protocol_name(key->protocol, name, sizeof(name)),
			 state_name(key, state, sizeof(state)));
		break;
	case BY_ZONE:
		snprintf(text, size, "%u", key->number);
		break;
	}
}

/* Up to @n keys; the caller frees */
static const struct slot **list(unsigned int *n)
{
	const struct slot **top;

	if (*n > table.used)
		*n = table.used;
	top = calloc(*n + 1, sizeof(*top));
	if (!top)
		die("out of memory");
	*n = table_top(&table, top, *n);
	return top;
}

static void print_text(FILE *out, unsigned int n)
{
	const struct slot **top = list(&n);
	unsigned int i, share;
	char text[64];

	fprintf(out, "%llu entries", (unsigned long long)table.total);
	if (max_entries) {
		share = per_mille(table.total, max_entries);
		fprintf(out, ", %u.%u%% of the table's %u", share / 10, share % 10, max_entries);
	}
	fprintf(out, "; by %s: %zu different%s\n", by_names[how.by], table.used,
		table.approximate ? "; it was resized meanwhile, figures are approximate" : "");
	if (is_held())
		conntrack_held_text(out, count, table.total, dying);
	fprintf(out, "%10s  %6s  %s\n", "entries", "share", by_names[how.by]);
	for (i = 0; i < n; i++) {
		label_text(&top[i]->key, text, sizeof(text));
		share = per_mille(top[i]->entries, table.total);
		fprintf(out, "%10u  %3u.%u%%  %s\n", top[i]->entries, share / 10, share % 10,
			text);
	}
	free(top);
	if (refused < 0)
		fprintf(out, "refused packets: not known; %s\n", ctfull_error(refused));
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
			 "entries", (json_int_t)table.total, "counted", (json_int_t)count,
			 "dying", (json_int_t)dying, "held", is_held(),
			 "max", (json_int_t)max_entries,
			 "different", (json_int_t)table.used, "approximate", table.approximate,
			 "top", array,
			 "refused", refused < 0 ? json_null() : sources_json(sources, refused));
}

static void draw(void)
{
	char *text = NULL, *line, *next;
	unsigned int fit;
	size_t size;
	FILE *out;
	int y;

	/* Two lines of heading, one before the refused packets, these, and what is held */
	fit = 3 + (refused > 0 ? refused : 0) + (is_held() ? 3 + !!dying : 0);
	fit = LINES > (int)fit ? LINES - fit : 0;
	out = open_memstream(&text, &size);
	if (!out) {
		endwin();
		die("out of memory");
	}
	print_text(out, lines && lines < fit ? lines : fit);
	fclose(out);
	erase();
	for (line = text, y = 0; *line && y < LINES; line = next, y++) {
		next = strchr(line, '\n') + 1;
		next[-1] = 0;
		mvaddnstr(y, 0, line, COLS);
	}
	refresh();
	free(text);
}

static void watch_terminal(unsigned int seconds)
{
	SCREEN *screen = newterm(NULL, stdout, stdin);
	long long until, rest;
	int c = KEY_RESIZE;

	if (!screen)
		die("the terminal \"%s\" is not known; set TERM, or leave --watch out",
		    getenv("TERM") ? getenv("TERM") : "");
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	while (c != 'q' && c != 'Q') {
		look();
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
	unsigned int seconds = 0, i;
	bool json = false;
	int c;

	while ((c = getopt_long(argc, argv, "b:n:f:w::jh", options, NULL)) != -1) {
		switch (c) {
		case 'b':
			for (i = 0; i < ARRAY_SIZE(by_names); i++)
				if (!strcmp(optarg, by_names[i]))
					break;
			if (i == ARRAY_SIZE(by_names))
				die("--by %s: src, dst, dport, proto, state or zone is needed",
				    optarg);
			how.by = i;
			break;
		case 'n':
			lines = number("--number", optarg, 1, 1000000);
			break;
		case 'f':
			if (!strcmp(optarg, "ipv4"))
				how.family = AF_INET;
			else if (!strcmp(optarg, "ipv6"))
				how.family = AF_INET6;
			else
				die("--family %s: ipv4 or ipv6 is needed", optarg);
			break;
		case 'w':
			seconds = optarg ? number("--watch", optarg, 1, 86400) : 2;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			die("%s", SEE_HELP);
		}
	}
	no_arguments(argv + optind);
	/* Without a terminal to read from, nobody could press q. */
	if (seconds && !json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO)) {
		watch_terminal(seconds);
	} else {
		for (;;) {
			look();
			if (json)
				print_json(to_json(lines ? lines : 10),
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
