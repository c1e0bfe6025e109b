/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sessions and journals of other users, which the daemon hides from the caller: how many there are,
 * so that "not found" is not reported for something that the caller may not see. Stateless.
 */
#ifndef NFTTRACED_CLIENT_BUS_HIDDEN_H
#define NFTTRACED_CLIENT_BUS_HIDDEN_H

#include <stdint.h>
#include <systemd/sd-bus.h>

#define HIDDEN_UNKNOWN UINT64_MAX /* the daemon is older, or did not answer */

struct hidden {
	uint64_t sessions; /* that run */
	uint64_t journals; /* of sessions that run or have ended */
};

/* Never fails: HIDDEN_UNKNOWN if the daemon does not answer. */
struct hidden hidden_read(sd_bus *bus);

/*
 * A sentence (g_free it) about something that was not found: `absence`, such as "there is no
 * session 9", followed by `remedy` if the caller sees everything, or else by the right with which
 * the caller would see the others.
 */
char *hidden_absence(sd_bus *bus, const char *absence, const char *remedy);

/* Prints on standard error how many `what` ("session", "journal") of others a list leaves out,
 * unless it is 0 or unknown. */
void hidden_report(uint64_t count, const char *what);

#endif
