/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names in a journal's directory: which segments are there. Shared by writer and reader; owns
 * nothing.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_SEGMENT_NAMES_H
#define NFTTRACED_JOURNAL_FORMAT_SEGMENT_NAMES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "journal/format/format.h"

/* Bytes of the longest segment name with its NUL: the 20 digits of a 64-bit number. */
#define SEGMENT_NAME_SIZE (20 + sizeof(JOURNAL_SUFFIX))

/* Writes the name of segment `number`. */
void segment_name(uint64_t number, char ret_name[SEGMENT_NAME_SIZE]);

/* True if `name` is that of a segment. */
bool segment_name_parse(const char *name, uint64_t *ret_number);

/* The numbers of the segments in `dir_fd` in ascending order, as uint64_t: the caller unrefs the
 * array. Negative errno as of opendir and readdir. */
int segment_list(int dir_fd, GArray **ret);

#endif
