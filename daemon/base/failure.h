/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a request was refused: a kind, which becomes the name of a D-Bus error, and one sentence for
 * a person. Zero-initialised and cleared by the function that declares it.
 */
#ifndef NFTTRACED_DAEMON_BASE_FAILURE_H
#define NFTTRACED_DAEMON_BASE_FAILURE_H

#include <glib.h>

enum failure_kind {
	FAILURE_NONE = 0,
	FAILURE_INVALID_FILTER,
	FAILURE_INVALID_VERDICT,
	FAILURE_INVALID_OPTION,
	FAILURE_NO_SUCH_SESSION,
	FAILURE_TOO_MANY_SESSIONS,
	FAILURE_FILTER_TOO_COMPLEX,
	FAILURE_NOT_SUPPORTED,
	FAILURE_JOURNAL,
	FAILURE_BUSY, /* a limit was reached: try again */
	FAILURE_INTERNAL, /* the kernel or the system failed where it should not */
};

struct failure {
	enum failure_kind kind;
	char *reason;
};

/* Sets the failure, in place of an earlier one. */
void failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* Resets it to FAILURE_NONE. */
void failure_clear(struct failure *failure);

#define auto_failure __attribute__((cleanup(failure_clear))) struct failure

#endif
