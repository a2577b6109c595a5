// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of --exec: beside the guard, each in a process group of its own, and for
 * a limited time. That is for all of the group, also for what a command has left behind
 * in it.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include "../lib/program.h"
#include "exec.h"
#include "key.h"

#define TIME_LIMIT_MS		10000
#define JOBS_MAX		128

static struct job {
	pid_t pid;		/* of the process and of its group; 0: not in use */
	bool ended;		/* the process has; others of its group may be there */
	long long deadline;
	char source[KEY_LEN];
} jobs[JOBS_MAX];

static void exec_close(void)
{
	struct job *job;

	exec_reap();
	for (job = jobs; job < jobs + JOBS_MAX; job++)
		if (job->pid)
			kill(-job->pid, SIGKILL);
}

/**
 * exec_open - get ready for commands
 *
 * Who started this program may have had it ignore SIGCHLD: the kernel would then reap
 * the commands by itself, and their ids could be others' when their time is over. What
 * a command leaves behind becomes a child of this program, so that it sees it end. What
 * still runs when this program ends is killed.
 */
void exec_open(void)
{
	signal(SIGCHLD, SIG_DFL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	atexit(exec_close);
}

static void become(const char *line)
{
	sigset_t none;
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
	execl("/bin/sh", "sh", "-c", line, (char *)NULL);
	_exit(127);
}

/**
 * exec_start - start a command
 * @line: for sh(1), with this program's environment
 * @source: whom it is for: what messages say
 *
 * What goes wrong, now or later, is told by a message.
 */
void exec_start(const char *line, const char *source)
{
	struct job *job = jobs;
	pid_t pid;

	while (job->pid && job < jobs + JOBS_MAX - 1)
		job++;
	if (job->pid) {
		warnx("--exec for %s: not run, %u others still run", source, JOBS_MAX);
		return;
	}
	pid = fork();
	if (pid < 0) {
		warn("--exec for %s", source);
		return;
	}
	if (!pid)
		become(line);
	/* Both do it, as nobody knows who comes first. */
	setpgid(pid, pid);
	job->pid = pid;
	job->ended = false;
	job->deadline = now_ms() + TIME_LIMIT_MS;
	snprintf(job->source, sizeof(job->source), "%s", source);
}

static void warn_of_status(const struct job *job, int status)
{
	if (WIFEXITED(status) && WEXITSTATUS(status))
		warnx("--exec for %s: exit status %d", job->source, WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		warnx("--exec for %s: killed by signal %d", job->source, WTERMSIG(status));
}

/* Takes note of all that have ended, commands and what they have left behind */
static void reap(void)
{
	struct job *job;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		for (job = jobs; job < jobs + JOBS_MAX; job++) {
			if (job->pid != pid || job->ended)
				continue;
			warn_of_status(job, status);
			job->ended = true;
		}
	}
}

/*
 * Is nobody of its group left? As long as this program has a child in it that was not
 * reaped, its id cannot be another group's.
 */
static bool has_ended(const struct job *job)
{
	siginfo_t info;

	return job->ended &&
	       waitid(P_PGID, job->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0 &&
	       errno == ECHILD;
}

/**
 * exec_reap - look after the commands: after SIGCHLD, and when a time is over
 *
 * Returns when the next one's time is over, as now_ms(); 0: none runs.
 */
long long exec_reap(void)
{
	long long next = 0, now = now_ms();
	struct job *job;

	reap();
	for (job = jobs; job < jobs + JOBS_MAX; job++) {
		if (!job->pid)
			continue;
		if (has_ended(job)) {
			job->pid = 0;
			continue;
		}
		if (now >= job->deadline) {
			warnx("--exec for %s: took more than %d s", job->source,
			      TIME_LIMIT_MS / 1000);
			kill(-job->pid, SIGKILL);
			job->deadline = now + TIME_LIMIT_MS;
		}
		if (!next || job->deadline < next)
			next = job->deadline;
	}
	return next;
}
