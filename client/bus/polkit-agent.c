/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pkttyagent as a child; see polkit-agent.h. */
#include "client/bus/polkit-agent.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "client/bus/remote.h"

#define AGENT "pkttyagent"
/* How long to wait for polkit to know the agent, for slow machines: without it no password is asked
 * for. */
#define READY_MSEC     30000
#define NOT_EXECUTABLE 127

static bool never;
static bool begun;
static pid_t agent;

gboolean agent_disable(const char *option, const char *value, gpointer data, GError **error)
{
	never = true;
	return TRUE;
}

gboolean agent_may_ask(void)
{
	return !never;
}

/* It restores the terminal. */
static void agent_stop(void)
{
	kill(agent, SIGTERM);
	kill(agent, SIGCONT);
	while (waitpid(agent, NULL, 0) < 0 && errno == EINTR)
		continue;
}

/*
 * True if polkit takes the caller as part of a login session, which may have a desktop's agent. It
 * looks for the session as polkit_backend_session_monitor_get_session_for_subject() of polkit does.
 */
static bool session_exists(void)
{
	char *session = NULL;
	uid_t uid;
	int r = sd_pid_get_session(0, &session);

	if (r < 0) {
		r = sd_pid_get_owner_uid(0, &uid);
		if (r >= 0)
			r = sd_uid_get_display(uid, &session);
	}
	free(session);
	return r >= 0;
}

/* In the child. */
static void agent_run(pid_t parent, int ready_fd)
{
	char number[16];
	sigset_t none;

	snprintf(number, sizeof(number), "%d", ready_fd);
	sigemptyset(&none);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* The parent may have exited before. */
	if (getppid() == parent && fcntl(ready_fd, F_SETFD, 0) == 0 &&
		sigprocmask(SIG_SETMASK, &none, NULL) == 0)
		/* Without a login session polkit has no fallback:
		 * get_authentication_agent_for_subject(). */
		execlp(AGENT, AGENT, "--notify-fd", number, session_exists() ? "--fallback" : NULL,
			NULL);
	_exit(NOT_EXECUTABLE);
}

/* The pipe ends when polkit knows the agent, or when the agent has ended. */
static void agent_await(int fd)
{
	struct pollfd ready = { .fd = fd };

	while (poll(&ready, 1, READY_MSEC) < 0 && errno == EINTR)
		continue;
}

void agent_start(void)
{
	pid_t parent = getpid();
	int fds[2];

	if (begun || never || remote_host() || geteuid() == 0 || !isatty(STDIN_FILENO) ||
		pipe2(fds, O_CLOEXEC) < 0)
		return;
	begun = true;
	agent = fork();
	if (agent == 0)
		agent_run(parent, fds[1]);
	close(fds[1]);
	if (agent > 0) {
		agent_await(fds[0]);
		atexit(agent_stop);
	}
	close(fds[0]);
}
