/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readings of rules, and the use of their results; see rule-store.h. */
#include "daemon/resolver/rule-store.h"

#include <errno.h>
#include <string.h>

#include "daemon/resolver/reading-schedule.h"
#include "daemon/resolver/rule-questions.h"
#include "daemon/resolver/rule-reader.h"
#include "daemon/resolver/ruleset.h"
#include "journal/base/clock.h"

#define DEBOUNCE_USEC (75 * 1000) /* after a notification: a reload brings thousands */
#define PAUSE_USEC    (100 * 1000) /* between two readings of a namespace, at least */
#define PAUSE_FACTOR  4 /* and this many times as long as the last one took */

struct rule_store {
	GPtrArray *netns;
	const struct rule_store_listener *listener;
	void *context;
	struct rule_texts *texts;
	struct rule_questions *questions;
	struct reading_schedule *schedule;
	uint64_t readings;
	struct read_netns *reading[RULE_READERS_MAX]; /* whose reader runs */
	bool needs_scan;
	uint64_t hung, failed;
};

static uint64_t netns_key(const struct netns *netns)
{
	return netns->cookie ? netns->cookie : netns->inode;
}

/* True if the rule was found when its namespace was read last. */
static bool is_current(void *context, uint64_t id, uint64_t reading)
{
	const struct rule_store *store = context;
	const struct read_netns *netns = reading_schedule_find(store->schedule, id);

	return netns && netns->reading <= reading;
}

struct rule_store *rule_store_new(
	GPtrArray *netns, const struct rule_store_listener *listener, void *context)
{
	struct rule_store *store = g_new0(struct rule_store, 1);

	store->netns = netns;
	store->listener = listener;
	store->context = context;
	store->texts = rule_texts_new(is_current, store);
	store->questions = rule_questions_new(store->texts, listener->answer, context);
	store->schedule = reading_schedule_new();
	return store;
}

struct rule_store *rule_store_free(struct rule_store *store)
{
	if (!store)
		return NULL;
	rule_questions_free(store->questions);
	rule_texts_free(store->texts);
	reading_schedule_free(store->schedule);
	g_free(store);
	return NULL;
}

void rule_store_ask(struct rule_store *store, uint32_t id, const struct rule_key *key)
{
	int64_t now = g_get_monotonic_time();
	struct read_netns *netns;

	if (rule_questions_ask(store->questions, id, key, now))
		return;
	netns = reading_schedule_find(store->schedule, key->netns);
	if (netns)
		read_netns_schedule(netns, now);
	else
		store->needs_scan = true;
}

bool rule_store_needs_scan(const struct rule_store *store)
{
	return store->needs_scan;
}

static void remove_gone_netns(struct rule_store *store)
{
	g_autoptr(GHashTable) found =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	g_autoptr(GArray) gone = NULL;

	for (unsigned int i = 0; i < store->netns->len; i++) {
		uint64_t key = netns_key(store->netns->pdata[i]);

		g_hash_table_add(found, g_memdup2(&key, sizeof(key)));
	}
	gone = reading_schedule_retain(store->schedule, found);
	for (unsigned int i = 0; i < gone->len; i++)
		rule_texts_netns_removed(store->texts, g_array_index(gone, uint64_t, i));
}

static bool is_scheduled(const void *schedule, uint64_t netns)
{
	return reading_schedule_find(schedule, netns) != NULL;
}

void rule_store_scanned(struct rule_store *store)
{
	int64_t now = g_get_monotonic_time();

	store->needs_scan = false;
	remove_gone_netns(store);
	for (unsigned int i = 0; i < store->netns->len; i++) {
		const struct netns *netns = store->netns->pdata[i];
		uint64_t key = netns_key(netns);

		if (!reading_schedule_find(store->schedule, key))
			read_netns_schedule(
				reading_schedule_add(store->schedule, key, netns->owner), now);
	}
	rule_questions_refuse(store->questions, is_scheduled, store->schedule);
}

void rule_store_notify(struct rule_store *store, const struct netns *netns)
{
	uint64_t key = netns ? netns_key(netns) : 0;

	reading_schedule_notify(
		store->schedule, netns ? &key : NULL, g_get_monotonic_time() + DEBOUNCE_USEC);
}

bool rule_store_complete(const struct rule_store *store)
{
	return reading_schedule_complete(store->schedule);
}

typedef void (*rule_visit)(struct rule_store *store, const struct read_netns *netns,
	uint64_t reading, const struct rule_key *key, const struct ruleset_rule *rule,
	const char *text);

static void confirm_rule(struct rule_store *store, const struct read_netns *netns, uint64_t reading,
	const struct rule_key *key, const struct ruleset_rule *rule, const char *text)
{
	rule_texts_confirm(store->texts, key, reading);
}

static void put_rule(struct rule_store *store, const struct read_netns *netns, uint64_t reading,
	const struct rule_key *key, const struct ruleset_rule *rule, const char *text)
{
	struct rule_text found = {
		.fate = rule->length ? RULE_READ : RULE_UNREADABLE,
		.text = text,
		.length = rule->length,
		.since = netns->changed,
	};

	if (rule_texts_put(store->texts, key, reading, &found))
		store->listener->replaced(store->context, key, &found);
}

