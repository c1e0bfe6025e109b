/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One follow stream and its position in the journal. Owned by follow.c, on the control thread. */
#ifndef NFTTRACED_DAEMON_FOLLOW_FOLLOWER_H
#define NFTTRACED_DAEMON_FOLLOW_FOLLOWER_H

#include <stdbool.h>

#include "daemon/follow/follow.h"

struct follower {
	uint64_t id; /* of the session */
	uid_t uid; /* of the reader */
	int dir_fd;
	int pipe_fd;
	enum follow_from from; /* FOLLOW_FROM_START once older events were skipped */
	uint64_t skip; /* FOLLOW_FROM_POSITION: the offset in the first segment */
	uint64_t ended; /* us, CLOCK_MONOTONIC; 0: the session runs */

	uint64_t segment; /* number; 0: none yet */
	int segment_fd;
	uint64_t sent; /* bytes of the segment that were written to the pipe or skipped */
	uint64_t committed; /* bytes of the segment that are complete records */

	struct journal_loss
		loss; /* if `until` is not 0: to be written to the pipe before anything else */
};

/* Sets the position where a stream of FOLLOW_FROM_POSITION begins, before its first turn. -EINVAL: no
 * record begins there. */
int follower_seek(struct follower *follower, const struct journal_position *position);

/* Sends as much as the pipe takes. 0: to be called again; 1: the stream is complete; negative
 * errno: it failed. */
int follower_pump(struct follower *follower);

/* True if the reading end is closed. Known without writing, which a session without events does not
 * do. */
bool follower_reader_closed(const struct follower *follower);

/* Accepts NULL; returns NULL. */
struct follower *follower_free(struct follower *follower);

#endif
