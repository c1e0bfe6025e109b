/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of rules and the readings that bring them, see rule-store.h. */
#include "rule-store.h"

#include <errno.h>
#include <string.h>

#include "../journal/clock.h"
#include "rule-reader.h"
#include "ruleset.h"

#define DEBOUNCE_USEC (75 * 1000) /* after a notification: a reload brings thousands */
#define PAUSE_USEC    (100 * 1000) /* between two readings of a namespace, at least */
#define PAUSE_FACTOR  4 /* and this many times what the last one took */
#define NEVER         INT64_MAX

/* A namespace whose rules are kept. */
struct ward {
	uint64_t netns; /* as in rule_key */
	uint64_t reading; /* number of the last that succeeded; 0: none yet */
	uint64_t news; /* ns: the first notification that no reading has followed; 0: none */
	uint64_t changed; /* ns: when what the reading finds changed may have changed */
	bool tried;
	bool again; /* its path led elsewhere: it is tried once more after a look */
	int64_t due; /* us; NEVER: nothing to do */
	int64_t rest; /* us: not read again before */
	struct rule_reader *reader; /* NULL: it is not being read */
};

struct question {
	uint32_t id;
	struct rule_key key;
	int64_t asked;
};

struct rule_store {
	GPtrArray *netns;
	const struct rule_store_listener *listener;
	void *context;
	struct rule_texts *texts;
	GHashTable *wards; /* of struct ward by `netns` */
	GArray *questions; /* struct question */
	uint64_t readings;
	unsigned int readers;
	bool wants_look;
};

static uint64_t netns_key(const struct netns *netns)
{
	return netns->cookie ? netns->cookie : netns->inode;
}

static void ward_free(gpointer data)
{
	struct ward *ward = data;

	rule_reader_free(ward->reader);
	g_free(ward);
}

/* The rule was there when its namespace was read last. */
static bool is_current(void *context, uint64_t netns, uint64_t reading)
{
	const struct rule_store *store = context;
	const struct ward *ward = g_hash_table_lookup(store->wards, &netns);

	return ward && ward->reading == reading;
}

struct rule_store *rule_store_new(
	GPtrArray *netns, const struct rule_store_listener *listener, void *context)
{
	struct rule_store *store = g_new0(struct rule_store, 1);

	store->netns = netns;
	store->listener = listener;
	store->context = context;
	store->texts = rule_texts_new(is_current, store);
	store->wards = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, ward_free);
	store->questions = g_array_new(FALSE, FALSE, sizeof(struct question));
	return store;
}

struct rule_store *rule_store_free(struct rule_store *store)
{
	if (!store)
		return NULL;
	rule_texts_free(store->texts);
	g_hash_table_unref(store->wards);
	g_array_unref(store->questions);
	g_free(store);
	return NULL;
}

static void ward_schedule(struct ward *ward, int64_t when)
{
	ward->due = MIN(ward->due, MAX(when, ward->rest));
}

static struct ward *ward_add(struct rule_store *store, uint64_t netns)
{
	struct ward *ward = g_new0(struct ward, 1);

	ward->netns = netns;
	ward->due = NEVER;
	g_hash_table_insert(store->wards, &ward->netns, ward);
	return ward;
}

static struct netns *netns_of(const struct rule_store *store, uint64_t key)
{
	for (unsigned int i = 0; i < store->netns->len; i++) {
		struct netns *netns = store->netns->pdata[i];

		if (netns_key(netns) == key)
			return netns;
	}
	return NULL;
}

static gboolean ward_is_lost(gpointer key, gpointer value, gpointer context)
{
	const struct ward *ward = value;

	return !ward->reader && !netns_of(context, ward->netns);
}

/* Answers. */

struct teller {
	struct rule_store *store;
	uint32_t id;
};

static void tell_text(void *context, const struct rule_told *told)
{
	const struct teller *teller = context;

	teller->store->listener->answer(teller->store->context, teller->id, told);
}

