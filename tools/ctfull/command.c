// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of --exec: beside the guard, each in a process group of its own, and for
 * a limited time
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/wait.h>
#include "ctfull.h"

#define COMMAND_LIMIT_MS	10000
#define COMMANDS_MAX		128

static struct command {
	pid_t pid;		/* of the process and of its group; 0: not in use */
	long long until;
	char source[KEY_LEN];
} commands[COMMANDS_MAX];

/*
 * Who started this program may have had it ignore SIGCHLD: the kernel would then reap
 * the commands by itself, and their ids could be others' when their time is over.
 */
void commands_open(void)
{
	signal(SIGCHLD, SIG_DFL);
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
	command->until = now_ms() + COMMAND_LIMIT_MS;
	snprintf(command->source, sizeof(command->source), "%s", source);
}

/*
 * Has it ended? Only who is reaped here gives its id away, so that until then it cannot
 * be another process's, nor another group's.
 */
static bool reap(struct command *command)
{
	int status;
	pid_t pid = waitpid(command->pid, &status, WNOHANG);

	if (!pid || (pid < 0 && errno == EINTR))
		return false;
	if (pid < 0)
		complain("--exec for %s: %s", command->source, strerror(errno));
	else if (WIFEXITED(status) && WEXITSTATUS(status))
		complain("--exec for %s: exit status %d", command->source, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		complain("--exec for %s: killed by signal %d", command->source,
			 WTERMSIG(status));
	command->pid = 0;
	return true;
}

/* Returns when the next one's time is over; 0: none runs */
long long commands_reap(void)
{
	long long next = 0, now = now_ms();
	struct command *command;

	for (command = commands; command < commands + COMMANDS_MAX; command++) {
		if (!command->pid || reap(command))
			continue;
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
