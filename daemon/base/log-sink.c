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

void log_sink_set_journal(const char *path)
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
	/* A pipe that is ready takes a whole line at once. */
	if (poll(&console, 1, 0) == 0)
		return -EAGAIN;
	return write(STDERR_FILENO, line, (size_t)size) < 0 ? -errno : 0;
}

static int open_journal(void)
{
	static GMutex lock;
	int r = 0;

	g_mutex_lock(&lock);
	if (journal_fd < 0)
		journal_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (journal_fd < 0)
		r = -errno;
	g_mutex_unlock(&lock);
	return r;
}

/* True for errors that pass: the journal reads too slowly, or memory is short. */
static bool is_temporary(int error)
{
	return error == EAGAIN || error == ENOBUFS || error == ENOMEM || error == EINTR;
}

/* The protocol: "NAME=value" and a newline, or, if the value has a newline, the name, a newline,
 * the size and the value (systemd's documentation, "Native Journal Protocol"). */
static void append_field(GString *entry, const struct iovec *field)
{
	const char *text = field->iov_base, *value = memchr(text, '=', field->iov_len);
	size_t name = value ? (size_t)(value - text) : field->iov_len;
	uint64_t size;

	if (!value || !memchr(value, '\n', field->iov_len - name)) {
		g_string_append_len(entry, text, (gssize)field->iov_len);
	} else {
		size = GUINT64_TO_LE(field->iov_len - name - 1);
		g_string_append_len(entry, text, (gssize)name);
		g_string_append_c(entry, '\n');
		g_string_append_len(entry, (const char *)&size, sizeof(size));
		g_string_append_len(entry, value + 1, (gssize)(field->iov_len - name - 1));
	}
	g_string_append_c(entry, '\n');
}

int log_sink_send(const struct iovec *fields, size_t count)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	g_autoptr(GString) entry = g_string_new(NULL);
	int r = open_journal();

	if (r < 0)
		return r;
	for (size_t i = 0; i < count; i++)
		append_field(entry, &fields[i]);
	g_strlcpy(address.sun_path, journal_path, sizeof(address.sun_path));
	/* Not connected, so that it works after a restart of the journal. */
	if (sendto(journal_fd, entry->str, entry->len, MSG_NOSIGNAL,
		    (const struct sockaddr *)&address, sizeof(address)) < 0)
		return is_temporary(errno) ? -EAGAIN : -errno;
	return 0;
}

int log_to_journal(int priority, const char *text)
{
	g_autofree char *message = g_strdup_printf("MESSAGE=%.*s", LOG_LINE_MAX, text);
	g_autofree char *level = g_strdup_printf("PRIORITY=%i", priority);
	static const char identifier[] = "SYSLOG_IDENTIFIER=" LOG_IDENTIFIER;
	const struct iovec fields[] = {
		{ message, strlen(message) },
		{ level, strlen(level) },
		{ (char *)identifier, strlen(identifier) },
	};

	return log_sink_send(fields, G_N_ELEMENTS(fields));
}
