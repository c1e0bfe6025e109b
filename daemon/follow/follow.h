/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follow streams: readers get the bytes of a session's journal through pipes, as they are written;
 * the kernel copies them from the journal's files. struct follow owns all streams and the writing
 * ends of their pipes, and belongs to the control thread, whose timer advances each stream every 50
 * ms (follower.h).
 *
 * While a pipe is full its stream waits, and nothing is buffered: the unsent events are in the
 * journal. If retention removes segments before they were sent, a loss record replaces them. A
 * stream ends when its session has ended and all was sent, when the reader closes the pipe, when
 * the reader is still not done a minute after the session's end, or when its journal can't be read.
 */
#ifndef NFTTRACED_DAEMON_FOLLOW_FOLLOW_H
#define NFTTRACED_DAEMON_FOLLOW_FOLLOW_H

#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "journal/format/format.h"

struct follow;

enum follow_from {
	FOLLOW_FROM_NOW,
	FOLLOW_FROM_START,
	FOLLOW_FROM_POSITION, /* at the position where another stream ended */
};

/* Streams that a user other than root may have at a time: fewer than a session may have, so that
 * one user can't take them all. */
#define FOLLOWERS_PER_USER 8

/* The least size of a pipe, in bytes, however many there are. */
#define FOLLOW_PIPE_LEAST (16U << 10)

/* `followers_max`: streams that a session may have; `pipes_max`: bytes that all pipes share, beyond
 * FOLLOW_PIPE_LEAST for each. NULL: there is no timer. */
struct follow *follow_new(sd_event *event, unsigned int followers_max, uint64_t pipes_max);

/* Sets other limits for new streams; existing ones are not changed. */
void follow_set_max(struct follow *follow, unsigned int followers_max, uint64_t pipes_max);

/*
 * Begins a stream for `uid` of session `id`, whose journal is in `dir_fd` (duplicated). *ret_fd,
 * the reading end of a pipe, is the caller's. `position`: where to begin, for FOLLOW_FROM_POSITION, or
 * NULL. -EMFILE: the session has `followers_max` streams. -EUSERS: the user has FOLLOWERS_PER_USER.
 * -EINVAL: no record begins at that position. Or another negative errno.
 */
int follow_start(struct follow *follow, uid_t uid, uint64_t id, int dir_fd, enum follow_from from,
	const struct journal_position *position, int *ret_fd);

/* The session has ended and its journal is complete: its streams end when they have sent the
 * rest. */
void follow_end(struct follow *follow, uint64_t id);

/* Sends as much as the pipes take without waiting, and closes them. Accepts NULL; returns NULL. */
struct follow *follow_free(struct follow *follow);

#endif
