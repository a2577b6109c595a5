// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of --exec: beside the guard, each in a process group of its own, and for
 * a limited time. That is for all of the group, also for what a command has left behind
 * in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "ctfull.h"

#define COMMAND_LIMIT_MS	10000
#define COMMANDS_MAX		128

static struct command {
	pid_t pid;		/* of the process and of its group; 0: not in use */
	bool ended;		/* the process has; others of its group may be there */
	long long until;
	char source[KEY_LEN];
} commands[COMMANDS_MAX];

/* Nothing outlives the guard. */
static void commands_close(void)
{
	struct command *command;

	commands_reap();
	for (command = commands; command < commands + COMMANDS_MAX; command++)
		if (command->pid)
			kill(-command->pid, SIGKILL);
}

/*
 * Who started this program may have had it ignore SIGCHLD: the kernel would then reap
 * the commands by itself, and their ids could be others' when their time is over. What a
 * command leaves behind becomes a child of this program, so that it sees it end.
 */
void commands_open(void)
{
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	atexit(commands_close);
}

static void become(const char *line, const struct variable *variables, unsigned int n)
{
	sigset_t none;
	unsigned int i;
	int null;

	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	null = open("/dev/null", O_RDONLY);
	if (null >= 0)
		dup2(null, STDIN_FILENO);
	/* The guard's own lines stay on their own */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	for (i = 0; i < n; i++)
		setenv(variables[i].name, variables[i].value, 1);
	execl("/bin/sh", "sh", "-c", line, (char *)NULL);
	_exit(127);
}

/* Starts @line; @source is what is said of it */
void command_run(const char *line, const char *source, const struct variable *variables,
		 unsigned int n)
{
	struct command *command = commands;
	pid_t pid;

	while (command->pid && command < commands + COMMANDS_MAX - 1)
		command++;
	if (command->pid) {
		complain("--exec for %s: not run, %u others still run", source, COMMANDS_MAX);
		return;
	}
	pid = fork();
	if (pid < 0) {
		complain("--exec for %s: %s", source, strerror(errno));
		return;
	}
	if (!pid)
		become(line, variables, n);
	/* Both do it, as nobody knows who comes first. */
	setpgid(pid, pid);
	command->pid = pid;
	command->ended = false;
	command->until = now_ms() + COMMAND_LIMIT_MS;
	snprintf(command->source, sizeof(command->source), "%s", source);
}

static void report(const struct command *command, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status))
		complain("--exec for %s: exit status %d", command->source, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		complain("--exec for %s: killed by signal %d", command->source,
			 WTERMSIG(status));
}

/* Takes note of all that have ended, commands and what they have left behind */
static void reap(void)
{
	struct command *command;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (command = commands; command < commands + COMMANDS_MAX; command++) {
			if (command->pid != pid || command->ended)
				continue;
			report(command, status);
			command->ended = true;
		}
	}
}

/*
 * Is nobody left of its group? As long as this program has a child in it that was not
 * reaped, its id cannot be another group's.
 */
static bool is_over(const struct command *command)
{
	siginfo_t info;

	return command->ended &&
	       waitid(P_PGID, command->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 &&
	       errno == ECHILD;
}

/* Returns when the next one's time is over; 0: none runs */
long long commands_reap(void)
{
	long long next = 0, now = now_ms();
	struct command *command;

	reap();
	for (command = commands; command < commands + COMMANDS_MAX; command++) {
		if (!command->pid)
			continue;
		if (is_over(command)) {
			command->pid = 0;
			continue;
		}
		if (now >= command->until) {
			complain("--exec for %s: took more than %d s", command->source,
				 COMMAND_LIMIT_MS / 1000);
			kill(-command->pid, SIGKILL);
			command->until = now + COMMAND_LIMIT_MS;
		}
		if (!next || command->until < next)
			next = command->until;
	}
	return next;
}
