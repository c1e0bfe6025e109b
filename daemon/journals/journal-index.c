/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is known of each journal; see journal-index.h. */
#include "daemon/journals/journal-index.h"

struct entry {
	struct archive_journal journal;
	enum journal_known known;
};

struct journal_index {
	GPtrArray *all; /* struct entry, by id; owns them */
	GHashTable *
		owners; /* uint64_t of the first entry's owner -> GPtrArray of struct entry, by id */
	GHashTable *open; /* set of those that are not settled */
};

static void entry_free(void *data)
{
	struct entry *entry = data;

	g_free(entry->journal.name);
	g_free(entry);
}

static void shelf_free(void *data)
{
	g_ptr_array_unref(data);
}

struct journal_index *journal_index_new(void)
{
	struct journal_index *index = g_new0(struct journal_index, 1);

	index->all = g_ptr_array_new_with_free_func(entry_free);
	index->owners = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, shelf_free);
	index->open = g_hash_table_new(NULL, NULL);
	return index;
}

/* Where the first entry with an id of `id` or above is. */
static unsigned int place_of(const GPtrArray *entries, uint64_t id)
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

static struct entry *find(const GPtrArray *entries, uint64_t id, unsigned int *ret_place)
{
	unsigned int place = place_of(entries, id);
	struct entry *entry = place < entries->len ? entries->pdata[place] : NULL;

	*ret_place = place;
	return entry && entry->journal.id == id ? entry : NULL;
}

static void shelve(struct journal_index *index, struct entry *entry)
{
	uint64_t owner = entry->journal.owner;
	GPtrArray *shelf = g_hash_table_lookup(index->owners, &owner);

	if (!shelf) {
		shelf = g_ptr_array_new();
		g_hash_table_insert(index->owners, g_memdup2(&owner, sizeof(owner)), shelf);
	}
	g_ptr_array_insert(shelf, (int)place_of(shelf, entry->journal.id), entry);
}

static void unshelve(struct journal_index *index, const struct entry *entry)
{
	uint64_t owner = entry->journal.owner;
	GPtrArray *shelf = g_hash_table_lookup(index->owners, &owner);
	unsigned int place;

	if (!shelf || !find(shelf, entry->journal.id, &place))
		return;
	g_ptr_array_remove_index(shelf, place);
	if (shelf->len == 0)
		g_hash_table_remove(index->owners, &owner);
}

void journal_index_add(struct journal_index *index, uint64_t id)
{
	unsigned int place;
	struct entry *entry = find(index->all, id, &place);

	if (!entry) {
		entry = g_new0(struct entry, 1);
		entry->journal.id = id;
		entry->journal.owner = ARCHIVE_UNLIMITED;
		g_ptr_array_insert(index->all, (int)place, entry);
		shelve(index, entry);
	}
	entry->known = JOURNAL_UNREAD;
	g_hash_table_add(index->open, entry);
}

void journal_index_remove(struct journal_index *index, uint64_t id)
{
	unsigned int place;
	struct entry *entry = find(index->all, id, &place);

	if (!entry)
		return;
	unshelve(index, entry);
	g_hash_table_remove(index->open, entry);
	g_ptr_array_remove_index(index->all, place);
}

void journal_index_put(
	struct journal_index *index, struct archive_journal *journal, enum journal_known known)
{
	unsigned int place;
	struct entry *entry = find(index->all, journal->id, &place);

	if (!entry)
		return;
	if (entry->journal.owner != journal->owner) {
		unshelve(index, entry);
		entry->journal.owner = journal->owner;
		shelve(index, entry);
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
	unsigned int place;
	const struct entry *entry = find(index->all, id, &place);

	return entry ? &entry->journal : NULL;
}

unsigned int journal_index_others(const struct journal_index *index, uint64_t owner)
{
	const GPtrArray *shelf = g_hash_table_lookup(index->owners, &owner);

	if (owner == ARCHIVE_UNLIMITED)
		return 0;
	return index->all->len - (shelf ? shelf->len : 0);
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
	const GPtrArray *shelf = query->owner == ARCHIVE_UNLIMITED
		? index->all
		: g_hash_table_lookup(index->owners, &query->owner);
	GArray *journals = g_array_new(FALSE, FALSE, sizeof(struct archive_journal));

	g_array_set_clear_func(journals, archive_journal_clear);
	*ret_more = false;
	if (!shelf || query->after == UINT64_MAX)
		return journals;
	for (unsigned int i = place_of(shelf, query->after + 1); i < shelf->len; i++) {
		const struct entry *entry = shelf->pdata[i];
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
	unsigned int place;
	struct entry *entry = find(index->all, id, &place);

	if (!entry)
		return;
	if (!entry->journal.name)
		entry->journal.name = g_strdup("");
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
