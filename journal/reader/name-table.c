/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The names in a journal, see name-table.h. The records are hostile: their number is bounded and
 * every type is checked. */
#include "journal/reader/name-table.h"

#include <errno.h>
#include <glib.h>
#include <stdbool.h>
#include <string.h>

#include "journal/format/dictionary-parse.h"

/* An address may be of another symbol after a module was removed. */
struct symbol {
	uint64_t address;
	uint64_t since;
	char name[];
};

/* A text of a rule; a replaced rule keeps its handle and has several. */
struct held_rule {
	struct rule_name name;
	char text[];
};

struct netns_key {
	uint64_t cookie;
	uint32_t inode;
};

struct name_table {
	/* Ordered, so that looking up a time is fast however many texts a rule has, or names an
	 * address. */
	GTree *rules; /* of struct held_rule by its name's key and time */
	GTree *symbols; /* of struct symbol by its address and time */
	GHashTable *reasons; /* of text by number */
	GHashTable *netns; /* of text by struct netns_key */
	uint64_t unread; /* names */
	name_table_source source; /* NULL: called already, or none */
	void *context;
	struct clocks *clocks;
};

static guint mix(uint64_t value)
{
	value *= 0x9e3779b97f4a7c15ULL;
	return (guint)(value >> 32);
}

static guint netns_hash(gconstpointer data)
{
	const struct netns_key *key = data;

	return mix(key->cookie ^ (uint64_t)key->inode << 32);
}

static gboolean netns_equal(gconstpointer a, gconstpointer b)
{
	const struct netns_key *one = a, *other = b;

	return one->cookie == other->cookie && one->inode == other->inode;
}

static int order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int symbol_order(gconstpointer a, gconstpointer b, gpointer context)
{
	const struct symbol *one = a, *other = b;
	int before = order(one->address, other->address);

	return before ? before : order(one->since, other->since);
}

static int rule_order(gconstpointer a, gconstpointer b, gpointer context)
{
	const struct rule_name *one = a, *other = b;
	int before = order(one->key.rule, other->key.rule);

	if (!before)
		before = order(one->key.table, other->key.table);
	if (!before)
		before = order(one->key.netns, other->key.netns);
	if (!before)
		before = order(one->key.family, other->key.family);
	return before ? before : order(one->since, other->since);
}

static gboolean symbol_equal(gconstpointer a, gconstpointer b)
{
	return ((const struct symbol *)a)->address == ((const struct symbol *)b)->address;
}

static gboolean rule_equal(gconstpointer a, gconstpointer b)
{
	return rule_key_equal(
		&((const struct rule_name *)a)->key, &((const struct rule_name *)b)->key);
}

/* The entry for the same thing that was valid at the time of `wanted`: the latest that is not
 * later, or else the first. NULL: none. */
static gpointer find_at(GTree *tree, gconstpointer wanted, GEqualFunc about_same)
{
	GTreeNode *later = g_tree_upper_bound(tree, wanted);
	GTreeNode *found = later ? g_tree_node_previous(later) : g_tree_node_last(tree);

	if (found && about_same(g_tree_node_key(found), wanted))
		return g_tree_node_value(found);
	return later && about_same(g_tree_node_key(later), wanted) ? g_tree_node_value(later)
								   : NULL;
}

struct name_table *name_table_new(void)
{
	struct name_table *name_table = g_new0(struct name_table, 1);

	name_table->rules = g_tree_new_full(rule_order, NULL, NULL, g_free);
	name_table->symbols = g_tree_new_full(symbol_order, NULL, NULL, g_free);
	name_table->reasons = g_hash_table_new_full(NULL, NULL, NULL, g_free);
	name_table->netns = g_hash_table_new_full(netns_hash, netns_equal, g_free, g_free);
	name_table->clocks = clocks_new();
	return name_table;
}

