/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the scribe's files share: its state, and its talk with the keeper. */
#ifndef NFTTRACED_SCRIBE_PRIVATE_H
#define NFTTRACED_SCRIBE_PRIVATE_H

#include <glib.h>
#include <pthread.h>

#include "keeper.h"
#include "page.h"
#include "scribe.h"

#define RESTART_USEC (10 * G_USEC_PER_SEC) /* between two starts of a keeper that ends */
#define NEVER        INT64_MAX

enum wish {
	WISH_NONE,
	WISH_BEGIN,
	WISH_END,
};

struct request {
	enum wish wish;
	enum scribe_reasons reasons;
	uint64_t noted; /* notes_written when it was made */
	int64_t deadline;
	bool begun; /* the thread has seen it */
};

struct scribe {
	struct data *data;
	struct notes *notes;
	struct drops *drops; /* NULL: drops are not counted */
	_Atomic enum scribe_ids ids;
	pthread_t thread;
	bool started;
	int wake_fd;

	GMutex lock;
	GCond done;
	struct request requests[EVENT_SESSIONS_MAX];
	bool ending;

	uint64_t sessions; /* bits */
	int64_t look_due; /* us: the drop counters are not looked at before */
	int64_t linger; /* us: until then they want the keeper to watch */
	bool watching; /* the keeper was told to */
	bool watched; /* the keeper has read what there was */
	bool keeper; /* it runs */
	int64_t begun; /* us: when it was started last */
	uint32_t next_id;
	GHashTable *asked; /* of struct note by id */
	GQueue waiting; /* of struct note */
	struct page pages[EVENT_SESSIONS_MAX];
	char *text; /* of an answer */
	_Atomic uint64_t lost;
};

/* scribe-talk.c */

void ask(struct scribe *scribe, const struct keeper_ask *ask);

/* A session, or a counter, wants names. */
void ask_watch(struct scribe *scribe);

/* The names of drop reasons, for a page. */
void ask_reasons(struct scribe *scribe, unsigned int bit);

/* When nobody wants names any more, us, and what is to be done then. */
int64_t watch_end(const struct scribe *scribe);
void unwatch(struct scribe *scribe);

/* What is not answered by now will not be. */
void give_up(struct scribe *scribe, const struct note *note);

/* Starts the keeper again when that is due. */
void keeper_revive(struct scribe *scribe);

/* Notes to questions, as many as may be open. */
void take_notes(struct scribe *scribe);

/* The drop counters have news. */
void look_at_drops(struct scribe *scribe);

void ask_waiting(struct scribe *scribe);
void take_answers(struct scribe *scribe);

#endif
