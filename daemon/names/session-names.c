/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names of a session; see session-names.h. */
#include "daemon/names/session-names.h"

#include <errno.h>
#include <string.h>

#define RECORD_BYTES (64 << 10) /* of texts in a record: it fits even when all of it is escaped */
#define RETRY_USEC   G_USEC_PER_SEC

static void rule_clear(gpointer name)
{
	g_free((char *)((struct rule_name *)name)->text);
}

static void symbol_clear(gpointer name)
{
	g_free((char *)((struct symbol_name *)name)->name);
}

static void netns_clear(gpointer name)
{
	g_free((char *)((struct netns_name *)name)->name);
}

static guint name_request_hash(gconstpointer key)
{
	const struct name_request *request = key;
	uint64_t mixed = request->rule ^ request->table << 40 ^ request->cookie << 20 ^
		request->address ^ (uint64_t)request->inode << 8 ^ request->kind;

	return (guint)(mixed * 0x9e3779b97f4a7c15ULL >> 32);
}

static gboolean name_request_equal(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct name_request)) == 0;
}

static GArray *list_new(size_t size, GDestroyNotify clear)
{
	GArray *list = g_array_new(FALSE, FALSE, (guint)size);

	g_array_set_clear_func(list, clear);
	return list;
}

void session_names_init(struct session_names *names)
{
	*names = (struct session_names){
		.requested =
			g_hash_table_new_full(name_request_hash, name_request_equal, g_free, NULL),
		.requested_rules =
			g_hash_table_new_full(rule_key_hash, rule_key_equal, g_free, NULL),
		.rules = list_new(sizeof(struct rule_name), rule_clear),
		.symbols = list_new(sizeof(struct symbol_name), symbol_clear),
		.netns = list_new(sizeof(struct netns_name), netns_clear),
	};
}

static unsigned int names_count(const struct session_names *names)
{
	return names->rules->len + names->symbols->len + names->netns->len;
}

static void clear_lists(struct session_names *names)
{
	names->lost += names_count(names);
	names->bytes = 0;
	g_array_set_size(names->rules, 0);
	g_array_set_size(names->symbols, 0);
	g_array_set_size(names->netns, 0);
	g_clear_pointer(&names->reasons, g_free);
	names->reasons_due = false;
	names->retry = 0;
}

static void forget_requested(struct session_names *names)
{
	g_hash_table_remove_all(names->requested);
	g_hash_table_remove_all(names->requested_rules);
	names->more_rules = false;
}

unsigned int session_names_count(const struct session_names *names)
{
	return g_hash_table_size(names->requested);
}

void session_names_reset(struct session_names *names, uint64_t generation)
{
	names->generation = generation;
	names->segment = 0;
	names->asked = 0;
	forget_requested(names);
	clear_lists(names);
}

struct rule_key name_request_rule(const struct name_request *request)
{
	return (struct rule_key){
		.netns = request->cookie ? request->cookie : request->inode,
		.table = request->table,
		.rule = request->rule,
		.family = request->family,
	};
}

bool session_names_add(struct session_names *names, const struct name_request *request,
	enum session_names_memory memory)
{
	const struct rule_key rule = name_request_rule(request);
	struct name_request *key;

	if (names->generation != request->generation)
		session_names_reset(names, request->generation);
	if (names->segment != request->segment) {
		names->segment = request->segment;
		names->reasons_due = names->reasons != NULL;
		forget_requested(names);
	}
	if (memory == SESSION_NAMES_IS_FULL && !g_hash_table_contains(names->requested, request)) {
		names->more_rules = names->more_rules || request->kind == NAME_REQUEST_RULE;
		return true;
	}
	if (request->kind == NAME_REQUEST_RULE)
		g_hash_table_add(names->requested_rules, g_memdup2(&rule, sizeof(rule)));
	key = g_memdup2(request, sizeof(*request));
	return g_hash_table_add(names->requested, key);
}

static gboolean is_symbol(gpointer key, gpointer value, gpointer context)
{
	return ((const struct name_request *)key)->kind == NAME_REQUEST_SYMBOL;
}

void session_names_renew_symbols(struct session_names *names)
{
	g_hash_table_foreach_remove(names->requested, is_symbol, NULL);
}

static bool has_room(const struct session_names *names, size_t bytes)
{
	return names_count(names) < SESSION_NAMES_MAX &&
		names->bytes + bytes <= SESSION_NAMES_BYTES_MAX;
}

static void add_rule(struct session_names *names, const struct rule_key *key,
	const struct resolver_answer *answer, const char *text)
{
	const struct rule_name rule = {
		.key = *key,
		.fate = answer->fate,
		.since = answer->since,
		.text = g_strndup(text, answer->length),
	};

	names->bytes += answer->length;
	g_array_append_val(names->rules, rule);
}

static void add_symbol(struct session_names *names, const struct name_request *request,
	const struct resolver_answer *answer, const char *text)
{
	const struct symbol_name symbol = {
		.address = request->address,
		.name = g_strndup(text, answer->length),
	};

	names->since = answer->since;
	names->bytes += answer->length;
	g_array_append_val(names->symbols, symbol);
}

static void add_netns(struct session_names *names, const struct name_request *request,
	const struct resolver_answer *answer, const char *text)
{
	const struct netns_name netns = {
		.cookie = request->cookie,
		.inode = request->inode,
		.name = g_strndup(text, answer->length),
	};

	names->bytes += answer->length;
	g_array_append_val(names->netns, netns);
}

