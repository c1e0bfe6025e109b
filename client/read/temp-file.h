/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A temporary file without a name, in $TMPDIR or /var/tmp: bytes appended to it and read back. It is
 * made when the first byte has to be written, and gone when its owner is.
 */
#ifndef NFTTRACED_CLIENT_READ_TEMP_FILE_H
#define NFTTRACED_CLIENT_READ_TEMP_FILE_H

#include <stddef.h>
#include <stdint.h>

struct spool;

struct spool *spool_new(void);

/* Appends `size` bytes; *ret_offset says where they are. Negative errno: -ENOSPC, ... */
int spool_append(struct spool *spool, const void *bytes, size_t size, uint64_t *ret_offset);

/* Reads `size` bytes at `offset`, which have been appended. Negative errno. */
int spool_read(struct spool *spool, uint64_t offset, void *ret, size_t size);

/* Where it is or would be. */
const char *spool_directory(void);

/* Accepts NULL; returns NULL. */
struct spool *spool_free(struct spool *spool);

#endif
