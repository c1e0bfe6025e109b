/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The resolver's life as the scribe sees it: one that ends, or gives no sign of life, is replaced, and what
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

void scribe_count(struct scribe *scribe, struct scribe_counts *ret)
{
	*ret = (struct scribe_counts){ 0 };
	if (!scribe)
		return;
	g_mutex_lock(&scribe->counts_lock);
	*ret = scribe->counts;
	ret->resolver.texts_bytes = scribe->state.texts_bytes;
	ret->resolver.netns = scribe->state.netns;
	ret->resolver.netns_passed = scribe->state.netns_passed;
	add_state(&ret->resolver, &scribe->state);
	g_mutex_unlock(&scribe->counts_lock);
}

void count_unread(struct scribe *scribe)
{
	g_mutex_lock(&scribe->counts_lock);
	scribe->counts.unread++;
	g_mutex_unlock(&scribe->counts_lock);
}

/* What the resolver counted goes with it. */
static void count_resolver(struct scribe *scribe)
{
	g_mutex_lock(&scribe->counts_lock);
	scribe->counts.resolvers++;
	add_state(&scribe->counts.resolver, &scribe->state);
	scribe->state = (struct resolver_state){ 0 };
	g_mutex_unlock(&scribe->counts_lock);
}

/* Asked again, before what is new, or given up if it was asked again before. */
static void questions_repeat(struct scribe *scribe)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, scribe->asked);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct question *question = value;

		g_hash_table_iter_steal(&iter);
		if (question->repeated) {
			give_up(scribe, question);
			g_free(question);
			continue;
		}
		question->repeated = true;
		g_queue_push_head(&scribe->waiting, question);
	}
}

void resolver_lost(struct scribe *scribe)
{
	int64_t now = g_get_monotonic_time();
	bool young = now - scribe->begun < RESTART_USEC;

	resolver_stop();
	scribe->resolver = false;
	scribe->watched = false;
	scribe->pinged = 0;
	scribe->lost_at = clock_ns(CLOCK_MONOTONIC);
	/* At once, unless the one before it did not live long, either. */
	scribe->revive_due = young && scribe->died_young ? scribe->begun + RESTART_USEC : now;
	scribe->died_young = young;
	count_resolver(scribe);
	questions_repeat(scribe);
}

/* What journals were told may not be so any more, and nobody was there to see it change. */
static void names_renew(struct scribe *scribe)
{
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		struct page *page = &scribe->pages[bit];

		if (scribe->reasons & 1ULL << bit && !page->reasons)
			ask_reasons(scribe, bit);
		ask_rules_again(scribe, page, scribe->lost_at);
	}
	renew_symbols(scribe);
	scribe->lost_at = 0;
}

void resolver_revive(struct scribe *scribe)
{
	int64_t now = g_get_monotonic_time();

	if (scribe->resolver || now < scribe->revive_due)
		return;
	scribe->begun = now;
	scribe->resolver = resolver_start() == 0;
	scribe->revive_due = now + RESTART_USEC;
	if (!scribe->resolver)
		return;
	if (scribe->watching)
		ask_watch(scribe);
	if (scribe->lost_at)
		names_renew(scribe);
}

/* Something is wanted of it. */
static bool resolver_is_wanted(const struct scribe *scribe)
{
	return scribe->resolver &&
		(scribe->watching || scribe->pinged || g_hash_table_size(scribe->asked) > 0);
}

int64_t resolver_check_due(const struct scribe *scribe)
{
	if (!resolver_is_wanted(scribe))
		return NEVER;
	return scribe->pinged
		? MAX(scribe->pinged + IDLE_USEC, g_get_monotonic_time() + G_USEC_PER_SEC)
		: scribe->ping_due;
}

void ping(struct scribe *scribe)
{
	const struct resolver_question question = { .kind = RESOLVER_PING };
	int64_t now = g_get_monotonic_time();

	scribe->ping_due = now + PING_USEC;
	scribe->pinged = now;
	resolver_expect();
	ask(scribe, &question);
}

void resolver_check(struct scribe *scribe)
{
	int64_t now = g_get_monotonic_time();

	if (!resolver_is_wanted(scribe))
		return;
	if (!scribe->pinged && scribe->ping_due <= now)
		ping(scribe);
	else if (scribe->pinged &&
		(now - scribe->pinged >= BUSY_USEC ||
			(now - scribe->pinged >= IDLE_USEC && resolver_idle(IDLE_USEC))))
		resolver_lost(scribe);
}

void take_state(struct scribe *scribe, const char *text, size_t length)
{
	scribe->pinged = 0;
	if (length != sizeof(scribe->state))
		return;
	g_mutex_lock(&scribe->counts_lock);
	memcpy(&scribe->state, text, sizeof(scribe->state));
	g_mutex_unlock(&scribe->counts_lock);
}
