/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A question to polkit: may the sender of a message do something? It is asked and answered over the
 * bus, without waiting. polkit finds out who the sender is, by its unique name, which the bus never
 * reuses. The asker owns a check until its answer. On the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_POLKIT_H
#define NFTTRACED_DAEMON_BUS_POLKIT_H

#include <systemd/sd-bus.h>

enum polkit_answer {
	POLKIT_YES,
	POLKIT_NO,
	POLKIT_CHALLENGE, /* only with a password, and none could be asked for */
	POLKIT_FAILED, /* polkit is not there, does not answer, or does not know the action */
};

enum polkit_manner {
	POLKIT_SILENT,
	POLKIT_INTERACTIVE, /* polkit may ask a person for a password, which takes time */
};

/* The answer, from the event loop, exactly once unless the check is freed before; the check frees
 * itself when it returns. `problem` is the reason of POLKIT_FAILED, as polkit or the bus gave
 * it. */
typedef void (*polkit_done)(void *context, enum polkit_answer answer, const char *problem);

struct polkit_check;

/*
 * Asks for `action` on behalf of the sender of `message`. polkit gets the member of the message and
 * nothing of its contents, because it may show what it gets. Negative errno if it can't be asked.
 */
int polkit_ask(sd_bus_message *message, const char *action, enum polkit_manner manner,
	polkit_done done, void *context, struct polkit_check **ret);

/* Cancels the check, and closes its dialogue. Accepts NULL; returns NULL. */
struct polkit_check *polkit_check_free(struct polkit_check *check);

#endif
