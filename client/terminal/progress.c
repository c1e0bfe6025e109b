/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The progress line; see progress.h. */
#include "client/terminal/progress.h"

#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "journal/base/amounts.h"

#define LINE_ERASE "\r\x1b[K"

void progress_begin(struct progress *progress, int fd)
{
	*progress = (struct progress){ .fd = fd, .begun = g_get_monotonic_time() };
}

int progress_terminal(void)
{
	return isatty(STDERR_FILENO) ? STDERR_FILENO : -1;
}

/* Failures of the terminal are ignored. */
static void write_line(const struct progress *progress, const char *text)
{
	ssize_t ignored = write(progress->fd, text, strlen(text));

	(void)ignored;
}

static char *line_new(const struct progress *progress, int64_t now, uint64_t read, uint64_t total)
{
	double part = total > 0 ? (double)read / (double)total : 0;
	double seconds = (double)(now - progress->begun) / G_USEC_PER_SEC;
	double left = part > 0 ? seconds / part - seconds : 0;
	char size[AMOUNT_SIZE], span[AMOUNT_SIZE];

	if (read >= total)
		return g_strdup_printf(LINE_ERASE "%s read", amount_bytes(read, size));
	return g_strdup_printf(LINE_ERASE "%.0f%% of %s read, %s left", 100 * part,
		amount_bytes(total, size),
		amount_duration((uint64_t)(left + 0.5) * G_USEC_PER_SEC, span));
}

void progress_update(struct progress *progress, uint64_t read, uint64_t total)
{
	g_autofree char *line = NULL;
	int64_t now;

	if (progress->fd < 0)
		return;
	now = g_get_monotonic_time();
	if (now - progress->begun < PROGRESS_FIRST_USEC ||
		now - progress->updated < PROGRESS_UPDATE_USEC)
		return;
	line = line_new(progress, now, read, total);
	write_line(progress, line);
	progress->updated = now;
	progress->shown = true;
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		write_line(progress, LINE_ERASE);
	progress->shown = false;
	progress->fd = -1;
}
