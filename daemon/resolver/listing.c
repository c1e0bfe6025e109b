/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A listing taken apart, see listing.h. Within a chain the rules come in the kernel's order, each
 * ends a line with its handle, and outside of words that somebody chose there is no other end of a
 * line in it.
 */
#include "daemon/resolver/listing.h"

#include <glib.h>
#include <linux/netfilter.h>
#include <stdbool.h>
#include <string.h>

#include "journal/event/decode.h"

/* Bytes that are passed while looking for rules that are not there, in lengths of the listing: one
 * of another ruleset than the rules would be passed once for each rule. */
#define VAIN_PASSES 8

struct rule {
	uint64_t handle;
	char **words; /* or NULL */
	const char *text; /* in the listing, or NULL */
	size_t length;
};

struct chain {
	char *name;
	GArray *rules; /* struct rule */
	bool seen; /* in the listing */
	bool doubted; /* it was there twice */
};

struct table {
	uint8_t family;
	char *name;
	uint64_t handle;
	GHashTable *chains; /* of struct chain by name */
	struct chain *last; /* that a rule was added to */
};

struct listing {
	GPtrArray *tables; /* of struct table */
	GHashTable *by_name; /* set of the same, by family and name */
	struct table *last; /* that a rule was added to */
	size_t patience; /* bytes that may be passed in vain */
};

static void rule_clear(gpointer data)
{
	g_strfreev(((struct rule *)data)->words);
}

static void chain_free(gpointer data)
{
	struct chain *chain = data;

	g_free(chain->name);
	g_array_unref(chain->rules);
	g_free(chain);
}

static void table_free(gpointer data)
{
	struct table *table = data;

	g_free(table->name);
	g_hash_table_unref(table->chains);
	g_free(table);
}

static guint table_hash(gconstpointer data)
{
	const struct table *table = data;

	return g_str_hash(table->name) * 31 + table->family;
}

static gboolean table_equal(gconstpointer a, gconstpointer b)
{
	const struct table *one = a, *other = b;

	return one->family == other->family && g_str_equal(one->name, other->name);
}

struct listing *listing_new(void)
{
	struct listing *listing = g_new0(struct listing, 1);

	listing->tables = g_ptr_array_new_with_free_func(table_free);
	listing->by_name = g_hash_table_new(table_hash, table_equal);
	return listing;
}

struct listing *listing_free(struct listing *listing)
{
	if (!listing)
		return NULL;
	g_hash_table_unref(listing->by_name);
	g_ptr_array_unref(listing->tables);
	g_free(listing);
	return NULL;
}

void listing_add_table(struct listing *listing, uint8_t family, const char *name, uint64_t handle)
{
	struct table *table = g_new0(struct table, 1);

	table->family = family;
	table->name = g_strdup(name);
	table->handle = handle;
	table->chains = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, chain_free);
	g_ptr_array_add(listing->tables, table);
	g_hash_table_add(listing->by_name, table);
}

static struct table *table_find(struct listing *listing, uint8_t family, const char *name)
{
	const struct table wanted = { .family = family, .name = (char *)name };

	return g_hash_table_lookup(listing->by_name, &wanted);
}

static struct chain *chain_find(struct table *table, const char *name)
{
	struct chain *chain = g_hash_table_lookup(table->chains, name);

	if (chain)
		return chain;
	chain = g_new0(struct chain, 1);
	chain->name = g_strdup(name);
	chain->rules = g_array_new(FALSE, TRUE, sizeof(struct rule));
	g_array_set_clear_func(chain->rules, rule_clear);
	g_hash_table_insert(table->chains, chain->name, chain);
	return chain;
}

void listing_add_rule(struct listing *listing, uint8_t family, const char *table_name,
	const char *chain_name, uint64_t handle, const char *const *words)
{
	struct rule rule = { .handle = handle };
	struct table *table = listing->last;

	if (!table || table->family != family || !g_str_equal(table->name, table_name))
		table = table_find(listing, family, table_name);
	if (!table)
		return;
	listing->last = table;
	if (!table->last || !g_str_equal(table->last->name, chain_name))
		table->last = chain_find(table, chain_name);
	rule.words = words && *words ? g_strdupv((char **)words) : NULL;
	g_array_append_val(table->last->rules, rule);
}

/* A place in the listing. */
struct place {
	const char *at, *end;
};

static bool at_text(const struct place *place, const char *text, size_t length)
{
	return (size_t)(place->end - place->at) >= length && memcmp(place->at, text, length) == 0;
}

static bool at_word(const struct place *place, const char *text)
{
	return at_text(place, text, strlen(text));
}

/* At a quotation mark: behind the word that is quoted if it is one of the rule's, else behind the
 * mark. */
static void quotation_pass(struct place *place, char *const *words)
{
	struct place word = { .at = place->at + 1, .end = place->end };
	size_t longest = 0;

	for (; words && *words; words++) {
		size_t length = strlen(*words);

		if (length >= longest && at_text(&word, *words, length) &&
			word.at + length < word.end && word.at[length] == '"')
			longest = length + 1;
	}
	place->at = word.at + longest;
}

