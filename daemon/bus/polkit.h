/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question to polkit: may who sent this message do that? Asked and answered over the bus, without
 * waiting. polkit finds out itself who the sender is, by its unique name, which no other connection
 * ever has. A check is owned by who asked, until its answer.
 */
#ifndef NFTTRACED_DAEMON_BUS_POLKIT_H
#define NFTTRACED_DAEMON_BUS_POLKIT_H

#include <systemd/sd-bus.h>

enum polkit_answer {
	POLKIT_YES,
	POLKIT_NO,
	POLKIT_CHALLENGE, /* not without a password, and it must not be asked for */
	POLKIT_FAILED, /* there is no polkit, or it does not answer, or it does not know the action */
};

enum polkit_manner {
	POLKIT_SILENT,
	POLKIT_INTERACTIVE, /* a person may be asked for a password, which takes its time */
};

/* The answer, from the event loop, exactly once unless the check is freed before; it frees the check
 * when it returns. `problem` says what is wrong with POLKIT_FAILED; it is text of others. */
typedef void (*polkit_done)(void *context, enum polkit_answer answer, const char *problem);

struct polkit_check;

/*
 * Asks for `action` on behalf of who sent `message`. polkit hears the message's member and nothing of
 * what the message is about, as what it hears it may show. Negative errno when it can't be asked.
 */
int polkit_ask(sd_bus_message *message, const char *action, enum polkit_manner manner,
	polkit_done done, void *context, struct polkit_check **ret);

/* Nobody wants to know any more: a dialogue that is open is closed. Accepts NULL; returns NULL. */
struct polkit_check *polkit_check_free(struct polkit_check *check);

#endif