struct name_table *name_table_free(struct name_table *name_table)
{
	if (!name_table)
		return NULL;
	g_tree_unref(name_table->rules);
	g_tree_unref(name_table->symbols);
	g_hash_table_unref(name_table->reasons);
	g_hash_table_unref(name_table->netns);
	clocks_free(name_table->clocks);
	g_free(name_table);
	return NULL;
}

void name_table_set_source(struct name_table *name_table, name_table_source source, void *context)
{
	name_table->source = source;
	name_table->context = context;
}

static void gather(struct name_table *name_table)
{
	name_table_source source = name_table->source;

	name_table->source = NULL;
	if (source)
		source(name_table->context, name_table);
}

static bool has_room(struct name_table *name_table, unsigned int count)
{
	if (count < NAME_TABLE_NAMES_MAX)
		return true;
	name_table->unread++;
	return false;
}

/* Adding records. */

/* NULL if the member is missing or is not a string. The object's. */
static const char *text_get(struct json_object *object, const char *key)
{
	struct json_object *value = dictionary_member(object, key, json_type_string);

	return value ? json_object_get_string(value) : NULL;
}

static enum rule_fate fate_get(struct json_object *object)
{
	const char *unknown = text_get(object, "unknown");

	for (unsigned int fate = RULE_VANISHED; fate < RULE_FATES; fate++)
		if (g_strcmp0(unknown, rule_fate_name(fate)) == 0)
			return fate;
	/* Of a later program, for another reason. */
	return RULE_UNREADABLE;
}

static struct held_rule *held_rule_new(struct json_object *object, const struct rule_key *key)
{
	const char *text = text_get(object, "text");
	size_t size = text ? strlen(text) + 1 : 0;
	struct held_rule *rule = g_malloc0(sizeof(*rule) + size);

	rule->name = (struct rule_name){
		.key = *key,
		.fate = text ? RULE_READ : fate_get(object),
		.since = dictionary_get_number(object, "since"),
	};
	if (text)
		rule->name.text = memcpy(rule->text, text, size);
	return rule;
}

/* A text that was read once is kept, whatever a later segment says. */
static void take_rule(void *context, struct json_object *object)
{
	struct name_table *name_table = context;
	const struct rule_name wanted = {
		.key.netns = dictionary_get_number(object, "netns"),
		.key.table = dictionary_get_number(object, "table"),
		.key.rule = dictionary_get_number(object, "rule"),
		.key.family = (uint8_t)dictionary_get_number(object, "family"),
		.since = dictionary_get_number(object, "since"),
	};
	const struct held_rule *same = g_tree_lookup(name_table->rules, &wanted);
	struct held_rule *rule;

	if (same && (same->name.fate == RULE_READ || !text_get(object, "text")))
		return;
	if (!same && !has_room(name_table, (unsigned int)g_tree_nnodes(name_table->rules)))
		return;
	rule = held_rule_new(object, &wanted.key);
	g_tree_replace(name_table->rules, &rule->name, rule);
}

static void take_rules(struct name_table *name_table, struct json_object *record)
{
	dictionary_each(record, "rules", take_rule, name_table);
}

static void take_symbol(
	struct name_table *name_table, const char *key, uint64_t since, const char *name)
{
	const struct symbol wanted = {
		.address = g_ascii_strtoull(key, NULL, 16),
		.since = since,
	};
	size_t size = strlen(name) + 1;
	struct symbol *symbol;

	if (g_tree_lookup(name_table->symbols, &wanted) ||
		!has_room(name_table, (unsigned int)g_tree_nnodes(name_table->symbols)))
		return;
	symbol = g_malloc(sizeof(*symbol) + size);
	*symbol = wanted;
	memcpy(symbol->name, name, size);
	g_tree_insert(name_table->symbols, symbol, symbol);
}

static void take_symbols(struct name_table *name_table, struct json_object *record)
{
	struct json_object *names = dictionary_member(record, "symbols", json_type_object);
	uint64_t since = dictionary_get_number(record, "since");

	if (!names)
		return;
	json_object_object_foreach(
		names, key, value) if (json_object_is_type(value, json_type_string))
		take_symbol(name_table, key, since, json_object_get_string(value));
}

