/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follow streams. A follower walks the record headers of a segment to learn how much of it is
 * committed, and has the kernel move that much from the file into the pipe: no byte of an event passes
 * through here. A segment that retention unlinked stays readable as long as it is open.
 */
#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../journal/cleanup.h"
#include "../journal/clock.h"
#include "../journal/directory.h"
#include "../journal/record.h"
#include "follow-json.h"

#define PUMP_USEC       (50 * 1000)
#define PIPE_SIZE       (1 << 20) /* bytes asked for; the kernel may give less */
#define WALK_CHUNK      (64 << 10) /* bytes of a segment read at once to find its records */
#define JSON_DRAIN_USEC G_USEC_PER_SEC /* how long the last lines of JSON may take at the end */
#define LINGER_USEC     (60 * G_USEC_PER_SEC) /* how long a reader may take after the session's end */

struct follower {
	uint64_t id; /* of the session */
	uid_t uid; /* whose stream it is */
	int dir_fd;
	int pipe_fd;
	enum follow_from from; /* FOLLOW_FROM_NOW until what was there before is passed over */
	uint64_t ended; /* us, CLOCK_MONOTONIC; 0: the session goes on */

	uint64_t segment; /* number; 0: none yet */
	int segment_fd;
	uint64_t sent; /* bytes of the segment that are in the pipe or were passed over */
	uint64_t committed; /* bytes of the segment that are whole records */

	struct journal_loss loss; /* `until` not 0: goes into the pipe before anything else */
};

struct follow {
	sd_event_source *timer;
	unsigned int followers_max;
	GPtrArray *followers; /* of struct follower */
};

static void follower_free(struct follower *follower)
{
	fd_close(&follower->segment_fd);
	fd_close(&follower->pipe_fd);
	fd_close(&follower->dir_fd);
	g_free(follower);
}

enum walk {
	WALK_ALL,
	WALK_DICTIONARIES, /* stop at the first record that is no dictionary */
	WALK_OTHERS, /* stop at the first dictionary */
};

/* What later events may need, wherever in a segment it is. */
static bool is_dictionary(const struct journal_record *record)
{
	switch ((enum journal_type)(record->type_ring & 0xff)) {
	case JOURNAL_START:
	case JOURNAL_SETTINGS:
	case JOURNAL_RULES:
	case JOURNAL_SYMBOLS:
	case JOURNAL_REASONS:
	case JOURNAL_NETNS:
		return true;
	case JOURNAL_EVENT:
	case JOURNAL_LOSS:
	case JOURNAL_END:
	case JOURNAL_SUPPRESSED:
		return false;
	}
	return false;
}

/*
 * Bytes of a chunk that are records which `walk` wants; *ret_more: 1 if more of them may follow it,
 * 0 if not, negative if it is damaged. The file has `left` bytes from the chunk's first on.
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
		/* The rest of it is being written. */
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
	int more = 1;

	if (fstat(follower->segment_fd, &status) < 0)
		return -errno;
	while (more > 0 && follower->committed < (uint64_t)status.st_size) {
		uint64_t left = (uint64_t)status.st_size - follower->committed;
		ssize_t n = pread(follower->segment_fd, chunk, MIN(WALK_CHUNK, left),
			(off_t)follower->committed);

		if (n < 0)
			return -errno;
		follower->committed += chunk_walk(chunk, (size_t)n, left, walk, &more);
	}
	return MIN(more, 0);
}

/* Goes to segment `number`. -ENOENT if it isn't there. */
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
	/* It may have been made and not begun yet. */
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

/* The first segment of the stream; -EAGAIN while there is none. */
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

/* The next segment there is: 1 if there was one. Those in between were removed, and are missed. */
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
		/* What was committed to this one between the walk and now is not to be left behind. */
		r = follower_walk(follower, WALK_ALL);
		if (r < 0 || follower->sent < follower->committed)
			return r;
		r = follower_open(follower, number);
		if (r < 0)
			return r == -EAGAIN || r == -ENOENT ? 0 : r;
		if (number != last + 1)
			follower->loss = (struct journal_loss){
				.reason = LOSS_SLOW_READER,
				.since = clock_ns(CLOCK_MONOTONIC),
				.until = clock_ns(CLOCK_MONOTONIC),
			};
		return 1;
	}
	return 0;
}

/* Sends what is committed. -EAGAIN: the pipe is full. -EPIPE: nobody reads. */
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

/* The gap, as a record between two segments: small enough to go into the pipe whole or not at all. */
static int follower_send_loss(struct follower *follower)
{
	_Alignas(JOURNAL_ALIGN)
		uint8_t record[sizeof(struct journal_record) + sizeof(struct journal_loss)] = { 0 };

	if (!follower->loss.until)
		return 0;
	/* Behind the header and the dictionaries of the segment that follows the gap. */
	journal_record_write(record, JOURNAL_LOSS, 0, 0, &follower->loss, sizeof(follower->loss));
	if (write(follower->pipe_fd, record, sizeof(record)) < 0)
		return -errno;
	follower->loss.until = 0;
	return 0;
}

