/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session as the control thread holds it, from the request to the final totals. Owned by the
 * manager.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_SESSION_H
#define NFTTRACED_DAEMON_SESSIONS_SESSION_H

#include <glib.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "daemon/recorder/recorder.h"
#include "daemon/settings/session-options.h"
#include "journal/format/dictionary.h"

struct manager;
struct session_job;

enum session_state {
	SESSION_STARTING, /* not on the bus yet */
	SESSION_RUNNING,
	SESSION_STALLED, /* the journal can't be written: events are lost and counted */
	SESSION_WAITING, /* nf_tables is not loaded */
	SESSION_STOPPING,
};

struct session {
	struct manager *manager;
	enum session_state state;
	unsigned int bit; /* on the kernel side */
	struct session_options options; /* those in force */
	uid_t owner;
	char *command; /* of the caller's process */
	char *caller_name; /* on the bus; NULL: the session is not bound to its caller */

	/* From SESSION_RUNNING on. */
	uint64_t id;
	uint64_t started; /* us, CLOCK_REALTIME */
	uint64_t deadline; /* us, CLOCK_BOOTTIME: the end of its duration; 0: none */
	char *path; /* of the journal */
	int dir_fd; /* of the journal */
	sd_event_source *timer; /* stops it at the deadline */

	struct session_job *job; /* starts or changes it; NULL: none is under way */
	bool stop_wanted; /* it is to be stopped as soon as it has started */
	enum session_end end; /* why it is stopped */
	GArray *stop_replies; /* of struct manager_call: these wait for the totals */

	/* The bus's. */
	void *caller; /* watches the caller that it is bound to */
	/* As read in this iteration of the event loop: */
	uint64_t totals_iteration;
	struct dictionary_totals totals;
	struct recorder_stored stored; /* the final one once it was stopped */
};

/* A session in SESSION_STARTING; takes over the members of `options`. */
struct session *session_new(
	struct manager *manager, struct session_options *options, uid_t owner, const char *command);

/* "running", "stalled", "waiting", "stopping". */
const char *session_state_name(enum session_state state);

/* Accepts NULL; returns NULL. */
struct session *session_free(struct session *session);

#endif
