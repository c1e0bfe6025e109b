/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One follow stream, see follower.h. It reads the record headers of a segment to learn how much of
 * it is committed, and has the kernel move that much from the file into the pipe: events are not
 * copied here. A segment that retention unlinked stays readable while it is open.
 */
#include "daemon/follow/follower.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal/base/cleanup.h"
#include "journal/base/clock.h"
#include "journal/format/record.h"
#include "journal/format/segment-names.h"

#define WALK_CHUNK (64 << 10) /* bytes of a segment read at once to find its records */

struct follower *follower_free(struct follower *follower)
{
	if (!follower)
		return NULL;
	fd_close(&follower->segment_fd);
	fd_close(&follower->pipe_fd);
	fd_close(&follower->dir_fd);
	g_free(follower);
	return NULL;
}

enum walk {
	WALK_ALL,
	WALK_DICTIONARIES, /* up to the first record that is no dictionary */
	WALK_OTHERS, /* up to the first dictionary */
};

/* True for records that later events may need, wherever in a segment they are. */
static bool is_dictionary(const struct journal_record *record)
{
	switch ((enum journal_type)(record->type_ring & 0xff)) {
	case JOURNAL_START:
	case JOURNAL_SETTINGS:
	case JOURNAL_RULES:
	case JOURNAL_SYMBOLS:
	case JOURNAL_REASONS:
	case JOURNAL_NETNS:
	case JOURNAL_CLOCK:
		return true;
	case JOURNAL_EVENT:
	case JOURNAL_LOSS:
	case JOURNAL_END:
	case JOURNAL_SUPPRESSED:
	case JOURNAL_POSITION:
		return false;
	}
	return false;
}

/*
 * Returns the bytes of a chunk that are records of the wanted kind; *ret_more: 1 if more of them
 * may follow, 0 if not, negative if the chunk is damaged. The file has `left` bytes from the
 * chunk's first byte on.
 */
static size_t chunk_walk(
	const uint8_t *chunk, size_t size, uint64_t left, enum walk walk, int *ret_more)
{
	size_t at = 0;

	*ret_more = 0;
	while (at + sizeof(struct journal_record) <= size) {
		struct journal_record record;

		memcpy(&record, chunk + at, sizeof(record));
		if (record.size > JOURNAL_RECORD_MAX) {
			*ret_more = -EBADMSG;
			return at;
		}
		/* Its end is still being written. */
		if (record.size == 0 || at + journal_record_span(record.size) > left)
			return at;
		if (walk != WALK_ALL && is_dictionary(&record) != (walk == WALK_DICTIONARIES))
			return at;
		at += journal_record_span(record.size);
	}
	*ret_more = at > 0;
	return at;
}

/* Advances `committed` over records that are complete. */
static int follower_walk(struct follower *follower, enum walk walk)
{
	g_autofree uint8_t *chunk = g_malloc(WALK_CHUNK);
	struct stat status;
	uint64_t end;
	int more = 1;

	if (fstat(follower->segment_fd, &status) < 0)
		return -errno;
	end = (uint64_t)status.st_size;
	if (follower->from == FOLLOW_FROM_POSITION)
		end = MIN(end, follower->skip);
	while (more > 0 && follower->committed < end) {
		uint64_t left = end - follower->committed;
		ssize_t n = pread(follower->segment_fd, chunk, MIN(WALK_CHUNK, left),
			(off_t)follower->committed);

		if (n < 0)
			return -errno;
		follower->committed += chunk_walk(chunk, (size_t)n, left, walk, &more);
	}
	return MIN(more, 0);
}

/* Switches to segment `number`. -ENOENT: it does not exist; -EAGAIN: its header is not written
 * yet. */
