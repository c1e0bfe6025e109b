/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the daemon keeps from the caller: sessions and journals of others. As the daemon's own authorisation has it, so
 * that nobody is told that something does not exist only because he may not see it. Stateless.
 */
#ifndef NFTTRACED_CLIENT_BUS_HIDDEN_H
#define NFTTRACED_CLIENT_BUS_HIDDEN_H

#include <stdint.h>
#include <systemd/sd-bus.h>

#define HIDDEN_UNKNOWN UINT64_MAX /* an older daemon, or one that can't be asked */

struct hidden {
	uint64_t sessions; /* that run */
	uint64_t journals; /* of sessions that run or have ended */
};

/* Never fails: what can't be had is HIDDEN_UNKNOWN. */
struct hidden hidden_read(sd_bus *bus);

/*
 * A sentence (g_free it) that something was not found: `absence`, such as "there is no session 9", and `remedy` behind
 * it if the caller sees everything; else that there may be one that the caller may not see, and what it takes to see
 * it.
 */
char *hidden_absence(sd_bus *bus, const char *absence, const char *remedy);

/* Says on standard error how many `what` ("session", "journal") of others are left out of a list, unless it is
 * none, or not known. */
void hidden_tell(uint64_t count, const char *what);

#endif
