/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line on standard error that tells how far a long reading has come: shown on a terminal once it
 * takes longer than a moment, erased before anything else is told. Owned by the command that reads.
 */
#ifndef NFTTRACED_CLIENT_TERMINAL_PROGRESS_H
#define NFTTRACED_CLIENT_TERMINAL_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* How long a reading may take before it is told, and how often it is told then. */
#define PROGRESS_FIRST_USEC  700000
#define PROGRESS_UPDATE_USEC 200000

struct progress {
	int fd; /* -1: nobody is told */
	int64_t begun, told; /* us, monotonic; told 0: not yet */
	bool shown;
};

/* Tells on `fd`, or nobody if that is -1. */
void progress_begin(struct progress *progress, int fd);

/* The descriptor for progress_begin: standard error if it is a terminal. */
int progress_terminal(void);

/* Tells how many bytes of how many were read, if it is time to; `total` may be the same for what
 * has no known length. */
void progress_update(struct progress *progress, uint64_t read, uint64_t total);

/* Erases the line, and tells no more. */
void progress_end(struct progress *progress);

#endif
