// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull metrics - the figures of -j CTFULL, as Prometheus reads them
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/random.h>
#include <sys/stat.h>
#include "ctfull.h"

static const char usage[] =
	"usage: ctfull metrics [OPTION]...\n"
	"\n"
	"Prints the figures of -j CTFULL in the text format of Prometheus.\n"
	"\n"
	"  -t, --textfile PATH   to this plain file, for node_exporter's textfile collector:\n"
	"                        it is replaced as a whole, and left alone if there are no\n"
	"                        figures\n"
	"  -a, --all             of all network namespaces: the first one, and those in\n"
	"                        /run/netns; each has a label \"netns\"\n";

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
	char why[128];
	void *list;

	if (error) {
		complain("namespace %s: %s", *name ? name : "(the first one)",
			 netns_error(error, why, sizeof(why)));
		figures->failed = true;
		return;
	}
	error = ctfull_read(&report, NULL, 0);
	if (error) {
		if (!figures->all)
			die("%s", ctfull_error(error));
		complain("namespace %s: %s", *name ? name : "(the first one)",
			 ctfull_error(error));
		figures->failed = true;
		return;
	}
	list = reallocarray(figures->list, figures->n + 1, sizeof(*figures->list));
	if (!list)
		no_memory();
	figures->list = list;
	figures->list[figures->n].name = strdup(name);
	if (!figures->list[figures->n].name)
		no_memory();
	figures->list[figures->n++].report = report;
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
static bool is_left_out(const struct metric *metric, const char *name, bool for_node)
{
	return metric->node && for_node && !*name;
}

static void print_metric(FILE *out, const struct metric *metric, const struct figures *figures,
			 bool for_node)
{
	bool headed = false;
	unsigned int i;

	for (i = 0; i < figures->n; i++) {
		const char *at = (const char *)&figures->list[i].report + metric->offset;

		if (is_left_out(metric, figures->list[i].name, for_node))
			continue;
		if (!headed)
			fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name,
				metric->help, metric->name, metric->type);
		headed = true;
		fputs(metric->name, out);
		if (figures->all)
			print_label(out, figures->list[i].name);
		fprintf(out, " %llu\n", metric->size == 4 ?
			*(const uint32_t *)at + 0ULL : *(const uint64_t *)at + 0ULL);
	}
}

static void print_metrics(FILE *out, const struct figures *figures, bool for_node)
{
	const struct metric *metric;

	for (metric = metrics; metric < metrics + ARRAY_SIZE(metrics); metric++)
		print_metric(out, metric, figures, for_node);
	fprintf(out, "# HELP " TIMESTAMP " When these figures were read.\n"
		"# TYPE " TIMESTAMP " gauge\n" TIMESTAMP " %lld\n", (long long)time(NULL));
}

/* --- The file --- */

/* The folder of @path, and, in @name, what is left of it */
static int open_folder(const char *path, const char **name)
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
		die("--textfile %s: %s: %s", path, folder, strerror(errno));
	free(folder);
	return fd;
}

/*
 * Only a plain file is ever replaced: not /dev/null, and no link to somewhere else. In a
 * folder where all may write, such as /tmp, another's file may be there to be replaced by
 * root.
 */
static void check_target(int folder, const char *path, const char *name)
{
	struct stat st, of_folder;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT)
			return;
		die("--textfile %s: %s", path, strerror(errno));
	}
	if (!S_ISREG(st.st_mode))
		die("--textfile %s: is no plain file; without --textfile, the figures are printed",
		    path);
	if (fstat(folder, &of_folder))
		die("--textfile %s: %s", path, strerror(errno));
	if (of_folder.st_mode & S_ISVTX && of_folder.st_mode & 0022 &&
	    st.st_uid != geteuid())
		die("--textfile %s: is another user's, in a folder that others may write to", path);
}

/* A new file, in @temporary, with a name that the collector does not take: no .prom */
static int make_temporary(int folder, const char *path, const char *name, char **temporary)
{
	unsigned long long random;
	int fd, tries;

	for (tries = 0; tries < 100; tries++) {
		if (getrandom(&random, sizeof(random), 0) != sizeof(random))
			die("getrandom: %s", strerror(errno));
		if (asprintf(temporary, ".%.200s.%016llx", name, random) < 0)
			no_memory();
		fd = openat(folder, *temporary,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd >= 0 || errno != EEXIST)
			break;
		free(*temporary);
	}
	if (fd < 0)
		die("--textfile %s: cannot make a file there: %s", path, strerror(errno));
	return fd;
}

static int write_all(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t written = write(fd, text, size);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -1;
		text += written;
		size -= written;
	}
	return fchmod(fd, 0644) || fsync(fd) ? -1 : 0;
}

/* Who reads @path sees the old file or the new one. */
static void replace(const char *path, const char *text, size_t size)
{
	int folder, fd, failed, error;
	sigset_t signals, before;
	const char *name;
	char *temporary;

	folder = open_folder(path, &name);
	if (!*name)
		die("--textfile %s: is a folder; the name of a file is needed", path);
	check_target(folder, path, name);
	/* Who ends this program finds the old file or the new one, and no other beside it. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, &before);
	fd = make_temporary(folder, path, name, &temporary);
	failed = write_all(fd, text, size);
	error = errno;
	if (close(fd) && !failed) {
		failed = -1;
		error = errno;
	}
	/* The file may have become something else meanwhile: a name, and nothing it leads to,
	 * is what goes.
	 */
	if (!failed && renameat(folder, temporary, folder, name)) {
		failed = -1;
		error = errno;
	}
	if (failed) {
		unlinkat(folder, temporary, 0);
		die("--textfile %s: %s", path, strerror(error));
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	fsync(folder);
	close(folder);
	free(temporary);
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
		no_memory();
	print_metrics(out, &figures, path);
	if (fclose(out))
		no_memory();
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
