/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another host, as -H names it. Its daemon is reached over ssh, as systemd's tools do. A descriptor
 * can't be passed that way, so commands that read events run `nfttracectl export` there and read
 * its output. One host for the whole program; the processes are waited for at its end.
 */
#ifndef NFTTRACED_CLIENT_BUS_REMOTE_H
#define NFTTRACED_CLIENT_BUS_REMOTE_H

#include <glib.h>
#include <stdbool.h>

#include "journal/format/format.h"

/* Sends all calls to `host`, "[USER@]HOST" (kept as a copy). -EINVAL and one sentence for an
 * invalid name, which ssh might take for an option. */
int remote_set(const char *host, char **ret_reason);

/* The host; NULL: this one. */
const char *remote_host(void);

enum remote_export {
	REMOTE_EXPORT, /* the journal as it is now */
	REMOTE_FOLLOW, /* records from now on */
	REMOTE_FOLLOW_ALL, /* from the journal's beginning */
	REMOTE_FOLLOW_AFTER, /* from a position on */
};

/* Starts an export of a session's journal on the host; *ret_fd (close it) is the stream. `position` is
 * the position for REMOTE_FOLLOW_AFTER, or NULL. */
int remote_open(const char *session, enum remote_export how,
	const struct journal_position *position, int *ret_fd, char **ret_reason);

/* Waits for the exports, except those that follow. One sentence (g_free it) if one of them failed;
 * NULL: success. */
char *remote_finish(void);

#endif
