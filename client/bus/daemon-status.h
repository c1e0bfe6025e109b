/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status of the daemon: the manager's properties, the sessions, and its health, which follows
 * from both, in one sentence. Owned by the command.
 */
#ifndef NFTTRACED_CLIENT_BUS_DAEMON_STATUS_H
#define NFTTRACED_CLIENT_BUS_DAEMON_STATUS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-bus.h>

#include "journal/base/output.h"

#define STATUS_UNKNOWN UINT64_MAX /* a count that the kernel does not report */

enum health {
	HEALTH_GOOD,
	HEALTH_DEGRADED, /* it records, but with losses or problems */
	HEALTH_FAILED, /* it can't record on this machine */
	HEALTH_ABSENT, /* it is not running */
};

/* Strings are NULL if the daemon did not send them. Pairs are names and values in turn. */
struct status {
	char *version, *state, *problem, *attach;
	bool armed;
	uint64_t ring_size, calls, missed;
	char **features, **advice, **counters, **memory;
	GPtrArray *sessions; /* of struct session; NULL: refused, see `refusal` */
	char *refusal;
	uint64_t hidden; /* sessions of others; HIDDEN_UNKNOWN */
	enum health health;
	char *summary; /* the rest of the line of health */
};

/* Reads the status from the daemon. Negative errno and a sentence; -ENXIO: it is not running. */
int status_read(sd_bus *bus, struct status *status, char **ret_reason);

/* The daemon's problem and state in one sentence, escaped; NULL: no problem, or no answer. g_free
 * it. */
char *status_trouble(sd_bus *bus);

/* The status of a daemon that is not running, for `reason`: the features of this machine. */
void status_read_local(struct status *status, const char *reason);

/* "healthy", "degraded", "failed", "not running". */
const char *health_name(enum health health);

/* Prints the status as text, and as one line of JSON. */
void status_text(struct output *output, const struct status *status);
void status_json(struct output *output, const struct status *status);

/* The advice on a feature, or NULL. */
const char *status_advice(const struct status *status, const char *feature);

/* Accepts a zeroed struct. */
void status_clear(struct status *status);

#define auto_status __attribute__((cleanup(status_clear))) struct status

#endif