/* False: the rule is not known. */
static bool tell_known(struct rule_store *store, uint32_t id, const struct rule_key *key)
{
	struct teller teller = { .store = store, .id = id };

	return rule_texts_tell(store->texts, key, tell_text, &teller);
}

static void tell_fate(struct rule_store *store, uint32_t id, enum rule_fate fate)
{
	const struct rule_told told = { .fate = fate };

	store->listener->answer(store->context, id, &told);
}

/* Answers the questions about a namespace: with `fate` those asked before that time whose rule is not
 * known. */
static void questions_answer(
	struct rule_store *store, const struct ward *ward, int64_t before, enum rule_fate fate)
{
	for (unsigned int i = store->questions->len; i-- > 0;) {
		struct question question = g_array_index(store->questions, struct question, i);

		if (question.key.netns != ward->netns)
			continue;
		if (!tell_known(store, question.id, &question.key)) {
			if (question.asked >= before)
				continue;
			tell_fate(store, question.id, fate);
		}
		g_array_remove_index_fast(store->questions, i);
	}
}

static bool questions_left(const struct rule_store *store, const struct ward *ward)
{
	for (unsigned int i = 0; i < store->questions->len; i++)
		if (g_array_index(store->questions, struct question, i).key.netns == ward->netns)
			return true;
	return false;
}

void rule_store_ask(struct rule_store *store, uint32_t id, const struct rule_key *key,
	uint64_t cookie, uint32_t inode)
{
	const struct question question = {
		.id = id,
		.key = *key,
		.asked = g_get_monotonic_time(),
	};
	struct ward *ward;

	if (tell_known(store, id, key))
		return;
	g_array_append_val(store->questions, question);
	ward = g_hash_table_lookup(store->wards, &key->netns);
	if (ward)
		ward_schedule(ward, question.asked);
	else
		store->wants_look = true;
}

bool rule_store_wants_look(const struct rule_store *store)
{
	return store->wants_look;
}

/* Questions about namespaces that a look did not find. */
static void questions_refuse(struct rule_store *store)
{
	for (unsigned int i = store->questions->len; i-- > 0;) {
		struct question question = g_array_index(store->questions, struct question, i);

		if (g_hash_table_contains(store->wards, &question.key.netns))
			continue;
		g_array_remove_index_fast(store->questions, i);
		tell_fate(store, question.id, RULE_UNREACHABLE);
	}
}

void rule_store_looked(struct rule_store *store)
{
	int64_t now = g_get_monotonic_time();

	store->wants_look = false;
	g_hash_table_foreach_remove(store->wards, ward_is_lost, store);
	for (unsigned int i = 0; i < store->netns->len; i++) {
		uint64_t key = netns_key(store->netns->pdata[i]);

		if (!g_hash_table_contains(store->wards, &key))
			ward_schedule(ward_add(store, key), now);
	}
	questions_refuse(store);
}

void rule_store_dirty(struct rule_store *store, const struct netns *netns)
{
	int64_t when = g_get_monotonic_time() + DEBOUNCE_USEC;
	uint64_t key = netns ? netns_key(netns) : 0;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, store->wards);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct ward *ward = value;

		if (netns && ward->netns != key)
			continue;
		if (!ward->news)
			ward->news = clock_ns(CLOCK_MONOTONIC);
		ward_schedule(ward, when);
	}
}

bool rule_store_complete(const struct rule_store *store)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, store->wards);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (!((struct ward *)value)->tried)
			return false;
	return true;
}

/* Readings. */

static void take_rule(struct rule_store *store, const struct ward *ward,
	const struct ruleset_rule *rule, const char *text)
{
	const struct rule_key key = {
		.netns = ward->netns,
		.table = rule->table,
		.rule = rule->rule,
		.family = rule->family,
	};
	struct rule_told told = {
		.fate = rule->length ? RULE_READ : RULE_UNREADABLE,
		.text = text,
		.length = rule->length,
		.since = ward->changed,
	};

	if (rule_texts_take(store->texts, &key, ward->reading, &told))
		store->listener->replaced(store->context, &key, &told);
}

