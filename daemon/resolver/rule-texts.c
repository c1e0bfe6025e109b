/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Texts by their rules, and the room that their owners have, see rule-texts.h. Whatever a ruleset holds,
 * taking one of its texts costs the same: queues are in the order in which their texts are given up, and
 * where all of an owner's namespaces have to be looked through, enough goes that it is not done again
 * soon.
 */
#include "daemon/resolver/rule-texts.h"

#include <glib.h>
#include <string.h>

#define ALLOCATION_BYTES 16 /* that the allocator takes for itself */
#define RULE_BYTES       (sizeof(struct rule) + 3 * ALLOCATION_BYTES) /* its place in the table, too */
#define SPACE_BYTES      (sizeof(struct space) + 3 * ALLOCATION_BYTES)
#define SWEEP_PART       16 /* of what an owner may have goes at a time */
#define SHRINK_PART      1024 /* of the budget goes at a time where rules exist */

/* A rule's text as it was read; one that could not be has none. */
struct text {
	struct rule *rule;
	struct text *newer; /* of the same rule, which was replaced */
	struct text *before, *after; /* in its namespace's queue */
	uint64_t reading; /* the last that had it */
	uint64_t since; /* as in struct rule_name */
	uint32_t length;
	uint8_t fate;
	bool replaced; /* in which queue it is */
	char bytes[];
};

struct queue {
	struct text *first, *last;
};

struct rule {
	struct rule_key key;
	struct space *space;
	struct text *oldest, *newest;
};

/* A namespace's texts: both queues begin with those that were found by a reading longest ago. */
struct space {
	uint64_t netns;
	struct owner *owner;
	GList link; /* in its owner's spaces */
	size_t bytes;
	struct queue newest, replaced;
	bool full;
};

struct owner {
	uint64_t id;
	size_t bytes;
	GQueue spaces; /* of struct space, those that were read longest ago first */
};

struct rule_texts {
	GHashTable *rules; /* of struct rule by its key */
	GHashTable *spaces; /* of struct space by `netns` */
	GHashTable *owners; /* of struct owner by `id` */
	size_t bytes, bytes_max;
	struct rule_texts_counts counts;
	rule_texts_current current;
	void *context;
};

static void rule_free(gpointer data)
{
	struct rule *rule = data;

	while (rule->oldest) {
		struct text *text = rule->oldest;

		rule->oldest = text->newer;
		g_free(text);
	}
	g_free(rule);
}

struct rule_texts *rule_texts_new(rule_texts_current current, void *context)
{
	struct rule_texts *texts = g_new0(struct rule_texts, 1);

	texts->rules = g_hash_table_new_full(rule_key_hash, rule_key_equal, NULL, rule_free);
	texts->spaces = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	texts->owners = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	texts->bytes_max = RULE_TEXTS_BYTES_MAX;
	texts->current = current;
	texts->context = context;
	return texts;
}

struct rule_texts *rule_texts_free(struct rule_texts *texts)
{
	if (!texts)
		return NULL;
	g_hash_table_unref(texts->rules);
	g_hash_table_unref(texts->spaces);
	g_hash_table_unref(texts->owners);
	g_free(texts);
	return NULL;
}

void rule_texts_set_size(struct rule_texts *texts, uint64_t bytes)
{
	texts->bytes_max = bytes;
}

bool rule_texts_full(const struct rule_texts *texts, uint64_t netns)
{
	const struct space *space = g_hash_table_lookup(texts->spaces, &netns);

	return space && space->full;
}

void rule_texts_count(const struct rule_texts *texts, struct rule_texts_counts *ret)
{
	*ret = texts->counts;
	ret->bytes = texts->bytes;
	ret->bytes_max = texts->bytes_max;
}

/* Queues and sums. */

static struct queue *queue_of(const struct text *text)
{
	struct space *space = text->rule->space;

	return text->replaced ? &space->replaced : &space->newest;
}

static void queue_append(struct text *text)
{
	struct queue *queue = queue_of(text);

	text->before = queue->last;
	text->after = NULL;
	if (queue->last)
		queue->last->after = text;
	else
		queue->first = text;
	queue->last = text;
}

static void queue_remove(struct text *text)
{
	struct queue *queue = queue_of(text);

	if (text->before)
		text->before->after = text->after;
	else
		queue->first = text->after;
	if (text->after)
		text->after->before = text->before;
	else
		queue->last = text->before;
}

