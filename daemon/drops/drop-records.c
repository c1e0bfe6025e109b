/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Drop counters as the daemon has them, by rule and by id; their namespaces; and questions for the
 * resolver. */
#include "daemon/drops/drops-private.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/base/netns.h"
#include "journal/base/escape.h"

#define ELLIPSIS "..."

_Static_assert(
	sizeof(struct drop_record) + DROPS_RULE_MAX + 2 * EVENT_NAME_MAX <= DROPS_COUNTER_BYTES,
	"the stated memory of a counter holds a record with its names");

static guint key_hash(const struct drop_key *key)
{
	uint64_t hash = key->netns * 31 + key->table;

	hash = (hash * 31 + key->chain) * 31 + key->rule;
	return (guint)(hash ^ hash >> 32);
}

static guint record_hash(gconstpointer record)
{
	return key_hash(&((const struct drop_record *)record)->key);
}

/* Without the chain's name, which may change. */
static gboolean counting_equal(gconstpointer a, gconstpointer b)
{
	const struct drop_record *first = a, *second = b;

	return memcmp(&first->key, &second->key, sizeof(first->key)) == 0 &&
		g_str_equal(first->table, second->table);
}

/* With names: nf_tables assigns the same handles again after it was reloaded. That can't happen
 * while slots count, so that a chain with another name was renamed then. */
static gboolean record_equal(gconstpointer a, gconstpointer b)
{
	const struct drop_record *first = a, *second = b;

	return counting_equal(a, b) && g_str_equal(first->chain, second->chain);
}

static void drop_netns_free(struct drop_netns *netns)
{
	g_free(netns->name);
	g_free(netns->path);
	g_free(netns);
}

static void record_free(struct drop_record *record)
{
	if (!record)
		return;
	g_free(record->table);
	g_free(record->chain);
	g_free(record->rule);
	g_free(record);
}

void drop_records_init(struct drops *drops)
{
	drops->records = g_hash_table_new(record_hash, record_equal);
	drops->by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
	drops->counting = g_hash_table_new(record_hash, counting_equal);
	drops->netns = g_hash_table_new(g_int64_hash, g_int64_equal);
	g_queue_init(&drops->questions);
}

void drop_records_clear(struct drops *drops)
{
	GHashTableIter iter;
	gpointer item;

	g_hash_table_iter_init(&iter, drops->records);
	while (g_hash_table_iter_next(&iter, &item, NULL))
		record_free(item);
	g_hash_table_iter_init(&iter, drops->netns);
	while (g_hash_table_iter_next(&iter, NULL, &item))
		drop_netns_free(item);
	g_hash_table_unref(drops->counting);
	g_hash_table_unref(drops->records);
	g_hash_table_unref(drops->by_id);
	g_hash_table_unref(drops->netns);
	g_queue_clear_full(&drops->questions, g_free);
}

/* Escapes a name that the kernel side has written. */
static char *name_dup(const char *name)
{
	g_autofree char *copy = g_strndup(name, EVENT_NAME_MAX);

	return text_escape_dup(copy);
}

static void question_push(
	struct drops *drops, const struct drop_record *record, enum name_request_kind kind)
{
	struct name_request *request = g_new0(struct name_request, 1);

	request->generation = DROPS_GENERATION;
	request->kind = kind;
	request->address = record->id;
	request->cookie = record->key.netns;
	request->inode = record->netns->inode;
	if (kind == NAME_REQUEST_RULE) {
		request->family = (uint8_t)record->key.family;
		request->table = record->key.table;
		request->rule = record->key.rule;
	}
	g_queue_push_tail(&drops->questions, request);
}

void drop_record_rename(
	struct drops *drops, struct drop_record *record, const struct drop_words *words)
{
	g_autofree char *chain = name_dup(words->chain);
	const struct drop_record wanted = {
		.key = record->key,
		.table = record->table,
		.chain = chain,
	};

