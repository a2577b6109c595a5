// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull metrics - the figures of -j CTFULL, as Prometheus reads them
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include "../lib/netns.h"
#include "../lib/options.h"
#include "../lib/output.h"
#include "../lib/program.h"
#include "commands.h"
#include "report.h"

static bool all;
static const char *path;		/* of the file; NULL: standard output */

static const char usage[] =
	"usage: ctfull metrics [OPTION]...\n"
	"\n"
	"Prints the figures of -j CTFULL in the text format of Prometheus.\n";

static const struct opt options[] = {
	OPT_TEXT('t', "textfile", "PATH", &path,
		 "to this plain file, for node_exporter's textfile collector:\n"
		 "it is replaced as a whole, and left alone if there are no figures"),
	OPT_FLAG('a', "all", &all,
		 "of all network namespaces: the first one, and those in\n"
		 "/run/netns; each has a label \"netns\""),
	{ 0 },
};

#define U32(field)	.offset = offsetof(struct report, field), .size = 4
#define U64(field)	.offset = offsetof(struct report, field), .size = 8

static const struct metric {
	const char *name, *type, *help;
	size_t offset, size;
	/* node_exporter has it, too, of the namespace that it runs in: with this help, and
	 * no other is taken beside it
	 */
	bool node;
} metrics[] = {
	{ "conntrack_full_entries", "gauge", "Entries in the connection tracking table.",
	  U32(count) },
	{ "conntrack_full_entries_limit", "gauge",
	  "Most entries that the table takes, 0: no limit.", U32(max) },
	{ "conntrack_full_level", "gauge", "How full the table is: 0 normal, 1 warning, 2 full.",
	  U32(level) },
	{ "conntrack_full_warning_percentage", "gauge",
	  "The level is warning from so many percent on.", U32(warn_at) },
	{ "conntrack_full_peak_entries", "gauge", "Most entries that were seen.", U32(peak) },
	{ "conntrack_full_peak_timestamp_seconds", "gauge", "When they were seen, 0: never.",
	  U64(peak_time) },
	{ "conntrack_full_rules", "gauge", "Rules with -j CTFULL.", U32(rules) },
	{ "conntrack_full_refused_packets_total", "counter",
	  "Packets that found no room for a new entry.", U64(refused) },
	{ "conntrack_full_untracked_packets_total", "counter",
	  "Refused packets that passed untracked.", U64(untracked) },
	{ "conntrack_full_reserved_packets_total", "counter",
	  "Refused packets for which only a reserve had no room.", U64(reserved) },
	{ "conntrack_full_logged_packets_total", "counter",
	  "Refused packets with a line in the log.", U64(logged) },
	{ "conntrack_full_suppressed_packets_total", "counter", "Refused packets without one.",
	  U64(suppressed) },
	{ "node_nf_conntrack_entries", "gauge",
	  "Number of currently allocated flow entries for connection tracking.", U32(count),
	  .node = true },
	{ "node_nf_conntrack_entries_limit", "gauge",
	  "Maximum size of connection tracking table.", U32(max), .node = true },
};

/* When the figures were read: what is old is not to be taken for what is. */
#define TIMESTAMP	"conntrack_full_timestamp_seconds"

struct figures {
	unsigned int n;
	struct {
		char *name;
		struct report report;
	} *list;
};

static const char *collect(const char *name, const char *why, void *data)
{
	struct figures *figures = data;
	struct report report;
	void *list;
	int ret;

	if (!why) {
		ret = report_read(&report, NULL, 0);
		if (ret)
			why = report_error(ret);
	}
	if (why)
		return why;
	list = reallocarray(figures->list, figures->n + 1, sizeof(*figures->list));
	if (!list)
		no_memory();
	figures->list = list;
	figures->list[figures->n].name = strdup(name);
	if (!figures->list[figures->n].name)
		no_memory();
	figures->list[figures->n++].report = report;
	return NULL;
}

static void print_label(FILE *out, const char *name)
{
	char utf8[UTF8_LEN];
	const char *at;

	fputs("{netns=\"", out);
	for (at = utf8_text(name, utf8, sizeof(utf8)); *at; at++) {
		if (*at == '"' || *at == '\\')
			fputc('\\', out);
		if (*at == '\n')
			fputs("\\n", out);
		else
			fputc(*at, out);
	}
	fputs("\"}", out);
}

/*
 * node_exporter takes a file's figures for its own. Those that it has itself, of the first
 * namespace, would be there twice, and it would give neither.
 */
static bool is_left_out(const struct metric *metric, const char *name)
{
	return metric->node && path && !*name;
}

