/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The summary of drops: once an interval, a message for each rule that has dropped packets since it
 * was last reported, the most active first, and one that sums up the others. A message that the
 * journal does not take is tried again until the interval is over; then the next message reports
 * its packets, so that the packets of all messages add up to the counters. Owned by the control
 * thread, and never makes it wait; it sleeps between intervals, and does nothing while it is off.
 */
#ifndef NFTTRACED_DAEMON_DROPS_DROP_SUMMARY_H
#define NFTTRACED_DAEMON_DROPS_DROP_SUMMARY_H

#include <systemd/sd-event.h>

#include "daemon/drops/drop-message.h"

struct drop_summary;

struct drop_summary_settings {
	uint64_t interval; /* us; 0: no summary */
	uint64_t rules; /* messages an interval; one more sums up the others */
};

/* Reads the counters as drops_read does. */
typedef int (*drop_summary_read)(
	void *context, GPtrArray **ret_counters, struct drop_totals *ret_totals);

/* Sends a message without waiting. -EAGAIN: try later; another negative errno: it can't be sent. */
typedef int (*drop_summary_send)(const struct drop_message *message);

struct drop_summary_ops {
	drop_summary_read read;
	void *context; /* of `read` */
	struct drops *drops; /* for drops_mark; NULL: marks are not saved */
	bool (*sends)(void); /* false: messages are logged instead of sent */
	drop_summary_send send;
};

/* Off until it gets settings. Negative errno. */
int drop_summary_new(
	sd_event *event, const struct drop_summary_ops *ends, struct drop_summary **ret);

/* Takes new settings. Switched on, it reports packets dropped from now on; switched off, it first
 * reports those dropped until now. */
int drop_summary_set(struct drop_summary *summary, const struct drop_summary_settings *settings);

/* Reports the last interval, which ends now, and switches off. Waits for the journal at most 0.5 s.
 * Accepts NULL. */
void drop_summary_finish(struct drop_summary *summary);

/* Continues with the counters of the last daemon, from the amounts that it reported. If its summary
 * was off, packets counted until now are not reported. */
void drop_summary_resume(struct drop_summary *summary);

/* Messages that could not be sent. Accepts NULL: none. */
uint64_t drop_summary_unsent(const struct drop_summary *summary);

/* Frees it without a report. Accepts NULL; returns NULL. */
struct drop_summary *drop_summary_free(struct drop_summary *summary);

#endif