static void space_charge(struct rule_texts *texts, struct space *space, size_t bytes)
{
	space->bytes += bytes;
	space->owner->bytes += bytes;
	texts->bytes += bytes;
}

static void space_discharge(struct rule_texts *texts, struct space *space, size_t bytes)
{
	space->bytes -= bytes;
	space->owner->bytes -= bytes;
	texts->bytes -= bytes;
}

static size_t text_bytes(size_t length)
{
	return sizeof(struct text) + length + ALLOCATION_BYTES;
}

/* Removes the text, the oldest of its rule's, and the rule with its last one. */
static void text_remove(struct rule_texts *texts, struct text *text)
{
	struct rule *rule = text->rule;
	struct space *space = rule->space;

	queue_remove(text);
	space_discharge(texts, space, text_bytes(text->length));
	rule->oldest = text->newer;
	g_free(text);
	if (!rule->oldest) {
		space_discharge(texts, space, RULE_BYTES);
		g_hash_table_remove(texts->rules, &rule->key);
	}
}

static void rule_remove(struct rule_texts *texts, struct rule *rule)
{
	bool last;

	do {
		last = rule->oldest == rule->newest;
		text_remove(texts, rule->oldest);
	} while (!last);
}

/* Namespaces and owners. */

static struct owner *owner_of(struct rule_texts *texts, uint64_t id)
{
	struct owner *owner = g_hash_table_lookup(texts->owners, &id);

	if (owner)
		return owner;
	owner = g_new0(struct owner, 1);
	owner->id = id;
	g_queue_init(&owner->spaces);
	g_hash_table_insert(texts->owners, &owner->id, owner);
	return owner;
}

static void space_attach(struct rule_texts *texts, struct space *space, uint64_t id)
{
	space->owner = owner_of(texts, id);
	space->owner->bytes += space->bytes;
	g_queue_push_tail_link(&space->owner->spaces, &space->link);
}

static void space_detach(struct rule_texts *texts, struct space *space)
{
	struct owner *owner = space->owner;

	g_queue_unlink(&owner->spaces, &space->link);
	owner->bytes -= space->bytes;
	if (g_queue_is_empty(&owner->spaces))
		g_hash_table_remove(texts->owners, &owner->id);
}

static struct space *space_of(struct rule_texts *texts, uint64_t netns, uint64_t owner)
{
	struct space *space = g_hash_table_lookup(texts->spaces, &netns);

	if (space)
		return space;
	space = g_new0(struct space, 1);
	space->netns = netns;
	space->link.data = space;
	space_attach(texts, space, owner);
	space_charge(texts, space, SPACE_BYTES);
	g_hash_table_insert(texts->spaces, &space->netns, space);
	return space;
}

void rule_texts_assign(struct rule_texts *texts, uint64_t netns, uint64_t owner)
{
	struct space *space = space_of(texts, netns, owner);

	/* To the end of its owner's, too. */
	space_detach(texts, space);
	space_attach(texts, space, owner);
	space->full = false;
}

/* Forgets a namespace that is gone and has no texts. */
static void space_release(struct rule_texts *texts, struct space *space)
{
	if (space->newest.first || space->replaced.first ||
		texts->current(texts->context, space->netns, UINT64_MAX))
		return;
	space_discharge(texts, space, SPACE_BYTES);
	space_detach(texts, space);
	g_hash_table_remove(texts->spaces, &space->netns);
}

void rule_texts_leave(struct rule_texts *texts, uint64_t netns)
{
	struct space *space = g_hash_table_lookup(texts->spaces, &netns);

	if (space)
		space_release(texts, space);
}

static bool is_host(const struct owner *owner)
{
	return owner->id == NETNS_OWNER_HOST;
}

static size_t owner_most(const struct rule_texts *texts, const struct owner *owner)
{
	if (is_host(owner))
		return texts->bytes_max;
	return owner->id == NETNS_OWNER_ROOT ? texts->bytes_max / 2 : texts->bytes_max / 4;
}

static size_t space_most(const struct rule_texts *texts, const struct space *space)
{
	size_t most = owner_most(texts, space->owner);

	return is_host(space->owner) ? most : most / 4;
}

/* Making room. */

