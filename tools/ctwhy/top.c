// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctwhy top - most of the INVALID packets
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/random.h>
#include "../lib/output.h"
#include "../lib/program.h"
#include "../lib/screen.h"
#include "capture.h"
#include "commands.h"

/* What packets are counted by: bits */
enum {
	BY_REASON = 1,
	BY_INTERFACE = 2,
	BY_ENDS = 4,
};

static const struct {
	const char *name;
	unsigned int by;
} by_names[] = {
	{ "all", BY_REASON | BY_INTERFACE | BY_ENDS },
	{ "reason", BY_REASON },
	{ "interface", BY_INTERFACE },
	{ "ends", BY_ENDS },
};

static unsigned int by;			/* of by_names */
static unsigned int lines;		/* 0: 10, or as many as the terminal has */
static unsigned int seconds = 2;
static unsigned int times;		/* so many tables; 0: any number */
static bool as_json;

static void parse_by(const struct opt *opt, const char *text)
{
	for (by = 0; by < ARRAY_SIZE(by_names); by++)
		if (!strcmp(text, by_names[by].name))
			return;
	errx(EXIT_ERROR, "--%s %s: must be all, reason, interface or ends", opt->name, text);
}

static const char usage[] =
	"usage: ctwhy top [OPTION]...\n"
	"\n"
	"Shows the most frequent INVALID packets: by reason, interface, and both ends without\n"
	"ports. On a terminal q quits. At the end: how many there were, and what to do.\n";

static struct opt options[5 + CAPTURE_OPTIONS] = {
	OPT('b', "by", "WHAT", "count by all (the default), reason, interface or ends", parse_by),
	OPT_NUMBER('n', "number", "N", &lines, 1, 10000, "so many lines [10]"),
	OPT_NUMBER('s', "seconds", "N", &seconds, 1, 86400, "again every N seconds [2]"),
	OPT_NUMBER('c', "count", "N", &times, 1, UINT32_MAX, "ends after N times"),
	OPT_FLAG('j', "json", &as_json, "as JSON, an object each time"),
};

/* --- Counting --- */

struct key {
	uint8_t reason, family, protocol;
	char interface[IFNAMSIZ];
	uint8_t src[16], dst[16];
};

struct row {
	struct key key;
	uint64_t packets;		/* 0: free */
};

/*
 * A sender chooses addresses, and would fill any memory. Where there is no room for one more,
 * the one with the fewest packets goes, and they are counted together with those of others
 * that went: who sends much more than others do stays.
 */
#define ROWS	65536
static struct row *rows;
static unsigned int used;
static uint64_t rest, total;

/* FNV-1a, from where no sender knows: it cannot aim at another one's row */
#define PROBES	16
static uint32_t seed;

static uint32_t hash(const struct key *key)
{
	const uint8_t *at = (const uint8_t *)key;
	uint32_t value = seed;
	size_t i;

	for (i = 0; i < sizeof(*key); i++)
		value = (value ^ at[i]) * 16777619;
	return value;
}

static void make_key(const struct event *event, struct key *key)
{
	const struct ends *ends = &event->packet.ends;

	memset(key, 0, sizeof(*key));
	if (by_names[by].by & BY_REASON)
		key->reason = event->reason;
	if (by_names[by].by & BY_INTERFACE)
		memcpy(key->interface, *event->in ? event->in : event->out, IFNAMSIZ);
	if (by_names[by].by & BY_ENDS) {
		key->family = ends->family;
		key->protocol = ends->protocol;
		memcpy(key->src, ends->src, sizeof(key->src));
		memcpy(key->dst, ends->dst, sizeof(key->dst));
	}
}

static bool on_event(const struct event *event, void *data __attribute__((unused)))
{
	struct row *row, *least = NULL;
	struct key key;
	unsigned int i;
	uint32_t at;

	total++;
	make_key(event, &key);
	at = hash(&key);
	for (i = 0; i < PROBES; i++) {
		row = &rows[(at + i) % ROWS];
		if (!row->packets) {
			row->key = key;
			used++;
		}
		if (!memcmp(&row->key, &key, sizeof(key))) {
			row->packets++;
			return true;
		}
		if (!least || row->packets < least->packets)
			least = row;
	}
	rest += least->packets;
	least->key = key;
	least->packets = 1;
	return true;
}

static int by_packets(const void *a, const void *b)
{
	const struct row *const *first = a, *const *second = b;

	if ((*first)->packets != (*second)->packets)
		return (*first)->packets < (*second)->packets ? 1 : -1;
	return memcmp(&(*first)->key, &(*second)->key, sizeof((*first)->key));
}

/* All rows, those with most packets first; the caller frees */
static struct row **sorted(void)
{
	struct row **list = malloc((used + 1) * sizeof(*list));
	unsigned int i, n = 0;

	if (!list)
		no_memory();
	for (i = 0; i < ROWS; i++)
		if (rows[i].packets)
			list[n++] = &rows[i];
	qsort(list, n, sizeof(*list), by_packets);
	return list;
}

