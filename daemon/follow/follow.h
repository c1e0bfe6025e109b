/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follow streams: the bytes of a session's journal, sent down pipes as they are written, with a copy
 * by the kernel from the journal's own files. A pipe that is full is waited for: what waits is the
 * journal itself, and if retention removes segments that were not sent yet, a loss record takes their
 * place. Owned by the control thread.
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
	FOLLOW_FROM_PLACE, /* where another stream ended */
};

/* Streams at a time of one user who is not root: fewer than a session may have, so that one user can't
 * take them all. */
#define FOLLOWERS_PER_USER 8

/* Bytes of a pipe, however many there are. */
#define FOLLOW_PIPE_LEAST (16U << 10)

/* `followers_max` is how many a session may have, `pipes_max` the bytes that all pipes share beyond the least of
 * each. */
struct follow *follow_new(sd_event *event, unsigned int followers_max, uint64_t pipes_max);

/* Other numbers from now on; streams that there are stay as they are. */
void follow_set_max(struct follow *follow, unsigned int followers_max, uint64_t pipes_max);

/*
 * Begins a stream for `uid` of session `id`, whose journal is in `dir_fd` (duplicated). *ret_fd, the
 * reading end of a pipe, belongs to the caller. -EMFILE: the session has its number of streams.
 * -EUSERS: the user has. `place` (or NULL) is that of FOLLOW_FROM_PLACE; -EINVAL: no record begins
 * there.
 */
int follow_start(struct follow *follow, uid_t uid, uint64_t id, int dir_fd, enum follow_from from,
	const struct journal_position *place, int *ret_fd);

/* The session's journal is complete: its streams end when they have sent it. */
void follow_end(struct follow *follow, uint64_t id);

/* Sends what pipes take at once, and closes them. Accepts NULL; returns NULL. */
struct follow *follow_free(struct follow *follow);

#endif
