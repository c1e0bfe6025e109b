/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Standard error and the system journal, see log-sink.h. */
#include "daemon/base/log-sink.h"

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "daemon/base/log.h"

static const char *journal_path = "/run/systemd/journal/socket";
static int journal_fd = -1;

void log_way_set_journal(const char *path)
{
	journal_path = path;
}

int log_to_console(int priority, const char *text)
{
	struct pollfd console = { .fd = STDERR_FILENO, .events = POLLOUT };
	char line[LOG_LINE_MAX];
	int size = snprintf(line, sizeof(line), LOG_IDENTIFIER ": %s\n", text);

	if (size >= (int)sizeof(line)) {
		size = sizeof(line);
		line[size - 1] = '\n';
	}
	/* A pipe that is ready takes as much as a line at once. */
	if (poll(&console, 1, 0) == 0)
		return -EAGAIN;
	return write(STDERR_FILENO, line, (size_t)size) < 0 ? -errno : 0;
}

static int journal_open(void)
{
	if (journal_fd < 0)
		journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return journal_fd < 0 ? -errno : 0;
}

/* As it is while the journal reads too slowly, or the machine has no memory to spare. */
static bool is_passing(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EINTR;
}

int log_to_journal(int priority, const char *text)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	g_autofree char *fields =
		g_strdup_printf("MESSAGE=%.*s\nPRIORITY=%i\nSYSLOG_IDENTIFIER=" LOG_IDENTIFIER "\n",
			LOG_LINE_MAX, text, priority);
	int r = journal_open();

	if (r < 0)
		return r;
	g_strlcpy(address.sun_path, journal_path, sizeof(address.sun_path));
	/* Not connected: after a restart of the journal the next one gets there. */
	if (sendto(journal_fd, fields, strlen(fields), MSG_NOSIGNAL,
		    (const struct sockaddr *)&address, sizeof(address)) < 0)
		return is_passing(errno) ? -EAGAIN : -errno;
	return 0;
}