/* Parses a reader's output. Its process has parsed untrusted rules, so lengths are checked. */
static void visit_rules(struct rule_store *store, const struct read_netns *netns, uint64_t reading,
	const char *bytes, size_t size, rule_visit visit)
{
	while (size >= sizeof(struct ruleset_rule)) {
		struct ruleset_rule rule;
		struct rule_key key;

		memcpy(&rule, bytes, sizeof(rule));
		bytes += sizeof(rule);
		size -= sizeof(rule);
		if (rule.length > size)
			return;
		key = (struct rule_key){
			.netns = netns->id,
			.table = rule.table,
			.rule = rule.rule,
			.family = rule.family,
		};
		visit(store, netns, reading, &key, &rule, bytes);
		bytes += rule.length;
		size -= rule.length;
	}
}

static void put_rules(
	struct rule_store *store, struct read_netns *netns, const char *bytes, size_t size)
{
	uint64_t reading = ++store->readings;

	rule_texts_begin(store->texts, netns->id, netns->owner);
	/* All rules that still exist first: none of them is removed to make room for another. */
	visit_rules(store, netns, reading, bytes, size, confirm_rule);
	netns->reading = reading;
	visit_rules(store, netns, reading, bytes, size, put_rule);
}

/* Why a rule that was asked for has no text after a reading with that exit status. */
static enum rule_fate fate_of(
	const struct rule_store *store, const struct read_netns *netns, int status)
{
	switch (status) {
	case RULESET_READ:
		return rule_texts_full(store->texts, netns->id) ? RULE_UNREADABLE : RULE_VANISHED;
	case RULESET_UNREACHABLE:
		return RULE_UNREACHABLE;
	default:
		return RULE_UNREADABLE;
	}
}

/* True if the reading is repeated: once if it failed because the namespace was not found at its
 * path, after another scan, or because its reader hung. */
static bool repeat_reading(
	struct rule_store *store, struct read_netns *netns, int status, bool hung)
{
	netns->retried = (status == RULESET_UNREACHABLE || hung) && !netns->retried;
	if (!netns->retried)
		return false;
	store->needs_scan = store->needs_scan || !hung;
	/* Changes that the reading finds may be newer than that. */
	if (!netns->notified)
		netns->notified = netns->changed;
	read_netns_schedule(netns, g_get_monotonic_time());
	return true;
}

static void finish_reading(struct rule_store *store, struct read_netns *netns)
{
	int64_t now = g_get_monotonic_time(), started = rule_reader_started(netns->reader);
	g_autofree char *bytes = NULL;
	size_t size = 0;
	int status = rule_reader_result(netns->reader, &bytes, &size);
	bool hung = rule_reader_hung(netns->reader);

	netns->reader = rule_reader_free(netns->reader);
	netns->tried = true;
	netns->pause_end =
		now + (hung ? PAUSE_USEC : MAX(PAUSE_USEC, PAUSE_FACTOR * (now - started)));
	store->hung += hung;
	store->failed += status == RULESET_UNREADABLE;
	if (status == RULESET_READ)
		put_rules(store, netns, bytes, size);
	if (repeat_reading(store, netns, status, hung))
		return;
	rule_questions_answer(store->questions, netns->id, started, fate_of(store, netns, status));
	if (netns->due != READING_NEVER)
		netns->due = MAX(netns->due, netns->pause_end);
	if (rule_questions_wait(store->questions, netns->id))
		read_netns_schedule(netns, now);
}

static const struct netns *netns_find(const struct rule_store *store, uint64_t key)
{
	for (unsigned int i = 0; i < store->netns->len; i++) {
		const struct netns *netns = store->netns->pdata[i];

		if (netns_key(netns) == key)
			return netns;
	}
	return NULL;
}

/* False: the reading can't begin, and the questions about the namespace are answered. */
static bool begin_reading(struct rule_store *store, struct read_netns *netns)
{
	const struct netns *found = netns_find(store, netns->id);

	reading_schedule_begin(store->schedule, netns);
	if (!found) {
		netns->tried = true;
		rule_questions_answer(store->questions, netns->id, READING_NEVER, RULE_UNREACHABLE);
		return false;
	}
	if (rule_reader_new(found, &netns->reader) < 0) {
		netns->tried = true;
		netns->pause_end = g_get_monotonic_time() + PAUSE_USEC;
		store->failed++;
		rule_questions_answer(store->questions, netns->id, READING_NEVER, RULE_UNREADABLE);
		return false;
	}
	return true;
}

unsigned int rule_store_poll_fds(const struct rule_store *store, struct pollfd *fds)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < RULE_READERS_MAX; i++) {
		if (store->reading[i])
			fds[count++] = (struct pollfd){
				.fd = rule_reader_fd(store->reading[i]->reader),
				.events = POLLIN,
			};
	}
	return count;
}

int64_t rule_store_run(struct rule_store *store)
{
	int64_t next = READING_NEVER;

	for (unsigned int i = 0; i < RULE_READERS_MAX; i++) {
		struct read_netns **reading = &store->reading[i], *netns;

		if (*reading && rule_reader_ended((*reading)->reader)) {
			finish_reading(store, *reading);
			*reading = NULL;
		}
		/* A namespace that is due while its readers are busy is tried again when one of
		 * them ends. */
		while (!*reading && (netns = reading_schedule_next(store->schedule, i, &next))) {
			if (begin_reading(store, netns))
				*reading = netns;
		}
		if (*reading)
			next = MIN(next, rule_reader_deadline((*reading)->reader));
	}
	return next;
}

void rule_store_count(const struct rule_store *store, struct rule_store_counts *ret)
{
	rule_texts_count(store->texts, &ret->texts);
	ret->hung = store->hung;
	ret->failed = store->failed;
}

void rule_store_set_size(struct rule_store *store, uint64_t bytes)
{
	rule_texts_set_size(store->texts, bytes);
}
