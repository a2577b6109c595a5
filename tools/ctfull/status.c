// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull status - the figures of -j CTFULL
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "ctfull.h"

static const char usage[] =
	"usage: ctfull status [OPTION]...\n"
	"\n"
	"How full the connection tracking table is, and what -j CTFULL refused.\n"
	"\n"
	"  -a, --all    of all network namespaces: the first one, and those in /run/netns\n"
	"  -j, --json   as JSON\n"
	"\n"
	"Exit status: 0 normal, 1 warning, 2 full (the worst of all), 3 error.\n";

static const struct option options[] = {
	{ "all", no_argument, NULL, 'a' },
	{ "json", no_argument, NULL, 'j' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

struct status {
	bool all;
	json_t *json;		/* NULL: text */
	uint32_t worst;
	bool failed;
};

/* A larger table is only listed if there is a reason, as that takes some time. */
#define SMALL_TABLE		100000

/* What is listed of a namespace's table */
struct listing {
	bool read;
	uint64_t listed, dying;
};

static void list(const struct report *figures, struct listing *listing)
{
	static struct nl nl;

	memset(listing, 0, sizeof(*listing));
	if (figures->count > SMALL_TABLE && figures->level == CTFULL_LEVEL_NORMAL)
		return;
	/* No reason to say nothing of the rest */
	if (!nl_open(&nl, NETLINK_NETFILTER) && !conntrack_listed(&nl, false, &listing->listed))
		listing->read = true;
	if (listing->read && conntrack_held(figures->count, listing->listed) &&
	    conntrack_listed(&nl, true, &listing->dying))
		listing->dying = 0;
	nl_close(&nl);
}

static void print_text(const struct report *figures, const struct listing *listing)
{
	unsigned int share = per_mille(figures->count, figures->max);
	char when[32];

	if (figures->max)
		printf("entries      %u of %u (%u.%u%%), level %s\n", figures->count,
		       figures->max, share / 10, share % 10, level_name(figures->level));
	else
		printf("entries      %u, no limit, level %s\n", figures->count,
		       level_name(figures->level));
	if (listing->read && conntrack_held(figures->count, listing->listed))
		conntrack_held_text(stdout, figures->count, listing->listed, listing->dying);
	printf("warning      from %u%% on\n", figures->warn_at);
	if (report_has(figures, CTFULL_A_ROOM) && figures->room < figures->max)
		printf("reserve      leaves %u of %u entries%s\n", figures->room, figures->max,
		       figures->room ? "" : ": its rule lets no connection start");
	if (figures->peak_time)
		printf("peak         %u, at %s\n", figures->peak,
		       time_text(figures->peak_time, when, sizeof(when)));
	else
		printf("peak         none yet\n");
	printf("refused      %llu packets: %llu passed untracked, %llu by --reserve\n",
	       (unsigned long long)figures->refused, (unsigned long long)figures->untracked,
	       (unsigned long long)figures->reserved);
	printf("logged       %llu of them, %llu not\n", (unsigned long long)figures->logged,
	       (unsigned long long)figures->suppressed);
	printf("rules        %u with -j CTFULL\n", figures->rules);
}

static json_t *figures_json(const struct report *figures, const struct listing *listing)
{
	json_t *json = json_pack("{s:I, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"count", (json_int_t)figures->count, "max", (json_int_t)figures->max,
		"level", level_name(figures->level),
		"warn_at", (json_int_t)figures->warn_at,
		"refused", (json_int_t)figures->refused,
		"untracked", (json_int_t)figures->untracked,
		"reserved", (json_int_t)figures->reserved,
		"logged", (json_int_t)figures->logged,
		"suppressed", (json_int_t)figures->suppressed,
		"peak", (json_int_t)figures->peak,
		"rules", (json_int_t)figures->rules);

	/* Not known: null */
	json_object_set_new(json, "room", report_has(figures, CTFULL_A_ROOM) ?
			    json_integer(figures->room) : json_null());
	json_object_set_new(json, "listed", listing->read ? json_integer(listing->listed) :
			    json_null());
	json_object_set_new(json, "percent", figures->max ?
			    json_real(per_mille(figures->count, figures->max) / 10.0) :
			    json_null());
	json_object_set_new(json, "peak_time", figures->peak_time ?
			    json_integer(figures->peak_time) : json_null());
	return json;
}

/* The first one has no name. */
static const char *shown(const char *name)
{
	return *name ? name : "(the first one)";
}

static void failed(struct status *status, const char *name, const char *why)
{
	status->failed = true;
	if (!status->all)
		die("%s", why);
	if (status->json)
		json_array_append_new(status->json,
				      json_pack("{s:o, s:s}", "namespace", json_name(name),
						"error", why));
	fflush(stdout);
	complain("namespace %s: %s", shown(name), why);
}

static void print_status(const char *name, int error, void *data)
{
	struct report figures, sources[SOURCES];
	struct status *status = data;
	struct listing listing;
	json_t *json;
	char why[128];
	int n;

	if (error) {
		failed(status, name, netns_error(error, why, sizeof(why)));
		return;
	}
	n = ctfull_read(&figures, sources, SOURCES);
	if (n < 0) {
		failed(status, name, ctfull_error(n));
		return;
	}
	list(&figures, &listing);
	if (figures.level > status->worst)
		status->worst = figures.level;
	if (status->json) {
		json = figures_json(&figures, &listing);
		if (status->all)
			json_object_set_new(json, "namespace", json_name(name));
		json_object_set_new(json, "sources", sources_json(sources, n));
		json_array_append_new(status->json, json);
		return;
	}
	if (status->all)
		printf("namespace    %s\n", shown(name));
	print_text(&figures, &listing);
	if (n) {
		printf("the most refused packets came from\n");
		sources_text(stdout, sources, n);
	}
	if (status->all)
		putchar('\n');
}

int status_main(int argc, char **argv)
{
	struct status status = { 0 };
	int c;

	while ((c = getopt_long(argc, argv, "ajh", options, NULL)) != -1) {
		switch (c) {
		case 'a':
			status.all = true;
			break;
		case 'j':
			status.json = json_array();
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			die("%s", SEE_HELP);
		}
	}
	no_arguments(argv + optind);
	if (status.all)
		visit_netns(print_status, &status);
	else
		print_status("", 0, &status);
	if (status.json)
		print_json(status.all ? json_pack("{s:o}", "namespaces", status.json) :
			   json_incref(json_array_get(status.json, 0)), JSON_INDENT(2));
	if (status.worst)
		return status.worst;
	return status.failed ? EXIT_ERROR : 0;
}
