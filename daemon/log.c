/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's log. Its state, where it goes and what is left out, is the control thread's. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "../journal/escape.h"

static bool stderr_is_journal;
static int level = LOG_INFO;
static enum log_target target = LOG_TARGET_AUTO;

void log_open(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	/* The variable is inherited by programs whose standard error has been redirected since. */
	stderr_is_journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
		status.st_ino == inode;
}

void log_set_level(int priority)
{
	level = priority;
}

int log_level(void)
{
	return level;
}

void log_set_target(enum log_target which)
{
	target = which;
}

enum log_target log_target(void)
{
	if (target == LOG_TARGET_AUTO)
		return stderr_is_journal ? LOG_TARGET_JOURNAL : LOG_TARGET_CONSOLE;
	return target;
}

bool log_is_journal(void)
{
	return log_target() == LOG_TARGET_JOURNAL;
}

void log_escaped(int priority, const char *text)
{
	if (priority > level || target == LOG_TARGET_NULL)
		return;
	if (log_is_journal())
		sd_journal_send("MESSAGE=%s", text, "PRIORITY=%i", priority,
			"SYSLOG_IDENTIFIER=" LOG_IDENTIFIER, NULL);
	else
		fprintf(stderr, LOG_IDENTIFIER ": %s\n", text);
}

void log_message(int priority, const char *format, ...)
{
	g_autofree char *raw = NULL, *text = NULL;
	va_list arguments;

	if (priority > level || target == LOG_TARGET_NULL)
		return;
	va_start(arguments, format);
	raw = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	text = text_escape_dup(raw);
	log_escaped(priority, text);
}
