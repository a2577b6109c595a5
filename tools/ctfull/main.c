// SPDX-License-Identifier: GPL-2.0-only
/*
 * ctfull - how full the connection tracking table is, and who fills it
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "ctfull.h"

static const char usage[] =
	"usage: ctfull COMMAND [OPTION]...\n"
	"\n"
	"How full the connection tracking table is, and who fills it.\n"
	"\n"
	"  status    the figures of -j CTFULL\n"
	"  top       who holds the entries\n"
	"  monitor   the events of -j CTFULL, a line each\n"
	"  guard     bans who holds too many entries while the table is full\n"
	"  metrics   the figures for Prometheus\n"
	"\n"
	"ctfull COMMAND --help lists its options. ctfull --version says which one this is.\n"
	"Exit status: 0, of status 1 or 2 if a table fills up or is full; 3: an error;\n"
	"4: monitor or guard had to stop.\n";

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
	bool runs_on;		/* until it is ended, or has to stop */
} commands[] = {
	{ "status", status_main, false },
	{ "top", top_main, false },
	{ "monitor", monitor_main, true },
	{ "guard", guard_main, true },
	{ "metrics", metrics_main, false },
};

static bool runs_on;

/* What messages begin with: also that of getopt_long(), which takes it from argv[0] */
static char program[32] = "ctfull";

static void message(const char *format, va_list args)
{
	fprintf(stderr, "%s: ", program);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(format, args);
	va_end(args);
}

void die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(format, args);
	va_end(args);
	exit(EXIT_ERROR);
}

/* As die(), where it may be well if it is started again: see ctfull-guard.service */
void give_up(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message(format, args);
	va_end(args);
	exit(EXIT_INTERRUPTED);
}

/* A lack of memory may not last. */
void no_memory(void)
{
	if (runs_on)
		give_up("out of memory");
	die("out of memory");
}

/* A clock that nobody sets */
long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* @argv: what is left after the options */
void no_arguments(char **argv)
{
	if (*argv)
		die("\"%s\": nothing goes there; %s", *argv, SEE_HELP);
}

unsigned int number(const char *option, const char *text, unsigned int min, unsigned int max)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	/* strtoul() takes spaces and signs */
	if (*text < '0' || *text > '9' || *end || errno || value < min || value > max)
		die("%s %s: %u to %u is needed", option, text, min, max);
	return value;
}

/* Whatever it is made of, see text.c */
json_t *json_name(const char *name)
{
	char utf8[UTF8_LEN];

	return json_string(utf8_text(name, utf8, sizeof(utf8)));
}

/* Prints @json and a newline, and frees it */
void print_json(json_t *json, size_t flags)
{
	if (!json)
		no_memory();
	if (json_dumpf(json, stdout, flags | JSON_DIGITS) || putchar('\n') == EOF || fflush(stdout))
		die("cannot write: %s", strerror(errno));
	json_decref(json);
}

/* @text has room for ADDR_LEN characters */
const char *addr_text(uint8_t family, const void *addr, char *text)
{
	if (!inet_ntop(family == NFPROTO_IPV6 ? AF_INET6 : AF_INET, addr, text, ADDR_LEN))
		snprintf(text, ADDR_LEN, "?");
	return text;
}

const char *time_text(time_t seconds, char *text, size_t size)
{
	struct tm tm;

	if (!localtime_r(&seconds, &tm) || !strftime(text, size, "%Y-%m-%dT%H:%M:%S%z", &tm))
		snprintf(text, size, "?");
	return text;
}

const char *protocol_name(uint8_t protocol, char *text, size_t size)
{
	static const char *const names[] = {
		[IPPROTO_ICMP] = "icmp",
		[IPPROTO_TCP] = "tcp",
		[IPPROTO_UDP] = "udp",
		[IPPROTO_DCCP] = "dccp",
		[IPPROTO_GRE] = "gre",
		[IPPROTO_ICMPV6] = "icmpv6",
		[IPPROTO_SCTP] = "sctp",
		[IPPROTO_UDPLITE] = "udplite",
	};

	if (protocol < ARRAY_SIZE(names) && names[protocol])
		return names[protocol];
	snprintf(text, size, "%u", protocol);
	return text;
}

const char *level_name(uint32_t level)
{
	static const char *const names[] = {
		[CTFULL_LEVEL_NORMAL] = "normal",
		[CTFULL_LEVEL_WARNING] = "warning",
		[CTFULL_LEVEL_FULL] = "full",
	};

	return level < ARRAY_SIZE(names) ? names[level] : "unknown";
}

/* Rounded down, so that what is not full does not look so */
unsigned int per_mille(uint64_t part, uint64_t whole)
{
	return whole ? part * 1000 / whole : 0;
}

/* What was not written is not done. */
static int done(int status)
{
	if (fflush(stdout) || ferror(stdout))
		die("cannot write: %s", strerror(errno));
	return status;
}

/*
 * Nothing that is opened later is to be standard input, output or error: lines would be
 * written to a socket. Where one of these was closed, it cannot be written to, as before.
 */
static void fill_standard(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			die("/dev/null: %s", strerror(errno));
}

int main(int argc, char **argv)
{
	unsigned int i;

	fill_standard();
	if (argc < 2) {
		fputs(usage, stderr);
		return EXIT_ERROR;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		fputs(usage, stdout);
		return done(0);
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		puts("ctfull " VERSION);
		return done(0);
	}
	for (i = 0; i < ARRAY_SIZE(commands); i++) {
		if (strcmp(argv[1], commands[i].name))
			continue;
		snprintf(program, sizeof(program), "ctfull %s", argv[1]);
		argv[1] = program;
		runs_on = commands[i].runs_on;
		return done(commands[i].main(argc - 1, argv + 1));
	}
	die("%s: no such command; status, top, monitor, guard or metrics is needed", argv[1]);
}