/* True if the line [start, end) ends with a handle: which, and where the text before it ends. */
static bool handle_parse(
	const char *start, const char *end, uint64_t *ret_handle, const char **ret_end)
{
	static const char before[] = " # handle ";
	const size_t length = sizeof(before) - 1;
	const char *digits = end;

	while (digits > start && g_ascii_isdigit(digits[-1]))
		digits--;
	if (digits == end || (size_t)(digits - start) < length ||
		memcmp(digits - length, before, length) != 0)
		return false;
	/* It stops at the end of the line. */
	*ret_handle = g_ascii_strtoull(digits, NULL, 10);
	*ret_end = digits - length;
	return true;
}

static void rule_found(struct rule *rule, const char *start, const char *end)
{
	while (start < end && *start == '\t')
		start++;
	rule->text = start;
	rule->length = (size_t)(end - start);
}

/* Finds the rule's text from here on: up to another rule of its chain, or the chain's end. Returns
 * how many bytes were passed in vain. */
static size_t rule_match(struct rule *rule, GHashTable *handles, struct place *place)
{
	struct place here = *place;
	const char *start = here.at, *text_end;
	uint64_t handle;

	while (here.at < here.end) {
		if (here.at == start && at_word(&here, "\t}\n"))
			break;
		if (*here.at == '"') {
			quotation_pass(&here, rule->words);
			continue;
		}
		if (*here.at++ != '\n')
			continue;
		if (handle_parse(start, here.at - 1, &handle, &text_end)) {
			if (handle == rule->handle) {
				rule_found(rule, start, text_end);
				*place = here;
			}
			if (g_hash_table_contains(handles, &handle))
				break;
		}
		/* What a chain says before its first rule, or nothing that we know. */
		start = here.at;
	}
	return (size_t)(here.at - place->at);
}

static void line_pass(struct place *place)
{
	const char *newline = memchr(place->at, '\n', (size_t)(place->end - place->at));

	place->at = newline ? newline + 1 : place->end;
}

/* The name in "<before>NAME {...\n"; NULL if the line is not like that. */
static char *line_name(const struct place *place, const char *before)
{
	const char *name = place->at + strlen(before), *newline, *brace;

	if (!at_word(place, before))
		return NULL;
	newline = memchr(name, '\n', (size_t)(place->end - name));
	if (!newline)
		return NULL;
	brace = g_strstr_len(name, newline - name, " {");
	return brace ? g_strndup(name, (gsize)(brace - name)) : NULL;
}

static struct table *line_table(struct listing *listing, const struct place *place)
{
	for (unsigned int i = 0; i < NFPROTO_NUMPROTO; i++) {
		const char *family = event_family_name((uint8_t)i);
		g_autofree char *before = family ? g_strdup_printf("table %s ", family) : NULL;
		g_autofree char *name = before ? line_name(place, before) : NULL;

		if (name)
			return table_find(listing, (uint8_t)i, name);
	}
	return NULL;
}

/* Somebody's word that looks like a chain stands before the chain itself: neither is believed. */
static void chain_doubt(struct chain *chain)
{
	if (chain->doubted)
		return;
	chain->doubted = true;
	for (unsigned int i = 0; i < chain->rules->len; i++)
		g_array_index(chain->rules, struct rule, i).text = NULL;
}

static void chain_match(struct listing *listing, struct chain *chain, struct place *place)
{
	g_autoptr(GHashTable) handles = g_hash_table_new(g_int64_hash, g_int64_equal);

	line_pass(place);
	if (chain->seen) {
		chain_doubt(chain);
		return;
	}
	chain->seen = true;
	for (unsigned int i = 0; i < chain->rules->len; i++)
		g_hash_table_add(handles, &g_array_index(chain->rules, struct rule, i).handle);
	for (unsigned int i = 0; i < chain->rules->len && listing->patience > 0; i++) {
		size_t vain =
			rule_match(&g_array_index(chain->rules, struct rule, i), handles, place);

		listing->patience -= MIN(listing->patience, vain);
	}
}

static void chain_tell(
	const struct table *table, const struct chain *chain, listing_found found, void *context)
{
	for (unsigned int i = 0; i < chain->rules->len; i++) {
		const struct rule *rule = &g_array_index(chain->rules, struct rule, i);

		found(context, table->family, table->handle, rule->handle, rule->text,
			rule->length);
	}
}

static void listing_tell(struct listing *listing, listing_found found, void *context)
{
	for (unsigned int i = 0; i < listing->tables->len; i++) {
		struct table *table = listing->tables->pdata[i];
		GHashTableIter iter;
		gpointer chain;

		g_hash_table_iter_init(&iter, table->chains);
		while (g_hash_table_iter_next(&iter, NULL, &chain))
			chain_tell(table, chain, found, context);
	}
}

void listing_match(
	struct listing *listing, const char *text, size_t size, listing_found found, void *context)
{
	struct place place = { .at = text, .end = text + size };
	struct table *table = NULL;

	listing->patience = VAIN_PASSES * size;
	while (place.at < place.end) {
		g_autofree char *name = table ? line_name(&place, "\tchain ") : NULL;
		struct chain *chain = name ? g_hash_table_lookup(table->chains, name) : NULL;

		if (chain) {
			chain_match(listing, chain, &place);
			continue;
		}
		if (at_word(&place, "table "))
			table = line_table(listing, &place);
		line_pass(&place);
	}
	listing_tell(listing, found, context);
}
