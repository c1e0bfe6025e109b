/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drop counters: how many packets each rule and each policy has dropped, whether sessions run or
 * not, with names.
 *
 * The kernel side counts in a table that is mapped here (bpf/drop-table.h). Several slots of it may
 * count for one counter; a counter outlives its slots, the pipeline, swaps, and its rule. Nothing
 * is sent per packet: reading scans the table. The kernel side sends a record only for a new slot,
 * whose texts are to be asked for, and when the table is nearly full.
 *
 * At any moment totals.packets is the sum of all counters, of evicted counters, and of `uncounted`:
 * every drop that the kernel side was called for. totals.missed are the calls, for drops or not,
 * that the kernel skipped.
 *
 * Owned by the engine, which calls drops_attach and drops_detach on the worker as pipelines come
 * and go. Any thread may read and mark. The name writer makes room and takes questions for the
 * resolver; without it counters have no texts and nothing is evicted. Two locks: table_lock guards
 * the mapped table for drops_refresh, which waits for programs in between, and is taken before
 * `lock`, which guards everything else.
 *
 * If the table is full, packets are counted as `uncounted`. Before that, counters that were idle
 * for DROPS_IDLE_USEC are evicted. What the next daemon must know (counts of evicted counters, what
 * the summary has reported) is written into the table at once, so that it survives a daemon that is
 * killed; without a service manager, counting restarts at 0.
 *
 * All text is escaped (journal/base/escape.h): UTF-8 that is safe to print.
 */
#ifndef NFTTRACED_DAEMON_DROPS_DROPS_H
#define NFTTRACED_DAEMON_DROPS_DROPS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/pipeline/pipeline.h"
#include "daemon/recorder/name-requests.h"

/* A counter without a drop for this long, us of CLOCK_MONOTONIC, may be evicted. */
#define DROPS_IDLE_USEC (60 * G_USEC_PER_SEC)

/* Bytes of memory that a counter takes at most, about, with its texts and table entries, beside the
 * kernel side's. */
#define DROPS_COUNTER_BYTES 2560

#define DROPS_RULE_MAX 1024 /* bytes of a rule's text; a longer one ends with "..." */

/* In place of a counter's id: the totals, whose mark is about uncounted and missed. */
#define DROPS_TOTALS 0

struct drops;

/* The drops of one rule or policy. netns_cookie, family, the handles and the names together are
 * unique. */
struct drop_counter {
	uint64_t id; /* unique while the daemon runs; never DROPS_TOTALS */
	uint64_t netns_cookie; /* 0: unknown */
	uint32_t netns_inode; /* 0: unknown */
	char *netns; /* name in /run/netns, or its last one; NULL: none, or not known yet */
	bool netns_gone; /* it was deleted: another one may have its name and inode by now */
	uint8_t family; /* NFPROTO_* of the table */
	char *table;
	uint64_t table_handle;
	char *chain;
	uint64_t chain_handle;
	uint64_t handle; /* of the rule; 0: a policy */
	bool policy;
	char *rule; /* its text; NULL: a policy, or not known (yet) */
	uint64_t packets, bytes;
	uint64_t first, last; /* us, CLOCK_REALTIME */
	/* A dropped packet in brief (packet-brief.h), at most 0.1 s older than the last one; NULL:
	 * not known. */
	char *example;
	struct drop_mark reported; /* see drops_mark */
};

/* Since counting started; never decrease. */
struct drop_totals {
	uint64_t packets, bytes; /* all drops that the kernel side was called for */
	uint64_t uncounted; /* of these packets: not counted by rule, the table was full */
	uint64_t missed; /* calls, for drops or not, that the kernel skipped: on top of these */
	bool missed_known; /* false: this kernel does not count them */
	struct drop_mark reported; /* see drops_mark */
};

/*
 * The counters as of now: struct drop_counter in no particular order, freed with the array.
 * Counters of deleted rules stay until room is needed. Takes some ms for thousands. Any thread.
 * -EOPNOTSUPP: DropCounters=no (`drops` is NULL).
 */
int drops_read(struct drops *drops, GPtrArray **ret_counters, struct drop_totals *ret);

/*
 * Saves with the counter `id`, or with DROPS_TOTALS, how much of it is reported, so that the next
 * daemon knows. While the totals' mark has a time, a counter is evicted only when all of it is
 * reported. Any thread; no error if the counter is gone.
 */
void drops_mark(struct drops *drops, uint64_t id, const struct drop_mark *mark);

/* Functions of the engine, on the worker. */

/* For at most `max` counters at a time. Negative errno. */
int drops_new(uint64_t max, struct drops **ret);

/* Uses the pipeline's table until drops_detach, which takes the counts out of it: call that when
 * the pipeline does not count any more. */
int drops_attach(struct drops *drops, struct pipeline *pipeline);
void drops_detach(struct drops *drops);

/* Detaches from the pipeline first. Accepts NULL; returns NULL. */
struct drops *drops_free(struct drops *drops);

/* Functions of the name writer; `drops` may be NULL for the first and the third. */

/* A descriptor that is readable when drops_refresh has something to do; -1: DropCounters=no. */
int drops_fd(const struct drops *drops);

/* Adds new counters and, if the table is nearly full, evicts idle ones, which takes some ms. */
void drops_refresh(struct drops *drops);

/* Takes the next question for the resolver, NAME_REQUEST_RULE or NAME_REQUEST_NETNS; false: there
 * is none. `address` is the counter's id, and `generation` is DROPS_GENERATION. */
#define DROPS_GENERATION UINT64_MAX
bool drops_take_question(struct drops *drops, struct name_request *ret);

/* Takes the answer. `length` 0: the resolver does not know. */
void drops_answer(
	struct drops *drops, const struct name_request *request, const char *text, size_t length);

#endif
