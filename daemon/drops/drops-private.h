/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the drop counters share: the counters as the daemon keeps them. */
#ifndef NFTTRACED_DAEMON_DROPS_DROPS_PRIVATE_H
#define NFTTRACED_DAEMON_DROPS_DROPS_PRIVATE_H

#include <time.h>

#include "daemon/drops/drops.h"
#include "daemon/pipeline/ring.h"

/* A network namespace that some counter is of. */
struct drop_netns {
	uint64_t cookie;
	uint32_t inode;
	unsigned int counters;
	bool gone; /* it was deleted; its name and inode may be another one's by now */
	bool unasked; /* it may have another name */
	char *name; /* escaped, or NULL: it has none, or it is not known yet */
	char *path; /* where the name was found, not escaped */
	struct timespec named; /* when what the name leads to was made */
};

/* A counter. There may be several slots of the kernel side's for it, or none any more. */
struct drop_record {
	uint64_t id;
	struct drop_key key;
	char *table; /* escaped; with the key it says which counter it is, and so does */
	char *chain; /* while no slot counts: one that counts is renamed with its chain */
	struct drop_netns *netns;
	char *rule; /* escaped, or NULL */
	uint64_t past_packets, past_bytes; /* of slots that are gone, while there is none */
	uint64_t packets, bytes; /* all, when the table was looked through last */
	uint64_t first, last; /* us, CLOCK_REALTIME */
	uint64_t last_monotonic; /* ns */
	unsigned int slots; /* changed by drop_record_join and drop_record_part */
	uint32_t share; /* enum drop_share */
	uint32_t home; /* the one that keeps `told`; DROP_NONE: there is no slot */
	struct drop_mark told;
	bool leaving; /* it is to make room */
	uint64_t example_time; /* ns, CLOCK_MONOTONIC; 0: there is none */
	struct drop_example example;
};

#define DROP_NONE UINT32_MAX /* in place of a slot's number */

struct drops {
	uint32_t max;
	int fd; /* epoll, of the ring of news and of asked_fd */
	int asked_fd; /* eventfd: there are questions that no news brought */

	/* Held while the table is used without the other lock, and by who takes it away; first. */
	GMutex table_lock;
	struct pipeline *pipeline; /* NULL: nothing counts */
	struct pipeline_drops table;
	struct ring *news;

	GMutex lock; /* of all that follows, and of `pipeline` */
	struct drop_record **by_slot; /* of each slot; NULL: it was not seen yet */
	GHashTable *records; /* set of struct drop_record by key and names */
	GHashTable *by_id; /* the same by id */
	GHashTable *counting; /* set of those with slots, by key and the table's name */
	GHashTable *netns; /* set of struct drop_netns by cookie */
	GQueue questions; /* of struct name_request */
	uint64_t next_id;
	struct drop_past past; /* `packets`, `bytes`: of counters that made room */
	struct drop_mark told; /* of the totals */
	bool missed_unknown; /* of a pipeline that is gone */
};

/* drop-records.c. All with the lock held. */

void drop_records_init(struct drops *drops);
void drop_records_clear(struct drops *drops);

/* The counter that a slot is of, a new one if need be. */
struct drop_record *drop_record_get(
	struct drops *drops, const struct drop_slot *slot, const struct drop_words *words);

/* The chain of a counter has the name that a slot tells. */
void drop_record_rename(
	struct drops *drops, struct drop_record *record, const struct drop_words *words);

/* Looks whether namespaces still are what their names lead to, and asks again for those that are not. */
void drop_netns_check(struct drops *drops);

/* The counter has a slot more, or less. */
void drop_record_join(struct drops *drops, struct drop_record *record);
void drop_record_part(struct drops *drops, struct drop_record *record);

/* Forgets it; its packets are among the evicted ones then. */
void drop_record_evict(struct drops *drops, struct drop_record *record);

/* drop-table.c. With the lock held but for the last one. */

/* Brings every counter up to date. */
void drops_scan(struct drops *drops);

/* Copies the newest examples. */
void drops_take_examples(struct drops *drops);

/* The table is another one, or another daemon's: what is kept in it is taken over, or written there. */
void drops_keep_begin(struct drops *drops);

/* What is in no slot is written down for the next daemon. */
void drops_keep_past(struct drops *drops);

/* What the slots have counted is the counters' own, and the table is forgotten. */
void drops_fold(struct drops *drops);

/* Has counters that were idle for long make room, if there is need of it. With the table lock held. */
void drops_make_room(struct drops *drops);

#endif
