/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why something was refused; see failure.h. */
#include "daemon/base/failure.h"

#include <stdarg.h>

void failure_set(struct failure *failure, enum failure_kind kind, const char *format, ...)
{
	va_list arguments;
	char *reason;

	/* First, as the arguments may include the text that is replaced. */
	va_start(arguments, format);
	reason = g_strdup_vprintf(format, arguments);
	va_end(arguments);

	g_free(failure->reason);
	failure->kind = kind;
	failure->reason = reason;
}

void failure_clear(struct failure *failure)
{
	g_free(failure->reason);
	failure->kind = FAILURE_NONE;
	failure->reason = NULL;
}
