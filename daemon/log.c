/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's log. The only state is where it goes, set once before any thread exists. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "../journal/escape.h"

static bool log_to_journal;

void log_open(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	/* The variable is inherited by programs whose standard error has been redirected since. */
	log_to_journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
		fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
		status.st_ino == inode;
}

bool log_is_journal(void)
{
	return log_to_journal;
}

void log_escaped(int priority, const char *text)
{
	if (log_to_journal)
		sd_journal_send("MESSAGE=%s", text, "PRIORITY=%i", priority, NULL);
	else
		fprintf(stderr, "nfttraced: %s\n", text);
}

void log_message(int priority, const char *format, ...)
{
	g_autofree char *raw = NULL, *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	raw = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	text = text_escape_dup(raw);
	log_escaped(priority, text);
}
