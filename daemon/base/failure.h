/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why something that a caller on the bus asked for was refused: a kind, which becomes the name of a
 * D-Bus error, and one sentence for a person. Owned by who declared it.
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
	FAILURE_BUSY, /* a bound was reached: try again */
	FAILURE_INTERNAL, /* the kernel or the system refused something that should work */
};

struct failure {
	enum failure_kind kind;
	char *reason;
};

/* Records a failure; what was recorded before is replaced. */
void failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

/* Makes it FAILURE_NONE again. */
void failure_clear(struct failure *failure);

#define auto_failure __attribute__((cleanup(failure_clear))) struct failure

#endif
