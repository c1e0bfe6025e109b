/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session's page, see session-names.h. */
#include "daemon/names/session-names.h"

#include <errno.h>
#include <string.h>

#define RECORD_BYTES (64 << 10) /* of texts in a record; escaped, it still fits */
#define RETRY_USEC   G_USEC_PER_SEC

static void rule_clear(gpointer data)
{
	g_free((char *)((struct rule_name *)data)->text);
}

static void symbol_clear(gpointer data)
{
	g_free((char *)((struct symbol_name *)data)->name);
}

static void netns_clear(gpointer data)
{
	g_free((char *)((struct netns_name *)data)->name);
}

static guint note_hash(gconstpointer data)
{
	const struct note *note = data;
	uint64_t mixed = note->rule ^ note->table << 40 ^ note->cookie << 20 ^ note->address ^
		(uint64_t)note->inode << 8 ^ note->kind;

	return (guint)(mixed * 0x9e3779b97f4a7c15ULL >> 32);
}

static gboolean note_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct note)) == 0;
}

static GArray *list_new(size_t size, GDestroyNotify clear)
{
	GArray *list = g_array_new(FALSE, FALSE, (guint)size);

	g_array_set_clear_func(list, clear);
	return list;
}

void page_init(struct page *page)
{
	*page = (struct page){
		.told = g_hash_table_new_full(note_hash, note_equal, g_free, NULL),
		.told_rules = g_hash_table_new_full(rule_key_hash, rule_key_equal, g_free, NULL),
		.rules = list_new(sizeof(struct rule_name), rule_clear),
		.symbols = list_new(sizeof(struct symbol_name), symbol_clear),
		.netns = list_new(sizeof(struct netns_name), netns_clear),
	};
}

static unsigned int names_count(const struct page *page)
{
	return page->rules->len + page->symbols->len + page->netns->len;
}

static void lists_empty(struct page *page)
{
	page->lost += names_count(page);
	page->bytes = 0;
	g_array_set_size(page->rules, 0);
	g_array_set_size(page->symbols, 0);
	g_array_set_size(page->netns, 0);
	g_clear_pointer(&page->reasons, g_free);
	page->reasons_due = false;
	page->retry = 0;
}

static void told_forget(struct page *page)
{
	g_hash_table_remove_all(page->told);
	g_hash_table_remove_all(page->told_rules);
	page->told_more = false;
}

unsigned int page_told(const struct page *page)
{
	return g_hash_table_size(page->told);
}

void page_turn(struct page *page, uint64_t generation)
{
	page->generation = generation;
	page->segment = 0;
	page->asked = 0;
	told_forget(page);
	lists_empty(page);
}

static struct rule_key key_of(const struct note *note)
{
	return (struct rule_key){
		.netns = note->cookie ? note->cookie : note->inode,
		.table = note->table,
		.rule = note->rule,
		.family = note->family,
	};
}

bool page_takes(struct page *page, const struct note *note, enum page_memory memory)
{
	const struct rule_key rule = key_of(note);
	struct note *key;

	if (page->generation != note->generation)
		page_turn(page, note->generation);
	if (page->segment != note->segment) {
		page->segment = note->segment;
		page->reasons_due = page->reasons;
		told_forget(page);
	}
	if (memory == PAGE_IS_FULL && !g_hash_table_contains(page->told, note)) {
		page->told_more = page->told_more || note->kind == NOTE_RULE;
		return true;
	}
	if (note->kind == NOTE_RULE)
		g_hash_table_add(page->told_rules, g_memdup2(&rule, sizeof(rule)));
	key = g_memdup2(note, sizeof(*note));
	return g_hash_table_add(page->told, key);
}

static gboolean is_symbol(gpointer key, gpointer value, gpointer context)
{
	return ((const struct note *)key)->kind == NOTE_SYMBOL;
}

void page_renew_symbols(struct page *page)
{
	g_hash_table_foreach_remove(page->told, is_symbol, NULL);
}

static bool has_room(const struct page *page, size_t bytes)
{
	return names_count(page) < PAGE_NAMES_MAX && page->bytes + bytes <= PAGE_BYTES_MAX;
}

static void add_rule(struct page *page, const struct rule_key *key,
	const struct resolver_answer *answer, const char *text)
{
	const struct rule_name rule = {
		.key = *key,
		.fate = answer->fate,
		.since = answer->since,
		.text = g_strndup(text, answer->length),
	};

	page->bytes += answer->length;
	g_array_append_val(page->rules, rule);
}

static void add_symbol(struct page *page, const struct note *note,
	const struct resolver_answer *answer, const char *text)
{
	const struct symbol_name symbol = {
		.address = note->address,
		.name = g_strndup(text, answer->length),
	};

	page->since = answer->since;
	page->bytes += answer->length;
	g_array_append_val(page->symbols, symbol);
}

static void add_netns(struct page *page, const struct note *note,
	const struct resolver_answer *answer, const char *text)
{
	const struct netns_name netns = {
		.cookie = note->cookie,
		.inode = note->inode,
		.name = g_strndup(text, answer->length),
	};

	page->bytes += answer->length;
	g_array_append_val(page->netns, netns);
}

