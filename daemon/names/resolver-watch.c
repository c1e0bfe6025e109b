/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name writer watches the resolver: one that ends, or gives no sign of life, is replaced, and
 * the questions that it did not answer are asked once more. That is counted.
 */
#include <string.h>
#include <sys/socket.h>

#include "daemon/names/names-private.h"

#define PING_USEC (2 * G_USEC_PER_SEC) /* between two signs of life */
/* How long an answer may take: of a resolver that uses no processor time, because it is stopped or
 * blocked in the kernel; and of one that does. */
#define IDLE_USEC (5 * G_USEC_PER_SEC)
#define BUSY_USEC (30 * G_USEC_PER_SEC)

static void add_state(struct resolver_state *sum, const struct resolver_state *state)
{
	sum->texts_refused += state->texts_refused;
	sum->texts_evicted += state->texts_evicted;
	sum->texts_forgotten += state->texts_forgotten;
	sum->readers_hung += state->readers_hung;
	sum->readings_failed += state->readings_failed;
}

void name_writer_count(struct name_writer *writer, struct name_writer_counts *ret)
{
	*ret = (struct name_writer_counts){ 0 };
	if (!writer)
		return;
	g_mutex_lock(&writer->counts_lock);
	*ret = writer->counts;
	ret->resolver.texts_bytes = writer->state.texts_bytes;
	ret->resolver.netns = writer->state.netns;
	ret->resolver.netns_passed = writer->state.netns_passed;
	add_state(&ret->resolver, &writer->state);
	g_mutex_unlock(&writer->counts_lock);
}

/* Keeps the counts of a resolver that ended. */
static void count_resolver(struct name_writer *writer)
{
	g_mutex_lock(&writer->counts_lock);
	writer->counts.resolvers++;
	add_state(&writer->counts.resolver, &writer->state);
	writer->state = (struct resolver_state){ 0 };
	g_mutex_unlock(&writer->counts_lock);
}

void ask_resolver(struct name_writer *writer, const struct resolver_question *question)
{
	/* RESOLVER_WINDOW is such that the socket has room. */
	if (resolver_runs() &&
		send(resolver_fd(), question, sizeof(*question), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		resolver_lost(writer);
}

/* Queues the open questions before all others. Those that were repeated already are given up. */
static void repeat_questions(struct name_writer *writer)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, writer->asked);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct question *question = value;

		g_hash_table_iter_steal(&iter);
		if (question->repeated) {
			give_up_question(writer, question);
			g_free(question);
			continue;
		}
		question->repeated = true;
		g_queue_push_head(&writer->waiting, question);
	}
}

void resolver_lost(struct name_writer *writer)
{
	int64_t now = g_get_monotonic_time();
	bool young = now - writer->started_at < RESTART_USEC;

	resolver_stop();
	writer->watched = false;
	writer->pinged = 0;
	writer->lost_at = clock_ns(CLOCK_MONOTONIC);
	/* At once, unless two resolvers in a row ended soon after their start. */
	writer->revive_due = young && writer->died_young ? writer->started_at + RESTART_USEC : now;
	writer->died_young = young;
	count_resolver(writer);
	repeat_questions(writer);
}

/* The resolver has something to do, or owes an answer. */
static bool resolver_is_wanted(const struct name_writer *writer)
{
	return resolver_runs() &&
		(writer->watching || writer->pinged || g_hash_table_size(writer->asked) > 0);
}

int64_t resolver_check_due(const struct name_writer *writer)
{
	if (!resolver_is_wanted(writer))
		return NEVER;
	return writer->pinged
		? MAX(writer->pinged + IDLE_USEC, g_get_monotonic_time() + G_USEC_PER_SEC)
		: writer->ping_due;
}

void ping_resolver(struct name_writer *writer)
{
	const struct resolver_question question = { .kind = RESOLVER_PING };
	int64_t now = g_get_monotonic_time();

	writer->ping_due = now + PING_USEC;
	writer->pinged = now;
	resolver_expect();
	ask_resolver(writer, &question);
}

void resolver_check(struct name_writer *writer)
{
	int64_t now = g_get_monotonic_time();

	if (!resolver_is_wanted(writer))
		return;
	if (!writer->pinged && writer->ping_due <= now)
		ping_resolver(writer);
	else if (writer->pinged &&
		(now - writer->pinged >= BUSY_USEC ||
			(now - writer->pinged >= IDLE_USEC && resolver_idle(IDLE_USEC))))
		resolver_lost(writer);
}

void take_resolver_state(struct name_writer *writer, const char *text, size_t length)
{
	writer->pinged = 0;
	if (length != sizeof(writer->state))
		return;
	g_mutex_lock(&writer->counts_lock);
	memcpy(&writer->state, text, sizeof(writer->state));
	g_mutex_unlock(&writer->counts_lock);
}
