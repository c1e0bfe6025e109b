/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The totals of a session as one line: matched = journaled + lost (by reason) + suppressed +
 * pending. From the bus (the reply of Stop and StopSession) or from the end of a journal.
 */
#ifndef NFTTRACED_CLIENT_TEXT_SESSION_TOTALS_H
#define NFTTRACED_CLIENT_TEXT_SESSION_TOTALS_H

#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "journal/base/output.h"
#include "journal/format/dictionary.h"

/* The totals of a session in a reply on the bus. */
struct session_totals {
	uint64_t id;
	char *name; /* "" if it has none */
	char *path; /* of the journal */
	struct dictionary_totals totals;
	uint64_t unsynced; /* bytes that are not on the disk, which did not respond in time */
	char *disk_error; /* "": none */
};

/* Reads the a{sv} at the message's position; unknown keys are ignored. Negative errno. */
int session_totals_read(sd_bus_message *message, struct session_totals *ret);

/* True if a part of the journal is not known to be on the disk. */
bool session_totals_unsafe(const struct session_totals *totals);

/* Accepts a zeroed struct. */
void session_totals_clear(struct session_totals *totals);

#define auto_session_totals __attribute__((cleanup(session_totals_clear))) struct session_totals

/* The whole line, with its newline. */
void session_totals_text(struct output *output, const struct session_totals *totals);

/* `session 3 "web"`; the name is left out if it is NULL or "". */
void totals_session(struct output *output, uint64_t id, const char *name);

/* `matched 132 = journaled 130 + lost 2 (ring-full 2) + suppressed 0 + pending 0`, and the reason
 * if the session was not stopped by a request: `; its caller left`. */
void totals_text(struct output *output, const struct dictionary_totals *totals);

#endif
