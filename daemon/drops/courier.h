/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The courier: a thread that brings messages to somebody who may keep it waiting, the system journal,
 * so that the event loop never waits. One batch at a time is on its way; the thread begins with the
 * first one. Owned by the control thread. A courier that is still kept waiting when its owner lets go of
 * it ends when it is not, or with the process.
 */
#ifndef NFTTRACED_DAEMON_DROPS_COURIER_H
#define NFTTRACED_DAEMON_DROPS_COURIER_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct courier;

/* What becomes of a message, on the courier's thread: 0, or negative errno if it can't be delivered. It has
 * no context, because it may still wait when its owner is gone. */
typedef int (*courier_deliver)(void *message);

/* The batch has been tried, on the control thread: results[i] is what `deliver` returned for the message
 * with number i. */
typedef void (*courier_done)(void *context, const int *results, unsigned int count);

struct courier_ends {
	courier_deliver deliver;
	courier_done done;
	void *context; /* of `done` */
};

int courier_new(sd_event *event, const struct courier_ends *ends, struct courier **ret);

/* True from courier_send until `done` is called. */
bool courier_busy(const struct courier *courier);

/* Takes over the messages, at least one. -EBUSY: others are on their way; another error: there can be no
 * thread. Nothing was taken over then. */
int courier_send(struct courier *courier, GPtrArray *messages);

/* Waits until nothing is on its way; calls `done`. -ETIMEDOUT: it takes longer than `usec`. */
int courier_wait(struct courier *courier, uint64_t usec);

/* `done` is not called any more. Accepts NULL; returns NULL. */
struct courier *courier_free(struct courier *courier);

#endif
