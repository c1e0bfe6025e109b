/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the name writer's files share: its state, and its talk with the resolver. */
#ifndef NFTTRACED_DAEMON_NAMES_NAMES_PRIVATE_H
#define NFTTRACED_DAEMON_NAMES_NAMES_PRIVATE_H

#include <glib.h>
#include <pthread.h>

#include "daemon/names/name-writer.h"
#include "daemon/names/resolver-client.h"
#include "daemon/names/session-names.h"
#include "daemon/resolver/rule-texts.h"
#include "journal/base/clock.h"

#define RESTART_USEC \
	(10 * G_USEC_PER_SEC) /* between two starts of a resolver that ends soon, again and again */
#define NEVER INT64_MAX

enum wish {
	WISH_NONE,
	WISH_BEGIN,
	WISH_END,
};

struct request {
	enum wish wish;
	enum name_writer_reasons reasons;
	uint64_t noted; /* name_requests_written when it was made */
	int64_t deadline;
	bool begun; /* the thread has seen it */
};

/* A name request that the resolver was asked about. */
struct question {
	struct name_request request;
	bool repeated; /* a resolver that was asked for them is gone */
	uint64_t
		renewed; /* ns: the segment was told them before the resolver was replaced then; 0: it was not */
};

struct name_writer {
	struct recorder *recorder;
	struct name_requests *wanted;
	struct drops *drops; /* NULL: drops are not counted */
	_Atomic enum name_writer_ids ids;
	pthread_t thread;
	bool started;
	int wake_fd;

	GMutex lock;
	GCond done;
	struct request requests[EVENT_SESSIONS_MAX];
	bool ending;

	uint64_t sessions; /* bits */
	int64_t look_due; /* us: the drop counters are not looked at before */
	int64_t linger; /* us: until then they want the resolver to watch */
	bool watching; /* the resolver was told to */
	bool watched; /* the resolver has read what there was */
	bool resolver; /* it runs */
	int64_t begun; /* us: when it was started last */
	int64_t revive_due; /* us: it is not started again before */
	bool died_young; /* it was lost soon after it was started */
	uint64_t lost_at; /* ns: when one was lost for which there is none yet; 0: none */
	int64_t pinged; /* us: when it was asked for a sign of life, and since it was last heard; 0: it answered */
	int64_t ping_due; /* us: not asked for one before */
	uint64_t reasons; /* bits of the sessions that want names of drop reasons */
	uint32_t next_id;
	GHashTable *asked; /* of struct question by id */
	GQueue waiting; /* of struct question */
	struct session_names names[EVENT_SESSIONS_MAX];
	char *text; /* of an answer */
	_Atomic uint64_t lost;
	_Atomic uint64_t texts_size;

	GMutex counts_lock;
	struct name_writer_counts counts; /* without what `state` has */
	struct resolver_state state; /* of the resolver there is, as it last said */
};

/* name-questions.c */

void ask(struct name_writer *writer, const struct resolver_question *ask);

/* A session, or a counter, wants names. */
void ask_watch(struct name_writer *writer);

/* The names of drop reasons, for a session. */
void ask_reasons(struct name_writer *writer, unsigned int bit);

/* When no session and no drop counter needs names any more, us, and what is done then. */
int64_t watch_end(const struct name_writer *writer);
void unwatch(struct name_writer *writer);

/* What is not answered by now will not be. */
void give_up(struct name_writer *writer, const struct question *question);

/* The texts of the rules that the session's segment was told of: whether they changed after `since`, ns. */
void ask_rules_again(struct name_writer *writer, const struct session_names *names, uint64_t since);

/* All addresses are to be told again. */
void renew_symbols(struct name_writer *writer);

/* resolver-watch.c */

/* The resolver is gone, or is ended now: it is replaced. */
void resolver_lost(struct name_writer *writer);

/* Starts the resolver again when that is due. */
void resolver_revive(struct name_writer *writer);

/* Asks the resolver for a sign of life now and then while something is wanted of it, and gives up one that
 * gives none. */
void resolver_check(struct name_writer *writer);

/* When resolver_check is due, us. */
int64_t resolver_check_due(const struct name_writer *writer);

/* Asks for a sign of life, and takes it: a struct resolver_state. */
void ping(struct name_writer *writer);
void take_state(struct name_writer *writer, const char *text, size_t length);

/* A name that could not be read. */
void count_unread(struct name_writer *writer);

/* name-questions.c */

/* Turns name requests into questions, as many as may be open at a time. */
void take_name_requests(struct name_writer *writer);

/* The drop counters have news. */
void look_at_drops(struct name_writer *writer);

void ask_waiting(struct name_writer *writer);
void take_answers(struct name_writer *writer);

#endif