	if (g_str_equal(record->chain, chain))
		return;
	/* A counter of an earlier table has the same handles and names: both stay. */
	if (g_hash_table_lookup(drops->records, &wanted))
		return;
	g_hash_table_steal(drops->records, record);
	g_free(record->chain);
	record->chain = g_steal_pointer(&chain);
	g_hash_table_add(drops->records, record);
}

/* Two namespaces that exist at once have neither name nor inode in common. */
static void netns_supersede(struct drops *drops, const struct drop_netns *new)
{
	struct drop_netns *netns;
	GHashTableIter iter;

	g_hash_table_iter_init(&iter, drops->netns);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&netns)) {
		if (netns != new &&
			(netns->inode == new->inode ||
				(new->name &&g_strcmp0(netns->name, new->name) == 0)))
			netns->gone = true;
	}
}

static void netns_join(struct drops *drops, struct drop_record *record, uint32_t inode)
{
	struct drop_netns *netns = g_hash_table_lookup(drops->netns, &record->key.netns);
	bool new = !netns;

	if (new) {
		netns = g_new0(struct drop_netns, 1);
		netns->cookie = record->key.netns;
		netns->inode = inode;
		g_hash_table_insert(drops->netns, &netns->cookie, netns);
		netns_supersede(drops, netns);
	}
	netns->counters++;
	record->netns = netns;
	if (new)
		question_push(drops, record, NAME_REQUEST_NETNS);
}

static void netns_leave(struct drops *drops, struct drop_netns *netns)
{
	if (--netns->counters > 0)
		return;
	g_hash_table_remove(drops->netns, &netns->cookie);
	drop_netns_free(netns);
}

struct drop_record *drop_record_get(
	struct drops *drops, const struct drop_slot *slot, const struct drop_words *words)
{
	g_autofree char *table = name_dup(words->table), *chain = name_dup(words->chain);
	const struct drop_record wanted = { .key = slot->key, .table = table, .chain = chain };
	struct drop_record *record = g_hash_table_lookup(drops->records, &wanted);

	/* A counter with slots is of this table even if its chain had another name. */
	if (!record)
		record = g_hash_table_lookup(drops->counting, &wanted);
	if (record)
		return record;
	record = g_new0(struct drop_record, 1);
	record->id = ++drops->next_id;
	record->key = slot->key;
	record->home = DROP_NONE;
	record->share = MIN(slot->named, DROP_SHARES) - 1;
	record->table = g_steal_pointer(&table);
	record->chain = g_steal_pointer(&chain);
	g_hash_table_add(drops->records, record);
	g_hash_table_insert(drops->by_id, &record->id, record);
	netns_join(drops, record, slot->netns_inode);
	if (record->key.rule)
		question_push(drops, record, NAME_REQUEST_RULE);
	return record;
}

void drop_record_slot_added(struct drops *drops, struct drop_record *record)
{
	if (record->slots++ == 0)
		g_hash_table_add(drops->counting, record);
}

void drop_record_slot_removed(struct drops *drops, struct drop_record *record)
{
	/* Another counter may have taken its place: of a chain that had the same handle. */
	if (--record->slots == 0 && g_hash_table_lookup(drops->counting, record) == record)
		g_hash_table_remove(drops->counting, record);
}

void drop_record_evict(struct drops *drops, struct drop_record *record)
{
	drops->past.packets += record->past_packets;
	drops->past.bytes += record->past_bytes;
	g_hash_table_remove(drops->records, record);
	g_hash_table_remove(drops->by_id, &record->id);
	netns_leave(drops, record->netns);
	record_free(record);
}

bool drops_take_question(struct drops *drops, struct name_request *ret)
{
	g_autofree struct name_request *request = NULL;

	if (!drops)
		return false;
	g_mutex_lock(&drops->lock);
	request = g_queue_pop_head(&drops->questions);
	g_mutex_unlock(&drops->lock);
	if (request)
		*ret = *request;
	return request;
}

