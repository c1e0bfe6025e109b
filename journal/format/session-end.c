/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why a session ended; see session-end.h. */
#include "journal/format/session-end.h"

#include <stddef.h>
#include <string.h>

static const struct {
	const char *name, *text;
} ends[SESSION_ENDS] = {
	[SESSION_END_UNKNOWN] = { "", NULL },
	[SESSION_END_STOPPED] = { "stopped", NULL },
	[SESSION_END_DURATION] = { "duration", "it reached its duration" },
	[SESSION_END_LIMIT] = { "limit", "its limit of events was reached" },
	[SESSION_END_CALLER_LEFT] = { "caller-left", "its caller left" },
	[SESSION_END_CALLER_LEFT_UNSEEN] = { "caller-left-unseen",
		"its caller left while the bus could not be reached" },
	[SESSION_END_CALLER_GONE] = { "caller-gone",
		"its caller had left when nfttraced restarted" },
	[SESSION_END_BUS_REPLACED] = { "bus-replaced",
		"its caller was on a bus that is gone, and can't be recognized on the next one" },
	[SESSION_END_CONFIGURATION] = { "configuration",
		"the configuration no longer has it as it was" },
	[SESSION_END_SHUTDOWN] = { "shutdown", "nfttraced was stopped" },
};

const char *session_end_name(enum session_end end)
{
	return (unsigned int)end < SESSION_ENDS ? ends[end].name : "";
}

enum session_end session_end_of_name(const char *name)
{
	for (unsigned int i = 0; name && i < SESSION_ENDS; i++) {
		if (strcmp(ends[i].name, name) == 0)
			return (enum session_end)i;
	}
	return SESSION_END_UNKNOWN;
}

const char *session_end_text(enum session_end end)
{
	return (unsigned int)end < SESSION_ENDS ? ends[end].text : NULL;
}
