/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The texts of rules and the readings that bring them, see rule-store.h. */
#include "daemon/resolver/rule-store.h"

#include <errno.h>
#include <string.h>

#include "daemon/base/netns-owner.h"
#include "daemon/resolver/rule-reader.h"
#include "daemon/resolver/ruleset.h"
#include "journal/base/clock.h"

#define DEBOUNCE_USEC (75 * 1000) /* after a notification: a reload brings thousands */
#define PAUSE_USEC    (100 * 1000) /* between two readings of a namespace, at least */
#define PAUSE_FACTOR  4 /* and this many times what the last one took */
#define NEVER         INT64_MAX

/* Whose namespaces are read side by side, each one after the other. */
enum line {
	LINE_HOST,
	LINE_ROOT,
	LINE_USERS,
	LINES,
};

/* Whose each of the readers is. */
static const enum line reader_lines[RULE_STORE_READERS_MAX] = {
	LINE_HOST,
	LINE_ROOT,
	LINE_ROOT,
	LINE_USERS,
};

/* A namespace whose rules are kept. */
struct ward {
	uint64_t netns; /* as in rule_key */
	uint64_t owner; /* as in netns-owner.h */
	uint64_t reading; /* number of the last that succeeded; 0: none yet */
	uint64_t news; /* ns: the first notification that no reading has followed; 0: none */
	uint64_t changed; /* ns: when what the reading finds changed may have changed */
	bool tried;
	bool again; /* its path led elsewhere, or its reader hung: it is tried once more */
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
	GHashTable *served; /* of the last turn of an owner's namespaces, by owner */
	uint64_t readings, turns;
	struct ward *reading[RULE_STORE_READERS_MAX]; /* whose reader runs */
	bool wants_look;
	uint64_t hung, failed;
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

	return ward && ward->reading <= reading;
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
	store->served = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	store->questions = g_array_new(FALSE, FALSE, sizeof(struct question));
	return store;
}

struct rule_store *rule_store_free(struct rule_store *store)
{
	if (!store)
		return NULL;
	rule_texts_free(store->texts);
	g_hash_table_unref(store->wards);
	g_hash_table_unref(store->served);
	g_array_unref(store->questions);
	g_free(store);
	return NULL;
}

static void ward_schedule(struct ward *ward, int64_t when)
{
	ward->due = MIN(ward->due, MAX(when, ward->rest));
}

static struct ward *ward_add(struct rule_store *store, const struct netns *netns)
{
	struct ward *ward = g_new0(struct ward, 1);

	ward->netns = netns_key(netns);
	ward->owner = netns->owner;
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

/* Wards whose namespaces a look did not find. */
static void wards_forget(struct rule_store *store)
{
	g_autoptr(GHashTable) found =
		g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	g_autoptr(GArray) lost = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	GHashTableIter iter;
	gpointer value;

	for (unsigned int i = 0; i < store->netns->len; i++) {
		uint64_t key = netns_key(store->netns->pdata[i]);

		g_hash_table_add(found, g_memdup2(&key, sizeof(key)));
	}
	g_hash_table_iter_init(&iter, store->wards);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct ward *ward = value;

		if (ward->reader || g_hash_table_contains(found, &ward->netns))
			continue;
		g_array_append_val(lost, ward->netns);
		g_hash_table_iter_remove(&iter);
	}
	for (unsigned int i = 0; i < lost->len; i++)
		rule_texts_leave(store->texts, g_array_index(lost, uint64_t, i));
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
	wards_forget(store);
	for (unsigned int i = 0; i < store->netns->len; i++) {
		const struct netns *netns = store->netns->pdata[i];
		uint64_t key = netns_key(netns);

		if (!g_hash_table_contains(store->wards, &key))
			ward_schedule(ward_add(store, netns), now);
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

typedef void (*rule_taker)(struct rule_store *store, const struct ward *ward, uint64_t reading,
	const struct rule_key *key, const struct ruleset_rule *rule, const char *text);

/* Rules that are still there are known to be before others look for room. */
static void see_rule(struct rule_store *store, const struct ward *ward, uint64_t reading,
	const struct rule_key *key, const struct ruleset_rule *rule, const char *text)
{
	rule_texts_see(store->texts, key, reading);
}

static void take_rule(struct rule_store *store, const struct ward *ward, uint64_t reading,
	const struct rule_key *key, const struct ruleset_rule *rule, const char *text)
{
	struct rule_told told = {
		.fate = rule->length ? RULE_READ : RULE_UNREADABLE,
		.text = text,
		.length = rule->length,
		.since = ward->changed,
	};

	if (rule_texts_take(store->texts, key, reading, &told))
		store->listener->replaced(store->context, key, &told);
}

/* What a reader wrote: its process has dealt with strangers' rules, so lengths are checked. */
static void rules_each(struct rule_store *store, const struct ward *ward, uint64_t reading,
	const char *bytes, size_t size, rule_taker take)
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
			.netns = ward->netns,
			.table = rule.table,
			.rule = rule.rule,
			.family = rule.family,
		};
		take(store, ward, reading, &key, &rule, bytes);
		bytes += rule.length;
		size -= rule.length;
	}
}

static void take_rules(struct rule_store *store, struct ward *ward, const char *bytes, size_t size)
{
	uint64_t reading = ++store->readings;

	rule_texts_assign(store->texts, ward->netns, ward->owner);
	rules_each(store, ward, reading, bytes, size, see_rule);
	ward->reading = reading;
	rules_each(store, ward, reading, bytes, size, take_rule);
}

