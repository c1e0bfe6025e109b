/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drop counters: how many packets each rule and each policy dropped, exactly, as the kernel side counts
 * them (bpf/drop-table.h) whether there are sessions or not, with the words for the numbers. Owned by the
 * engine; counters outlive the pipeline, swaps, and rules that are gone.
 *
 * What is true at any moment: the packets of all counters, and of those that had to make room, and
 * `uncounted` are totals.packets; totals.packets and totals.missed are what happened.
 *
 * All text is escaped already (journal/base/escape.h), so it is UTF-8 and safe to print as it is.
 */
#ifndef NFTTRACED_DAEMON_DROPS_DROPS_H
#define NFTTRACED_DAEMON_DROPS_DROPS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/pipeline/pipeline.h"
#include "daemon/recorder/name-requests.h"

/* Without a drop for so long, us of CLOCK_MONOTONIC, a counter may have to make room. */
#define DROPS_IDLE_USEC (60 * G_USEC_PER_SEC)

/* Bytes of memory that a counter takes at most, about, beside the kernel side's: its words, and its places in
 * tables. */
#define DROPS_COUNTER_BYTES 2560

#define DROPS_RULE_MAX 1024 /* bytes of a rule's text that are kept; "..." stands for the rest */

/* In place of a counter's id: the totals, of which uncounted and missed are told. */
#define DROPS_TOTALS 0

struct drops;

/* Who dropped: unique are netns_cookie, table_handle, chain_handle and handle, with the names. */
struct drop_counter {
	uint64_t id; /* while the daemon runs */
	uint64_t netns_cookie; /* 0: unknown */
	uint32_t netns_inode; /* 0: unknown */
	char *netns; /* name in /run/netns, or the last that it had; NULL: none, or not known yet */
	bool netns_gone; /* it was deleted: name and inode may be another one's by now */
	uint8_t family; /* NFPROTO_* of the table */
	char *table;
	uint64_t table_handle;
	char *chain;
	uint64_t chain_handle;
	uint64_t handle; /* of the rule; 0: a policy */
	bool policy;
	char *rule; /* its text; NULL: a policy, or it is not known (yet) */
	uint64_t packets, bytes;
	uint64_t first, last; /* us, CLOCK_REALTIME */
	/* A packet that was dropped, in brief (packet-brief.h), at most 0.1 s older than the last one;
	 * NULL: unknown. */
	char *example;
	struct drop_mark told; /* see drops_mark */
};

/* Since the daemon began to count. Never less than they were. */
struct drop_totals {
	uint64_t packets, bytes; /* all that the kernel side saw being dropped */
	uint64_t
		uncounted; /* of these packets: not counted by rule, there was no room for one more */
	uint64_t
		missed; /* calls, of drops or others, that the kernel did not show: on top of these */
	bool missed_known; /* the kernel tells */
	struct drop_mark told; /* see drops_mark */
};

/*
 * The counters as of now, struct drop_counter in no particular order, freed with the array; any thread.
 * Counters of rules that are gone stay until there is need of room. Takes some ms for thousands.
 * -EOPNOTSUPP: DropCounters=no (`drops` is NULL then).
 */
int drops_read(struct drops *drops, GPtrArray **ret_counters, struct drop_totals *ret);

/*
 * What has been told of the counter `id`, or of DROPS_TOTALS, is kept with its count: the next daemon finds
 * it when this one is killed. While the totals' mark has a time, a counter makes room only when all of it
 * is told. Any thread; a counter that is gone is no error.
 */
void drops_mark(struct drops *drops, uint64_t id, const struct drop_mark *mark);

/* Accepts NULL. */
void drop_counter_free(void *counter);

/* The engine's. */

/* At most `max` counters at a time. */
int drops_new(uint64_t max, struct drops **ret);

/* Drops are counted in the pipeline's table from now on; it lives until drops_detach, which takes over
 * what it has counted: call that when it does not count any more. */
int drops_attach(struct drops *drops, struct pipeline *pipeline);
void drops_detach(struct drops *drops);

/* Detaches it first. Accepts NULL; returns NULL. */
struct drops *drops_free(struct drops *drops);

/* The name writer's: `drops` may be NULL. */

/* A descriptor that is readable when drops_look has something to do; -1: there is none. */
int drops_fd(const struct drops *drops);

/* Takes in new counters and, if there is need of it, has old ones make room, which takes some ms. */
void drops_look(struct drops *drops);

/* The next question for the resolver, NAME_REQUEST_RULE or NAME_REQUEST_NETNS; false: there is none. Whose it is is in
 * request.address, and request.generation is DROPS_GENERATION. */
#define DROPS_GENERATION UINT64_MAX
bool drops_ask(struct drops *drops, struct name_request *ret);

/* The answer: `length` 0: there is none. */
void drops_answer(
	struct drops *drops, const struct name_request *request, const char *text, size_t length);

#endif
