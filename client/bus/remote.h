/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Another host, as -H names it. Its daemon is reached over ssh, as systemd's tools do; a descriptor can't
 * travel that way, so what reads events has `nfttracectl export` run there and reads what that writes.
 * One host for the whole program; the processes are waited for at its end.
 */
#ifndef NFTTRACED_CLIENT_BUS_REMOTE_H
#define NFTTRACED_CLIENT_BUS_REMOTE_H

#include <glib.h>
#include <stdbool.h>

#include "journal/format/format.h"

/* Has everything go to `host`, "[USER@]HOST" (kept as a copy). -EINVAL and one sentence for what is no
 * name: it must not be taken for an option of ssh. */
int remote_set(const char *host, char **ret_reason);

/* The host; NULL: this one. */
const char *remote_host(void);

enum remote_export {
	REMOTE_EXPORT, /* what is in the journal now */
	REMOTE_FOLLOW, /* what is recorded from now on */
	REMOTE_FOLLOW_ALL, /* from the journal's beginning */
	REMOTE_FOLLOW_AFTER, /* from a place on */
};

/* Has a session's journal exported there; *ret_fd (close it) is the stream. `place` (or NULL) is that of
 * REMOTE_FOLLOW_AFTER. */
int remote_open(const char *session, enum remote_export how, const struct journal_position *place,
	int *ret_fd, char **ret_reason);

/* Waits for the exports that were begun, those that follow excepted. One sentence (g_free it) if one of
 * them failed; NULL: all went well. */
char *remote_finish(void);

#endif
