/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages about dropped packets into the system journal; see drop-summary.h. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <errno.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "daemon/drops/drop-summary.h"

#define JOURNAL_SOCKET "/run/systemd/journal/socket"

int drop_summary_to_journal(void *pointer)
{
	const struct drop_message *message = pointer;
	int r;

	/* libsystemd takes a journal that is not there for one that has the message. */
	if (access(JOURNAL_SOCKET, F_OK) < 0)
		return -errno;
	r = sd_journal_sendv(
		(const struct iovec *)(void *)message->fields->data, (int)message->fields->len);
	/* At once: a daemon that is killed from here on has told of it. */
	if (r == 0)
		drop_message_sent(message);
	return r;
}
