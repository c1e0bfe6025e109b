/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The scribe's talk with the resolver: questions for what was noted, and answers. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/names/names-private.h"

#define QUEUE_MAX     16384 /* notes that wait for the resolver */
#define LOOK_USEC     (100 * 1000) /* between two looks at the drop counters */
#define LINGER_USEC   (5 * G_USEC_PER_SEC) /* rules are kept current so long for the next counter */
#define PATIENCE_USEC (10 * G_USEC_PER_SEC) /* and longer while a question of theirs is open */

/* Ids of questions that are no notes'. */
enum {
	ID_WATCH = 1,
	ID_REASONS = 64, /* and the bit */
	ID_NOTES = 256,
};

void ask(struct scribe *scribe, const struct resolver_question *ask)
{
	/* The window is such that it fits. */
	if (scribe->resolver &&
		send(resolver_fd(), ask, sizeof(*ask), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		resolver_lost(scribe);
}

void ask_watch(struct scribe *scribe)
{
	const struct resolver_question question = {
		.kind = RESOLVER_WATCH,
		.id = ID_WATCH,
		.assign = scribe->ids == SCRIBE_IDS_ASSIGN,
		.texts_size = scribe->texts_size,
	};

	scribe->watched = false;
	scribe->watching = true;
	ask(scribe, &question);
}

static void ask_note(struct scribe *scribe, uint32_t id, const struct note *note)
{
	static const uint32_t kinds[] = {
		[NOTE_RULE] = RESOLVER_RULE,
		[NOTE_SYMBOL] = RESOLVER_SYMBOL,
		[NOTE_NETNS] = RESOLVER_NETNS,
	};
	const struct resolver_question question = {
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
	const struct resolver_answer *answer, const char *text)
{
	if (note->tenure == DROPS_TENURE)
		drops_answer(scribe->drops, note, text, answer->length);
	else
		page_answer(&scribe->pages[note->bit], note, answer, text);
}

void give_up(struct scribe *scribe, const struct question *question)
{
	const struct resolver_answer answer = { .fate = RULE_UNREADABLE };

	/* The segment has what was known. */
	if (question->renewed)
		return;
	count_unread(scribe);
	answer_note(scribe, &question->note, &answer, "");
}

static void give_up_all(struct scribe *scribe)
{
	GHashTableIter iter;
	gpointer question;

	g_hash_table_iter_init(&iter, scribe->asked);
	while (g_hash_table_iter_next(&iter, NULL, &question))
		give_up(scribe, question);
	g_hash_table_remove_all(scribe->asked);
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
	const struct resolver_question question = { .kind = RESOLVER_UNWATCH };

	give_up_all(scribe);
	scribe->watching = false;
	/* What it has counted until then. */
	if (scribe->resolver && !scribe->pinged)
		ping(scribe);
	ask(scribe, &question);
}

static struct question *question_new(const struct note *note)
{
	struct question *question = g_new0(struct question, 1);

	question->note = *note;
	return question;
}

/* All pages share what the configuration has for them. */
static enum page_memory pages_memory(const struct scribe *scribe)
{
	uint64_t told = 0;

	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		told += page_told(&scribe->pages[bit]);
	return told < scribe->texts_size / SCRIBE_TOLD_SHARE ? PAGE_REMEMBERS : PAGE_IS_FULL;
}

void take_notes(struct scribe *scribe)
{
	uint64_t count;
	struct note note;

	if (read(notes_fd(scribe->notes), &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
	while (scribe->waiting.length < QUEUE_MAX && notes_take(scribe->notes, &note)) {
		struct page *page = &scribe->pages[note.bit];

		if (!page_takes(page, &note, pages_memory(scribe)))
			continue;
		page->asked++;
		g_queue_push_tail(&scribe->waiting, question_new(&note));
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
		g_queue_push_tail(&scribe->waiting, question_new(&note));
	}
}

void ask_rules_again(struct scribe *scribe, const struct page *page, uint64_t since)
{
	GHashTableIter iter;
	gpointer key;

	if (!page->tenure)
		return;
	g_hash_table_iter_init(&iter, page->told);
	while (scribe->waiting.length < QUEUE_MAX && g_hash_table_iter_next(&iter, &key, NULL)) {
		const struct note *note = key;
		struct question *question;

		if (note->kind != NOTE_RULE)
			continue;
		question = question_new(note);
		question->renewed = since;
		g_queue_push_tail(&scribe->waiting, question);
	}
}

/* It is about to be there again. */
static bool resolver_comes(const struct scribe *scribe)
{
	return scribe->revive_due <= g_get_monotonic_time();
}

void ask_waiting(struct scribe *scribe)
{
	if (!scribe->resolver && resolver_comes(scribe))
		return;
	while (scribe->waiting.length > 0 &&
		(!scribe->resolver || g_hash_table_size(scribe->asked) < RESOLVER_WINDOW)) {
		struct question *question = g_queue_pop_head(&scribe->waiting);
		uint32_t id = ID_NOTES + scribe->next_id++ % (UINT32_MAX - ID_NOTES);

		if (!scribe->resolver) {
			give_up(scribe, question);
			g_free(question);
			continue;
		}
		g_hash_table_insert(scribe->asked, GUINT_TO_POINTER(id), question);
		ask_note(scribe, id, &question->note);
		/* It was lost: what was asked waits for the next one. */
		if (!scribe->resolver)
			return;
	}
}

void ask_reasons(struct scribe *scribe, unsigned int bit)
{
	const struct resolver_question question = { .kind = RESOLVER_REASONS,
		.id = ID_REASONS + bit };

	ask(scribe, &question);
}

void renew_symbols(struct scribe *scribe)
{
	notes_renew_symbols(scribe->notes);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		page_renew_symbols(&scribe->pages[bit]);
}

/* The answer to a question about a rule whose text was told before: it may have changed meanwhile. */
static void answer_again(struct scribe *scribe, const struct question *question,
	const struct resolver_answer *answer, const char *text)
{
	struct resolver_answer renewed = *answer;
	const struct note *note = &question->note;

	if (answer->fate != RULE_READ)
		return;
	renewed.rule = (struct rule_key){
		.netns = note->cookie ? note->cookie : note->inode,
		.table = note->table,
		.rule = note->rule,
		.family = note->family,
	};
	renewed.since = MAX(answer->since, question->renewed);
	if (scribe->pages[note->bit].tenure == note->tenure)
		page_replace(&scribe->pages[note->bit], &renewed, text);
}

static void take_name(struct scribe *scribe, const struct resolver_answer *answer, const char *text)
{
	const struct question *question =
		g_hash_table_lookup(scribe->asked, GUINT_TO_POINTER(answer->id));

	if (!question)
		return;
	if (question->renewed) {
		answer_again(scribe, question, answer, text);
	} else {
		if (question->note.kind == NOTE_RULE && answer->fate == RULE_UNREADABLE)
			count_unread(scribe);
		answer_note(scribe, &question->note, answer, text);
	}
	if (!answer->more)
		g_hash_table_remove(scribe->asked, GUINT_TO_POINTER(answer->id));
}

static void take_answer(
	struct scribe *scribe, const struct resolver_answer *answer, const char *text)
{
	/* It lives. */
	if (scribe->pinged)
		scribe->pinged = g_get_monotonic_time();
	if (answer->kind == RESOLVER_WATCH) {
		scribe->watched = true;
	} else if (answer->kind == RESOLVER_PING) {
		take_state(scribe, text, answer->length);
	} else if (answer->kind == RESOLVER_MODULES) {
		renew_symbols(scribe);
	} else if (answer->kind == RESOLVER_REPLACED) {
		for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
			page_replace(&scribe->pages[bit], answer, text);
	} else if (answer->kind == RESOLVER_REASONS) {
		struct page *page = &scribe->pages[(answer->id - ID_REASONS) % EVENT_SESSIONS_MAX];

		if (answer->length > 0)
			page_set_reasons(page, text, answer->length);
	} else {
		take_name(scribe, answer, text);
	}
}

void take_answers(struct scribe *scribe)
{
	while (scribe->resolver) {
		struct resolver_answer answer;
		int r = resolver_receive(&answer, scribe->text);

		if (r == -EAGAIN)
			return;
		if (r < 0) {
			resolver_lost(scribe);
			return;
		}
		take_answer(scribe, &answer, scribe->text);
		/* So that the window is full while a journal is told of thousands. */
		ask_waiting(scribe);
	}
}