void page_answer(struct page *page, const struct note *note, const struct resolver_answer *answer,
	const char *text)
{
	const struct rule_key key = key_of(note);

	if (page->generation != note->generation)
		return;
	if (!answer->more)
		page->asked--;
	if (!has_room(page, answer->length)) {
		page->lost++;
		return;
	}
	if (note->kind == NOTE_RULE)
		add_rule(page, &key, answer, text);
	else if (note->kind == NOTE_SYMBOL && answer->length > 0)
		add_symbol(page, note, answer, text);
	else if (note->kind == NOTE_NETNS && answer->length > 0)
		add_netns(page, note, answer, text);
}

void page_replace(struct page *page, const struct resolver_answer *answer, const char *text)
{
	if (!page->generation ||
		(!page->told_more && !g_hash_table_contains(page->told_rules, &answer->rule)))
		return;
	if (!has_room(page, answer->length))
		page->lost++;
	else
		add_rule(page, &answer->rule, answer, text);
}

/* How many rules go into one record, and the bytes of their texts. */
static guint rules_fitting(const struct page *page)
{
	size_t bytes = 0;
	guint count = 0;

	while (count < page->rules->len && bytes < RECORD_BYTES)
		bytes += sizeof(struct rule_name) +
			strlen(g_array_index(page->rules, struct rule_name, count++).text);
	return count;
}

static int append(struct data *data, unsigned int bit, uint64_t generation, enum journal_type type,
	char *json)
{
	int r = data_append_names(data, bit, generation, type, json);

	g_free(json);
	return r;
}

static int write_rules(struct page *page, struct data *data, unsigned int bit)
{
	while (page->rules->len > 0) {
		guint count = rules_fitting(page);
		const struct rule_name *rules = (const struct rule_name *)(void *)page->rules->data;
		int r = append(
			data, bit, page->generation, JOURNAL_RULES, names_rules_new(rules, count));

		if (r < 0)
			return r;
		g_array_remove_range(page->rules, 0, count);
	}
	return 0;
}

static int write_symbols(struct page *page, struct data *data, unsigned int bit)
{
	int r;

	if (page->symbols->len == 0)
		return 0;
	r = append(data, bit, page->generation, JOURNAL_SYMBOLS,
		names_symbols_new(page->since,
			(const struct symbol_name *)(void *)page->symbols->data,
			page->symbols->len));
	if (r == 0)
		g_array_set_size(page->symbols, 0);
	return r;
}

static int write_netns(struct page *page, struct data *data, unsigned int bit)
{
	int r;

	if (page->netns->len == 0)
		return 0;
	r = append(data, bit, page->generation, JOURNAL_NETNS,
		names_netns_new(
			(const struct netns_name *)(void *)page->netns->data, page->netns->len));
	if (r == 0)
		g_array_set_size(page->netns, 0);
	return r;
}

static int write_reasons(struct page *page, struct data *data, unsigned int bit)
{
	int r;

	if (!page->reasons_due)
		return 0;
	r = append(data, bit, page->generation, JOURNAL_REASONS, g_strdup(page->reasons));
	page->reasons_due = r < 0;
	return r;
}

void page_set_reasons(struct page *page, const char *json, size_t length)
{
	g_free(page->reasons);
	page->reasons = g_strndup(json, length);
	page->reasons_due = page->segment != 0;
}

bool page_is_written(const struct page *page)
{
	return names_count(page) == 0 && !page->reasons_due;
}

static size_t texts_bytes(const struct page *page)
{
	size_t bytes = 0;

	for (guint i = 0; i < page->rules->len; i++)
		bytes += strlen(g_array_index(page->rules, struct rule_name, i).text);
	for (guint i = 0; i < page->symbols->len; i++)
		bytes += strlen(g_array_index(page->symbols, struct symbol_name, i).name);
	for (guint i = 0; i < page->netns->len; i++)
		bytes += strlen(g_array_index(page->netns, struct netns_name, i).name);
	return bytes;
}

void page_write(struct page *page, struct data *data, unsigned int bit)
{
	int r;

	if (page_is_written(page) || page->retry > g_get_monotonic_time())
		return;
	r = write_netns(page, data, bit);
	if (r == 0)
		r = write_reasons(page, data, bit);
	if (r == 0)
		r = write_symbols(page, data, bit);
	if (r == 0)
		r = write_rules(page, data, bit);
	page->retry = r < 0 ? g_get_monotonic_time() + RETRY_USEC : 0;
	page->bytes = texts_bytes(page);
	/* The session is not there any more. */
	if (r == -ESTALE)
		lists_empty(page);
}

void page_clear(struct page *page)
{
	lists_empty(page);
	g_clear_pointer(&page->told, g_hash_table_unref);
	g_clear_pointer(&page->told_rules, g_hash_table_unref);
	g_clear_pointer(&page->rules, g_array_unref);
	g_clear_pointer(&page->symbols, g_array_unref);
	g_clear_pointer(&page->netns, g_array_unref);
}
