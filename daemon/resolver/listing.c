/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Searches a listing for rules, see listing.h. Within a chain the rules are in the kernel's order,
 * each ends with its handle and a newline, and only words that users chose have other newlines.
 */
#include "daemon/resolver/listing.h"

#include <glib.h>
#include <linux/netfilter.h>
#include <stdbool.h>
#include <string.h>

#include "journal/event/decode.h"

/* How many times the length of the listing may be searched for rules that are not in it. Without
 * this limit, a listing of another ruleset would be searched once for each rule. */
#define SEARCH_LENGTHS 8

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
	bool distrusted; /* it was in the listing twice */
};

struct table {
	uint8_t family;
	char *name;
	uint64_t handle;
	GHashTable *chains; /* of struct chain by name */
	struct chain *last; /* to which a rule was added */
};

struct listing {
	GPtrArray *tables; /* of struct table */
	GHashTable *by_name; /* set of the same, by family and name */
	struct table *last; /* that a rule was added to */
	size_t search_left; /* bytes that may still be searched without a match */
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

/* The rest of the listing. */
struct rest {
	const char *at, *end;
};

static bool at_text(const struct rest *rest, const char *text, size_t length)
{
	return (size_t)(rest->end - rest->at) >= length && memcmp(rest->at, text, length) == 0;
}

static bool at_word(const struct rest *rest, const char *text)
{
	return at_text(rest, text, strlen(text));
}

/* At a quotation mark: skips the quoted word if it is one of the rule's, else the mark. */
static void skip_quotation(struct rest *rest, char *const *words)
{
	struct rest word = { .at = rest->at + 1, .end = rest->end };
	size_t longest = 0;

	for (; words && *words; words++) {
		size_t length = strlen(*words);

		if (length >= longest && at_text(&word, *words, length) &&
			word.at + length < word.end && word.at[length] == '"')
			longest = length + 1;
	}
	rest->at = word.at + longest;
}

/* True if the line [start, end) ends with a handle; *ret_end: the end of the text before it. */
static bool parse_handle(
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

static void set_text(struct rule *rule, const char *start, const char *end)
{
	while (start < end && *start == '\t')
		start++;
	rule->text = start;
	rule->length = (size_t)(end - start);
}

/* Searches for the rule's text up to another rule of its chain, or the chain's end. Returns the
 * number of bytes that were searched without a match. */
static size_t match_rule(struct rule *rule, GHashTable *handles, struct rest *rest)
{
	struct rest here = *rest;
	const char *start = here.at, *text_end;
	uint64_t handle;

	while (here.at < here.end) {
		if (here.at == start && at_word(&here, "\t}\n"))
			break;
		if (*here.at == '"') {
			skip_quotation(&here, rule->words);
			continue;
		}
		if (*here.at++ != '\n')
			continue;
		if (parse_handle(start, here.at - 1, &handle, &text_end)) {
			if (handle == rule->handle) {
				set_text(rule, start, text_end);
				*rest = here;
			}
			if (g_hash_table_contains(handles, &handle))
				break;
		}
		/* A line of the chain before its first rule, or an unknown one. */
		start = here.at;
	}
	return (size_t)(here.at - rest->at);
}

static void skip_line(struct rest *rest)
{
	const char *newline = memchr(rest->at, '\n', (size_t)(rest->end - rest->at));

	rest->at = newline ? newline + 1 : rest->end;
}

/* The name in "<before>NAME {...\n"; NULL if the line is not like that. */
static char *parse_name(const struct rest *rest, const char *before)
{
	const char *name = rest->at + strlen(before), *newline, *brace;

	if (!at_word(rest, before))
		return NULL;
	newline = memchr(name, '\n', (size_t)(rest->end - name));
	if (!newline)
		return NULL;
	brace = g_strstr_len(name, newline - name, " {");
	return brace ? g_strndup(name, (gsize)(brace - name)) : NULL;
}

static struct table *parse_table(struct listing *listing, const struct rest *rest)
{
	for (unsigned int i = 0; i < NFPROTO_NUMPROTO; i++) {
		const char *family = event_family_name((uint8_t)i);
		g_autofree char *before = family ? g_strdup_printf("table %s ", family) : NULL;
		g_autofree char *name = before ? parse_name(rest, before) : NULL;

		if (name)
			return table_find(listing, (uint8_t)i, name);
	}
	return NULL;
}

/* A word that looks like a chain came before the chain itself: neither is trusted. */
static void distrust_chain(struct chain *chain)
{
	if (chain->distrusted)
		return;
	chain->distrusted = true;
	for (unsigned int i = 0; i < chain->rules->len; i++)
		g_array_index(chain->rules, struct rule, i).text = NULL;
}

static void match_chain(struct listing *listing, struct chain *chain, struct rest *rest)
{
	g_autoptr(GHashTable) handles = g_hash_table_new(g_int64_hash, g_int64_equal);

	skip_line(rest);
	if (chain->seen) {
		distrust_chain(chain);
		return;
	}
	chain->seen = true;
	for (unsigned int i = 0; i < chain->rules->len; i++)
		g_hash_table_add(handles, &g_array_index(chain->rules, struct rule, i).handle);
	for (unsigned int i = 0; i < chain->rules->len && listing->search_left > 0; i++) {
		size_t searched =
			match_rule(&g_array_index(chain->rules, struct rule, i), handles, rest);

		listing->search_left -= MIN(listing->search_left, searched);
	}
}

static void report_chain(
	const struct table *table, const struct chain *chain, listing_found found, void *context)
{
	for (unsigned int i = 0; i < chain->rules->len; i++) {
		const struct rule *rule = &g_array_index(chain->rules, struct rule, i);

		found(context, table->family, table->handle, rule->handle, rule->text,
			rule->length);
	}
}

static void report_rules(struct listing *listing, listing_found found, void *context)
{
	for (unsigned int i = 0; i < listing->tables->len; i++) {
		struct table *table = listing->tables->pdata[i];
		GHashTableIter iter;
		gpointer chain;

		g_hash_table_iter_init(&iter, table->chains);
		while (g_hash_table_iter_next(&iter, NULL, &chain))
			report_chain(table, chain, found, context);
	}
}

void listing_match(
	struct listing *listing, const char *text, size_t size, listing_found found, void *context)
{
	struct rest rest = { .at = text, .end = text + size };
	struct table *table = NULL;

	listing->search_left = SEARCH_LENGTHS * size;
	while (rest.at < rest.end) {
		g_autofree char *name = table ? parse_name(&rest, "\tchain ") : NULL;
		struct chain *chain = name ? g_hash_table_lookup(table->chains, name) : NULL;

		if (chain) {
			match_chain(listing, chain, &rest);
			continue;
		}
		if (at_word(&rest, "table "))
			table = parse_table(listing, &rest);
		skip_line(&rest);
	}
	report_rules(listing, found, context);
}
