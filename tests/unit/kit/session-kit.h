/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A manager without a bus, on a kernel side for tests, in a directory of its own. Nothing is armed:
 * the daemon may not change the system here.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_SESSION_KIT_H
#define NFTTRACED_TESTS_UNIT_KIT_SESSION_KIT_H

#include <check.h>

#include "daemon/filter/filter.h"
#include "daemon/sessions/manager-private.h"
#include "daemon/sessions/session-control.h"
#include "journal/reader/reader.h"

#define PATIENCE_USEC (20 * G_USEC_PER_SEC)

extern struct settings *settings;
extern struct state_directory *state;
extern struct recorder *recorder;
extern struct manager *manager;
extern sd_event *event;
extern char *directory;

/* The last reply. */
extern struct answer {
	bool came;
	enum failure_kind kind;
	char *reason;
	struct session *session;
	struct dictionary_totals totals;
} answer;

/* Stores the reply in `answer`. */
extern const struct manager_call call;

/* Runs one turn of the event loop; several, until the reply has come. */
void turn(void);
void await_answer(void);

/* Starts a session with these options, which are taken over; NULL and `answer` if it is refused. */
struct session *start_with(struct session_options *options);

/* Starts a session without options. */
struct session *start(void);

/* Stops it; returns its totals, which balance. */
const struct dictionary_totals *stop(struct session *session);

/* The number of records of a type in a session's journal; the last one's payload in `last` if it is
 * not NULL. */
unsigned int records(uint64_t id, enum journal_type type, struct journal_entry *last);

/* Replaces the file of saved sessions in a state directory. */
void saved_sessions_replace(struct state_directory *in, const struct saved_sessions *saved);

/* Runs the tests in `cases`, each with a manager and a directory of its own: for main() to
 * return. */
int session_tests_run(Suite *suite, TCase *cases);

#endif
