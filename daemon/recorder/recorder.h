/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data thread: moves records from the rings to the journals and does nothing else. It owns the
 * rings and every journal writer it was given. What it is told to do (data_attach, data_add, ...) is
 * done on its own thread between two drains; the call returns when it is done. One caller at a time:
 * the worker. Counts and flags may be read by any thread at any time.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_RECORDER_H
#define NFTTRACED_DAEMON_RECORDER_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/pipeline/pipeline.h"
#include "daemon/recorder/balance.h"
#include "daemon/recorder/disk.h"
#include "daemon/recorder/name-requests.h"
#include "daemon/recorder/session-recorder.h"
#include "journal/writer/writer.h"

struct data;

/* Starts the thread, and the disk thread that belongs to it. */
int data_new(struct data **ret);

/* Journals are synced when something in them is that old (ns), or DATA_UNSYNCED_MAX bytes are. */
#define DATA_UNSYNCED_MAX (16U << 20)
void data_set_sync(struct data *data, uint64_t interval);

/* The disk thread, which stays the data's. */
struct disk *data_disk(const struct data *data);

enum data_rings {
	DATA_RINGS_NEW, /* what sessions had of rings before is nothing to these */
	DATA_RINGS_ADOPTED, /* another daemon read them before */
};

/*
 * Takes the pipeline's rings, after dropping those it had. The pipeline must live until the next call
 * of data_attach or data_detach: its counters are read, too.
 */
int data_attach(struct data *data, const struct pipeline *pipeline, enum data_rings rings);

/* Drains the rings to their end and lets go of them. */
void data_detach(struct data *data);

/* Takes over the writer of the session that holds `bit`. After its limit of events the rest are held
 * back. The bit's counts begin at 0, or with what was before. */
void data_add(struct data *data, unsigned int bit, struct data_tenant *tenant);

/*
 * Journals what is in the rings now, then gives the writer back; the bit's counts stay as they are.
 * Nothing that was matched before is left behind: call it when no program sets the bit any more.
 */
struct journal_writer *data_remove(struct data *data, unsigned int bit);

/* Journals what is in the rings now. */
void data_settle(struct data *data);

/* The sessions go on under another daemon: the checkpoint is not written any more. */
void data_leave(struct data *data);

/* The bit's generation: another one for each session that gets it. */
uint64_t data_generation(const struct data *data, unsigned int bit);

/* What is new in journals, for the name writer. */
struct name_requests *data_name_requests(struct data *data);

/* Appends a dictionary of names. -ESTALE: the session of that generation does not have the bit any more. */
int data_append_names(struct data *data, unsigned int bit, uint64_t generation,
	enum journal_type type, const char *json);

/* Journals what is in the rings now, then appends a JOURNAL_SETTINGS record. */
int data_append_settings(struct data *data, unsigned int bit, const char *json);

/* Appends a loss record. If the disk does not take it now, it is tried again. */
void data_append_loss(struct data *data, unsigned int bit, const struct journal_loss *loss);

/* Counts of the session that holds the bit, or held it last. */
void data_counts(const struct data *data, unsigned int bit, struct data_counts *ret);

/* How much of a session's journal is on the disk. */
struct data_stored {
	uint64_t synced; /* events that a power failure does not take any more */
	uint64_t unsynced; /* bytes that it may take */
	int error; /* negative errno: why the journal can't be written or synced at the moment; 0: it can */
};
void data_stored(const struct data *data, unsigned int bit, struct data_stored *ret);

/* The session's journal can't be written or synced at the moment. */
bool data_stalled(const struct data *data, unsigned int bit);

/* The session has its limit of events. */
bool data_limit_reached(const struct data *data, unsigned int bit);

/* Records whose sessions were not there any more: none, if stopping works as it should. */
uint64_t data_unclaimed(const struct data *data);

/* An eventfd that becomes readable when data_stalled or data_limit_reached changed for some session. */
int data_attention_fd(const struct data *data);

/* True if the thread waits for something to do, or did something since the last call. */
bool data_alive(struct data *data);

/* Ends the thread, closes the writers that are left, and waits at most `patience` us for the disk thread.
 * False: the disk hangs: what there is must not be freed, and the process ends without. */
bool data_end(struct data *data, uint64_t patience);

/* The same, waiting as long as it takes, and frees it. Accepts NULL; returns NULL. */
struct data *data_free(struct data *data);

#endif
