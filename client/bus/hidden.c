/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions and journals of others; see hidden.h. */
#include "client/bus/hidden.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>

#include "client/bus/daemon-bus.h"

#define TAKES "root or the polkit action org.nfttraced1.control-any"

struct hidden hidden_read(sd_bus *bus)
{
	struct hidden hidden = { HIDDEN_UNKNOWN, HIDDEN_UNKNOWN };
	auto_bus_message *reply = NULL;
	g_autofree char *ignored = NULL;
	uint64_t sessions, journals;

	if (bus_call(bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "CountHidden", &reply,
		    &ignored) >= 0 &&
		sd_bus_message_read(reply, "tt", &sessions, &journals) > 0)
		hidden = (struct hidden){ sessions, journals };
	return hidden;
}

char *hidden_absence(sd_bus *bus, const char *absence, const char *remedy)
{
	const struct hidden hidden = hidden_read(bus);

	if (hidden.sessions == 0 && hidden.journals == 0)
		return g_strconcat(absence, remedy, NULL);
	if (hidden.sessions == HIDDEN_UNKNOWN)
		return g_strconcat(absence, " that you may see", remedy, NULL);
	return g_strconcat(
		absence, " that you may see: to see those of other users takes " TAKES, NULL);
}

void hidden_report(uint64_t count, const char *what)
{
	if (count == 0 || count == HIDDEN_UNKNOWN)
		return;
	fprintf(stderr,
		"nfttracectl: %" PRIu64 " %s%s of other users %s not shown: to see %s takes " TAKES
		"\n",
		count, what, count == 1 ? "" : "s", count == 1 ? "is" : "are",
		count == 1 ? "it" : "them");
}