void session_names_answer(struct session_names *names, const struct name_request *request,
	const struct resolver_answer *answer, const char *text)
{
	const struct rule_key key = name_request_rule(request);

	if (names->generation != request->generation)
		return;
	if (!answer->more)
		names->asked--;
	if (!has_room(names, answer->length)) {
		names->lost++;
		return;
	}
	if (request->kind == NAME_REQUEST_RULE)
		add_rule(names, &key, answer, text);
	else if (request->kind == NAME_REQUEST_SYMBOL && answer->length > 0)
		add_symbol(names, request, answer, text);
	else if (request->kind == NAME_REQUEST_NETNS && answer->length > 0)
		add_netns(names, request, answer, text);
}

void session_names_replace(
	struct session_names *names, const struct resolver_answer *answer, const char *text)
{
	if (!names->generation ||
		(!names->more_rules &&
			!g_hash_table_contains(names->requested_rules, &answer->rule)))
		return;
	if (!has_room(names, answer->length))
		names->lost++;
	else
		add_rule(names, &answer->rule, answer, text);
}

/* How many rules go into one record. */
static guint count_fitting_rules(const struct session_names *names)
{
	size_t bytes = 0;
	guint count = 0;

	while (count < names->rules->len && bytes < RECORD_BYTES)
		bytes += sizeof(struct rule_name) +
			strlen(g_array_index(names->rules, struct rule_name, count++).text);
	return count;
}

static int append_names(struct recorder *recorder, unsigned int bit, uint64_t generation,
	enum journal_type type, char *json)
{
	int r = recorder_append_names(recorder, bit, generation, type, json);

	g_free(json);
	return r;
}

static int write_rules(struct session_names *names, struct recorder *recorder, unsigned int bit)
{
	while (names->rules->len > 0) {
		guint count = count_fitting_rules(names);
		const struct rule_name *rules =
			(const struct rule_name *)(void *)names->rules->data;
		int r = append_names(recorder, bit, names->generation, JOURNAL_RULES,
			names_rules_new(rules, count));

		if (r < 0)
			return r;
		g_array_remove_range(names->rules, 0, count);
	}
	return 0;
}

static int write_symbols(struct session_names *names, struct recorder *recorder, unsigned int bit)
{
	int r;

	if (names->symbols->len == 0)
		return 0;
	r = append_names(recorder, bit, names->generation, JOURNAL_SYMBOLS,
		names_symbols_new(names->since,
			(const struct symbol_name *)(void *)names->symbols->data,
			names->symbols->len));
	if (r == 0)
		g_array_set_size(names->symbols, 0);
	return r;
}

static int write_netns(struct session_names *names, struct recorder *recorder, unsigned int bit)
{
	int r;

	if (names->netns->len == 0)
		return 0;
	r = append_names(recorder, bit, names->generation, JOURNAL_NETNS,
		names_netns_new(
			(const struct netns_name *)(void *)names->netns->data, names->netns->len));
	if (r == 0)
		g_array_set_size(names->netns, 0);
	return r;
}

static int write_reasons(struct session_names *names, struct recorder *recorder, unsigned int bit)
{
	int r;

	if (!names->reasons_due)
		return 0;
	r = append_names(
		recorder, bit, names->generation, JOURNAL_REASONS, g_strdup(names->reasons));
	names->reasons_due = r < 0;
	return r;
}

void session_names_set_reasons(struct session_names *names, const char *json, size_t length)
{
	g_free(names->reasons);
	names->reasons = g_strndup(json, length);
	names->reasons_due = names->segment != 0;
}

bool session_names_is_written(const struct session_names *names)
{
	return names_count(names) == 0 && !names->reasons_due;
}

static size_t sum_texts(const struct session_names *names)
{
	size_t bytes = 0;

	for (guint i = 0; i < names->rules->len; i++)
		bytes += strlen(g_array_index(names->rules, struct rule_name, i).text);
	for (guint i = 0; i < names->symbols->len; i++)
		bytes += strlen(g_array_index(names->symbols, struct symbol_name, i).name);
	for (guint i = 0; i < names->netns->len; i++)
		bytes += strlen(g_array_index(names->netns, struct netns_name, i).name);
	return bytes;
}

void session_names_write(struct session_names *names, struct recorder *recorder, unsigned int bit)
{
	int r;

	if (session_names_is_written(names) || names->retry > g_get_monotonic_time())
		return;
	r = write_netns(names, recorder, bit);
	if (r == 0)
		r = write_reasons(names, recorder, bit);
	if (r == 0)
		r = write_symbols(names, recorder, bit);
	if (r == 0)
		r = write_rules(names, recorder, bit);
	names->retry = r < 0 ? g_get_monotonic_time() + RETRY_USEC : 0;
	names->bytes = sum_texts(names);
	/* The session has ended. */
	if (r == -ESTALE)
		clear_lists(names);
}

void session_names_clear(struct session_names *names)
{
	clear_lists(names);
	g_clear_pointer(&names->requested, g_hash_table_unref);
	g_clear_pointer(&names->requested_rules, g_hash_table_unref);
	g_clear_pointer(&names->rules, g_array_unref);
	g_clear_pointer(&names->symbols, g_array_unref);
	g_clear_pointer(&names->netns, g_array_unref);
}
