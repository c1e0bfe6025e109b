/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver's life as the name writer sees it: one that ends, or gives no sign of life, is replaced, and what
 * it was asked is asked again, once. What that costs is counted.
 */
#include <string.h>

#include "daemon/names/names-private.h"

#define PING_USEC (2 * G_USEC_PER_SEC) /* between two signs of life */
/* Without an answer for so long, and without having used any processor time, it is stopped or held in the
 * kernel; without an answer for longer it goes round in circles. */
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

void count_unread(struct name_writer *writer)
{
	g_mutex_lock(&writer->counts_lock);
	writer->counts.unread++;
	g_mutex_unlock(&writer->counts_lock);
}

/* What the resolver counted goes with it. */
static void count_resolver(struct name_writer *writer)
{
	g_mutex_lock(&writer->counts_lock);
	writer->counts.resolvers++;
	add_state(&writer->counts.resolver, &writer->state);
	writer->state = (struct resolver_state){ 0 };
	g_mutex_unlock(&writer->counts_lock);
}

/* Asked again, before what is new, or given up if it was asked again before. */
static void questions_repeat(struct name_writer *writer)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, writer->asked);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct question *question = value;

		g_hash_table_iter_steal(&iter);
		if (question->repeated) {
			give_up(writer, question);
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
	bool young = now - writer->begun < RESTART_USEC;

	resolver_stop();
	writer->resolver = false;
	writer->watched = false;
	writer->pinged = 0;
	writer->lost_at = clock_ns(CLOCK_MONOTONIC);
	/* At once, unless the one before it did not live long, either. */
	writer->revive_due = young && writer->died_young ? writer->begun + RESTART_USEC : now;
	writer->died_young = young;
	count_resolver(writer);
	questions_repeat(writer);
}

/* What journals were told may not be so any more, and nobody was there to see it change. */
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

void resolver_revive(struct name_writer *writer)
{
	int64_t now = g_get_monotonic_time();

	if (writer->resolver || now < writer->revive_due)
		return;
	writer->begun = now;
	writer->resolver = resolver_start() == 0;
	writer->revive_due = now + RESTART_USEC;
	if (!writer->resolver)
		return;
	if (writer->watching)
		ask_watch(writer);
	if (writer->lost_at)
		names_renew(writer);
}

/* Something is wanted of it. */
static bool resolver_is_wanted(const struct name_writer *writer)
{
	return writer->resolver &&
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

void ping(struct name_writer *writer)
{
	const struct resolver_question question = { .kind = RESOLVER_PING };
	int64_t now = g_get_monotonic_time();

	writer->ping_due = now + PING_USEC;
	writer->pinged = now;
	resolver_expect();
	ask(writer, &question);
}

void resolver_check(struct name_writer *writer)
{
	int64_t now = g_get_monotonic_time();

	if (!resolver_is_wanted(writer))
		return;
	if (!writer->pinged && writer->ping_due <= now)
		ping(writer);
	else if (writer->pinged &&
		(now - writer->pinged >= BUSY_USEC ||
			(now - writer->pinged >= IDLE_USEC && resolver_idle(IDLE_USEC))))
		resolver_lost(writer);
}

void take_state(struct name_writer *writer, const char *text, size_t length)
{
	writer->pinged = 0;
	if (length != sizeof(writer->state))
		return;
	g_mutex_lock(&writer->counts_lock);
	memcpy(&writer->state, text, sizeof(writer->state));
	g_mutex_unlock(&writer->counts_lock);
}
