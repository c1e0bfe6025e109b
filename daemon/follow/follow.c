/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The follow streams of all sessions, and the timer that advances them; see follow.h. */
#include "daemon/follow/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <unistd.h>

#include "daemon/follow/follow-json.h"
#include "daemon/follow/follower.h"
#include "journal/base/cleanup.h"

#define PUMP_USEC       (50 * 1000) /* between two turns of all streams */
#define PIPE_SIZE       (1 << 20) /* bytes asked for; the kernel may give less */
#define PIPE_SHARE      4 /* a new pipe gets at most this part of the bytes left for all */
#define JSON_DRAIN_USEC G_USEC_PER_SEC /* for the last lines of JSON, when the daemon ends */
#define LINGER_USEC     (60 * G_USEC_PER_SEC) /* for readers, after their session's end */

struct follow {
	sd_event_source *timer;
	unsigned int followers_max;
	uint64_t pipes_max; /* bytes of all pipes, beyond FOLLOW_PIPE_LEAST for each */
	GPtrArray *followers; /* of struct follower */
};

static bool follower_is_overdue(const struct follower *follower)
{
	return follower->ended && (uint64_t)g_get_monotonic_time() - follower->ended > LINGER_USEC;
}

static void pump_all(struct follow *follow)
{
	for (unsigned int i = follow->followers->len; i-- > 0;) {
		struct follower *follower = follow->followers->pdata[i];

		if (follower_pump(follower) != 0 || follower_is_overdue(follower))
			g_ptr_array_remove_index_fast(follow->followers, i);
	}
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata)
{
	struct follow *follow = userdata;

	pump_all(follow);
	if (follow->followers->len) {
		sd_event_source_set_time_relative(source, PUMP_USEC);
		sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	}
	return 0;
}

static void destroy_follower(void *follower)
{
	follower_free(follower);
}

void follow_set_max(struct follow *follow, unsigned int followers_max, uint64_t pipes_max)
{
	follow->followers_max = followers_max;
	follow->pipes_max = pipes_max;
}

struct follow *follow_new(sd_event *event, unsigned int followers_max, uint64_t pipes_max)
{
	struct follow *follow = g_new0(struct follow, 1);

	follow_set_max(follow, followers_max, pipes_max);
	follow->followers = g_ptr_array_new_with_free_func(destroy_follower);
	if (sd_event_add_time_relative(
		    event, &follow->timer, CLOCK_MONOTONIC, 0, 0, on_timer, follow) < 0)
		return follow_free(follow);
	return follow;
}

/* Bytes of a new pipe, from the bytes that the others leave. */
static int new_pipe_size(const struct follow *follow)
{
	uint64_t taken = 0, left;

	for (unsigned int i = 0; i < follow->followers->len; i++) {
		const struct follower *follower = follow->followers->pdata[i];
		int size = fcntl(follower->pipe_fd, F_GETPIPE_SZ);

		taken += size > 0 ? (uint64_t)size : 0;
	}
	left = follow->pipes_max - MIN(taken, follow->pipes_max);
	return (int)CLAMP(left / PIPE_SHARE, FOLLOW_PIPE_LEAST, PIPE_SIZE);
}

/* Counts the streams of a session and those of a user, without those that their readers have
 * closed. */
static void count_streams(const struct follow *follow, uint64_t id, uid_t uid,
	unsigned int *ret_of_session, unsigned int *ret_of_user)
{
	*ret_of_session = 0;
	*ret_of_user = 0;
	for (unsigned int i = 0; i < follow->followers->len; i++) {
		const struct follower *follower = follow->followers->pdata[i];

		if (follower_reader_closed(follower))
			continue;
		*ret_of_session += follower->id == id;
		*ret_of_user += follower->uid == uid;
	}
}

static int check_limits(const struct follow *follow, uid_t uid, uint64_t id)
{
	unsigned int of_session, of_user;

	count_streams(follow, id, uid, &of_session, &of_user);
	if (uid != 0 && of_user >= FOLLOWERS_PER_USER)
		return -EUSERS;
	return of_session >= follow->followers_max ? -EMFILE : 0;
}

int follow_start(struct follow *follow, uid_t uid, uint64_t id, int dir_fd, enum follow_from from,
	const struct journal_position *position, int *ret_fd)
{
	struct follower *follower;
	auto_fd read_fd = -1, write_fd = -1, directory = -1;
	int fds[2];
	int r = check_limits(follow, uid, id);

	if (r < 0)
		return r;
	directory = fcntl(dir_fd, F_DUPFD_CLOEXEC, 0);
	if (directory < 0 || pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	read_fd = fds[0];
	write_fd = fds[1];
	if (fcntl(write_fd, F_SETFL, O_NONBLOCK) < 0)
		return -errno;
	/* Failure does no harm: a smaller pipe works, too. */
	(void)fcntl(write_fd, F_SETPIPE_SZ, new_pipe_size(follow));

	follower = g_new0(struct follower, 1);
	*follower = (struct follower){
		.id = id,
		.uid = uid,
		.dir_fd = fd_steal(&directory),
		.pipe_fd = fd_steal(&write_fd),
		.segment_fd = -1,
		.from = from,
	};
	r = from == FOLLOW_FROM_POSITION ? follower_seek(follower, position) : 0;
	if (r < 0) {
		follower_free(follower);
		return r;
	}
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
	pump_all(follow);
}

struct follow *follow_free(struct follow *follow)
{
	if (!follow)
		return NULL;
	sd_event_source_disable_unref(follow->timer);
	pump_all(follow);
	g_ptr_array_unref(follow->followers);
	follow_json_drain(JSON_DRAIN_USEC);
	g_free(follow);
	return NULL;
}
