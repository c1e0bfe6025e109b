/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The journals by id and by owner; see journal-index.h. */
#include "daemon/journals/journal-index.h"

struct entry {
	struct archive_journal journal;
	enum journal_known known;
};

struct journal_index {
	GPtrArray *all; /* struct entry, by id; owns them */
	/* GPtrArray of an owner's struct entry, by id; by uint64_t */
	GHashTable *owners;
	GHashTable *open; /* set of struct entry: those that are not settled */
};

static void free_entry(void *data)
{
	struct entry *entry = data;

	g_free(entry->journal.name);
	g_free(entry);
}

static void free_owned(void *data)
{
	g_ptr_array_unref(data);
}

struct journal_index *journal_index_new(void)
{
	struct journal_index *index = g_new0(struct journal_index, 1);

	index->all = g_ptr_array_new_with_free_func(free_entry);
	index->owners = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, free_owned);
	index->open = g_hash_table_new(NULL, NULL);
	return index;
}

/* The position of the first entry with an id of `id` or above. */
static unsigned int find_position(const GPtrArray *entries, uint64_t id)
{
	unsigned int low = 0, high = entries->len;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;
		const struct entry *entry = entries->pdata[middle];

		if (entry->journal.id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct entry *find_entry(const GPtrArray *entries, uint64_t id, unsigned int *ret_position)
{
	unsigned int position = find_position(entries, id);
	struct entry *entry = position < entries->len ? entries->pdata[position] : NULL;

	*ret_position = position;
	return entry && entry->journal.id == id ? entry : NULL;
}

static void add_owned(struct journal_index *index, struct entry *entry)
{
	uint64_t owner = entry->journal.owner;
	GPtrArray *owned = g_hash_table_lookup(index->owners, &owner);

	if (!owned) {
		owned = g_ptr_array_new();
		g_hash_table_insert(index->owners, g_memdup2(&owner, sizeof(owner)), owned);
	}
	g_ptr_array_insert(owned, (int)find_position(owned, entry->journal.id), entry);
}

static void remove_owned(struct journal_index *index, const struct entry *entry)
{
	uint64_t owner = entry->journal.owner;
	GPtrArray *owned = g_hash_table_lookup(index->owners, &owner);
	unsigned int position;

	if (!owned || !find_entry(owned, entry->journal.id, &position))
		return;
	g_ptr_array_remove_index(owned, position);
	if (owned->len == 0)
		g_hash_table_remove(index->owners, &owner);
}

void journal_index_add(struct journal_index *index, uint64_t id)
{
	unsigned int position;
	struct entry *entry = find_entry(index->all, id, &position);

	if (!entry) {
		entry = g_new0(struct entry, 1);
		entry->journal.id = id;
		entry->journal.owner = ARCHIVE_UNLIMITED;
		g_ptr_array_insert(index->all, (int)position, entry);
		add_owned(index, entry);
	}
	entry->known = JOURNAL_UNREAD;
	g_hash_table_add(index->open, entry);
}

void journal_index_remove(struct journal_index *index, uint64_t id)
{
	unsigned int position;
	struct entry *entry = find_entry(index->all, id, &position);

	if (!entry)
		return;
	remove_owned(index, entry);
	g_hash_table_remove(index->open, entry);
	g_ptr_array_remove_index(index->all, position);
}

void journal_index_put(
	struct journal_index *index, struct archive_journal *journal, enum journal_known known)
{
	unsigned int position;
	struct entry *entry = find_entry(index->all, journal->id, &position);

	if (!entry)
		return;
	if (entry->journal.owner != journal->owner) {
		remove_owned(index, entry);
		entry->journal.owner = journal->owner;
		add_owned(index, entry);
	}
	g_free(entry->journal.name);
	entry->journal = *journal;
	journal->name = NULL;
	entry->known = known;
	if (known == JOURNAL_SETTLED)
		g_hash_table_remove(index->open, entry);
	else
		g_hash_table_add(index->open, entry);
}

bool journal_index_is_open(const struct journal_index *index, uint64_t owner)
{
	GHashTableIter iter;
	void *data;

	g_hash_table_iter_init(&iter, index->open);
	while (g_hash_table_iter_next(&iter, &data, NULL)) {
		const struct entry *entry = data;

		if (owner == ARCHIVE_UNLIMITED || entry->journal.owner == owner ||
			entry->known == JOURNAL_UNREAD)
			return true;
	}
	return false;
}

static int compare_ids(const void *one, const void *other)
{
	const uint64_t *a = one, *b = other;

	return *a < *b ? -1 : *a > *b;
}

GArray *journal_index_due(
	const struct journal_index *index, enum journal_known least, enum journal_known most)
{
	GArray *ids = g_array_new(FALSE, FALSE, sizeof(uint64_t));
	GHashTableIter iter;
	void *data;

	g_hash_table_iter_init(&iter, index->open);
	while (g_hash_table_iter_next(&iter, &data, NULL)) {
		const struct entry *entry = data;

		if (entry->known >= least && entry->known <= most)
			g_array_append_val(ids, entry->journal.id);
	}
	g_array_sort(ids, compare_ids);
	return ids;
}

const struct archive_journal *journal_index_find(const struct journal_index *index, uint64_t id)
{
	unsigned int position;
	const struct entry *entry = find_entry(index->all, id, &position);

	return entry ? &entry->journal : NULL;
}

unsigned int journal_index_others(const struct journal_index *index, uint64_t owner)
{
	const GPtrArray *owned = g_hash_table_lookup(index->owners, &owner);

	if (owner == ARCHIVE_UNLIMITED)
		return 0;
	return index->all->len - (owned ? owned->len : 0);
}

static bool matches(const struct entry *entry, const struct journal_query *query)
{
	const struct archive_journal *journal = &entry->journal;

	return entry->known != JOURNAL_UNREAD && (!query->running || journal->running) &&
		(!query->name || g_str_equal(query->name, journal->name));
}

GArray *journal_index_query(
	const struct journal_index *index, const struct journal_query *query, bool *ret_more)
{
	const GPtrArray *entries = query->owner == ARCHIVE_UNLIMITED
		? index->all
		: g_hash_table_lookup(index->owners, &query->owner);
	GArray *journals = g_array_new(FALSE, FALSE, sizeof(struct archive_journal));

	g_array_set_clear_func(journals, archive_journal_clear);
	*ret_more = false;
	if (!entries || query->after == UINT64_MAX)
		return journals;
	for (unsigned int i = find_position(entries, query->after + 1); i < entries->len; i++) {
		const struct entry *entry = entries->pdata[i];
		struct archive_journal copy = entry->journal;

		if (!matches(entry, query))
			continue;
		if (journals->len >= query->count) {
			*ret_more = true;
			break;
		}
		copy.name = g_strdup(copy.name);
		g_array_append_val(journals, copy);
	}
	return journals;
}

void journal_index_keep(struct journal_index *index, uint64_t id)
{
	unsigned int position;
	struct entry *entry = find_entry(index->all, id, &position);

	if (!entry)
		return;
	/* Of a journal that was never read nothing is known: nothing of it may be removed. */
	if (!entry->journal.name) {
		entry->journal.name = g_strdup("");
		entry->journal.running = true;
	}
	entry->known = JOURNAL_CHANGED;
	g_hash_table_add(index->open, entry);
}

unsigned int journal_index_count(const struct journal_index *index)
{
	return index->all->len;
}

struct journal_index *journal_index_free(struct journal_index *index)
{
	if (!index)
		return NULL;
	g_hash_table_unref(index->open);
	g_hash_table_unref(index->owners);
	g_ptr_array_unref(index->all);
	g_free(index);
	return NULL;
}
