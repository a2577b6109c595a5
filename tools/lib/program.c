// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all programs have: commands, signals, warnings, and how they end
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/signalfd.h>
#include "program.h"

static bool is_service;

/**
 * no_memory - end the program for lack of memory
 *
 * That may not last, so a service ends with EXIT_INTERRUPTED.
 */
void no_memory(void)
{
	errx(is_service ? EXIT_INTERRUPTED : EXIT_ERROR, "out of memory");
}

/**
 * now_ms - milliseconds of a clock that nobody sets
 */
long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/**
 * flush_output - end the program if standard output cannot be written
 */
void flush_output(void)
{
	if (fflush(stdout) || ferror(stdout))
		err(EXIT_ERROR, "cannot write");
}

static unsigned int rounds = 1;

/**
 * next_round - begin a round
 * @all_well: there is nothing to do in it: what is wrong is told anew the next time
 */
void next_round(bool all_well)
{
	rounds += all_well ? 2 : 1;
}

/**
 * warn_once - warnx(3), unless the same was said in the last round, or in this one
 */
void warn_once(const char *format, ...)
{
	static struct {
		char text[256];
		unsigned int round;	/* the last one with this warning */
	} warnings[600], *oldest = warnings, *at;
	char text[sizeof(oldest->text)];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	for (at = warnings; at < warnings + ARRAY_SIZE(warnings); at++) {
		if (at->round + 1 >= rounds && !strcmp(at->text, text)) {
			at->round = rounds;
			return;
		}
		if (at->round < oldest->round)
			oldest = at;
	}
	memcpy(oldest->text, text, sizeof(text));
	oldest->round = rounds;
	warnx("%s", text);
}

static bool is_ignored(int signal)
{
	struct sigaction action;

	return !sigaction(signal, NULL, &action) && action.sa_handler == SIG_IGN;
}

/* Who does not read has so long, once the program is to end; milliseconds */
#define READER_TIME		2000

/* Readable with a signal that ends the program, until signals_end() has read that */
static int ending = -1;
/* From then on, nobody is waited for; 0: the program is not to end */
static long long last_moment;

static void begin_to_end(void)
{
	if (!last_moment)
		last_moment = now_ms() + READER_TIME;
}

/* May this descriptor be written to, perhaps after a while? */
static bool wait_for_reader(int fd)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLOUT } };
	long long left;
	int ret;

	for (;;) {
		fds[1] = (struct pollfd){ .fd = last_moment ? -1 : ending, .events = POLLIN };
		left = last_moment ? last_moment - now_ms() : -1;
		if (last_moment && left < 0)
			left = 0;
		ret = poll(fds, ARRAY_SIZE(fds), left);
		if (ret > 0 && fds[0].revents)
			return true;
		if (ret > 0) {
			begin_to_end();
		} else if (!ret) {
			errno = ETIMEDOUT;
			return false;
		} else if (errno != EINTR) {
			return false;
		}
	}
}

/*
 * Standard output or error, where that is no terminal, or another pipe: its reader may have
 * stopped reading, and what waits for it is to end by a signal all the same.
 */
static ssize_t write_while_read(void *cookie, const char *text, size_t len)
{
	int fd = (intptr_t)cookie;
	size_t part, done = 0;
	ssize_t n;

	while (done < len && wait_for_reader(fd)) {
		/* A pipe that can be written takes so much without waiting. */
		part = len - done < PIPE_BUF ? len - done : PIPE_BUF;
		n = write(fd, text + done, part);
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			break;
		if (n > 0)
			done += n;
	}
	return done;
}

static int close_descriptor(void *cookie)
{
	return close((intptr_t)cookie);
}

/**
 * pipe_open - a stream whose reader may stop reading, as that of standard output
 * @fd: what is written to; may be one that does not block
 *
 * Once the program is to end, see signals_open(), a write fails if nobody reads for
 * READER_TIME. Returns NULL for lack of memory; else fclose() also closes @fd.
 */
