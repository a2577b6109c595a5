// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull status - the figures of -j CTFULL
 */
#include <stdio.h>
#include <string.h>
#include "../lib/netns.h"
#include "../lib/options.h"
#include "../lib/output.h"
#include "../lib/program.h"
#include "../lib/xt_table.h"
#include "arm.h"
#include "commands.h"
#include "conntrack.h"
#include "report.h"

static bool all, as_json;

static const char usage[] =
	"usage: ctfull status [OPTION]...\n"
	"\n"
	"How full the connection tracking table is, and what -j CTFULL refused.\n";

static const struct opt options[] = {
	OPT_FLAG('a', "all", &all,
		 "of all network namespaces: the first one, and those in /run/netns"),
	OPT_FLAG('j', "json", &as_json, "as JSON"),
	{ 0 },
};

static const char notes[] =
	"Exit status: 0 normal, 1 warning, 2 full (the worst of all), 3 error.\n";

struct status {
	json_t *json;		/* an array */
	uint32_t worst;
};

/* A larger table is only listed if there is a reason, as that takes some time. */
#define SMALL_TABLE		100000

/* What is listed of a namespace's table */
struct listing {
	bool read;
	bool unlisted;		/* far fewer entries than are counted */
	uint64_t listed, dying;
};

static void read_listing(const struct report *figures, struct listing *listing)
{
	static struct nl nl;

	memset(listing, 0, sizeof(*listing));
	if (figures->count > SMALL_TABLE && figures->level == CTFULL_LEVEL_NORMAL)
		return;
	/* An error is no reason to say nothing of the rest. */
	listing->read = !nl_open(&nl, NETLINK_NETFILTER) &&
			!conntrack_listed(&nl, false, &listing->listed);
	listing->unlisted = listing->read && conntrack_unlisted(figures->count, listing->listed);
	if (listing->unlisted && conntrack_listed(&nl, true, &listing->dying))
		listing->dying = 0;
	nl_close(&nl);
}

/* Who holds the tables of `ctfull arm` */
static struct xt_table_owner armed_by(void)
{
	struct xt_table_owner owner;

	if (xt_table_owner(ARM_TABLE, &owner))
		return (struct xt_table_owner){ 0 };
	return owner;
}

static void print_armed(void)
{
	char path[32], name[17] = "";
	struct xt_table_owner owner = armed_by();
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%u/comm", owner.address);
	file = owner.address ? fopen(path, "r") : NULL;
	if (file && fgets(name, sizeof(name), file))
		name[strcspn(name, "\n")] = 0;
	if (file)
		fclose(file);
	if (!strcmp(name, "ctfull"))
		printf(", armed by ctfull arm, process %u", owner.address);
	else if (owner.address)
		printf(", armed by the owner %u of the nft tables %s", owner.address, ARM_TABLE);
	else if (owner.left)
		printf(", armed by ctfull arm, which was killed; start it again");
	putchar('\n');
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
	if (listing->unlisted)
		conntrack_unlisted_text(stdout, figures->count, listing->listed, listing->dying);
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
	printf("rules        %u with -j CTFULL", figures->rules);
	print_armed();
}

/* What is not known, or is of no meaning, is null. */
static json_t *integer_or_null(bool known, uint64_t value)
{
	return known ? json_integer(value) : json_null();
}

static json_t *figures_json(const struct report *figures, const struct listing *listing)
{
	uint32_t owner = armed_by().address;

	return json_pack("{s:I s:I s:s s:I s:I s:I s:I s:I s:I s:I s:I s:o s:o s:o s:o s:o}",
		"count", (json_int_t)figures->count, "max", (json_int_t)figures->max,
		"level", level_name(figures->level),
		"warn_at", (json_int_t)figures->warn_at,
		"refused", (json_int_t)figures->refused,
		"untracked", (json_int_t)figures->untracked,
		"reserved", (json_int_t)figures->reserved,
		"logged", (json_int_t)figures->logged,
		"suppressed", (json_int_t)figures->suppressed,
		"peak", (json_int_t)figures->peak,
		"rules", (json_int_t)figures->rules,
		"armed_by", integer_or_null(owner, owner),
		"room", integer_or_null(report_has(figures, CTFULL_A_ROOM), figures->room),
		"listed", integer_or_null(listing->read, listing->listed),
		"percent", json_percent(figures->count, figures->max),
		"peak_time", integer_or_null(figures->peak_time, figures->peak_time));
}

static const char *print_status(const char *name, const char *why, void *data)
{
	struct report figures, sources[SOURCES];
	struct status *status = data;
	struct listing listing;
	json_t *json;
	int n = 0;

	if (!why) {
		n = report_read(&figures, sources, SOURCES);
		if (n < 0)
			why = report_error(n);
	}
	if (why) {
		json_array_append_new(status->json, json_pack("{s:o, s:s}", "namespace",
							      json_name(name), "error", why));
		return why;
	}
	read_listing(&figures, &listing);
	if (figures.level > status->worst)
		status->worst = figures.level;
	if (as_json) {
		json = figures_json(&figures, &listing);
		if (all)
			json_object_set_new(json, "namespace", json_name(name));
		json_object_set_new(json, "sources", sources_json(sources, n));
		json_array_append_new(status->json, json);
		return NULL;
	}
	if (all)
		printf("namespace    %s\n", netns_label(name));
	print_text(&figures, &listing);
	if (n) {
		printf("the most refused packets came from\n");
		sources_text(stdout, sources, n);
	}
	if (all)
		putchar('\n');
	return NULL;
}

int status_main(int argc, char **argv)
{
	struct status status = { .json = json_array() };
	bool done;

	options_parse(argc, argv, usage, options, notes);
	done = netns_for_each(all, print_status, &status);
	if (as_json)
		json_print(all ? json_pack("{s:O}", "namespaces", status.json) :
			   json_incref(json_array_get(status.json, 0)), JSON_INDENT(2));
	json_decref(status.json);
	if (status.worst)
		return status.worst;
	return done ? 0 : EXIT_ERROR;
}
