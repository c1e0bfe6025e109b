/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A temporary file without a name; see spool.h. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "journal/cleanup.h"

/* Bytes that are gathered before they are written. */
#define SPOOL_BUFFER (1U << 20)

struct spool {
	int fd; /* -1: nothing was written yet */
	uint64_t written; /* bytes in the file */
	size_t gathered; /* bytes that follow them */
	char buffer[SPOOL_BUFFER];
};

struct spool *spool_new(void)
{
	struct spool *spool = g_malloc(sizeof(*spool));

	spool->fd = -1;
	spool->written = 0;
	spool->gathered = 0;
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

int spool_read(struct spool *spool, uint64_t offset, void *ret, size_t size)
{
	size_t stored = 0;
	int r;

	if (offset < spool->written) {
		stored = (size_t)MIN(size, spool->written - offset);
		r = file_read(spool, offset, ret, stored);
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
	g_free(spool);
	return NULL;
}
