/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name writer's talk with the resolver: questions for what was noted, and answers. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/names/names-private.h"

#define QUEUE_MAX     16384 /* name requests that wait for the resolver */
#define LOOK_USEC     (100 * 1000) /* between two looks at the drop counters */
#define LINGER_USEC   (5 * G_USEC_PER_SEC) /* rules are kept current so long for the next counter */
#define PATIENCE_USEC (10 * G_USEC_PER_SEC) /* and longer while a question of theirs is open */

/* Ids of questions that no name request brought. */
enum {
	ID_WATCH = 1,
	ID_REASONS = 64, /* and the bit */
	ID_REQUESTS = 256,
};

void ask(struct name_writer *writer, const struct resolver_question *ask)
{
	/* The window is such that it fits. */
	if (writer->resolver &&
		send(resolver_fd(), ask, sizeof(*ask), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		resolver_lost(writer);
}

void ask_watch(struct name_writer *writer)
{
	const struct resolver_question question = {
		.kind = RESOLVER_WATCH,
		.id = ID_WATCH,
		.assign = writer->ids == NAME_WRITER_IDS_ASSIGN,
		.texts_size = writer->texts_size,
	};

	writer->watched = false;
	writer->watching = true;
	ask(writer, &question);
}

static void ask_request(struct name_writer *writer, uint32_t id, const struct name_request *request)
{
	static const uint32_t kinds[] = {
		[NAME_REQUEST_RULE] = RESOLVER_RULE,
		[NAME_REQUEST_SYMBOL] = RESOLVER_SYMBOL,
		[NAME_REQUEST_NETNS] = RESOLVER_NETNS,
	};
	const struct resolver_question question = {
		.kind = kinds[request->kind],
		.id = id,
		.rule = { .netns = request->cookie ? request->cookie : request->inode,
			.table = request->table,
			.rule = request->rule,
			.family = request->family, },
		.cookie = request->cookie,
		.inode = request->inode,
		.address = request->address,
	};

	ask(writer, &question);
}

static void answer_request(struct name_writer *writer, const struct name_request *request,
	const struct resolver_answer *answer, const char *text)
{
	if (request->generation == DROPS_GENERATION)
		drops_answer(writer->drops, request, text, answer->length);
	else
		session_names_answer(&writer->names[request->bit], request, answer, text);
}

void give_up(struct name_writer *writer, const struct question *question)
{
	const struct resolver_answer answer = { .fate = RULE_UNREADABLE };

	/* The segment has what was known. */
	if (question->renewed)
		return;
	count_unread(writer);
	answer_request(writer, &question->request, &answer, "");
}

static void give_up_all(struct name_writer *writer)
{
	GHashTableIter iter;
	gpointer question;

	g_hash_table_iter_init(&iter, writer->asked);
	while (g_hash_table_iter_next(&iter, NULL, &question))
		give_up(writer, question);
	g_hash_table_remove_all(writer->asked);
}

int64_t watch_end(const struct name_writer *writer)
{
	if (!writer->watching || writer->sessions)
		return NEVER;
	return writer->waiting.length > 0 || g_hash_table_size(writer->asked) > 0
		? writer->linger + PATIENCE_USEC
		: writer->linger;
}

void unwatch(struct name_writer *writer)
{
	const struct resolver_question question = { .kind = RESOLVER_UNWATCH };

	give_up_all(writer);
	writer->watching = false;
	/* What it has counted until then. */
	if (writer->resolver && !writer->pinged)
		ping(writer);
	ask(writer, &question);
}

static struct question *question_new(const struct name_request *request)
{
	struct question *question = g_new0(struct question, 1);

	question->request = *request;
	return question;
}

/* All sessions share what the configuration allows for them. */
static enum session_names_memory names_memory(const struct name_writer *writer)
{
	uint64_t told = 0;

	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		told += session_names_told(&writer->names[bit]);
	return told < writer->texts_size / NAME_WRITER_TOLD_SHARE ? SESSION_NAMES_REMEMBERS
								  : SESSION_NAMES_IS_FULL;
}

void take_name_requests(struct name_writer *writer)
{
	uint64_t count;
	struct name_request request;

	if (read(name_requests_fd(writer->wanted), &count, sizeof(count)) < 0)
		g_assert(errno == EAGAIN);
	while (writer->waiting.length < QUEUE_MAX && name_requests_take(writer->wanted, &request)) {
		struct session_names *names = &writer->names[request.bit];

		if (!session_names_takes(names, &request, names_memory(writer)))
			continue;
		names->asked++;
		g_queue_push_tail(&writer->waiting, question_new(&request));
	}
}

void look_at_drops(struct name_writer *writer)
{
	struct name_request request;

	writer->look_due = g_get_monotonic_time() + LOOK_USEC;
	drops_refresh(writer->drops);
	while (writer->waiting.length < QUEUE_MAX && drops_take_question(writer->drops, &request)) {
		if (!writer->watching)
			ask_watch(writer);
		writer->linger = g_get_monotonic_time() + LINGER_USEC;
		g_queue_push_tail(&writer->waiting, question_new(&request));
	}
}

void ask_rules_again(struct name_writer *writer, const struct session_names *names, uint64_t since)
{
	GHashTableIter iter;
	gpointer key;

	if (!names->generation)
		return;
	g_hash_table_iter_init(&iter, names->told);
	while (writer->waiting.length < QUEUE_MAX && g_hash_table_iter_next(&iter, &key, NULL)) {
		const struct name_request *request = key;
		struct question *question;

		if (request->kind != NAME_REQUEST_RULE)
			continue;
		question = question_new(request);
		question->renewed = since;
		g_queue_push_tail(&writer->waiting, question);
	}
}

/* It is about to be there again. */
static bool resolver_comes(const struct name_writer *writer)
{
	return writer->revive_due <= g_get_monotonic_time();
}

void ask_waiting(struct name_writer *writer)
{
	if (!writer->resolver && resolver_comes(writer))
		return;
	while (writer->waiting.length > 0 &&
		(!writer->resolver || g_hash_table_size(writer->asked) < RESOLVER_WINDOW)) {
		struct question *question = g_queue_pop_head(&writer->waiting);
		uint32_t id = ID_REQUESTS + writer->next_id++ % (UINT32_MAX - ID_REQUESTS);

		if (!writer->resolver) {
			give_up(writer, question);
			g_free(question);
			continue;
		}
		g_hash_table_insert(writer->asked, GUINT_TO_POINTER(id), question);
		ask_request(writer, id, &question->request);
		/* It was lost: what was asked waits for the next one. */
		if (!writer->resolver)
			return;
	}
}

void ask_reasons(struct name_writer *writer, unsigned int bit)
{
	const struct resolver_question question = { .kind = RESOLVER_REASONS,
		.id = ID_REASONS + bit };

	ask(writer, &question);
}

void renew_symbols(struct name_writer *writer)
{
	name_requests_renew_symbols(writer->wanted);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		session_names_renew_symbols(&writer->names[bit]);
}

/* The answer to a question about a rule whose text was told before: it may have changed meanwhile. */
static void answer_again(struct name_writer *writer, const struct question *question,
	const struct resolver_answer *answer, const char *text)
{
	struct resolver_answer renewed = *answer;
	const struct name_request *request = &question->request;

	if (answer->fate != RULE_READ)
		return;
	renewed.rule = (struct rule_key){
		.netns = request->cookie ? request->cookie : request->inode,
		.table = request->table,
		.rule = request->rule,
		.family = request->family,
	};
	renewed.since = MAX(answer->since, question->renewed);
	if (writer->names[request->bit].generation == request->generation)
		session_names_replace(&writer->names[request->bit], &renewed, text);
}

static void take_name(
	struct name_writer *writer, const struct resolver_answer *answer, const char *text)
{
	const struct question *question =
		g_hash_table_lookup(writer->asked, GUINT_TO_POINTER(answer->id));

	if (!question)
		return;
	if (question->renewed) {
		answer_again(writer, question, answer, text);
	} else {
		if (question->request.kind == NAME_REQUEST_RULE && answer->fate == RULE_UNREADABLE)
			count_unread(writer);
		answer_request(writer, &question->request, answer, text);
	}
	if (!answer->more)
		g_hash_table_remove(writer->asked, GUINT_TO_POINTER(answer->id));
}

static void take_answer(
	struct name_writer *writer, const struct resolver_answer *answer, const char *text)
{
	/* It lives. */
	if (writer->pinged)
		writer->pinged = g_get_monotonic_time();
	if (answer->kind == RESOLVER_WATCH) {
		writer->watched = true;
	} else if (answer->kind == RESOLVER_PING) {
		take_state(writer, text, answer->length);
	} else if (answer->kind == RESOLVER_MODULES) {
		renew_symbols(writer);
	} else if (answer->kind == RESOLVER_REPLACED) {
		for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
			session_names_replace(&writer->names[bit], answer, text);
	} else if (answer->kind == RESOLVER_REASONS) {
		struct session_names *names =
			&writer->names[(answer->id - ID_REASONS) % EVENT_SESSIONS_MAX];

		if (answer->length > 0)
			session_names_set_reasons(names, text, answer->length);
	} else {
		take_name(writer, answer, text);
	}
}

void take_answers(struct name_writer *writer)
{
	while (writer->resolver) {
		struct resolver_answer answer;
		int r = resolver_receive(&answer, writer->text);

		if (r == -EAGAIN)
			return;
		if (r < 0) {
			resolver_lost(writer);
			return;
		}
		take_answer(writer, &answer, writer->text);
		/* So that the window stays full while a journal gets thousands of names. */
		ask_waiting(writer);
	}
}
