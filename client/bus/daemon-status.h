/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `nfttracectl status` knows: the manager's properties, the sessions, and from both the state of
 * health in one sentence. Owned by the command.
 */
#ifndef NFTTRACED_CLIENT_BUS_DAEMON_STATUS_H
#define NFTTRACED_CLIENT_BUS_DAEMON_STATUS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "journal/base/output.h"

#define STATUS_UNKNOWN UINT64_MAX /* a count that the kernel does not tell */

enum health {
	HEALTH_GOOD,
	HEALTH_DEGRADED, /* it records, but something is lost or in the way */
	HEALTH_FAILED, /* it can't record on this machine as it is */
	HEALTH_ABSENT, /* it is not running */
};

/* Strings are NULL where the daemon did not tell. Pairs are names and values in turn. */
struct status {
	char *version, *state, *problem, *attach;
	bool armed;
	uint64_t ring_size, calls, missed;
	char **features, **advice, **counters, **memory;
	GPtrArray *sessions; /* of struct session; NULL: not told, `refusal` says why */
	char *refusal;
	uint64_t hidden; /* sessions of others; HIDDEN_UNKNOWN */
	enum health health;
	char *summary; /* the rest of the line of health */
};

/* Asks the daemon. Negative errno and a sentence if it can't be asked; -ENXIO: it is not running. */
int status_read(sd_bus *bus, struct status *status, char **ret_reason);

/*
 * What the daemon has for a problem, with its state, in one sentence that is escaped; NULL: nothing, or it
 * can't be asked. g_free it.
 */
char *status_trouble(sd_bus *bus);

/* In its place when it is not running, for `reason`: what can be told without it. */
void status_read_local(struct status *status, const char *reason);

/* "healthy", "degraded", "failed", "not running". */
const char *health_name(enum health health);

/* The whole of it for a person, and as one line of JSON. */
void status_text(struct output *output, const struct status *status);
void status_json(struct output *output, const struct status *status);

/* The value of a feature's advice; NULL if there is none. */
const char *status_advice(const struct status *status, const char *feature);

/* Accepts a zeroed struct. */
void status_clear(struct status *status);

#define auto_status __attribute__((cleanup(status_clear))) struct status

#endif
