/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef LIB_PROGRAM_H
#define LIB_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define ARRAY_SIZE(array)	(sizeof(array) / sizeof((array)[0]))

/* Exit status. 1 and 2 are a command's own. Messages are those of err(3). */
#define EXIT_ERROR		3
#define EXIT_INTERRUPTED	4	/* of a service, which may be started again */

/**
 * struct command - what a program does if its first argument is @name
 * @name: the first argument
 * @help: what it does, for --help
 * @run: as main(), with the program's and the command's name as @argv[0];
 *	returns the exit status
 * @service: runs until it is ended
 */
struct command {
	const char *name, *help;
	int (*run)(int argc, char **argv);
	bool service;
};

/**
 * struct program - a program that consists of commands
 * @name: its name
 * @about: what --help begins with
 * @notes: what --help ends with
 * @commands: the last one has no name
 */
struct program {
	const char *name, *about, *notes;
	const struct command *commands;
};

int program_run(const struct program *program, int argc, char **argv);
void flush_output(void);
__attribute__((noreturn)) void no_memory(void);
long long now_ms(void);

void next_round(bool all_well);
__attribute__((format(printf, 1, 2))) void warn_once(const char *format, ...);

int signals_open(void);
bool signals_end(int fd);
FILE *pipe_open(int fd);

#endif /* LIB_PROGRAM_H */
