/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder thread: moves records from the rings to the journals and does nothing else. It owns the
 * rings and every journal writer it was given. What it is told to do (recorder_attach, recorder_add, ...) is
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

struct recorder;

/* Starts the thread, and the disk thread that belongs to it. */
int recorder_new(struct recorder **ret);

/* Journals are synced when something in them is that old (ns), or RECORDER_UNSYNCED_MAX bytes are. */
#define RECORDER_UNSYNCED_MAX (16U << 20)
void recorder_set_sync(struct recorder *recorder, uint64_t interval);

/* The disk thread, which stays the recorder's. */
struct disk *recorder_disk(const struct recorder *recorder);

enum recorder_rings {
	RECORDER_RINGS_NEW, /* what sessions had of rings before is nothing to these */
	RECORDER_RINGS_ADOPTED, /* another daemon read them before */
};

/*
 * Takes the pipeline's rings, after dropping those it had. The pipeline must live until the next call
 * of recorder_attach or recorder_detach: its counters are read, too.
 */
int recorder_attach(
	struct recorder *recorder, const struct pipeline *pipeline, enum recorder_rings rings);

/* Drains the rings to their end and lets go of them. */
void recorder_detach(struct recorder *recorder);

/* Takes over the writer of the session that holds `bit`. After its limit of events the rest are held
 * back. The bit's counts begin at 0, or with what was before. */
void recorder_add(struct recorder *recorder, unsigned int bit, struct recorder_session *tenant);

/*
 * Journals what is in the rings now, then gives the writer back; the bit's counts stay as they are.
 * Nothing that was matched before is left behind: call it when no program sets the bit any more.
 */
struct journal_writer *recorder_remove(struct recorder *recorder, unsigned int bit);

/* Journals what is in the rings now. */
void recorder_settle(struct recorder *recorder);

/* The sessions go on under another daemon: the checkpoint is not written any more. */
void recorder_leave(struct recorder *recorder);

/* The bit's generation: another one for each session that gets it. */
uint64_t recorder_generation(const struct recorder *recorder, unsigned int bit);

/* What is new in journals, for the name writer. */
struct name_requests *recorder_name_requests(struct recorder *recorder);

/* Appends a dictionary of names. -ESTALE: the session of that generation does not have the bit any more. */
int recorder_append_names(struct recorder *recorder, unsigned int bit, uint64_t generation,
	enum journal_type type, const char *json);

/* Journals what is in the rings now, then appends a JOURNAL_SETTINGS record. */
int recorder_append_settings(struct recorder *recorder, unsigned int bit, const char *json);

/* Appends a loss record. If the disk does not take it now, it is tried again. */
void recorder_append_loss(
	struct recorder *recorder, unsigned int bit, const struct journal_loss *loss);

/* Counts of the session that holds the bit, or held it last. */
void recorder_counts(
	const struct recorder *recorder, unsigned int bit, struct recorder_counts *ret);

/* How much of a session's journal is on the disk. */
struct recorder_stored {
	uint64_t synced; /* events that a power failure does not take any more */
	uint64_t unsynced; /* bytes that it may take */
	int error; /* negative errno: why the journal can't be written or synced at the moment; 0: it can */
};
void recorder_stored(
	const struct recorder *recorder, unsigned int bit, struct recorder_stored *ret);

/* The session's journal can't be written or synced at the moment. */
bool recorder_stalled(const struct recorder *recorder, unsigned int bit);

/* The session has its limit of events. */
bool recorder_limit_reached(const struct recorder *recorder, unsigned int bit);

/* Records whose sessions were not there any more: none, if stopping works as it should. */
uint64_t recorder_unclaimed(const struct recorder *recorder);

/* An eventfd that becomes readable when recorder_stalled or recorder_limit_reached changed for some session. */
int recorder_attention_fd(const struct recorder *recorder);

/* True if the thread waits for something to do, or did something since the last call. */
bool recorder_alive(struct recorder *recorder);

/* Ends the thread, closes the writers that are left, and waits at most `patience` us for the disk thread.
 * False: the disk hangs: what there is must not be freed, and the process ends without. */
bool recorder_end(struct recorder *recorder, uint64_t patience);

/* The same, waiting as long as it takes, and frees it. Accepts NULL; returns NULL. */
struct recorder *recorder_free(struct recorder *recorder);

#endif
