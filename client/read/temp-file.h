/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A temporary file without a name, in $TMPDIR or /var/tmp: bytes appended to it and read back. It
 * is created when the first byte has to be written, and vanishes with its owner.
 */
#ifndef NFTTRACED_CLIENT_READ_TEMP_FILE_H
#define NFTTRACED_CLIENT_READ_TEMP_FILE_H

#include <stddef.h>
#include <stdint.h>

struct temp_file;

struct temp_file *temp_file_new(void);

/* Appends `size` bytes; *ret_offset says where they are. Negative errno: -ENOSPC, ... */
int temp_file_append(struct temp_file *file, const void *bytes, size_t size, uint64_t *ret_offset);

/* Reads `size` bytes at `offset`, which have been appended. Negative errno. */
int temp_file_read(struct temp_file *file, uint64_t offset, void *ret, size_t size);

/* The directory of the file. */
const char *temp_file_directory(void);

/* Accepts NULL; returns NULL. */
struct temp_file *temp_file_free(struct temp_file *file);

#endif
