/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that reads the rules of one network namespace (ruleset.h) and what it has written.
 * Owned by the rule store; its process is killed with it, and when it takes too long.
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

/* Begins the process. */
int rule_reader_new(const struct netns *netns, struct rule_reader **ret);

/* Readable when the process has ended. */
int rule_reader_fd(const struct rule_reader *reader);

/* us of g_get_monotonic_time: when it began, and when rule_reader_ended has to be called at the
 * latest. */
int64_t rule_reader_begun(const struct rule_reader *reader);
int64_t rule_reader_deadline(const struct rule_reader *reader);

/* True if it has, or is given up: it takes too long, or uses no CPU time, as one that is
 * stopped. */
bool rule_reader_ended(struct rule_reader *reader);

/* It was given up. */
bool rule_reader_hung(const struct rule_reader *reader);

/* Once, after its end: enum ruleset_status, and what it wrote (g_free it) if that is
 * RULESET_READ. */
int rule_reader_result(struct rule_reader *reader, char **ret_bytes, size_t *ret_size);

/* Accepts NULL; returns NULL. */
struct rule_reader *rule_reader_free(struct rule_reader *reader);

#endif
