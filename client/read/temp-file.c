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

/* Bytes that are buffered before they are written. */
#define SPOOL_BUFFER (1U << 20)

/* Blocks are cached: reads are mostly near earlier ones. */
#define BLOCK_SIZE  (1U << 16)
#define BLOCK_SLOTS 16

struct block {
	uint64_t number; /* its position in the file, in blocks */
	size_t used; /* bytes of it in memory */
	char bytes[BLOCK_SIZE];
};

struct temp_file {
	int fd; /* -1: nothing was written yet */
	uint64_t written; /* bytes in the file */
	size_t gathered; /* bytes that follow them */
	struct block *blocks[BLOCK_SLOTS]; /* by the low part of their numbers; or NULL */
	char buffer[SPOOL_BUFFER];
};

struct temp_file *temp_file_new(void)
{
	struct temp_file *file = g_malloc(sizeof(*file));

	file->fd = -1;
	file->written = 0;
	file->gathered = 0;
	memset(file->blocks, 0, sizeof(file->blocks));
	return file;
}

const char *temp_file_directory(void)
{
	const char *directory = g_getenv("TMPDIR");

	return directory && *directory ? directory : "/var/tmp";
}

/* Some file systems do not support files without a name. */
static int named_and_unlinked(const char *directory)
{
	g_autofree char *path = g_build_filename(directory, "nfttracectl-XXXXXX", NULL);
	int fd = g_mkstemp_full(path, O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	unlink(path);
	return fd;
}

static int temp_file_create(struct temp_file *file)
{
	const char *directory = temp_file_directory();
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = named_and_unlinked(directory);
	else if (fd < 0)
		fd = -errno;
	if (fd < 0)
		return fd;
	file->fd = fd;
	return 0;
}

static int temp_file_write(struct temp_file *file, const char *bytes, size_t size)
{
	int r = file->fd < 0 ? temp_file_create(file) : 0;

	if (r < 0)
		return r;
	while (size > 0) {
		ssize_t length = pwrite(file->fd, bytes, size, (off_t)file->written);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return -errno;
		file->written += (size_t)length;
		bytes += length;
		size -= (size_t)length;
	}
	return 0;
}

int temp_file_append(struct temp_file *file, const void *bytes, size_t size, uint64_t *ret_offset)
{
	int r;

	if (file->gathered + size > sizeof(file->buffer)) {
		r = temp_file_write(file, file->buffer, file->gathered);
		if (r < 0)
			return r;
		file->gathered = 0;
	}
	*ret_offset = file->written + file->gathered;
	if (size > sizeof(file->buffer))
		return temp_file_write(file, bytes, size);
	memcpy(file->buffer + file->gathered, bytes, size);
	file->gathered += size;
	return 0;
}

static int file_read(struct temp_file *file, uint64_t offset, char *ret, size_t size)
{
	while (size > 0) {
		ssize_t length = pread(file->fd, ret, size, (off_t)offset);

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
static int block_get(struct temp_file *file, uint64_t number, struct block **ret)
{
	struct block **slot = &file->blocks[number % BLOCK_SLOTS];
	size_t size = (size_t)MIN(file->written - number * BLOCK_SIZE, BLOCK_SIZE);
	int r;

	if (!*slot)
		*slot = g_malloc0(sizeof(**slot));
	if ((*slot)->number != number || (*slot)->used < size) {
		(*slot)->used = 0;
		r = file_read(file, number * BLOCK_SIZE, (*slot)->bytes, size);
		if (r < 0)
			return r;
		(*slot)->number = number;
		(*slot)->used = size;
	}
	*ret = *slot;
	return 0;
}

/* Reads from the file block by block, or a large part at once. */
static int stored_read(struct temp_file *file, uint64_t offset, char *ret, size_t size)
{
	if (size >= BLOCK_SIZE)
		return file_read(file, offset, ret, size);
	while (size > 0) {
		size_t at = (size_t)(offset % BLOCK_SIZE);
		size_t length = MIN(size, BLOCK_SIZE - at);
		struct block *block;
		int r = block_get(file, offset / BLOCK_SIZE, &block);

		if (r < 0)
			return r;
		memcpy(ret, block->bytes + at, length);
		offset += length;
		ret += length;
		size -= length;
	}
	return 0;
}

int temp_file_read(struct temp_file *file, uint64_t offset, void *ret, size_t size)
{
	size_t stored = 0;
	int r;

	if (offset < file->written) {
		stored = (size_t)MIN(size, file->written - offset);
		r = stored_read(file, offset, ret, stored);
		if (r < 0)
			return r;
	}
	if (stored < size)
		memcpy((char *)ret + stored, file->buffer + (offset + stored - file->written),
			size - stored);
	return 0;
}

struct temp_file *temp_file_free(struct temp_file *file)
{
	if (!file)
		return NULL;
	fd_close(&file->fd);
	for (unsigned int i = 0; i < BLOCK_SLOTS; i++)
		g_free(file->blocks[i]);
	g_free(file);
	return NULL;
}
