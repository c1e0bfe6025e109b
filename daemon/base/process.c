/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other processes; see process.h. */
#include "daemon/base/process.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <systemd/sd-bus.h>

#include "daemon/base/command-line.h"
#include "journal/base/cleanup.h"

/* Of /proc/PID/stat, counted from the state, which is field 3: see proc(5). */
#define FIELD_START (22 - 3)

int process_start_time(pid_t pid, uint64_t *ret)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
	g_autofree char *text = NULL;
	g_auto(GStrv) fields = NULL;
	const char *rest;
	guint64 start;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return -ESRCH;
	/* The name before it may have any character, ')' included. */
	rest = strrchr(text, ')');
	if (!rest || rest[1] != ' ')
		return -EBADMSG;
	fields = g_strsplit(rest + 2, " ", FIELD_START + 2);
	if (g_strv_length(fields) <= FIELD_START ||
		!g_ascii_string_to_unsigned(fields[FIELD_START], 10, 1, G_MAXUINT64, &start, NULL))
		return -EBADMSG;
	*ret = start;
	return 0;
}

int process_open(pid_t pid, uint64_t start)
{
	auto_fd fd = pidfd_open(pid, 0);
	uint64_t now;
	int r;

	if (fd < 0)
		return -errno;
	/* Read after the descriptor was opened: it is that of the same process, or of none. */
	r = process_start_time(pid, &now);
	if (r < 0)
		return r;
	return now == start ? fd_steal(&fd) : -ESRCH;
}

char *process_command(pid_t pid)
{
	sd_bus_creds *creds = NULL;
	g_autofree char *command = NULL;
	char **words = NULL;

	if (pid > 0 && sd_bus_creds_new_from_pid(&creds, pid, SD_BUS_CREDS_CMDLINE) >= 0 &&
		sd_bus_creds_get_cmdline(creds, &words) >= 0 && words)
		command = command_line_join(words);
	sd_bus_creds_unref(creds);
	return command ? g_steal_pointer(&command) : g_strdup("");
}
