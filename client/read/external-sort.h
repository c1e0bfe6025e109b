/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sorts more records than fit into memory: records of one size are gathered up to a limit, sorted,
 * and written to a temporary file as a run; in the end the runs are merged. Records that compare
 * equal come in any order. Owned by its caller; one thread.
 */
#ifndef NFTTRACED_CLIENT_READ_EXTERNAL_SORT_H
#define NFTTRACED_CLIENT_READ_EXTERNAL_SORT_H

#include <stddef.h>

struct external_sort;

/* As for qsort. */
typedef int (*external_sort_compare)(const void *a, const void *b);

/* `memory`: bytes of records that are held, about; at least two records are. */
struct external_sort *external_sort_new(
	size_t record_size, external_sort_compare compare, size_t memory);

/* Takes a copy of a record. Negative errno of the temporary file. */
int external_sort_add(struct external_sort *sort, const void *record);

/* The next record in order: 1 and *ret, 0 if there are no more, negative errno. After the first
 * call nothing may be added. */
int external_sort_next(struct external_sort *sort, void *ret);

/* Accepts NULL; returns NULL. */
struct external_sort *external_sort_free(struct external_sort *sort);

#endif