/* Of what is older than the stream: the dictionaries, wherever they are. */
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
		follower->from = FOLLOW_FROM_START;
	return r;
}

/* The head of a segment that is new to the stream: header and dictionaries, then the gap before it if
 * there was one, then, in the stream's first segment, nothing of what is older than the stream. */
static int follower_send_head(struct follower *follower)
{
	int r;

	if (!follower->loss.until && follower->from == FOLLOW_FROM_START)
		return 0;
	r = follower_walk(follower, WALK_DICTIONARIES);
	if (r == 0)
		r = follower_send(follower);
	if (r == 0)
		r = follower_send_loss(follower);
	if (r < 0)
		return r;
	return follower->from == FOLLOW_FROM_NOW ? follower_send_old(follower) : 0;
}

/* The reading end is closed. Writing would tell, too, but a quiet session has nothing to write. */
static bool follower_is_deserted(const struct follower *follower)
{
	struct pollfd pipe = { .fd = follower->pipe_fd };

	return poll(&pipe, 1, 0) > 0 && pipe.revents & POLLERR;
}

/* One turn: 0 to be called again, 1 at the stream's end, negative when it broke. */
static int follower_pump(struct follower *follower)
{
	int r;

	if (follower_is_deserted(follower))
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

static bool follower_is_late(const struct follower *follower)
{
	return follower->ended && (uint64_t)g_get_monotonic_time() - follower->ended > LINGER_USEC;
}

static void follow_pump(struct follow *follow)
{
	for (unsigned int i = follow->followers->len; i-- > 0;) {
		struct follower *follower = follow->followers->pdata[i];

		if (follower_pump(follower) != 0 || follower_is_late(follower))
			g_ptr_array_remove_index_fast(follow->followers, i);
	}
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct follow *follow = userdata;

	follow_pump(follow);
	if (follow->followers->len) {
		sd_event_source_set_time_relative(source, PUMP_USEC);
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	return 0;
}

struct follow *follow_new(sd_event *event, unsigned int followers_max)
{
	struct follow *follow = g_new0(struct follow, 1);

	follow->followers_max = followers_max;
	follow->followers = g_ptr_array_new_with_free_func((GDestroyNotify)follower_free);
	if (sd_event_add_time_relative(
		    event, &follow->timer, CLOCK_MONOTONIC, 0, 0, on_timer, follow) < 0)
		return follow_free(follow);
	return follow;
}

void follow_set_max(struct follow *follow, unsigned int followers_max)
{
	follow->followers_max = followers_max;
}

/* Streams that somebody may still read: those of a session, and those of a user. */
static void follow_count(const struct follow *follow, uint64_t id, uid_t uid,
	unsigned int *ret_of_session, unsigned int *ret_of_user)
{
	*ret_of_session = 0;
	*ret_of_user = 0;
	for (unsigned int i = 0; i < follow->followers->len; i++) {
		const struct follower *follower = follow->followers->pdata[i];

		if (follower_is_deserted(follower))
			continue;
		*ret_of_session += follower->id == id;
		*ret_of_user += follower->uid == uid;
	}
}

int follow_start(struct follow *follow, uid_t uid, uint64_t id, int dir_fd, enum follow_from from,
	int *ret_fd)
{
	struct follower *follower;
	unsigned int of_session, of_user;
	auto_fd read_fd = -1, write_fd = -1, directory = -1;
	int fds[2];

	follow_count(follow, id, uid, &of_session, &of_user);
	if (uid != 0 && of_user >= FOLLOWERS_PER_USER)
		return -EUSERS;
	if (of_session >= follow->followers_max)
		return -EMFILE;
	directory = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	if (directory < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	read_fd = fds[0];
	write_fd = fds[1];
	if (fcntl(write_fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	/* A smaller pipe works as well. */
	(void)fcntl(write_fd, F_SETPIPE_SZ, PIPE_SIZE);

	follower = g_new0(struct follower, 1);
	*follower = (struct follower){
		.id = id,
		.uid = uid,
		.dir_fd = fd_steal(&directory),
		.pipe_fd = fd_steal(&write_fd),
		.segment_fd = -1,
		.from = from,
	};
	g_ptr_array_add(follow->followers, follower);
	follower_pump(follower);
	sd_event_source_set_time_relative(follow->timer, PUMP_USEC);
	sd_event_source_set_enabled(follow->timer, SD_EVENT_ONESHOT);
	*ret_fd = fd_steal(&read_fd);
	return 0;
}

void follow_end(struct follow *follow, uint64_t id)
{
	for (unsigned int i = 0; i < follow->followers->len; i++) {
		struct follower *follower = follow->followers->pdata[i];

		if (follower->id == id)
			follower->ended = g_get_monotonic_time();
	}
	follow_pump(follow);
}

struct follow *follow_free(struct follow *follow)
{
	if (!follow)
		return NULL;
	sd_event_source_disable_unref(follow->timer);
	follow_pump(follow);
	g_ptr_array_unref(follow->followers);
	follow_json_drain(JSON_DRAIN_USEC);
	g_free(follow);
	return NULL;
}
