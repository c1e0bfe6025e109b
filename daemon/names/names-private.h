/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the name writer's files: its state. */
#ifndef NFTTRACED_DAEMON_NAMES_NAMES_PRIVATE_H
#define NFTTRACED_DAEMON_NAMES_NAMES_PRIVATE_H

#include <glib.h>
#include <pthread.h>

#include "daemon/names/name-writer.h"
#include "daemon/names/resolver-client.h"
#include "daemon/names/session-names.h"
#include "daemon/resolver/rule-texts.h"
#include "journal/base/clock.h"

/* The shortest time between two starts of a resolver that keeps ending soon. */
#define RESTART_USEC (10 * G_USEC_PER_SEC)
#define NEVER        INT64_MAX

enum request_kind {
	REQUEST_NONE,
	REQUEST_BEGIN,
	REQUEST_END,
};

/* A call of name_writer_begin or name_writer_end that waits. */
struct request {
	enum request_kind kind;
	enum name_writer_reasons reasons;
	uint64_t written; /* name_requests_written when it was made */
	int64_t deadline; /* us */
	bool begun; /* the thread has seen it */
};

/* A question to the resolver, for a name request. */
struct question {
	struct name_request request;
	bool repeated; /* a resolver ended without answering it */
	/* ns, CLOCK_MONOTONIC: the segment has the name already, from before the resolver was
	 * replaced at this time; 0: it does not. */
	uint64_t renewed;
};

struct name_writer {
	struct recorder *recorder;
	struct name_requests *wanted;
	struct drops *drops; /* NULL: drops are not counted */
	_Atomic enum name_writer_ids ids;
	pthread_t thread;
	bool started; /* the thread runs */
	int wake_fd; /* an eventfd */

	/* Guards the requests and `ending`. Held while the recorder runs commands of the name
	 * writer, and while drop counters take answers. */
	GMutex lock;
	GCond done; /* of a request */
	struct request requests[EVENT_SESSIONS_MAX];
	bool ending;

	/* Sessions and drop counters. Times are us, CLOCK_MONOTONIC, unless they say otherwise. */
	uint64_t sessions; /* bits */
	uint64_t reasons; /* bits of the sessions that want names of drop reasons */
	int64_t drops_due; /* the drop counters are read then at the earliest */
	int64_t drops_until; /* until then the drop counters need the resolver to watch */

	/* The resolver. */
	bool watching; /* it was asked to keep rules current */
	bool watched; /* it has read the rulesets since then */
	int64_t started_at; /* when the last one was started */
	int64_t revive_due; /* when the next one may be started */
	bool died_young; /* the last one ended soon after its start */
	uint64_t lost_at; /* ns: when the last one ended, while there is no new one; 0: there is */
	/* When a sign of life was asked for, or last received; 0: none is expected. */
	int64_t pinged;
	int64_t ping_due; /* when the next one is asked for, at the earliest */

	/* Questions and answers. */
	uint32_t next_id;
	GHashTable *asked; /* of struct question by id */
	GQueue waiting; /* of struct question: not sent yet */
	struct session_names names[EVENT_SESSIONS_MAX];
	char *text; /* of the last answer */
	_Atomic uint64_t lost; /* name_writer_lost */
	_Atomic uint64_t texts_size;

	GMutex counts_lock;
	struct name_writer_counts counts; /* of the resolvers that ended */
	struct resolver_state state; /* of the present resolver, from its last sign of life */
};

/* A resolver runs, as far as is known. */
static inline bool resolver_runs(void)
{
	return resolver_fd() >= 0;
}

/* name-answers.c: hands answers to the sessions and drop counters that asked. */

/* Handles an answer about a name. `text` has answer->length bytes. */
void take_name(struct name_writer *writer, const struct resolver_answer *answer, const char *text);

/* Answers a question with "unreadable", without the resolver. */
void give_up_question(struct name_writer *writer, const struct question *question);

/* resolver-watch.c: watches the resolver. */

/* Sends a question. If that fails, the resolver is replaced; without a resolver nothing is sent. */
void ask_resolver(struct name_writer *writer, const struct resolver_question *question);

/* Kills the resolver if it still runs, and queues the questions that it did not answer for the next
 * one. */
void resolver_lost(struct name_writer *writer);

/* While an answer is owed, asks for a sign of life now and then; replaces a resolver that gives
 * none. */
void resolver_check(struct name_writer *writer);

/* When resolver_check is due, us. */
int64_t resolver_check_due(const struct name_writer *writer);

/* Asks for a sign of life. */
void ping_resolver(struct name_writer *writer);

/* Takes the sign of life: a struct resolver_state, of `length` bytes. */
void take_resolver_state(struct name_writer *writer, const char *text, size_t length);

/* name-questions.c: turns name requests into questions. */

/* Starts the resolver when that is due, and asks it again for what its predecessor knew. */
void resolver_restart(struct name_writer *writer);

/* Has the resolver keep rules current, for a session or a drop counter. */
void start_watching(struct name_writer *writer);

/* The time when no session and no drop counter needs that any more, us. */
int64_t watching_deadline(const struct name_writer *writer);
void stop_watching(struct name_writer *writer);

/* Asks for the names of drop reasons, for a session. */
void ask_reasons(struct name_writer *writer, unsigned int bit);

/* Queues questions for the requests of the recorder thread, as many as have room. */
void take_name_requests(struct name_writer *writer);

/* The same for the drop counters. */
void take_drop_requests(struct name_writer *writer);

/* Sends queued questions, as many as may be open at a time. */
void ask_waiting(struct name_writer *writer);

/* Handles all answers that have arrived. */
void take_answers(struct name_writer *writer);

#endif