/* What a reader wrote: its process has dealt with strangers' rules, so lengths are checked. */
static void take_rules(
	struct rule_store *store, const struct ward *ward, const char *bytes, size_t size)
{
	while (size >= sizeof(struct ruleset_rule)) {
		struct ruleset_rule rule;

		memcpy(&rule, bytes, sizeof(rule));
		bytes += sizeof(rule);
		size -= sizeof(rule);
		if (rule.length > size)
			return;
		take_rule(store, ward, &rule, bytes);
		bytes += rule.length;
		size -= rule.length;
	}
}

static enum rule_fate fate_of(const struct rule_store *store, int status)
{
	switch (status) {
	case RULESET_READ:
		return rule_texts_full(store->texts) ? RULE_UNREADABLE : RULE_VANISHED;
	case RULESET_UNREACHABLE:
		return RULE_UNREACHABLE;
	default:
		return RULE_UNREADABLE;
	}
}

static void ward_finish(struct rule_store *store, struct ward *ward)
{
	int64_t now = g_get_monotonic_time(), begun = rule_reader_begun(ward->reader);
	g_autofree char *bytes = NULL;
	size_t size = 0;
	int status = rule_reader_result(ward->reader, &bytes, &size);

	ward->reader = rule_reader_free(ward->reader);
	store->readers--;
	ward->tried = true;
	ward->rest = now + MAX(PAUSE_USEC, PAUSE_FACTOR * (now - begun));
	if (status == RULESET_READ) {
		ward->reading = ++store->readings;
		take_rules(store, ward, bytes, size);
	}
	ward->again = status == RULESET_UNREACHABLE && !ward->again;
	if (ward->again) {
		store->wants_look = true;
		ward_schedule(ward, now);
		return;
	}
	questions_answer(store, ward, begun, fate_of(store, status));
	if (ward->due != NEVER)
		ward->due = MAX(ward->due, ward->rest);
	if (questions_left(store, ward))
		ward_schedule(ward, now);
}

static void ward_begin(struct rule_store *store, struct ward *ward)
{
	const struct netns *netns = netns_of(store, ward->netns);

	ward->due = NEVER;
	ward->changed = ward->news ? ward->news : clock_ns(CLOCK_MONOTONIC);
	ward->news = 0;
	if (!netns) {
		ward->tried = true;
		questions_answer(store, ward, NEVER, RULE_UNREACHABLE);
		return;
	}
	if (rule_reader_new(netns, &ward->reader) < 0) {
		ward->tried = true;
		ward->rest = g_get_monotonic_time() + PAUSE_USEC;
		questions_answer(store, ward, NEVER, RULE_UNREADABLE);
		return;
	}
	store->readers++;
}

unsigned int rule_store_poll(const struct rule_store *store, struct pollfd *fds)
{
	unsigned int count = 0;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, store->wards);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct ward *ward = value;

		if (ward->reader)
			fds[count++] = (struct pollfd){
				.fd = rule_reader_fd(ward->reader),
				.events = POLLIN,
			};
	}
	return count;
}

int64_t rule_store_turn(struct rule_store *store)
{
	int64_t now = g_get_monotonic_time(), next = NEVER;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, store->wards);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct ward *ward = value;

		if (ward->reader && rule_reader_ended(ward->reader))
			ward_finish(store, ward);
		if (ward->reader) {
			next = MIN(next, rule_reader_deadline(ward->reader));
			continue;
		}
		if (ward->due <= now && store->readers < RULE_STORE_READERS_MAX)
			ward_begin(store, ward);
		/* One that has to wait for a reader gets its turn when one has ended. */
		else if (ward->due > now)
			next = MIN(next, ward->due);
	}
	return next;
}