static int follower_open(struct follower *follower, uint64_t number)
{
	char name[SEGMENT_NAME_SIZE];
	struct journal_segment header;
	auto_fd fd = -1;
	ssize_t n;

	segment_name(number, name);
	fd = openat(follower->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	n = pread(fd, &header, sizeof(header), 0);
	if (n < 0)
		return -errno;
	/* It may just have been created. */
	if ((size_t)n < sizeof(header) ||
		memcmp(header.magic, JOURNAL_MAGIC, sizeof(header.magic)) != 0)
		return -EAGAIN;

	fd_close(&follower->segment_fd);
	follower->segment_fd = fd_steal(&fd);
	follower->segment = number;
	follower->sent = 0;
	follower->committed = header.header_size;
	return 0;
}

static void record_missed(struct follower *follower)
{
	follower->loss = (struct journal_loss){
		.reason = LOSS_SLOW_READER,
		.since = clock_ns(CLOCK_MONOTONIC),
		.until = clock_ns(CLOCK_MONOTONIC),
	};
}

/* Switches to the segment of a position, or to the next one that exists. */
static int follower_open_at(struct follower *follower, const struct journal_position *position)
{
	g_autoptr(GArray) segments = NULL;
	int r = segment_list(follower->dir_fd, &segments);

	for (unsigned int i = 0; r >= 0 && i < segments->len; i++) {
		uint64_t number = g_array_index(segments, uint64_t, i);

		if (number < position->segment)
			continue;
		if (number > position->segment) {
			follower->from = FOLLOW_FROM_START;
			record_missed(follower);
		}
		return follower_open(follower, number);
	}
	return r < 0 ? r : -EINVAL;
}

int follower_seek(struct follower *follower, const struct journal_position *position)
{
	uint64_t head;
	int r = follower_open_at(follower, position);

	if (r < 0)
		return r == -EAGAIN || r == -ENOENT ? -EINVAL : r;
	if (follower->from != FOLLOW_FROM_POSITION)
		return 0;
	head = follower->committed;
	follower->skip = position->offset;
	r = follower_walk(follower, WALK_ALL);
	if (follower->committed != position->offset || (r < 0 && r != -EBADMSG))
		return r < 0 && r != -EBADMSG ? r : -EINVAL;
	follower->committed = head;
	return 0;
}

/* Switches to the stream's first segment; -EAGAIN while there is none. */
static int follower_begin(struct follower *follower)
{
	g_autoptr(GArray) segments = NULL;
	int r = segment_list(follower->dir_fd, &segments);

	if (r < 0)
		return r;
	if (!segments->len)
		return -EAGAIN;
	return follower_open(follower,
		g_array_index(segments, uint64_t,
			follower->from == FOLLOW_FROM_START ? 0 : segments->len - 1));
}

/* Switches to the next segment that exists; 1: there is one. Those in between were removed: a loss
 * is recorded. */
static int follower_advance(struct follower *follower)
{
	g_autoptr(GArray) segments = NULL;
	uint64_t last = follower->segment;
	int r;

	r = segment_list(follower->dir_fd, &segments);
	if (r < 0)
		return r;
	for (unsigned int i = 0; i < segments->len; i++) {
		uint64_t number = g_array_index(segments, uint64_t, i);

		if (number <= last)
			continue;
		/* Records may have been committed to this one since it was walked. */
		r = follower_walk(follower, WALK_ALL);
		if (r < 0 || follower->sent < follower->committed)
			return r;
		r = follower_open(follower, number);
		if (r < 0)
			return r == -EAGAIN || r == -ENOENT ? 0 : r;
		if (number != last + 1)
			record_missed(follower);
		return 1;
	}
	return 0;
}

/* Sends the committed bytes. -EAGAIN: the pipe is full. -EPIPE: the reader closed it. */
static int follower_send(struct follower *follower)
{
	while (follower->sent < follower->committed) {
		off_t offset = follower->sent;
		ssize_t n = splice(follower->segment_fd, &offset, follower->pipe_fd, NULL,
			follower->committed - follower->sent, SPLICE_F_NONBLOCK);

		if (n < 0)
			return -errno;
		if (n == 0)
			return -EIO;
		follower->sent += n;
	}
	return 0;
}

/* The position of the stream, and of the end of the journal. */
static int find_position(const struct follower *follower, struct journal_position *ret)
{
	g_autoptr(GArray) segments = NULL;
	struct journal_position position = {
		.segment = follower->segment,
		.offset = follower->sent,
	};
	char name[SEGMENT_NAME_SIZE];
	struct stat status;
	int r = segment_list(follower->dir_fd, &segments);

	if (r < 0)
		return r;
	if (segments->len) {
		position.end_segment = g_array_index(segments, uint64_t, segments->len - 1);
		segment_name(position.end_segment, name);
		if (fstatat(follower->dir_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0)
			position.end_offset = (uint64_t)status.st_size;
	}
	*ret = position;
	return 0;
}

/* Sends the loss record if there is one, and the position behind it. They are small enough for the
 * pipe to take all of it or nothing. */
static int follower_send_position(struct follower *follower)
{
	struct {
		struct journal_record loss_record;
		struct journal_loss loss;
		struct journal_record position_record;
		struct journal_position position;
	} records = { 0 };
	struct journal_position position;
	size_t skip = follower->loss.until ? 0 : offsetof(typeof(records), position_record);
	int r = find_position(follower, &position);

	if (r < 0)
		return r;
	journal_record_write(
		&records.loss_record, JOURNAL_LOSS, 0, 0, &follower->loss, sizeof(follower->loss));
	journal_record_write(
		&records.position_record, JOURNAL_POSITION, 0, 0, &position, sizeof(position));
	if (write(follower->pipe_fd, (const char *)&records + skip, sizeof(records) - skip) < 0)
		return -errno;
	follower->loss.until = 0;
	return 0;
}

/* Of the records that are older than the stream, sends the dictionaries and skips the rest. */
static int follower_send_old(struct follower *follower)
{
	uint64_t before;
	int r = 0;

	do {
		before = follower->committed;
		r = follower_walk(follower, WALK_OTHERS);
		follower->sent = follower->committed;
		if (r == 0)
			r = follower_walk(follower, WALK_DICTIONARIES);
		if (r == 0)
			r = follower_send(follower);
	} while (r == 0 && follower->committed > before);
	if (r == 0)
		r = follower_send_position(follower);
	if (r == 0)
		follower->from = FOLLOW_FROM_START;
	return r;
}

/* Sends the head of a segment that is new to the stream: header and dictionaries, then the loss
 * before it if there is one. In the stream's first segment, skips the records that are older than
 * the stream. */
static int follower_send_head(struct follower *follower)
{
	int r;

	if (!follower->loss.until && follower->from == FOLLOW_FROM_START)
		return 0;
	r = follower_walk(follower, WALK_DICTIONARIES);
	if (r == 0)
		r = follower_send(follower);
	if (r < 0)
		return r;
	/* Behind the header and the dictionaries of the segment that follows the gap. */
	return follower->from == FOLLOW_FROM_START ? follower_send_position(follower)
						   : follower_send_old(follower);
}

bool follower_reader_closed(const struct follower *follower)
{
	struct pollfd pipe = { .fd = follower->pipe_fd };

	return poll(&pipe, 1, 0) > 0 && pipe.revents & POLLERR;
}

int follower_pump(struct follower *follower)
{
	int r;

	if (follower_reader_closed(follower))
		return -EPIPE;
	if (!follower->segment) {
		r = follower_begin(follower);
		if (r < 0)
			return r == -EAGAIN && !follower->ended ? 0 : r;
	}
	for (;;) {
		r = follower_send_head(follower);
		if (r == 0)
			r = follower_walk(follower, WALK_ALL);
		if (r == 0)
			r = follower_send(follower);
		if (r == 0)
			r = follower_advance(follower);
		if (r == -EAGAIN)
			return 0;
		if (r < 0)
			return r;
		if (r == 0 && follower->sent == follower->committed)
			return follower->ended ? 1 : 0;
	}
}
