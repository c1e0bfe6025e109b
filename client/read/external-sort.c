/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sorting with bounded memory; see external-sort.h. */
#include "client/read/external-sort.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/read/temp-file.h"

/* Room for this many records is allocated first; it grows up to the limit. */
#define RECORDS_FIRST 1024

/* A sorted run: a part of it is in memory, the rest in the file. */
struct run {
	uint64_t offset; /* in the file, of the part that is not yet in memory */
	uint64_t left; /* records in that part */
	char *records; /* in memory */
	size_t at, count; /* index of the next one, and their number */
};

struct external_sort {
	size_t record_size;
	external_sort_compare compare;
	size_t limit; /* records in memory */
	char *records;
	size_t room, used, given;
	struct temp_file *file;
	GArray *runs; /* struct run */
	struct run **heap; /* runs that have records left; the first has the least record */
	size_t heaped;
	size_t run_records; /* records that are read from a run at a time */
	bool merging;
};

struct external_sort *external_sort_new(
	size_t record_size, external_sort_compare compare, size_t memory)
{
	struct external_sort *sort = g_new0(struct external_sort, 1);

	sort->record_size = record_size;
	sort->compare = compare;
	sort->limit = MAX(memory / record_size, 2);
	sort->runs = g_array_new(FALSE, TRUE, sizeof(struct run));
	return sort;
}

static void *record_at(const struct external_sort *sort, size_t index)
{
	return sort->records + index * sort->record_size;
}

/* Writes the gathered records as one more run. */
static int run_write(struct external_sort *sort)
{
	struct run run = { .left = sort->used };
	int r;

	if (!sort->file)
		sort->file = temp_file_new();
	qsort(sort->records, sort->used, sort->record_size, sort->compare);
	r = temp_file_append(
		sort->file, sort->records, sort->used * sort->record_size, &run.offset);
	if (r < 0)
		return r;
	g_array_append_val(sort->runs, run);
	sort->used = 0;
	return 0;
}

int external_sort_add(struct external_sort *sort, const void *record)
{
	if (sort->used == sort->limit) {
		int r = run_write(sort);

		if (r < 0)
			return r;
	}
	if (sort->used == sort->room) {
		sort->room = MIN(MAX(sort->room * 2, RECORDS_FIRST), sort->limit);
		sort->records = g_realloc_n(sort->records, sort->room, sort->record_size);
	}
	memcpy(record_at(sort, sort->used++), record, sort->record_size);
	return 0;
}

/* Reads the next part of a run. */
static int run_fill(struct external_sort *sort, struct run *run)
{
	size_t count = (size_t)MIN(run->left, sort->run_records);
	int r;

	if (!run->records)
		run->records = g_malloc_n(count, sort->record_size);
	r = temp_file_read(sort->file, run->offset, run->records, count * sort->record_size);
	if (r < 0)
		return r;
	run->offset += count * sort->record_size;
	run->left -= count;
	run->at = 0;
	run->count = count;
	return 0;
}

static const void *run_record(const struct external_sort *sort, const struct run *run)
{
	return run->records + run->at * sort->record_size;
}

/* Puts the run at `index` below those that come before it. */
static void heap_sink(struct external_sort *sort, size_t index)
{
	struct run *run = sort->heap[index];

	for (;;) {
		size_t child = 2 * index + 1;

		if (child >= sort->heaped)
			break;
		if (child + 1 < sort->heaped &&
			sort->compare(run_record(sort, sort->heap[child + 1]),
				run_record(sort, sort->heap[child])) < 0)
			child++;
		if (sort->compare(run_record(sort, run), run_record(sort, sort->heap[child])) <= 0)
			break;
		sort->heap[index] = sort->heap[child];
		index = child;
	}
	sort->heap[index] = run;
}

static int merge_begin(struct external_sort *sort)
{
	int r;

	if (sort->runs->len == 0) {
		if (sort->used > 0)
			qsort(sort->records, sort->used, sort->record_size, sort->compare);
		return 0;
	}
	r = run_write(sort);
	if (r < 0)
		return r;
	g_clear_pointer(&sort->records, g_free);
	sort->run_records = MAX(sort->limit / sort->runs->len, 1);
	sort->heap = g_new(struct run *, sort->runs->len);
	for (guint i = 0; i < sort->runs->len; i++) {
		struct run *run = &g_array_index(sort->runs, struct run, i);

		r = run_fill(sort, run);
		if (r < 0)
			return r;
		sort->heap[sort->heaped++] = run;
	}
	for (size_t i = sort->heaped / 2; i-- > 0;)
		heap_sink(sort, i);
	return 0;
}

static int merge_next(struct external_sort *sort, void *ret)
{
	struct run *run;
	int r;

	if (sort->heaped == 0)
		return 0;
	run = sort->heap[0];
	memcpy(ret, run_record(sort, run), sort->record_size);
	run->at++;
	if (run->at == run->count && run->left > 0) {
		r = run_fill(sort, run);
		if (r < 0)
			return r;
	}
	if (run->at == run->count) {
		g_clear_pointer(&run->records, g_free);
		sort->heap[0] = sort->heap[--sort->heaped];
	}
	if (sort->heaped > 0)
		heap_sink(sort, 0);
	return 1;
}

int external_sort_next(struct external_sort *sort, void *ret)
{
	if (!sort->merging) {
		int r = merge_begin(sort);

		if (r < 0)
			return r;
		sort->merging = true;
	}
	if (sort->runs->len > 0)
		return merge_next(sort, ret);
	if (sort->given == sort->used)
		return 0;
	memcpy(ret, record_at(sort, sort->given++), sort->record_size);
	return 1;
}

struct external_sort *external_sort_free(struct external_sort *sort)
{
	if (!sort)
		return NULL;
	for (guint i = 0; i < sort->runs->len; i++)
		g_free(g_array_index(sort->runs, struct run, i).records);
	g_array_unref(sort->runs);
	temp_file_free(sort->file);
	g_free(sort->heap);
	g_free(sort->records);
	g_free(sort);
	return NULL;
}
