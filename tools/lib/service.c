// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program that does its work at the start, and then stays: for what is in the kernel until
 * it ends
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include "program.h"
#include "service.h"

static sigset_t signals;

/* For systemd: sd_notify(3) */
static void notify(const char *text)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t len;
	int fd;

	if (!path || (*path != '/' && *path != '@'))
		return;
	len = strlen(path);
	if (len >= sizeof(addr.sun_path))
		return;
	memcpy(addr.sun_path, path, len);
	if (*path == '@')
		*addr.sun_path = 0;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&addr,
		   offsetof(struct sockaddr_un, sun_path) + len) < 0)
		warn("%s", path);
	close(fd);
}

/**
 * service_read - read a file that a service is told by
 * @path: the file
 * @text: what it has, with a zero byte after it
 * @size: of @text
 *
 * Returns whether it could be read; if not, a warning says why.
 */
bool service_read(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	size_t len;

	if (!file) {
		warn("%s", path);
		return false;
	}
	len = fread(text, 1, size - 1, file);
	text[len] = 0;
	if (ferror(file) || !feof(file)) {
		warnx("%s: cannot be read, or is longer than %zu bytes", path, size - 1);
		fclose(file);
		return false;
	}
	fclose(file);
	if (strlen(text) != len) {
		warnx("%s: is no text", path);
		return false;
	}
	return true;
}

/* What a shell starts in the background ignores SIGINT; what nohup starts, SIGHUP. */
static bool ignored(int sig)
{
	struct sigaction action;

	return !sigaction(sig, NULL, &action) && action.sa_handler == SIG_IGN;
}

/**
 * service_start - before anything is made that is to go: signals wait for service_run()
 * @reloads: SIGHUP is one that is meant
 *
 * A warning that nobody reads any more ends no program. And service_try() hears of its child's
 * end, also if whoever started this program has ignored SIGCHLD.
 */
void service_start(bool reloads)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	if (!ignored(SIGINT))
		sigaddset(&signals, SIGINT);
	if (reloads || !ignored(SIGHUP))
		sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
}

/**
 * service_run - tell systemd that all is made, and stay until SIGTERM or SIGINT
 * @reload: what SIGHUP does; NULL: it ends the program, too
 */
void service_run(void (*reload)(void))
{
	int sig;

	notify("READY=1");
	while ((sig = sigwaitinfo(&signals, NULL)) < 0 || (sig == SIGHUP && reload)) {
		if (sig < 0)
			continue;
		notify("RELOADING=1");
		reload();
		notify("READY=1");
	}
	notify("STOPPING=1");
}

/**
 * service_status - with which status a service ends after an error
 * @error: a negative errno
 *
 * Returns EXIT_INTERRUPTED if the error may be gone the next time, else EXIT_ERROR.
 */
int service_status(int error)
{
	return error == -ENOMEM || error == -ENOBUFS || error == -EMFILE || error == -ENFILE ?
	       EXIT_INTERRUPTED : EXIT_ERROR;
}

/* Nothing else ends with it: 0 is what --help ends with. */
#define STATUS_RIGHT		42

/**
 * service_try - have another process do what ends a program if it finds an error
 * @attempt: it tells the error. It may use this program's sockets; what it changes in memory,
 *	this one does not see.
 *
 * Returns whether it came to its end.
 */
bool service_try(void (*attempt)(void))
{
	pid_t child = fork();
	int status;

	if (child < 0) {
		warn("fork");
		return false;
	}
	if (!child) {
		attempt();
		_exit(STATUS_RIGHT);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == STATUS_RIGHT;
}
