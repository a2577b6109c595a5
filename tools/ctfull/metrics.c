// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull metrics - the figures of -j CTFULL, as Prometheus reads them
 */
#include <errno.h>
#include <getopt.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>
#include <sys/stat.h>
#include "ctfull.h"

static const char usage[] =
	"usage: ctfull metrics [OPTION]...\n"
	"\n"
	"Prints the figures of -j CTFULL in the text format of Prometheus.\n"
	"\n"
	"  -t, --textfile PATH   to this file, for node_exporter's textfile collector: it is\n"
	"                        replaced as a whole, and left alone if there are no figures\n"
	"  -a, --all             of all network namespaces: the first one, and those in\n"
	"                        /run/netns; each has a label \"namespace\"\n";

static const struct option options[] = {
	{ "textfile", required_argument, NULL, 't' },
	{ "all", no_argument, NULL, 'a' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

#define U32(field)	.offset = offsetof(struct report, field), .size = 4
#define U64(field)	.offset = offsetof(struct report, field), .size = 8

static const struct metric {
	const char *name, *type, *help;
	size_t offset, size;
} metrics[] = {
	{ "entries", "gauge", "Entries in the connection tracking table.", U32(count) },
	{ "entries_limit", "gauge", "Most entries that the table takes, 0: no limit.",
	  U32(max) },
	{ "level", "gauge", "How full the table is: 0 normal, 1 warning, 2 full.",
	  U32(level) },
	{ "warning_percentage", "gauge", "The level is warning from so many percent on.",
	  U32(warn_at) },
	{ "peak_entries", "gauge", "Most entries that were seen.", U32(peak) },
	{ "peak_timestamp_seconds", "gauge", "When they were seen, 0: never.",
	  U64(peak_time) },
	{ "rules", "gauge", "Rules with -j CTFULL.", U32(rules) },
	{ "refused_packets_total", "counter",
	  "Packets that found no room for a new entry.", U64(refused) },
	{ "untracked_packets_total", "counter", "Refused packets that passed untracked.",
	  U64(untracked) },
	{ "reserved_packets_total", "counter",
	  "Refused packets for which only a reserve had no room.", U64(reserved) },
	{ "logged_packets_total", "counter", "Refused packets with a line in the log.",
	  U64(logged) },
	{ "suppressed_packets_total", "counter", "Refused packets without one.",
	  U64(suppressed) },
};

struct figures {
	bool all, failed;
	unsigned int n;
	struct {
		char *name;
		struct report report;
	} *list;
};

static void collect(const char *name, int error, void *data)
{
	struct figures *figures = data;
	struct report report;
	void *list;

	if (error) {
		complain("namespace \"%s\": cannot be entered: %s", name, strerror(-error));
		figures->failed = true;
		return;
	}
	error = ctfull_read(&report, NULL, 0);
	if (error) {
		if (!figures->all)
			die("%s", ctfull_error(error));
		complain("namespace \"%s\": %s", name, ctfull_error(error));
		figures->failed = true;
		return;
	}
	list = reallocarray(figures->list, figures->n + 1, sizeof(*figures->list));
	if (!list)
		die("out of memory");
	figures->list = list;
	figures->list[figures->n].name = strdup(name);
	if (!figures->list[figures->n].name)
		die("out of memory");
	figures->list[figures->n++].report = report;
}

static void print_label(FILE *out, const char *name)
{
	fputs("{namespace=\"", out);
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			fputc('\\', out);
		if (*name == '\n')
			fputs("\\n", out);
		else
			fputc(*name, out);
	}
	fputs("\"}", out);
}

static void print_metrics(FILE *out, const struct figures *figures)
{
	const struct metric *metric;
	unsigned int i;

	for (metric = metrics; metric < metrics + ARRAY_SIZE(metrics); metric++) {
		fprintf(out, "# HELP conntrack_full_%s %s\n", metric->name, metric->help);
		fprintf(out, "# TYPE conntrack_full_%s %s\n", metric->name, metric->type);
		for (i = 0; i < figures->n; i++) {
			const char *at = (const char *)&figures->list[i].report + metric->offset;

			fprintf(out, "conntrack_full_%s", metric->name);
			if (figures->all)
				print_label(out, figures->list[i].name);
			fprintf(out, " %llu\n", metric->size == 4 ?
				*(const uint32_t *)at + 0ULL : *(const uint64_t *)at + 0ULL);
		}
	}
}

/* Who reads @path sees the old file or the new one. */
static void replace(const char *path, const char *text, size_t size)
{
	char *copy = strdup(path), *copy2 = strdup(path), *temporary, *folder;
	int fd, error;

	if (!copy || !copy2)
		die("out of memory");
	folder = dirname(copy);
	/* A name that the textfile collector does not take: it does not end in .prom. */
	if (asprintf(&temporary, "%s/.%s.XXXXXX", folder, basename(copy2)) < 0)
		die("out of memory");
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		die("--textfile %s: cannot make a file there: %s", path, strerror(errno));
	while (size) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			goto failed;
		text += written;
		size -= written;
	}
	if (fchmod(fd, 0644) || fsync(fd) || close(fd) || rename(temporary, path))
		goto failed;
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(temporary);
	free(copy2);
	free(copy);
	return;
failed:
	error = errno;
	unlink(temporary);
	die("--textfile %s: %s", path, strerror(error));
}

int metrics_main(int argc, char **argv)
{
	struct figures figures = { 0 };
	const char *path = NULL;
	unsigned int i;
	char *text;
	size_t size;
	FILE *out;
	int c;

	while ((c = getopt_long(argc, argv, "t:ah", options, NULL)) != -1) {
		switch (c) {
		case 't':
			if (!*optarg)
				die("--textfile: the name of a file is needed");
			path = optarg;
			break;
		case 'a':
			figures.all = true;
			break;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			die("%s", SEE_HELP);
		}
	}
	no_arguments(argv + optind);
	if (figures.all)
		visit_netns(collect, &figures);
	else
		collect("", 0, &figures);
	if (!figures.n)
		return EXIT_ERROR;
	out = open_memstream(&text, &size);
	if (!out)
		die("out of memory");
	print_metrics(out, &figures);
	if (fclose(out))
		die("out of memory");
	if (path)
		replace(path, text, size);
	else
		fwrite(text, 1, size, stdout);
	free(text);
	for (i = 0; i < figures.n; i++)
		free(figures.list[i].name);
	free(figures.list);
	return figures.failed ? EXIT_ERROR : 0;
}
