/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One follow stream: where it is in its journal, and how it gets on. Owned by follow/follow.c, on the control
 * thread.
 */
#ifndef NFTTRACED_DAEMON_FOLLOW_FOLLOWER_H
#define NFTTRACED_DAEMON_FOLLOW_FOLLOWER_H

#include <stdbool.h>

#include "daemon/follow/follow.h"

struct follower {
	uint64_t id; /* of the session */
	uid_t uid; /* whose stream it is */
	int dir_fd;
	int pipe_fd;
	enum follow_from from; /* FOLLOW_FROM_START when what was there before is passed over */
	uint64_t skip; /* FOLLOW_FROM_PLACE: the offset in the first segment */
	uint64_t ended; /* us, CLOCK_MONOTONIC; 0: the session goes on */

	uint64_t segment; /* number; 0: none yet */
	int segment_fd;
	uint64_t sent; /* bytes of the segment that are in the pipe or were passed over */
	uint64_t committed; /* bytes of the segment that are whole records */

	struct journal_loss loss; /* `until` not 0: goes into the pipe before anything else */
};

/* What a stream of FOLLOW_FROM_PLACE begins with, before its first turn. -EINVAL: no record begins there. */
int follower_seek(struct follower *follower, const struct journal_position *place);

/* One turn: 0 to be called again, 1 at the stream's end, negative when it broke. */
int follower_pump(struct follower *follower);

/* The reading end is closed. Writing would tell, too, but a quiet session has nothing to write. */
bool follower_is_deserted(const struct follower *follower);

/* Accepts NULL; returns NULL. */
struct follower *follower_free(struct follower *follower);

#endif
