/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One segment that is being written, see segment.h. */
#include "journal/writer/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/format/record.h"
#include "journal/format/segment-names.h"

/* The name of a segment until it is published. */
#define SEGMENT_NEW_NAME "segment.new"

/* The directory keeps others out: every process with a descriptor of it may read. */
#define SEGMENT_FILE_MODE 0644

/* Writes at `offset`; *ret_written is the number of bytes written, also on failure. */
static int bytes_write(
	int fd, const uint8_t *bytes, size_t size, uint64_t offset, size_t *ret_written)
{
	size_t done = 0;
	int r = 0;

	while (done < size) {
		ssize_t length = pwrite(fd, bytes + done, size - done, (off_t)(offset + done));

		if (length > 0) {
			done += (size_t)length;
		} else if (length == 0 || errno != EINTR) {
			r = length == 0 ? -EIO : -errno;
			break;
		}
	}
	*ret_written = done;
	return r;
}

/* On a file system without locks a reader may report a record that is being written as cut off; the
 * record itself is not affected. */
static void file_lock(int fd)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	(void)fcntl(fd, F_OFD_SETLK, &lock);
}

int segment_create(int dir_fd, const void *head, size_t size, struct segment *ret)
{
	auto_fd fd = -1;
	size_t written;
	int r;

	/* A killed writer left it behind. */
	segment_discard(dir_fd);
	fd = openat(dir_fd, SEGMENT_NEW_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		SEGMENT_FILE_MODE);
	if (fd < 0)
		return -errno;
	file_lock(fd);
	/* Independent of the umask. */
	r = fchmod(fd, SEGMENT_FILE_MODE) < 0 ? -errno : 0;
	if (r == 0)
		r = bytes_write(fd, head, size, 0, &written);
	if (r < 0) {
		segment_discard(dir_fd);
		return r;
	}
	*ret = (struct segment){ .fd = fd_steal(&fd), .end = size };
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

int segment_append(struct segment *segment, const void *records, size_t size, size_t *ret_appended)
{
	size_t written;
	int r;

	r = bytes_write(segment->fd, records, size, segment->end, &written);
	*ret_appended = r < 0 ? journal_records_whole(records, written) : size;
	segment->end += *ret_appended;
	if (*ret_appended < written) {
		/* If it can't be cut off the next record overwrites it. */
		G_GNUC_UNUSED int cut = ftruncate(segment->fd, (off_t)segment->end);
	}
	return r;
}

void segment_close(struct segment *segment)
{
	fd_close(&segment->fd);
	*segment = SEGMENT_NONE;
}
