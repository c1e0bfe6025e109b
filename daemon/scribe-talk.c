/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scribe's talk with the keeper: questions for what was noted, and answers. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scribe-private.h"

#define QUEUE_MAX     16384 /* notes that wait for the keeper */
#define LOOK_USEC     (100 * 1000) /* between two looks at the drop counters */
#define LINGER_USEC   (5 * G_USEC_PER_SEC) /* rules are kept current so long for the next counter */
#define PATIENCE_USEC (10 * G_USEC_PER_SEC) /* and longer while a question of theirs is open */

/* Ids of questions that are no notes'. */
enum {
	ID_WATCH = 1,
	ID_REASONS = 64, /* and the bit */
	ID_NOTES = 256,
};

static void keeper_lost(struct scribe *scribe);

void ask(struct scribe *scribe, const struct keeper_ask *ask)
{
	/* The window is such that it fits. */
	if (scribe->keeper && send(keeper_fd(), ask, sizeof(*ask), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		keeper_lost(scribe);
}

void ask_watch(struct scribe *scribe)
{
	const struct keeper_ask question = {
		.kind = KEEPER_WATCH,
		.id = ID_WATCH,
		.assign = scribe->ids == SCRIBE_IDS_ASSIGN,
	};

	scribe->watched = false;
	scribe->watching = true;
	ask(scribe, &question);
}

static void ask_note(struct scribe *scribe, uint32_t id, const struct note *note)
{
	static const uint32_t kinds[] = {
		[NOTE_RULE] = KEEPER_RULE,
		[NOTE_SYMBOL] = KEEPER_SYMBOL,
		[NOTE_NETNS] = KEEPER_NETNS,
	};
	const struct keeper_ask question = {
		.kind = kinds[note->kind],
		.id = id,
		.rule = { .netns = note->cookie ? note->cookie : note->inode,
			.table = note->table,
			.rule = note->rule,
			.family = note->family, },
		.cookie = note->cookie,
		.inode = note->inode,
		.address = note->address,
	};

	ask(scribe, &question);
}

static void answer_note(struct scribe *scribe, const struct note *note,
	const struct keeper_answer *answer, const char *text)
{
	if (note->tenure == DROPS_TENURE)
		drops_answer(scribe->drops, note, text, answer->length);
	else
		page_answer(&scribe->pages[note->bit], note, answer, text);
}

void give_up(struct scribe *scribe, const struct note *note)
{
	const struct keeper_answer answer = { .fate = RULE_UNREADABLE };

	answer_note(scribe, note, &answer, "");
}

static void give_up_all(struct scribe *scribe)
{
	GHashTableIter iter;
	gpointer note;

	g_hash_table_iter_init(&iter, scribe->asked);
	while (g_hash_table_iter_next(&iter, NULL, &note))
		give_up(scribe, note);
	g_hash_table_remove_all(scribe->asked);
}

/* The keeper is gone, and with it the answers that were asked for. */
static void keeper_lost(struct scribe *scribe)
{
	keeper_stop();
	scribe->keeper = false;
	give_up_all(scribe);
}

int64_t watch_end(const struct scribe *scribe)
{
	if (!scribe->watching || scribe->sessions)
		return NEVER;
	return scribe->waiting.length > 0 || g_hash_table_size(scribe->asked) > 0
		? scribe->linger + PATIENCE_USEC
		: scribe->linger;
}

void unwatch(struct scribe *scribe)
{
	const struct keeper_ask question = { .kind = KEEPER_UNWATCH };

	give_up_all(scribe);
	scribe->watching = false;
	ask(scribe, &question);
}

void keeper_revive(struct scribe *scribe)
{
	if (scribe->keeper || g_get_monotonic_time() < scribe->begun + RESTART_USEC)
		return;
	scribe->begun = g_get_monotonic_time();
	scribe->keeper = keeper_start() == 0;
	if (scribe->keeper && scribe->watching)
		ask_watch(scribe);
}

void take_notes(struct scribe *scribe)
{
	uint64_t count;
	struct note note;

	if (read(notes_fd(scribe->notes), &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
	while (scribe->waiting.length < QUEUE_MAX && notes_take(scribe->notes, &note)) {
		struct page *page = &scribe->pages[note.bit];

		if (!page_takes(page, &note))
			continue;
		page->asked++;
		g_queue_push_tail(&scribe->waiting, g_memdup2(&note, sizeof(note)));
	}
}

void look_at_drops(struct scribe *scribe)
{
	struct note note;

	scribe->look_due = g_get_monotonic_time() + LOOK_USEC;
	drops_look(scribe->drops);
	while (scribe->waiting.length < QUEUE_MAX && drops_ask(scribe->drops, &note)) {
		if (!scribe->watching)
			ask_watch(scribe);
		scribe->linger = g_get_monotonic_time() + LINGER_USEC;
		g_queue_push_tail(&scribe->waiting, g_memdup2(&note, sizeof(note)));
	}
}

void ask_waiting(struct scribe *scribe)
{
	while (scribe->waiting.length > 0 &&
		(!scribe->keeper || g_hash_table_size(scribe->asked) < KEEPER_WINDOW)) {
		struct note *note = g_queue_pop_head(&scribe->waiting);
		uint32_t id = ID_NOTES + scribe->next_id++ % (UINT32_MAX - ID_NOTES);

		if (!scribe->keeper) {
			give_up(scribe, note);
			g_free(note);
			continue;
		}
		g_hash_table_insert(scribe->asked, GUINT_TO_POINTER(id), note);
		ask_note(scribe, id, note);
	}
}

void ask_reasons(struct scribe *scribe, unsigned int bit)
{
	const struct keeper_ask question = { .kind = KEEPER_REASONS, .id = ID_REASONS + bit };

	ask(scribe, &question);
}

static void renew_symbols(struct scribe *scribe)
{
	notes_renew_symbols(scribe->notes);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		page_renew_symbols(&scribe->pages[bit]);
}

static void take_answer(struct scribe *scribe, const struct keeper_answer *answer, const char *text)
{
	const struct note *note;

	if (answer->kind == KEEPER_WATCH) {
		scribe->watched = true;
	} else if (answer->kind == KEEPER_MODULES) {
		renew_symbols(scribe);
	} else if (answer->kind == KEEPER_REPLACED) {
		for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
			page_replace(&scribe->pages[bit], answer, text);
	} else if (answer->kind == KEEPER_REASONS) {
		struct page *page = &scribe->pages[(answer->id - ID_REASONS) % EVENT_SESSIONS_MAX];

		if (answer->length > 0)
			page_set_reasons(page, text, answer->length);
	} else {
		note = g_hash_table_lookup(scribe->asked, GUINT_TO_POINTER(answer->id));
		if (note)
			answer_note(scribe, note, answer, text);
		if (!answer->more)
			g_hash_table_remove(scribe->asked, GUINT_TO_POINTER(answer->id));
	}
}

void take_answers(struct scribe *scribe)
{
	while (scribe->keeper) {
		struct keeper_answer answer;
		int r = keeper_receive(&answer, scribe->text);

		if (r == -EAGAIN)
			return;
		if (r < 0) {
			keeper_lost(scribe);
			return;
		}
		take_answer(scribe, &answer, scribe->text);
		/* So that the window is full while a journal is told of thousands. */
		ask_waiting(scribe);
	}
}
