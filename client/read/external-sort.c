/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorting with bounded memory; see external-sort.h. */
#include "client/read/external-sort.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/read/temp-file.h"

/* Records are held in room that grows up to the limit, from so many. */
#define RECORDS_FIRST 1024

/* A sorted run: a part of it is in memory, the rest in the file. */
struct run {
	uint64_t offset; /* in the file, of what is not yet in memory */
	uint64_t left; /* records there */
	char *records; /* in memory */
	size_t at, count; /* the next of them, and how many there are */
};

struct sorter {
	size_t record_size;
	sorter_compare compare;
	size_t limit; /* records in memory */
	char *records;
	size_t room, used, given;
	struct spool *spool;
	GArray *runs; /* struct run */
	struct run *
		*heap; /* those that are not at their end, the one with the least record first */
	size_t heaped;
	size_t run_records; /* that are read at a time */
	bool merging;
};

struct sorter *sorter_new(size_t record_size, sorter_compare compare, size_t memory)
{
	struct sorter *sorter = g_new0(struct sorter, 1);

	sorter->record_size = record_size;
	sorter->compare = compare;
	sorter->limit = MAX(memory / record_size, 2);
	sorter->runs = g_array_new(FALSE, TRUE, sizeof(struct run));
	return sorter;
}

static void *record_at(const struct sorter *sorter, size_t index)
{
	return sorter->records + index * sorter->record_size;
}

/* Writes what is gathered as one more run. */
static int run_write(struct sorter *sorter)
{
	struct run run = { .left = sorter->used };
	int r;

	if (!sorter->spool)
		sorter->spool = spool_new();
	qsort(sorter->records, sorter->used, sorter->record_size, sorter->compare);
	r = spool_append(
		sorter->spool, sorter->records, sorter->used * sorter->record_size, &run.offset);
	if (r < 0)
		return r;
	g_array_append_val(sorter->runs, run);
	sorter->used = 0;
	return 0;
}

int sorter_add(struct sorter *sorter, const void *record)
{
	if (sorter->used == sorter->limit) {
		int r = run_write(sorter);

		if (r < 0)
			return r;
	}
	if (sorter->used == sorter->room) {
		sorter->room = MIN(MAX(sorter->room * 2, RECORDS_FIRST), sorter->limit);
		sorter->records = g_realloc_n(sorter->records, sorter->room, sorter->record_size);
	}
	memcpy(record_at(sorter, sorter->used++), record, sorter->record_size);
	return 0;
}

/* Reads the next part of a run. */
static int run_fill(struct sorter *sorter, struct run *run)
{
	size_t count = (size_t)MIN(run->left, sorter->run_records);
	int r;

	if (!run->records)
		run->records = g_malloc_n(count, sorter->record_size);
	r = spool_read(sorter->spool, run->offset, run->records, count * sorter->record_size);
	if (r < 0)
		return r;
	run->offset += count * sorter->record_size;
	run->left -= count;
	run->at = 0;
	run->count = count;
	return 0;
}

static const void *run_record(const struct sorter *sorter, const struct run *run)
{
	return run->records + run->at * sorter->record_size;
}

/* Puts the run at `index` below those that come before it. */
static void heap_sink(struct sorter *sorter, size_t index)
{
	struct run *run = sorter->heap[index];

	for (;;) {
		size_t child = 2 * index + 1;

		if (child >= sorter->heaped)
			break;
		if (child + 1 < sorter->heaped &&
			sorter->compare(run_record(sorter, sorter->heap[child + 1]),
				run_record(sorter, sorter->heap[child])) < 0)
			child++;
		if (sorter->compare(
			    run_record(sorter, run), run_record(sorter, sorter->heap[child])) <= 0)
			break;
		sorter->heap[index] = sorter->heap[child];
		index = child;
	}
	sorter->heap[index] = run;
}

static int merge_begin(struct sorter *sorter)
{
	int r;

	if (sorter->runs->len == 0) {
		if (sorter->used > 0)
			qsort(sorter->records, sorter->used, sorter->record_size, sorter->compare);
		return 0;
	}
	r = run_write(sorter);
	if (r < 0)
		return r;
	g_clear_pointer(&sorter->records, g_free);
	sorter->run_records = MAX(sorter->limit / sorter->runs->len, 1);
	sorter->heap = g_new(struct run *, sorter->runs->len);
	for (guint i = 0; i < sorter->runs->len; i++) {
		struct run *run = &g_array_index(sorter->runs, struct run, i);

		r = run_fill(sorter, run);
		if (r < 0)
			return r;
		sorter->heap[sorter->heaped++] = run;
	}
	for (size_t i = sorter->heaped / 2; i-- > 0;)
		heap_sink(sorter, i);
	return 0;
}

static int merge_next(struct sorter *sorter, void *ret)
{
	struct run *run;
	int r;

	if (sorter->heaped == 0)
		return 0;
	run = sorter->heap[0];
	memcpy(ret, run_record(sorter, run), sorter->record_size);
	run->at++;
	if (run->at == run->count && run->left > 0) {
		r = run_fill(sorter, run);
		if (r < 0)
			return r;
	}
	if (run->at == run->count) {
		g_clear_pointer(&run->records, g_free);
		sorter->heap[0] = sorter->heap[--sorter->heaped];
	}
	if (sorter->heaped > 0)
		heap_sink(sorter, 0);
	return 1;
}

int sorter_next(struct sorter *sorter, void *ret)
{
	if (!sorter->merging) {
		int r = merge_begin(sorter);

		if (r < 0)
			return r;
		sorter->merging = true;
	}
	if (sorter->runs->len > 0)
		return merge_next(sorter, ret);
	if (sorter->given == sorter->used)
		return 0;
	memcpy(ret, record_at(sorter, sorter->given++), sorter->record_size);
	return 1;
}

struct sorter *sorter_free(struct sorter *sorter)
{
	if (!sorter)
		return NULL;
	for (guint i = 0; i < sorter->runs->len; i++)
		g_free(g_array_index(sorter->runs, struct run, i).records);
	g_array_unref(sorter->runs);
	spool_free(sorter->spool);
	g_free(sorter->heap);
	g_free(sorter->records);
	g_free(sorter);
	return NULL;
}
