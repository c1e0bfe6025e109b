/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One segment that is being written, see segment.h. */
#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cleanup.h"
#include "directory.h"

/* What a segment is called until it is published. */
#define SEGMENT_NEW_NAME "segment.new"

#define SEGMENT_FILE_MODE 0640

static uint64_t page_size(void)
{
	return (uint64_t)sysconf(_SC_PAGESIZE);
}

static uint64_t page_floor(uint64_t offset)
{
	return offset & ~(page_size() - 1);
}

static uint64_t page_ceil(uint64_t offset)
{
	return page_floor(offset + page_size() - 1);
}

int segment_create(int dir_fd, struct segment *ret)
{
	int fd;

	/* One that a killed writer left behind. */
	segment_discard(dir_fd);
	fd = openat(dir_fd, SEGMENT_NEW_NAME, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		SEGMENT_FILE_MODE);
	if (fd < 0)
		return -errno;
	*ret = (struct segment){ .fd = fd };
	return 0;
}

int segment_publish(int dir_fd, uint64_t number)
{
	char name[SEGMENT_NAME_SIZE];

	segment_name(number, name);
	return renameat(dir_fd, SEGMENT_NEW_NAME, dir_fd, name) < 0 ? -errno : 0;
}

void segment_discard(int dir_fd)
{
	unlinkat(dir_fd, SEGMENT_NEW_NAME, 0);
}

/* For file systems without fallocate: blocks that were written are there. */
static int zeros_write(int fd, uint64_t offset, uint64_t length)
{
	static const uint8_t zeros[SEGMENT_STEP_MIN];

	while (length > 0) {
		ssize_t written = pwrite(fd, zeros, MIN(length, sizeof(zeros)), (off_t)offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		offset += (uint64_t)written;
		length -= (uint64_t)written;
	}
	return 0;
}

/* Lengthens the file from `from` to `to` with blocks of its own, or leaves it as it was. */
static int file_allocate(int fd, uint64_t from, uint64_t to)
{
	int r;

	do
		r = fallocate(fd, 0, (off_t)from, (off_t)(to - from)) < 0 ? -errno : 0;
	while (r == -EINTR);
	if (r == -EOPNOTSUPP)
		r = zeros_write(fd, from, to - from);
	/* Some file systems keep the part that they got. If giving it back fails it is only
	 * room. */
	if (r < 0 && ftruncate(fd, (off_t)from) < 0)
		return r;
	return r;
}

/* Allocates up to `least` or, if there is room, a step ahead of it. */
static int segment_allocate(struct segment *segment, uint64_t least)
{
	uint64_t step = CLAMP(segment->allocated, SEGMENT_STEP_MIN, SEGMENT_STEP_MAX);
	int r;

	if (least <= segment->allocated)
		return 0;
	for (;; step /= 2) {
		uint64_t target = MAX(least, page_ceil(segment->allocated + step));

		r = file_allocate(segment->fd, segment->allocated, target);
		if (r >= 0) {
			segment->allocated = target;
			return 0;
		}
		if ((r != -ENOSPC && r != -EDQUOT) || target == least)
			return r;
	}
}

/* Faults the window's pages in for writing at once. */
static int window_populate(uint8_t *window, size_t size)
{
	if (madvise(window, size, MADV_POPULATE_WRITE) == 0)
		return 0;
	/* A kernel before 5.14 doesn't know it and faults them in one by one. */
	if (errno == EINVAL)
		return 0;
	/* The kernel would have answered a write there by SIGBUS: a copy-on-write file system has
	 * no room for an allocated page after all. */
	return errno == EFAULT ? -ENOSPC : -errno;
}

int segment_grow(struct segment *segment, size_t bytes)
{
	uint64_t at = page_floor(segment->end);
	uint8_t *window;
	size_t size;
	int r;

	r = segment_allocate(segment, page_ceil(segment->end + bytes));
	if (r < 0)
		return r;

	size = segment->allocated - at;
	window = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, segment->fd, (off_t)at);
	if (window == MAP_FAILED)
		return -errno;
	r = window_populate(window, size);
	if (r < 0) {
		munmap(window, size);
		return r;
	}

	if (segment->window)
		munmap(segment->window, segment->window_size);
	segment->window = window;
	segment->window_at = at;
	segment->window_size = size;
	return 0;
}

void segment_close(struct segment *segment)
{
	if (segment->window)
		munmap(segment->window, segment->window_size);
	/* What is left over when it fails is zero, which a reader takes for the end. */
	if (segment->fd >= 0 && ftruncate(segment->fd, (off_t)segment->end) < 0)
		segment->allocated = segment->end;
	fd_close(&segment->fd);
	*segment = SEGMENT_NONE;
}
