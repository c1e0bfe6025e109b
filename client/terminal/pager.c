/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pager; see pager.h. */
#include "client/terminal/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/base/cleanup.h"

/* Options of less: quit if it fits on one screen, colours, keep the screen, long prompt, quit on
 * Ctrl-C. */
#define LESS_OPTIONS "FRXMK"

void pager_none(struct pager *pager)
{
	*pager = (struct pager){ .fd = STDOUT_FILENO };
}

/* The command to run by the shell; NULL for no pager. */
static const char *pager_command(void)
{
	const char *command = getenv("NFTTRACED_PAGER");
	g_autofree char *less = NULL;

	if (!command)
		command = getenv("PAGER");
	if (command)
		return *command && !g_str_equal(command, "cat") ? command : NULL;
	less = g_find_program_in_path("less");
	return less ? "less" : NULL;
}

static void pager_run(const char *command, int input)
{
	dup2(input, STDIN_FILENO);
	signal(SIGPIPE, SIG_DFL);
	setenv("LESS", LESS_OPTIONS, 0);
	execl("/bin/sh", "sh", "-c", command, NULL);
	_exit(127);
}

void pager_open(struct pager *pager)
{
	const char *command = isatty(STDOUT_FILENO) ? pager_command() : NULL;
	int ends[2];
	pid_t pid;

	pager_none(pager);
	if (!command || pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid = fork();
	if (pid == 0)
		pager_run(command, ends[0]);
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return;
	}
	/* Ctrl-C is handled by the pager. */
	signal(SIGINT, SIG_IGN);
	pager->pid = pid;
	pager->fd = ends[1];
}

void pager_close(struct pager *pager)
{
	if (pager->pid == 0)
		return;
	fd_close(&pager->fd);
	while (waitpid(pager->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	pager_none(pager);
}