/* Escapes the text of a rule and cuts it at DROPS_RULE_MAX; g_free it. */
static char *rule_dup(const char *text, size_t length)
{
	char *rule = g_malloc(DROPS_RULE_MAX + sizeof(ELLIPSIS));
	size_t escaped = text_escape(text, length, rule, DROPS_RULE_MAX);

	/* Escaped text is at least as long: a shorter one was cut. */
	if (escaped < length)
		escaped += g_strlcpy(rule + escaped, ELLIPSIS, sizeof(ELLIPSIS));
	rule[escaped] = '\0';
	return g_realloc(rule, escaped + 1);
}

/* The change time of the file at `path`; false: it is not that inode. */
static bool netns_read_time(const char *path, uint32_t inode, struct timespec *ret)
{
	struct stat status;

	if (stat(path, &status) < 0 || (uint32_t)status.st_ino != inode)
		return false;
	*ret = status.st_ctim;
	return true;
}

static void netns_set_name(
	struct drops *drops, struct drop_netns *netns, const char *text, size_t length)
{
	g_autofree char *name = g_strndup(text, length);
	g_autofree char *escaped = text_escape_dup(name);
	struct timespec made = { 0 };

	/* Keeps the last name when there is none any more. If a namespace that is gone gets its own
	 * name again, another namespace has it. */
	if (length == 0 || (netns->gone && g_strcmp0(escaped, netns->name) == 0))
		return;
	g_free(netns->path);
	netns->path = g_build_filename(NETNS_NAMED_DIRECTORY, name, NULL);
	netns->gone = !netns_read_time(netns->path, netns->inode, &made);
	netns->named = made;
	g_free(netns->name);
	netns->name = g_steal_pointer(&escaped);
	if (!netns->gone)
		netns_supersede(drops, netns);
}

/* Inode numbers are reused; the same change time says that it is the same file. */
static bool netns_is_named(const struct drop_netns *netns)
{
	struct timespec made;

	return netns_read_time(netns->path, netns->inode, &made) &&
		made.tv_sec == netns->named.tv_sec && made.tv_nsec == netns->named.tv_nsec;
}

/* Marks namespaces as gone whose names lead elsewhere now; true if there are any. */
static bool netns_find_gone(struct drops *drops)
{
	struct drop_netns *netns;
	GHashTableIter iter;
	bool any = false;

	g_hash_table_iter_init(&iter, drops->netns);
	while (g_hash_table_iter_next(&iter, NULL, (gpointer *)&netns)) {
		if (!netns->name || netns->gone || netns_is_named(netns))
			continue;
		netns->gone = netns->unasked = any = true;
	}
	return any;
}

void drop_netns_check(struct drops *drops)
{
	struct drop_record *record;
	GHashTableIter iter;

	if (!netns_find_gone(drops))
		return;
	/* A question refers to a counter. */
	g_hash_table_iter_init(&iter, drops->records);
	while (g_hash_table_iter_next(&iter, (gpointer *)&record, NULL)) {
		if (!record->netns->unasked)
			continue;
		record->netns->unasked = false;
		question_push(drops, record, NAME_REQUEST_NETNS);
	}
	/* A full counter wakes it, too. */
	eventfd_write(drops->asked_fd, 1);
}

void drops_answer(
	struct drops *drops, const struct name_request *request, const char *text, size_t length)
{
	struct drop_record *record;

	g_mutex_lock(&drops->lock);
	record = g_hash_table_lookup(drops->by_id, &request->address);
	if (record && request->kind == NAME_REQUEST_RULE && length > 0) {
		g_free(record->rule);
		record->rule = rule_dup(text, length);
	} else if (record && request->kind == NAME_REQUEST_NETNS) {
		netns_set_name(drops, record->netns, text, length);
	}
	g_mutex_unlock(&drops->lock);
}