FILE *pipe_open(int fd)
{
	const cookie_io_functions_t functions = {
		.write = write_while_read, .close = close_descriptor,
	};

	return fopencookie((void *)(intptr_t)fd, "w", functions);
}

/* Has a stream written by write_while_read() */
static int watch_output(FILE **stream, int fd, int mode)
{
	const cookie_io_functions_t functions = { .write = write_while_read };
	FILE *watched;

	if (isatty(fd))
		return 0;
	fflush(*stream);
	watched = fopencookie((void *)(intptr_t)fd, "w", functions);
	if (!watched)
		return -errno;
	setvbuf(watched, NULL, mode, 0);
	*stream = watched;
	return 0;
}

/**
 * signals_open - a descriptor that is readable after SIGTERM, SIGINT and SIGCHLD
 *
 * These have no other effect from then on, but that standard output and error wait no more
 * than READER_TIME for somebody who does not read. A shell without job control has what it
 * starts in the background ignore SIGINT, as ^C is then for others; that stays so.
 * SIGTERM, which nobody sends by chance, ends a program also where it was to be
 * ignored: only SIGKILL would be left.
 *
 * Returns the descriptor, which does not block, or a negative errno.
 */
int signals_open(void)
{
	sigset_t signals;
	int fd, ret;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	if (!is_ignored(SIGINT))
		sigaddset(&signals, SIGINT);
	ending = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (ending < 0)
		return -errno;
	ret = watch_output(&stdout, STDOUT_FILENO, _IOFBF);
	if (!ret)
		ret = watch_output(&stderr, STDERR_FILENO, _IOLBF);
	if (ret)
		return ret;
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

/**
 * signals_end - read all signals that have come
 * @fd: signals_open()'s
 *
 * Returns whether one is among them that ends the program.
 */
bool signals_end(int fd)
{
	struct signalfd_siginfo info;
	bool end = false;

	while (read(fd, &info, sizeof(info)) == sizeof(info))
		end |= info.ssi_signo != SIGCHLD;
	if (end)
		begin_to_end();
	return end;
}

/*
 * No file or socket that is opened later may become standard input, output or
 * error, or messages would be written to it. One that was closed stays unusable.
 */
static void occupy_standard_fds(void)
{
	int fd;

	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) != fd)
			err(EXIT_ERROR, "/dev/null");
}

static void print_help(FILE *out, const struct program *program)
{
	const struct command *command;

	fprintf(out, "usage: %s COMMAND [OPTION]...\n\n%s\n\n", program->name, program->about);
	for (command = program->commands; command->name; command++)
		fprintf(out, "  %-8s  %s\n", command->name, command->help);
	fprintf(out, "\n%s COMMAND --help lists its options, %s --version prints the version.\n%s",
		program->name, program->name, program->notes);
}

/**
 * program_run - main() of a program that consists of commands
 * @program: the program
 * @argc: main()'s
 * @argv: main()'s
 *
 * Returns the exit status.
 */
int program_run(const struct program *program, int argc, char **argv)
{
	const struct command *command;
	static char name[64];
	int status = 0;

	occupy_standard_fds();
	if (argc < 2) {
		print_help(stderr, program);
		return EXIT_ERROR;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		print_help(stdout, program);
	} else if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("%s " VERSION "\n", program->name);
	} else {
		for (command = program->commands; command->name; command++)
			if (!strcmp(argv[1], command->name))
				break;
		if (!command->name) {
			fprintf(stderr, "%s: %s: no such command\n", program->name, argv[1]);
			print_help(stderr, program);
			return EXIT_ERROR;
		}
		/* What messages begin with: those of err(3), and getopt_long()'s */
		snprintf(name, sizeof(name), "%s %s", program->name, command->name);
		program_invocation_short_name = name;
		argv[1] = name;
		is_service = command->service;
		status = command->run(argc - 1, argv + 1);
	}
	flush_output();
	return status;
}
