/* SPDX-License-Identifier: GPL-2.0-or-later */
/* D-Bus errors and replies; see errors.h. */
#include "daemon/bus/errors.h"

#include "journal/base/escape.h"

static const char *const failure_names[] = {
	[FAILURE_INVALID_FILTER] = BUS_ERROR_PREFIX "InvalidFilter",
	[FAILURE_INVALID_VERDICT] = BUS_ERROR_PREFIX "InvalidVerdict",
	[FAILURE_INVALID_OPTION] = BUS_ERROR_INVALID_OPTION,
	[FAILURE_NO_SUCH_SESSION] = BUS_ERROR_NO_SUCH_SESSION,
	[FAILURE_TOO_MANY_SESSIONS] = BUS_ERROR_PREFIX "TooManySessions",
	[FAILURE_FILTER_TOO_COMPLEX] = BUS_ERROR_PREFIX "FilterTooComplex",
	[FAILURE_NOT_SUPPORTED] = BUS_ERROR_NOT_SUPPORTED,
	[FAILURE_JOURNAL] = BUS_ERROR_PREFIX "JournalFailed",
	[FAILURE_BUSY] = SD_BUS_ERROR_LIMITS_EXCEEDED,
	[FAILURE_INTERNAL] = SD_BUS_ERROR_FAILED,
};

int bus_failure(const struct failure *failure, sd_bus_error *error)
{
	/* D-Bus carries only UTF-8, and a reason may quote a library that quotes a caller. */
	g_autofree char *message = g_utf8_make_valid(failure->reason, -1);

	return sd_bus_error_set(error, failure_names[failure->kind], message);
}

int bus_no_session(const char *path, sd_bus_error *error)
{
	g_autofree char *excerpt = text_excerpt_dup(path);

	return sd_bus_error_setf(
		error, BUS_ERROR_NO_SUCH_SESSION, "there is no session %s", excerpt);
}

int bus_needs_root(sd_bus_error *error)
{
	return sd_bus_error_set(
		error, SD_BUS_ERROR_ACCESS_DENIED, "access denied: this needs root");
}

void bus_reply_error(sd_bus_message *message, sd_bus_error *error)
{
	sd_bus_reply_method_error(message, error);
	sd_bus_error_free(error);
}

int bus_reply_send(sd_bus_message *reply, int r)
{
	if (r >= 0)
		r = sd_bus_send(NULL, reply, NULL);
	sd_bus_message_unref(reply);
	return r < 0 ? r : 1;
}