/* --- Output --- */

static struct ends row_ends(const struct row *row)
{
	struct ends ends = { .family = row->key.family, .protocol = row->key.protocol };

	memcpy(ends.src, row->key.src, sizeof(ends.src));
	memcpy(ends.dst, row->key.dst, sizeof(ends.dst));
	return ends;
}

static void row_text(FILE *out, const struct row *row)
{
	char name[IFNAMSIZ], ends[160], protocol[16];
	struct ends of_row = row_ends(row);

	fprintf(out, "%10llu", (unsigned long long)row->packets);
	if (by_names[by].by & BY_REASON)
		fprintf(out, "  %-14s", reasons[row->key.reason].name);
	if (by_names[by].by & BY_INTERFACE) {
		name_text(row->key.interface, name, sizeof(name));
		fprintf(out, "  %-10s", name);
	}
	if (by_names[by].by & BY_ENDS)
		fprintf(out, "  %s %s",
			protocol_name(row->key.protocol, protocol, sizeof(protocol)),
			ends_text(&of_row, ends, sizeof(ends)));
	fputc('\n', out);
}

static void print_text(FILE *out, unsigned int n)
{
	const struct seen *seen = capture_seen();
	struct row **list = sorted();
	unsigned int i;

	fprintf(out, "%llu INVALID packets; %llu more were not looked at, %llu were lost\n",
		(unsigned long long)total, (unsigned long long)seen->over,
		(unsigned long long)seen->lost);
	for (i = 0; i < used && i < n; i++)
		row_text(out, list[i]);
	if (rest)
		fprintf(out, "%10llu  of many others\n", (unsigned long long)rest);
	free(list);
}

static json_t *row_json(const struct row *row)
{
	struct ends ends = row_ends(row);
	json_t *json = by_names[by].by & BY_ENDS ? ends_json(&ends) : json_object();

	json_object_set_new(json, "packets", json_integer(row->packets));
	if (by_names[by].by & BY_REASON)
		json_object_set_new(json, "reason", json_string(reasons[row->key.reason].name));
	if (by_names[by].by & BY_INTERFACE)
		json_object_set_new(json, "interface", json_name(row->key.interface));
	return json;
}

static void print_json(unsigned int n)
{
	const struct seen *seen = capture_seen();
	struct row **list = sorted();
	json_t *array = json_array();
	unsigned int i;

	for (i = 0; i < used && i < n; i++)
		json_array_append_new(array, row_json(list[i]));
	free(list);
	json_print(json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "event", "top",
			     "by", by_names[by].name, "packets", (json_int_t)total,
			     "over_rate", (json_int_t)seen->over, "lost", (json_int_t)seen->lost,
			     "different", (json_int_t)used, "rest", (json_int_t)rest,
			     "top", array), JSON_COMPACT);
}

static void draw(void)
{
	unsigned int fit = LINES > 2 ? LINES - 2 : 1;

	screen_draw(print_text, lines && lines < fit ? lines : fit);
}

static void show(bool terminal)
{
	if (terminal)
		draw();
	else if (as_json)
		print_json(lines ? lines : 10);
	else
		print_text(stdout, lines ? lines : 10);
	flush_output();
}

/* Whether the key that was pressed ends the program; or @readable, that the terminal has gone */
static bool quit(bool readable)
{
	int c = getch();

	if (c == KEY_RESIZE)
		draw();
	return c == 'q' || c == 'Q' || (c == ERR && readable);
}

static void end_terminal(void)
{
	if (stdscr && !isendwin())
		endwin();
}

static void start_terminal(void)
{
	screen_open("pipe the output");
	/* Also where something else ends the program */
	atexit(end_terminal);
	timeout(0);
}

int top_main(int argc, char **argv)
{
	bool terminal;
	long long until;
	int ret = 0;

	capture_options(options, 10000);
	options_parse(argc, argv, usage, options, NULL);
	rows = calloc(ROWS, sizeof(*rows));
	if (!rows)
		no_memory();
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		err(EXIT_ERROR, "getrandom");
	/* Without a terminal to read from, nobody could press q. */
	terminal = !as_json && isatty(STDOUT_FILENO) && isatty(STDIN_FILENO);
	capture_start(false);
	if (terminal) {
		start_terminal();
		draw();
	}
	until = now_ms() + seconds * 1000LL;
	while (!(ret & CAPTURE_END)) {
		long long left = until - now_ms();

		if (left <= 0) {
			show(terminal);
			if (times && !--times)
				break;
			until = now_ms() + seconds * 1000LL;
			continue;
		}
		ret = capture_wait(left, terminal ? STDIN_FILENO : -1, on_event, NULL);
		if (terminal && quit(ret & CAPTURE_INPUT))
			break;
	}
	capture_stop(on_event, NULL);
	if (terminal)
		end_terminal();
	summary_print(as_json);
	free(rows);
	return 0;
}
