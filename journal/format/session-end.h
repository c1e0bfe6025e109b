/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a session ended: in its journal's end record, in lists of journals, and for a person.
 * Stateless. */
#ifndef NFTTRACED_JOURNAL_FORMAT_SESSION_END_H
#define NFTTRACED_JOURNAL_FORMAT_SESSION_END_H

/* On disk and on the bus by its name: append only. */
enum session_end {
	SESSION_END_UNKNOWN, /* it is running, or its journal does not say (older ones) */
	SESSION_END_STOPPED, /* by a request */
	SESSION_END_DURATION,
	SESSION_END_LIMIT, /* of events */
	SESSION_END_CALLER_LEFT, /* that it was bound to */
	SESSION_END_CALLER_LEFT_UNSEEN, /* its caller left while the bus could not be reached */
	SESSION_END_CALLER_GONE, /* its caller was gone when the daemon was back after a restart */
	SESSION_END_BUS_REPLACED, /* the caller's bus is gone, and the caller can't be identified */
	SESSION_END_CONFIGURATION, /* removed from the configuration, or replaced there */
	SESSION_END_SHUTDOWN, /* of the daemon */
	SESSION_ENDS,
};

/* "stopped", "duration", "limit", "caller-left", "caller-left-unseen", "caller-gone",
 * "bus-replaced", "configuration", "shutdown"; "" for SESSION_END_UNKNOWN. */
const char *session_end_name(enum session_end end);

/* SESSION_END_UNKNOWN for an unknown name. Accepts NULL. */
enum session_end session_end_of_name(const char *name);

/* A sentence without a period, such as "its caller left"; NULL if a request stopped it, or if it is
 * running. */
const char *session_end_text(enum session_end end);

#endif
