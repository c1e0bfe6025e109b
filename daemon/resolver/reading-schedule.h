/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the rules of each network namespace are read next. Owned by the rule store; one thread. A
 * namespace is not read again before a pause that depends on how long the last reading took. Of
 * those that are due, the first one read is that whose owner has had no turn for the longest time;
 * namespaces of the host, of root and of users have readers of their own, so that long rulesets of
 * one do not delay the others.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_READING_SCHEDULE_H
#define NFTTRACED_DAEMON_RESOLVER_READING_SCHEDULE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/resolver/rule-reader.h"

#define READING_NEVER INT64_MAX

/* A namespace whose rules are read. */
struct read_netns {
	uint64_t id; /* `netns` of rule_key */
	uint64_t owner; /* as in netns-owner.h */
	uint64_t reading; /* number of the last that succeeded; 0: none yet */
	uint64_t notified; /* ns: the first notification that no reading has followed; 0: none */
	uint64_t changed; /* ns: changes that the current reading finds were made since then */
	bool tried; /* it was read, or an attempt was made */
	bool retried; /* its path led elsewhere, or its reader hung: this is the second attempt */
	int64_t due; /* us; READING_NEVER: there is nothing to do */
	int64_t pause_end; /* us: not read again before */
	struct rule_reader *reader; /* NULL: it is not being read */
};

struct reading_schedule;

struct reading_schedule *reading_schedule_new(void);

/* A namespace that is not due yet. */
struct read_netns *reading_schedule_add(
	struct reading_schedule *schedule, uint64_t id, uint64_t owner);

/* NULL: there is none. */
struct read_netns *reading_schedule_find(const struct reading_schedule *schedule, uint64_t id);

/* Removes the namespaces whose ids are not in the set `ids` (of uint64_t *) and that are not being
 * read. Returns the removed ids as uint64_t; the caller unrefs it. */
GArray *reading_schedule_retain(struct reading_schedule *schedule, GHashTable *ids);

/* Has it read at that time, us, at the latest, or when its pause ends. */
void read_netns_schedule(struct read_netns *netns, int64_t when);

/* Reports that there are new rules in the namespace with that id, NULL: perhaps in all. They are
 * read at that time, us. */
void reading_schedule_notify(struct reading_schedule *schedule, const uint64_t *id, int64_t when);

/* True if each namespace was read, or an attempt was made. */
bool reading_schedule_complete(const struct reading_schedule *schedule);

/* The namespace that reader number `index` has to read now; NULL: none. Then *next, us, is lowered
 * to the time when there will be one. */
struct read_netns *reading_schedule_next(
	struct reading_schedule *schedule, unsigned int index, int64_t *next);

/* Records that its reading begins or is attempted: it is no longer due, and its owner has had a
 * turn. */
void reading_schedule_begin(struct reading_schedule *schedule, struct read_netns *netns);

/* Ends the readers. Accepts NULL; returns NULL. */
struct reading_schedule *reading_schedule_free(struct reading_schedule *schedule);

#endif
