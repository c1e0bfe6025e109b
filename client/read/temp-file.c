/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A temporary file without a name; see temp-file.h. */
#include "client/read/temp-file.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/base/cleanup.h"

/* Bytes that are gathered before they are written. */
#define SPOOL_BUFFER (1U << 20)

/* What is read is kept in blocks: who reads here and there mostly reads near by. */
#define BLOCK_SIZE  (1U << 16)
#define BLOCK_SLOTS 16

struct block {
	uint64_t number; /* its place in the file, in blocks */
	size_t used; /* bytes of it that are here */
	char bytes[BLOCK_SIZE];
};

struct spool {
	int fd; /* -1: nothing was written yet */
	uint64_t written; /* bytes in the file */
	size_t gathered; /* bytes that follow them */
	struct block *blocks[BLOCK_SLOTS]; /* by the low part of their numbers; or NULL */
	char buffer[SPOOL_BUFFER];
};

struct spool *spool_new(void)
{
	struct spool *spool = g_malloc(sizeof(*spool));

	spool->fd = -1;
	spool->written = 0;
	spool->gathered = 0;
	memset(spool->blocks, 0, sizeof(spool->blocks));
	return spool;
}

const char *spool_directory(void)
{
	const char *directory = g_getenv("TMPDIR");

	return directory && *directory ? directory : "/var/tmp";
}

/* Not every file system has files without a name. */
static int named_and_unlinked(const char *directory)
{
	g_autofree char *path = g_build_filename(directory, "nfttracectl-XXXXXX", NULL);
	int fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int spool_create(struct spool *spool)
{
	const char *directory = spool_directory();
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = named_and_unlinked(directory);
	else if (fd < 0)
		fd = -errno;
	if (fd < 0)
		return fd;
	spool->fd = fd;
	return 0;
}

static int spool_write(struct spool *spool, const char *bytes, size_t size)
{
	int r = spool->fd < 0 ? spool_create(spool) : 0;

	if (r < 0)
		return r;
	while (size > 0) {
		ssize_t length = pwrite(spool->fd, bytes, size, (off_t)spool->written);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		spool->written += (size_t)length;
		bytes += length;
		size -= (size_t)length;
	}
	return 0;
}

int spool_append(struct spool *spool, const void *bytes, size_t size, uint64_t *ret_offset)
{
	int r;

	if (spool->gathered + size > sizeof(spool->buffer)) {
		r = spool_write(spool, spool->buffer, spool->gathered);
		if (r < 0)
			return r;
		spool->gathered = 0;
	}
	*ret_offset = spool->written + spool->gathered;
	if (size > sizeof(spool->buffer))
		return spool_write(spool, bytes, size);
	memcpy(spool->buffer + spool->gathered, bytes, size);
	spool->gathered += size;
	return 0;
}

static int file_read(struct spool *spool, uint64_t offset, char *ret, size_t size)
{
	while (size > 0) {
		ssize_t length = pread(spool->fd, ret, size, (off_t)offset);

		if (length < 0 && errno == EINTR)
			continue;
		if (length <= 0)
			return length < 0 ? -errno : -EIO;
		offset += (size_t)length;
		ret += length;
		size -= (size_t)length;
	}
	return 0;
}

/* The block with that number, with all of it that is in the file. */
static int block_get(struct spool *spool, uint64_t number, struct block **ret)
{
	struct block **slot = &spool->blocks[number % BLOCK_SLOTS];
	size_t size = (size_t)MIN(spool->written - number * BLOCK_SIZE, BLOCK_SIZE);
	int r;

	if (!*slot)
		*slot = g_malloc0(sizeof(**slot));
	if ((*slot)->number != number || (*slot)->used < size) {
		(*slot)->used = 0;
		r = file_read(spool, number * BLOCK_SIZE, (*slot)->bytes, size);
		if (r < 0)
			return r;
		(*slot)->number = number;
		(*slot)->used = size;
	}
	*ret = *slot;
	return 0;
}

/* Reads from the file block by block, or at once if it is much. */
static int stored_read(struct spool *spool, uint64_t offset, char *ret, size_t size)
{
	if (size >= BLOCK_SIZE)
		return file_read(spool, offset, ret, size);
	while (size > 0) {
		size_t at = (size_t)(offset % BLOCK_SIZE);
		size_t length = MIN(size, BLOCK_SIZE - at);
		struct block *block;
		int r = block_get(spool, offset / BLOCK_SIZE, &block);

		if (r < 0)
			return r;
		memcpy(ret, block->bytes + at, length);
		offset += length;
		ret += length;
		size -= length;
	}
	return 0;
}

int spool_read(struct spool *spool, uint64_t offset, void *ret, size_t size)
{
	size_t stored = 0;
	int r;

	if (offset < spool->written) {
		stored = (size_t)MIN(size, spool->written - offset);
		r = stored_read(spool, offset, ret, stored);
		if (r < 0)
			return r;
	}
	if (stored < size)
		memcpy((char *)ret + stored, spool->buffer + (offset + stored - spool->written),
			size - stored);
	return 0;
}

struct spool *spool_free(struct spool *spool)
{
	if (!spool)
		return NULL;
	fd_close(&spool->fd);
	for (unsigned int i = 0; i < BLOCK_SLOTS; i++)
		g_free(spool->blocks[i]);
	g_free(spool);
	return NULL;
}
