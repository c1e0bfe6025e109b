/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts by their rules, see rule-texts.h. */
#include "rule-texts.h"

#include <glib.h>
#include <string.h>

/* A rule's text as it was read; one that could not be has none. */
struct known {
	struct rule_key key;
	struct known *older; /* a rule that is replaced keeps its handle */
	uint64_t reading; /* the last that had it */
	uint64_t since; /* as in struct rule_name */
	uint32_t length;
	uint8_t fate;
	char text[];
};

struct rule_texts {
	GHashTable *known; /* of struct known by the newest one's key */
	size_t bytes;
	bool full;
	rule_texts_current current;
	void *context;
};

static guint key_hash(gconstpointer data)
{
	const struct rule_key *key = data;
	uint64_t mixed = key->rule ^ key->table << 40 ^ key->netns << 20 ^ key->family;

	return (guint)(mixed * 0x9e3779b97f4a7c15ULL >> 32);
}

static gboolean key_equal(gconstpointer a, gconstpointer b)
{
	const struct rule_key *one = a, *other = b;

	return one->netns == other->netns && one->table == other->table &&
		one->rule == other->rule && one->family == other->family;
}

static void known_free(gpointer data)
{
	for (struct known *known = data; known;) {
		struct known *older = known->older;

		g_free(known);
		known = older;
	}
}

struct rule_texts *rule_texts_new(rule_texts_current current, void *context)
{
	struct rule_texts *texts = g_new0(struct rule_texts, 1);

	texts->known = g_hash_table_new_full(key_hash, key_equal, NULL, known_free);
	texts->current = current;
	texts->context = context;
	return texts;
}

struct rule_texts *rule_texts_free(struct rule_texts *texts)
{
	if (!texts)
		return NULL;
	g_hash_table_unref(texts->known);
	g_free(texts);
	return NULL;
}

bool rule_texts_full(const struct rule_texts *texts)
{
	return texts->full;
}

static struct rule_told told_of(const struct known *known, bool more)
{
	bool read = known->fate == RULE_READ;

	return (struct rule_told){
		.fate = known->fate,
		.text = read ? known->text : NULL,
		.length = read ? known->length : 0,
		.since = known->since,
		.more = more,
	};
}

static void known_tell(
	const struct known *known, bool more, rule_texts_teller teller, void *context)
{
	const struct rule_told told = told_of(known, more);

	if (known->older)
		known_tell(known->older, true, teller, context);
	teller(context, &told);
}

bool rule_texts_tell(const struct rule_texts *texts, const struct rule_key *key,
	rule_texts_teller teller, void *context)
{
	const struct known *known = g_hash_table_lookup(texts->known, key);

	if (known)
		known_tell(known, false, teller, context);
	return known;
}

static size_t known_size(const struct known *known)
{
	size_t size = 0;

	for (; known; known = known->older)
		size += sizeof(*known) + known->length;
	return size;
}

static gboolean known_is_gone(gpointer key, gpointer value, gpointer context)
{
	const struct known *known = value;
	struct rule_texts *texts = context;

	if (texts->current(texts->context, known->key.netns, known->reading))
		return FALSE;
	texts->bytes -= known_size(known);
	return TRUE;
}

/* Rules that are not there any more make room for those that are. */
static bool has_room(struct rule_texts *texts, size_t size)
{
	if (texts->bytes + size > RULE_TEXTS_BYTES_MAX)
		g_hash_table_foreach_remove(texts->known, known_is_gone, texts);
	texts->full = texts->bytes + size > RULE_TEXTS_BYTES_MAX;
	return !texts->full;
}

static bool is_same(const struct known *known, const struct rule_told *told)
{
	/* What could not be told this time is what it was. */
	return told->fate != RULE_READ ||
		(known->fate == RULE_READ && known->length == told->length &&
			memcmp(known->text, told->text, told->length) == 0);
}

static struct known *known_new(
	const struct rule_key *key, uint64_t reading, const struct rule_told *told)
{
	struct known *known = g_malloc(sizeof(*known) + told->length);

	*known = (struct known){
		.key = *key,
		.reading = reading,
		.since = told->since,
		.length = (uint32_t)told->length,
		.fate = (uint8_t)told->fate,
	};
	memcpy(known->text, told->text, told->length);
	return known;
}

bool rule_texts_take(struct rule_texts *texts, const struct rule_key *key, uint64_t reading,
	struct rule_told *told)
{
	struct known *old = g_hash_table_lookup(texts->known, key), *new;
	bool replaced = old && old->fate == RULE_READ;

	if (old)
		old->reading = reading;
	if ((old && is_same(old, told)) || !has_room(texts, sizeof(*new) + told->length))
		return false;
	if (!replaced)
		told->since = 0;
	new = known_new(key, reading, told);
	if (replaced) {
		g_hash_table_steal(texts->known, key);
		new->older = old;
	} else if (old) {
		texts->bytes -= known_size(old);
		g_hash_table_remove(texts->known, key);
	}
	texts->bytes += sizeof(*new) + new->length;
	g_hash_table_insert(texts->known, &new->key, new);
	return replaced;
}