/* The text of a rule that is gone, or was replaced, which no reading has found for longest. */
static struct text *space_oldest(const struct rule_texts *texts, const struct space *space)
{
	struct text *replaced = space->replaced.first, *gone = space->newest.first;

	if (gone && texts->current(texts->context, space->netns, gone->reading))
		gone = NULL;
	if (replaced && gone)
		return gone->reading < replaced->reading ? gone : replaced;
	return replaced ? replaced : gone;
}

/* Gives up what is gone of a namespace, at most `wanted` bytes and the rest of a text; returns how many. */
static size_t space_sweep(struct rule_texts *texts, struct space *space, size_t wanted)
{
	size_t before = space->bytes;
	struct text *text;

	while (before - space->bytes < wanted && (text = space_oldest(texts, space))) {
		text_remove(texts, text);
		texts->counts.forgotten++;
	}
	return before - space->bytes;
}

/* The same of all of an owner's namespaces but for `keep`, which is not released. */
static void owner_sweep(
	struct rule_texts *texts, struct owner *owner, size_t wanted, const struct space *keep)
{
	GList *link = owner->spaces.head;
	size_t swept = 0;

	wanted = MAX(wanted, owner_most(texts, owner) / SWEEP_PART);
	while (link && swept < wanted) {
		struct space *space = link->data;

		link = link->next;
		swept += space_sweep(texts, space, wanted - swept);
		if (space != keep)
			space_release(texts, space);
	}
}

static struct space *owner_largest(const struct owner *owner)
{
	struct space *largest = NULL;

	for (GList *link = owner->spaces.head; link; link = link->next) {
		struct space *space = link->data;

		if (!largest || space->bytes > largest->bytes)
			largest = space;
	}
	return largest;
}

/* Gives up texts of rules that exist. */
static void space_shrink(struct rule_texts *texts, struct space *space, size_t wanted)
{
	size_t before = space->bytes;

	wanted = MAX(wanted, texts->bytes_max / SHRINK_PART);
	while (before - space->bytes < wanted && space->newest.first) {
		rule_remove(texts, space->newest.first->rule);
		texts->counts.evicted++;
		space->full = true;
	}
}

/* Bytes by which `bytes` are more than `most`. */
static size_t excess(size_t bytes, size_t most)
{
	return bytes > most ? bytes - most : 0;
}

/* Whether `size` more bytes fit into what the namespace, and its owner, may have. */
static bool share_has_room(struct rule_texts *texts, struct space *space, size_t size)
{
	struct owner *owner = space->owner;
	size_t most = space_most(texts, space);
	struct space *largest;

	space_sweep(texts, space, excess(space->bytes + size, most));
	if (space->bytes + size > most)
		return false;
	most = owner_most(texts, owner);
	if (owner->bytes + size > most)
		owner_sweep(texts, owner, owner->bytes + size - most, space);
	if (owner->bytes + size <= most)
		return true;
	largest = owner_largest(owner);
	if (largest->bytes > space->bytes + size)
		space_shrink(texts, largest, size);
	return owner->bytes + size <= most;
}

/* The one with the most, but for the host. */
static struct owner *largest_owner(const struct rule_texts *texts)
{
	struct owner *largest = NULL;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, texts->owners);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct owner *owner = value;

		if (!is_host(owner) && (!largest || owner->bytes > largest->bytes))
			largest = owner;
	}
	return largest;
}

static bool budget_has_room(const struct rule_texts *texts, size_t size)
{
	return texts->bytes + size <= texts->bytes_max;
}

/* The host's rules that are gone are not worth more than what others have, once they are half of all. */
static void host_sweep(struct rule_texts *texts, size_t wanted, const struct space *keep)
{
	const uint64_t id = NETNS_OWNER_HOST;
	struct owner *host = g_hash_table_lookup(texts->owners, &id);

	if (host && host->bytes > texts->bytes_max / 2)
		owner_sweep(texts, host, wanted, keep);
}

