/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The name writer's questions to the resolver, for the requests of the recorder thread and the drop
 * counters. */
#include <errno.h>
#include <unistd.h>

#include "daemon/names/names-private.h"

#define QUEUE_MAX     16384 /* name requests that wait for the resolver */
#define DROPS_USEC    (100 * 1000) /* between two readings of the drop counters */
#define LINGER_USEC   (5 * G_USEC_PER_SEC) /* rules are kept current for the next counter */
#define PATIENCE_USEC (10 * G_USEC_PER_SEC) /* and longer while a question is open */

/* Ids of questions: those without a name request come first. */
enum {
	ID_WATCH = 1,
	ID_REASONS = 64, /* plus the session's bit */
	ID_REQUESTS = 256,
};

void start_watching(struct name_writer *writer)
{
	const struct resolver_question question = {
		.kind = RESOLVER_WATCH,
		.id = ID_WATCH,
		.assign = writer->ids == NAME_WRITER_IDS_ASSIGN,
		.texts_size = writer->texts_size,
	};

	writer->watched = false;
	writer->watching = true;
	ask_resolver(writer, &question);
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
		.rule = name_request_rule(request),
		.cookie = request->cookie,
		.inode = request->inode,
		.address = request->address,
	};

	ask_resolver(writer, &question);
}

static void give_up_all(struct name_writer *writer)
{
	GHashTableIter iter;
	gpointer question;

	g_hash_table_iter_init(&iter, writer->asked);
	while (g_hash_table_iter_next(&iter, NULL, &question))
		give_up_question(writer, question);
	g_hash_table_remove_all(writer->asked);
}

int64_t watching_deadline(const struct name_writer *writer)
{
	if (!writer->watching || writer->sessions)
		return NEVER;
	return writer->waiting.length > 0 || g_hash_table_size(writer->asked) > 0
		? writer->drops_until + PATIENCE_USEC
		: writer->drops_until;
}

void stop_watching(struct name_writer *writer)
{
	const struct resolver_question question = { .kind = RESOLVER_UNWATCH };

	give_up_all(writer);
	writer->watching = false;
	/* Asks for its counts so far. */
	if (resolver_runs() && !writer->pinged)
		ping_resolver(writer);
	ask_resolver(writer, &question);
}

static struct question *question_new(const struct name_request *request)
{
	struct question *question = g_new0(struct question, 1);

	question->request = *request;
	return question;
}

/* RuleTextsSize bounds the memory of all sessions together. */
static enum session_names_memory names_memory(const struct name_writer *writer)
{
	uint64_t names = 0;

	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		names += session_names_count(&writer->names[bit]);
	return names < writer->texts_size / NAME_WRITER_NAME_SHARE ? SESSION_NAMES_REMEMBERS
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

		if (!session_names_add(names, &request, names_memory(writer)))
			continue;
		names->asked++;
		g_queue_push_tail(&writer->waiting, question_new(&request));
	}
}

void take_drop_requests(struct name_writer *writer)
{
	struct name_request request;

	writer->drops_due = g_get_monotonic_time() + DROPS_USEC;
	drops_refresh(writer->drops);
	while (writer->waiting.length < QUEUE_MAX && drops_take_question(writer->drops, &request)) {
		if (!writer->watching)
			start_watching(writer);
		writer->drops_until = g_get_monotonic_time() + LINGER_USEC;
		g_queue_push_tail(&writer->waiting, question_new(&request));
	}
}

/* Asks whether rules that the segment has were changed after `since`, ns. */
static void ask_rules_again(
	struct name_writer *writer, const struct session_names *names, uint64_t since)
{
	GHashTableIter iter;
	gpointer key;

	if (!names->generation)
		return;
	g_hash_table_iter_init(&iter, names->requested);
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

/* A resolver is about to be started. */
static bool resolver_is_due(const struct name_writer *writer)
{
	return writer->revive_due <= g_get_monotonic_time();
}

void ask_waiting(struct name_writer *writer)
{
	if (!resolver_runs() && resolver_is_due(writer))
		return;
	while (writer->waiting.length > 0 &&
		(!resolver_runs() || g_hash_table_size(writer->asked) < RESOLVER_WINDOW)) {
		struct question *question = g_queue_pop_head(&writer->waiting);
		uint32_t id = ID_REQUESTS + writer->next_id++ % (UINT32_MAX - ID_REQUESTS);

		if (!resolver_runs()) {
			give_up_question(writer, question);
			g_free(question);
			continue;
		}
		g_hash_table_insert(writer->asked, GUINT_TO_POINTER(id), question);
		ask_request(writer, id, &question->request);
		/* It was lost just now: the question is in the queue again. */
		if (!resolver_runs())
			return;
	}
}

void ask_reasons(struct name_writer *writer, unsigned int bit)
{
	const struct resolver_question question = { .kind = RESOLVER_REASONS,
		.id = ID_REASONS + bit };

	ask_resolver(writer, &question);
}

/* Addresses may mean other functions: all are asked for again. */
static void renew_symbols(struct name_writer *writer)
{
	name_requests_renew_symbols(writer->wanted);
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++)
		session_names_renew_symbols(&writer->names[bit]);
}

/* Names in journals may have changed while no resolver ran. */
static void names_renew(struct name_writer *writer)
{
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		struct session_names *names = &writer->names[bit];

		if (writer->reasons & 1ULL << bit && !names->reasons)
			ask_reasons(writer, bit);
		ask_rules_again(writer, names, writer->lost_at);
	}
	renew_symbols(writer);
	writer->lost_at = 0;
}

void resolver_restart(struct name_writer *writer)
{
	int64_t now = g_get_monotonic_time();

	if (resolver_runs() || now < writer->revive_due)
		return;
	writer->started_at = now;
	writer->revive_due = now + RESTART_USEC;
	if (resolver_start() < 0)
		return;
	if (writer->watching)
		start_watching(writer);
	if (writer->lost_at)
		names_renew(writer);
}

static void take_answer(
	struct name_writer *writer, const struct resolver_answer *answer, const char *text)
{
	/* Any answer is a sign of life. */
	if (writer->pinged)
		writer->pinged = g_get_monotonic_time();
	if (answer->kind == RESOLVER_WATCH) {
		writer->watched = true;
	} else if (answer->kind == RESOLVER_PING) {
		take_resolver_state(writer, text, answer->length);
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
	while (resolver_runs()) {
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
