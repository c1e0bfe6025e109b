/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that reads the rules of one network namespace (ruleset.h), and its output. Owned by the
 * rule store, on the resolver's thread. The process is killed when the reader is freed, and when it
 * takes too long.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_RULE_READER_H
#define NFTTRACED_DAEMON_RESOLVER_RULE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/netns.h"

/* Readings at a time: one of the host's own namespace, two of root's others, one of a user's. */
#define RULE_READERS_MAX 4

struct rule_reader;

/* Starts the process. Negative errno. */
int rule_reader_new(const struct netns *netns, struct rule_reader **ret);

/* Readable when the process has ended. */
int rule_reader_fd(const struct rule_reader *reader);

/* us of g_get_monotonic_time: when it was started, and when rule_reader_ended has to be called at
 * the latest. */
int64_t rule_reader_started(const struct rule_reader *reader);
int64_t rule_reader_deadline(const struct rule_reader *reader);

/* True if the process has ended, or hangs: it takes too long, or uses no CPU time, like a stopped
 * one. */
bool rule_reader_ended(struct rule_reader *reader);

/* True if rule_reader_ended found that it hangs. */
bool rule_reader_hung(const struct rule_reader *reader);

/* To be called once, after its end: returns enum ruleset_status, and the output (g_free it) if that
 * is RULESET_READ. */
int rule_reader_result(struct rule_reader *reader, char **ret_bytes, size_t *ret_size);

/* Accepts NULL; returns NULL. */
struct rule_reader *rule_reader_free(struct rule_reader *reader);

#endif
