/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of the drop counters: the counters as the daemon has them. */
#ifndef NFTTRACED_DAEMON_DROPS_DROPS_PRIVATE_H
#define NFTTRACED_DAEMON_DROPS_DROPS_PRIVATE_H

#include <time.h>

#include "daemon/drops/drops.h"
#include "daemon/pipeline/ring.h"

/* The network namespace of one or more counters. */
struct drop_netns {
	uint64_t cookie;
	uint32_t inode;
	unsigned int counters; /* that refer to it */
	bool gone; /* it was deleted; another one may have its name and inode by now */
	bool unasked; /* it may have another name: a question is to be queued */
	char *name; /* escaped, or NULL: it has none, or it is not known yet */
	char *path; /* where the name was found, not escaped */
	struct timespec named; /* change time of the file at `path` */
};

/* A counter. The kernel side may have several slots for it, or none any more. */
struct drop_record {
	uint64_t id;
	struct drop_key key;
	/* Escaped. Key and names together identify the counter; one with slots is renamed with its
	 * chain. */
	char *table, *chain;
	struct drop_netns *netns;
	char *rule; /* escaped, or NULL */
	uint64_t past_packets, past_bytes; /* of slots that are gone, while there is none */
	uint64_t packets, bytes; /* all, as of the last drops_scan */
	uint64_t first, last; /* us, CLOCK_REALTIME */
	uint64_t last_monotonic; /* ns */
	unsigned int slots; /* changed by drop_record_slot_added and drop_record_slot_removed */
	uint32_t share; /* enum drop_share */
	uint32_t home; /* the slot that has `reported`; DROP_NONE: there is no slot */
	struct drop_mark reported;
	bool leaving; /* to make room */
	uint64_t example_time; /* ns, CLOCK_MONOTONIC; 0: there is none */
	struct drop_example example;
};

#define DROP_NONE UINT32_MAX /* in place of a slot's number */

struct drops {
	uint32_t max;
	int fd; /* epoll, of the ring of new slots and of asked_fd */
	int asked_fd; /* eventfd: questions were queued without a new slot */

	/* Guards the table's mapping where it is used without `lock`. Taken before `lock`. */
	GMutex table_lock;
	struct pipeline *pipeline; /* NULL: nothing counts */
	struct pipeline_drops table;
	struct ring *new_slots;

	GMutex lock; /* guards what follows, and `pipeline` */
	struct drop_record **by_slot; /* by slot; NULL: not seen yet */
	GHashTable *records; /* set of struct drop_record by key and names */
	GHashTable *by_id; /* the same by id */
	GHashTable *counting; /* set of those with slots by key and the table's name */
	GHashTable *netns; /* set of struct drop_netns by cookie */
	GQueue questions; /* of struct name_request */
	uint64_t next_id;
	struct drop_past past; /* `packets`, `bytes`: of counters that made room */
	struct drop_mark reported; /* of the totals */
	bool missed_unknown; /* of a pipeline that is gone */
};

/* drop-records.c. All with the lock held. */

void drop_records_init(struct drops *drops);
void drop_records_clear(struct drops *drops);

/* The counter of a slot; makes it if it does not exist. */
struct drop_record *drop_record_get(
	struct drops *drops, const struct drop_slot *slot, const struct drop_words *words);

/* Gives the chain of a counter the name that its slot has. */
void drop_record_rename(
	struct drops *drops, struct drop_record *record, const struct drop_words *words);

/* Checks whether the names of namespaces still lead to them; queues questions for those that do
 * not. */
void drop_netns_check(struct drops *drops);

/* Count the slots of a counter. */
void drop_record_slot_added(struct drops *drops, struct drop_record *record);
void drop_record_slot_removed(struct drops *drops, struct drop_record *record);

/* Removes a counter; its packets are added to those of evicted counters. */
void drop_record_evict(struct drops *drops, struct drop_record *record);

/* drop-table.c. All but the last one with the lock held. */

/* Brings every counter up to date with the table. */
void drops_scan(struct drops *drops);

/* Copies the newest examples. */
void drops_take_examples(struct drops *drops);

/* The table is new or the last daemon's: takes over the data that was saved in it, or saves this
 * daemon's data there. */
void drops_save_begin(struct drops *drops);

/* Takes the counts out of all slots, before the table goes away. */
void drops_fold(struct drops *drops);

/* Evicts counters that were idle for long if the table is nearly full. With only table_lock
 * held. */
void drops_make_room(struct drops *drops);

#endif
