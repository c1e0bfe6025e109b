/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Kills and reaps child processes, see reaper.h. */
#include "daemon/base/reaper.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "journal/base/cleanup.h"

#define INSTANT_MSEC 50 /* a hundred times longer than a killed process needs to end */

bool reaper_has_ended(pid_t child)
{
	pid_t ended;

	do
		ended = waitpid(child, NULL, WNOHANG);
	while (ended < 0 && errno == EINTR);
	return ended != 0;
}

void reaper_reap(struct reaper *reaper)
{
	for (guint i = reaper->children ? reaper->children->len : 0; i-- > 0;)
		if (reaper_has_ended(g_array_index(reaper->children, pid_t, i)))
			g_array_remove_index_fast(reaper->children, i);
}

void reaper_kill(struct reaper *reaper, pid_t child)
{
	auto_fd fd = pidfd_open(child, 0);
	struct pollfd ended = { .fd = fd, .events = POLLIN };

	kill(child, SIGKILL);
	if (fd >= 0)
		poll(&ended, 1, INSTANT_MSEC);
	reaper_reap(reaper);
	if (reaper_has_ended(child))
		return;
	if (!reaper->children)
		reaper->children = g_array_new(FALSE, FALSE, sizeof(pid_t));
	g_array_append_val(reaper->children, child);
}