static enum rule_fate fate_of(const struct rule_store *store, const struct ward *ward, int status)
{
	switch (status) {
	case RULESET_READ:
		return rule_texts_full(store->texts, ward->netns) ? RULE_UNREADABLE : RULE_VANISHED;
	case RULESET_UNREACHABLE:
		return RULE_UNREACHABLE;
	default:
		return RULE_UNREADABLE;
	}
}

static enum line line_of(const struct ward *ward)
{
	if (ward->owner == NETNS_OWNER_HOST)
		return LINE_HOST;
	return ward->owner == NETNS_OWNER_ROOT ? LINE_ROOT : LINE_USERS;
}

/* A reading that could not be made is made once more: after another look if the namespace was not where it
 * should be. */
static bool ward_repeats(struct rule_store *store, struct ward *ward, int status, bool hung)
{
	ward->again = (status == RULESET_UNREACHABLE || hung) && !ward->again;
	if (!ward->again)
		return false;
	store->wants_look = store->wants_look || !hung;
	/* What it finds changed may have changed since then. */
	if (!ward->news)
		ward->news = ward->changed;
	ward_schedule(ward, g_get_monotonic_time());
	return true;
}

static void ward_finish(struct rule_store *store, struct ward *ward)
{
	int64_t now = g_get_monotonic_time(), begun = rule_reader_begun(ward->reader);
	g_autofree char *bytes = NULL;
	size_t size = 0;
	int status = rule_reader_result(ward->reader, &bytes, &size);
	bool hung = rule_reader_hung(ward->reader);

	ward->reader = rule_reader_free(ward->reader);
	ward->tried = true;
	ward->rest = now + (hung ? PAUSE_USEC : MAX(PAUSE_USEC, PAUSE_FACTOR * (now - begun)));
	store->hung += hung;
	store->failed += status == RULESET_UNREADABLE;
	if (status == RULESET_READ)
		take_rules(store, ward, bytes, size);
	if (ward_repeats(store, ward, status, hung))
		return;
	questions_answer(store, ward, begun, fate_of(store, ward, status));
	if (ward->due != NEVER)
		ward->due = MAX(ward->due, ward->rest);
	if (questions_left(store, ward))
		ward_schedule(ward, now);
}

static uint64_t *served_of(struct rule_store *store, uint64_t owner)
{
	uint64_t *served = g_hash_table_lookup(store->served, &owner);

	if (served)
		return served;
	served = g_new0(uint64_t, 1);
	g_hash_table_insert(store->served, g_memdup2(&owner, sizeof(owner)), served);
	return served;
}

static void ward_begin(struct rule_store *store, struct ward *ward, struct ward **reading)
{
	const struct netns *netns = netns_of(store, ward->netns);

	ward->due = NEVER;
	ward->changed = ward->news ? ward->news : clock_ns(CLOCK_MONOTONIC);
	ward->news = 0;
	*served_of(store, ward->owner) = ++store->turns;
	if (!netns) {
		ward->tried = true;
		questions_answer(store, ward, NEVER, RULE_UNREACHABLE);
		return;
	}
	if (rule_reader_new(netns, &ward->reader) < 0) {
		ward->tried = true;
		ward->rest = g_get_monotonic_time() + PAUSE_USEC;
		store->failed++;
		questions_answer(store, ward, NEVER, RULE_UNREADABLE);
		return;
	}
	*reading = ward;
}

unsigned int rule_store_poll(const struct rule_store *store, struct pollfd *fds)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < RULE_STORE_READERS_MAX; i++)
		if (store->reading[i])
			fds[count++] = (struct pollfd){
				.fd = rule_reader_fd(store->reading[i]->reader),
				.events = POLLIN,
			};
	return count;
}

/* Whether `ward` is to be read before `other`, which may be NULL: that of the owner who has waited longest. */
static bool ward_goes_first(
	struct rule_store *store, const struct ward *ward, const struct ward *other)
{
	uint64_t served, other_served;

	if (!other)
		return true;
	served = *served_of(store, ward->owner);
	other_served = *served_of(store, other->owner);
	return served != other_served ? served < other_served : ward->due < other->due;
}

/* The first of a line that is due, or NULL; *next: when another one will be. */
static struct ward *line_first(struct rule_store *store, enum line line, int64_t *next)
{
	int64_t now = g_get_monotonic_time();
	struct ward *first = NULL;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, store->wards);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct ward *ward = value;

		if (ward->reader || line_of(ward) != line)
			continue;
		if (ward->due > now)
			*next = MIN(*next, ward->due);
		else if (ward_goes_first(store, ward, first))
			first = ward;
	}
	return first;
}

int64_t rule_store_turn(struct rule_store *store)
{
	int64_t next = NEVER;

	for (unsigned int i = 0; i < RULE_STORE_READERS_MAX; i++) {
		struct ward **reading = &store->reading[i], *ward;

		if (*reading && rule_reader_ended((*reading)->reader)) {
			ward_finish(store, *reading);
			*reading = NULL;
		}
		/* One that has to wait for a reader gets its turn when one has ended, or could not begin. */
		while (!*reading && (ward = line_first(store, reader_lines[i], &next)))
			ward_begin(store, ward, reading);
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
