/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the events to show come from: a session of the daemon, by its descriptor; a session that
 * has ended, by its directory; a copied journal, by its path; standard input.
 */
#ifndef NFTTRACED_CLIENT_READ_SOURCE_H
#define NFTTRACED_CLIENT_READ_SOURCE_H

#include "journal/reader/reader.h"

/*
 * Opens the journal that a person named. "-" is standard input; an argument with a slash, or one
 * that exists, is a path; anything else is a session. One sentence in *ret_reason on failure.
 */
int source_open(const char *argument, struct journal_reader **ret, char **ret_reason);

/* The source of an export: the directory of a journal, or a segment's file; *ret_fd is the
 * caller's. */
int source_descriptor(const char *argument, int *ret_fd, char **ret_reason);

#endif