static void print_metric(FILE *out, const struct metric *metric, const struct figures *figures)
{
	bool headed = false;
	unsigned int i;

	for (i = 0; i < figures->n; i++) {
		const char *at = (const char *)&figures->list[i].report + metric->offset;

		if (is_left_out(metric, figures->list[i].name))
			continue;
		if (!headed)
			fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name,
				metric->help, metric->name, metric->type);
		headed = true;
		fputs(metric->name, out);
		if (all)
			print_label(out, figures->list[i].name);
		fprintf(out, " %llu\n", metric->size == 4 ?
			*(const uint32_t *)at + 0ULL : *(const uint64_t *)at + 0ULL);
	}
}

static void print_metrics(FILE *out, const struct figures *figures)
{
	const struct metric *metric;

	for (metric = metrics; metric < metrics + ARRAY_SIZE(metrics); metric++)
		print_metric(out, metric, figures);
	fprintf(out, "# HELP " TIMESTAMP " When these figures were read.\n"
		"# TYPE " TIMESTAMP " gauge\n" TIMESTAMP " %lld\n", (long long)time(NULL));
}

/* --- The file --- */

/* The folder of @path, and, in @name, what is left of it */
static int open_folder(const char **name)
{
	const char *slash = strrchr(path, '/');
	char *folder;
	int fd;

	*name = slash ? slash + 1 : path;
	folder = !slash ? strdup(".") : strndup(path, slash == path ? 1 : slash - path);
	if (!folder)
		no_memory();
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		err(EXIT_ERROR, "--textfile %s: %s", path, folder);
	free(folder);
	return fd;
}

/*
 * Only a plain file is ever replaced: not /dev/null, and no link to somewhere else. In a
 * folder where all may write, such as /tmp, another's file may be there to be replaced by
 * root.
 */
static void check_target(int folder, const char *name)
{
	struct stat st, of_folder;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT)
			return;
		err(EXIT_ERROR, "--textfile %s", path);
	}
	if (!S_ISREG(st.st_mode))
		errx(EXIT_ERROR,
		     "--textfile %s: is no plain file; without --textfile, the figures are printed",
		     path);
	if (fstat(folder, &of_folder))
		err(EXIT_ERROR, "--textfile %s", path);
	if (of_folder.st_mode & S_ISVTX && of_folder.st_mode & 0022 &&
	    st.st_uid != geteuid())
		errx(EXIT_ERROR,
		     "--textfile %s: is another user's, in a folder that others may write to",
		     path);
}

/* A new file, in @temporary, with a name that the collector does not take: no .prom */
static FILE *make_temporary(int folder, const char *name, char **temporary)
{
	unsigned long long random;
	FILE *file = NULL;
	int fd;

	if (getrandom(&random, sizeof(random), 0) != sizeof(random))
		err(EXIT_ERROR, "getrandom");
	if (asprintf(temporary, ".%.200s.%016llx", name, random) < 0)
		no_memory();
	fd = openat(folder, *temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0600);
	if (fd >= 0)
		file = fdopen(fd, "w");
	if (!file)
		err(EXIT_ERROR, "--textfile %s: cannot make a file there", path);
	return file;
}

/* Is all of it on the disk? Else errno says why. */
static bool finish_file(FILE *file)
{
	if (fflush(file) || fchmod(fileno(file), 0644) || fsync(fileno(file)))
		return false;
	if (ferror(file)) {	/* of an earlier part, which did not last */
		errno = EIO;
		return false;
	}
	return !fclose(file);
}

/*
 * Who reads the file sees the old one or the new one, and whoever ends this program
 * finds no other beside it.
 */
static void replace_file(const struct figures *figures)
{
	sigset_t signals, before;
	char *temporary;
	const char *name;
	FILE *file;
	int folder;

	folder = open_folder(&name);
	if (!*name)
		errx(EXIT_ERROR, "--textfile %s: is a folder; the name of a file is needed", path);
	check_target(folder, name);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &before);
	file = make_temporary(folder, name, &temporary);
	print_metrics(file, figures);
	/*
	 * It may have become something else meanwhile: a name, and nothing it leads to,
	 * is what goes.
	 */
	if (!finish_file(file) || renameat(folder, temporary, folder, name)) {
		int error = errno;

		unlinkat(folder, temporary, 0);
		errno = error;
		err(EXIT_ERROR, "--textfile %s", path);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	fsync(folder);
	close(folder);
	free(temporary);
}

int metrics_main(int argc, char **argv)
{
	struct figures figures = { 0 };
	unsigned int i;
	bool done;

	options_parse(argc, argv, usage, options, NULL);
	done = netns_for_each(all, collect, &figures);
	if (!figures.n)
		return EXIT_ERROR;
	if (path)
		replace_file(&figures);
	else
		print_metrics(stdout, &figures);
	for (i = 0; i < figures.n; i++)
		free(figures.list[i].name);
	free(figures.list);
	return done ? 0 : EXIT_ERROR;
}