static void take_reasons(struct name_table *name_table, struct json_object *record)
{
	struct json_object *names = dictionary_member(record, "reasons", json_type_object);

	if (!names)
		return;
	json_object_object_foreach(names, key, value)
	{
		gpointer reason = GUINT_TO_POINTER((guint)g_ascii_strtoull(key, NULL, 10));

		if (json_object_is_type(value, json_type_string) &&
			(g_hash_table_contains(name_table->reasons, reason) ||
				has_room(name_table, g_hash_table_size(name_table->reasons))))
			g_hash_table_replace(name_table->reasons, reason,
				g_strdup(json_object_get_string(value)));
	}
}

static void take_namespace(void *context, struct json_object *object)
{
	struct name_table *name_table = context;
	const char *name = text_get(object, "name");
	struct netns_key key = { 0 };

	key.cookie = dictionary_get_number(object, "cookie");
	key.inode = (uint32_t)dictionary_get_number(object, "inode");
	if (name &&
		(g_hash_table_contains(name_table->netns, &key) ||
			has_room(name_table, g_hash_table_size(name_table->netns))))
		g_hash_table_replace(
			name_table->netns, g_memdup2(&key, sizeof(key)), g_strdup(name));
}

static void take_netns(struct name_table *name_table, struct json_object *record)
{
	dictionary_each(record, "netns", take_namespace, name_table);
}

int name_table_take(
	struct name_table *name_table, enum journal_type type, const void *json, size_t size)
{
	void (*take)(struct name_table *, struct json_object *);
	auto_json *record = NULL;

	switch (type) {
	case JOURNAL_RULES:
		take = take_rules;
		break;
	case JOURNAL_SYMBOLS:
		take = take_symbols;
		break;
	case JOURNAL_REASONS:
		take = take_reasons;
		break;
	case JOURNAL_NETNS:
		take = take_netns;
		break;
	default:
		return 0;
	}
	record = dictionary_parse(json, size);
	if (!record)
		return -EBADMSG;
	take(name_table, record);
	return 1;
}

/* Look-ups. */

const struct rule_name *name_table_rule(struct name_table *name_table, const struct event *event)
{
	const struct event_head *head = &event->head;
	const struct event_nft *nft = &event->nft;
	const struct rule_name wanted = {
		.key.netns = head->netns_cookie ? head->netns_cookie : head->netns_inode,
		.key.table = nft->table_handle,
		.key.rule = nft->rule_handle,
		.key.family = nft->family,
		.since = head->time,
	};
	const struct held_rule *rule;

	if (!name_table || !event->has_nft || !(nft->flags & EVENT_NFT_RULE) ||
		!(nft->flags & EVENT_NFT_CHAIN))
		return NULL;
	gather(name_table);
	rule = find_at(name_table->rules, &wanted, rule_equal);
	return rule ? &rule->name : NULL;
}

const char *name_table_symbol(struct name_table *name_table, uint64_t address, uint64_t time)
{
	const struct symbol wanted = { .address = address, .since = time };
	const struct symbol *symbol;

	if (!name_table)
		return NULL;
	gather(name_table);
	symbol = find_at(name_table->symbols, &wanted, symbol_equal);
	return symbol ? symbol->name : NULL;
}

const char *name_table_reason(struct name_table *name_table, uint32_t reason)
{
	if (!name_table)
		return NULL;
	gather(name_table);
	return g_hash_table_lookup(name_table->reasons, GUINT_TO_POINTER(reason));
}

const char *name_table_netns(struct name_table *name_table, uint64_t cookie, uint32_t inode)
{
	const struct netns_key key = { .cookie = cookie, .inode = inode };

	if (!name_table)
		return NULL;
	gather(name_table);
	return g_hash_table_lookup(name_table->netns, &key);
}

struct clocks *name_table_clocks(struct name_table *name_table)
{
	return name_table->clocks;
}

uint64_t name_table_unread(const struct name_table *name_table)
{
	return name_table ? name_table->unread : 0;
}