/* Makes room in the budget for the namespace's owner, at the cost of the one that has the most. */
static bool budget_make_room(struct rule_texts *texts, struct space *space, size_t size)
{
	struct owner *owner = space->owner;

	while (!budget_has_room(texts, size)) {
		struct owner *largest = largest_owner(texts);
		size_t before = texts->bytes;

		if (largest && largest != owner &&
			(is_host(owner) || largest->bytes > owner->bytes + size)) {
			owner_sweep(texts, largest, size, space);
			if (!budget_has_room(texts, size))
				owner_sweep(texts, owner, size, space);
			if (!budget_has_room(texts, size) && (largest = largest_owner(texts)) &&
				largest != owner)
				space_shrink(texts, owner_largest(largest), size);
		} else {
			owner_sweep(texts, owner, size, space);
			if (!budget_has_room(texts, size))
				host_sweep(texts, size, space);
		}
		if (texts->bytes == before)
			return false;
	}
	return true;
}

static bool has_room(struct rule_texts *texts, struct space *space, size_t size)
{
	if (share_has_room(texts, space, size) && budget_make_room(texts, space, size))
		return true;
	space->full = true;
	texts->counts.refused++;
	return false;
}

/* Rules. */

static struct rule_told told_of(const struct text *text)
{
	bool read = text->fate == RULE_READ;

	return (struct rule_told){
		.fate = text->fate,
		.text = read ? text->bytes : NULL,
		.length = read ? text->length : 0,
		.since = text->since,
		.more = text->newer,
	};
}

bool rule_texts_tell(const struct rule_texts *texts, const struct rule_key *key,
	rule_texts_teller teller, void *context)
{
	const struct rule *rule = g_hash_table_lookup(texts->rules, key);

	if (!rule)
		return false;
	for (const struct text *text = rule->oldest; text; text = text->newer) {
		const struct rule_told told = told_of(text);

		teller(context, &told);
	}
	return true;
}

static void rule_see(struct rule *rule, uint64_t reading)
{
	queue_remove(rule->newest);
	rule->newest->reading = reading;
	queue_append(rule->newest);
}

void rule_texts_see(struct rule_texts *texts, const struct rule_key *key, uint64_t reading)
{
	struct rule *rule = g_hash_table_lookup(texts->rules, key);

	if (rule)
		rule_see(rule, reading);
}

static bool is_same(const struct text *text, const struct rule_told *told)
{
	/* What could not be told this time is what it was. */
	return told->fate != RULE_READ ||
		(text->fate == RULE_READ && text->length == told->length &&
			memcmp(text->bytes, told->text, told->length) == 0);
}

static struct rule *rule_add(struct rule_texts *texts, const struct rule_key *key)
{
	struct rule *rule = g_new0(struct rule, 1);

	rule->key = *key;
	rule->space = space_of(texts, key->netns, NETNS_OWNER_HOST);
	space_charge(texts, rule->space, RULE_BYTES);
	g_hash_table_insert(texts->rules, &rule->key, rule);
	return rule;
}

static void text_add(
	struct rule_texts *texts, struct rule *rule, uint64_t reading, const struct rule_told *told)
{
	struct text *text = g_malloc(sizeof(*text) + told->length);

	*text = (struct text){
		.rule = rule,
		.reading = reading,
		.since = told->since,
		.length = (uint32_t)told->length,
		.fate = (uint8_t)told->fate,
	};
	if (told->length > 0)
		memcpy(text->bytes, told->text, told->length);
	if (rule->newest) {
		queue_remove(rule->newest);
		rule->newest->replaced = true;
		queue_append(rule->newest);
		rule->newest->newer = text;
	} else {
		rule->oldest = text;
	}
	rule->newest = text;
	queue_append(text);
	space_charge(texts, rule->space, text_bytes(told->length));
}

bool rule_texts_take(struct rule_texts *texts, const struct rule_key *key, uint64_t reading,
	struct rule_told *told)
{
	struct space *space = space_of(texts, key->netns, NETNS_OWNER_HOST);
	struct rule *rule = g_hash_table_lookup(texts->rules, key);
	bool replaced;

	if (rule) {
		rule_see(rule, reading);
		if (is_same(rule->newest, told))
			return false;
	}
	if (!has_room(texts, space, RULE_BYTES + text_bytes(told->length)))
		return false;
	/* It may have been given up for the room. */
	rule = g_hash_table_lookup(texts->rules, key);
	replaced = rule && rule->newest->fate == RULE_READ;
	if (!replaced)
		told->since = 0;
	if (!rule)
		rule = rule_add(texts, key);
	text_add(texts, rule, reading, told);
	/* One that could not be read is worth nothing any more. */
	if (!replaced && rule->oldest != rule->newest)
		text_remove(texts, rule->oldest);
	return replaced;
}
