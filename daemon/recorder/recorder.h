/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder: a thread (nfttraced-data) that moves records from the rings to the journals and
 * does nothing else.
 *
 * It owns the rings' readers, the journal writer of each session, what is counted of its records,
 * and the name requests; and the disk thread (disk.h), which carries out everything that may wait
 * for the disk. It borrows the pipeline and the slots of the checkpoint.
 *
 * Threads: recorder_attach, _detach, _add, _remove, _settle, _leave and _append_* are commands.
 * They run on the recorder thread between two drains, and return when they have run; callers on
 * several threads take turns. The worker calls all of them, the name writer only
 * recorder_append_names. Counts, flags and recorder_stored may be read by any thread at any time.
 * The only lock is that of the command.
 *
 * In each turn the thread takes the records of all rings and has each session's writer frame them;
 * writes them to the journals; writes the counts and the rings' positions to the checkpoint; and
 * only then releases the room in the rings. A daemon that is killed in between leaves records that
 * are in the rings and in a journal: the next one finds the latter behind the end that the
 * checkpoint states (struct journal_tail) and skips them. So no record is lost or repeated. Nothing
 * is parsed, formatted or allocated for a record.
 *
 * Every event of a session is journaled, over its limit, or lost with a reason. A write that fails
 * stalls the session: its events are counted as lost, the journal is tried again every 0.1 s, and a
 * loss record precedes the next event that is written. A sync that fails turns journaled events
 * into lost ones and makes the journal continue in another segment. Other sessions are not
 * affected. A loss record that can't be written is kept and merged with later ones; the recorder
 * tries again once a second.
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

/* Starts the recorder thread and the disk thread. Negative errno. */
int recorder_new(struct recorder **ret);

/* A journal is synced when the oldest bytes that are not on the disk are `interval` ns old, or when
 * there are RECORDER_UNSYNCED_MAX of them. Any thread. */
#define RECORDER_UNSYNCED_MAX (16U << 20)
void recorder_set_sync(struct recorder *recorder, uint64_t interval);

/* The disk thread; belongs to the recorder. */
struct disk *recorder_disk(const struct recorder *recorder);

enum recorder_rings {
	RECORDER_RINGS_NEW, /* positions of earlier rings are forgotten */
	RECORDER_RINGS_ADOPTED, /* the last daemon read them: positions of the checkpoint hold */
};

/*
 * Reads the pipeline's rings in place of those before. The pipeline must live until the next call
 * of recorder_attach or recorder_detach: its counters are read, too. After a failure (negative
 * errno) there are no rings.
 */
int recorder_attach(
	struct recorder *recorder, const struct pipeline *pipeline, enum recorder_rings rings);

/* Journals everything in the rings and releases them. */
void recorder_detach(struct recorder *recorder);

/* Adds the session that has `bit` and takes over its writer. Events over its limit are counted
 * only. The counts of the bit begin at 0, or as session->before says. */
void recorder_add(struct recorder *recorder, unsigned int bit, struct recorder_session *session);

/*
 * Journals everything in the rings, removes the session and returns its writer; the counts of the
 * bit stay. To be called when no program sets the bit any more, so that all events that were
 * matched are journaled.
 */
struct journal_writer *recorder_remove(struct recorder *recorder, unsigned int bit);

/* Journals everything that is in the rings now. */
void recorder_settle(struct recorder *recorder);

/* Leaves the checkpoint as it is: the next daemon resumes the sessions from there. */
void recorder_leave(struct recorder *recorder);

/* The generation of a bit: another number for each session that gets it; 0: no session has it. Any
 * thread. */
uint64_t recorder_generation(const struct recorder *recorder, unsigned int bit);

/* The queue of name requests, for the name writer. */
struct name_requests *recorder_name_requests(struct recorder *recorder);

/* Appends a dictionary of names. -ESTALE: the session of this generation does not have the bit any
 * more. */
int recorder_append_names(struct recorder *recorder, unsigned int bit, uint64_t generation,
	enum journal_type type, const char *json);

/* Journals everything in the rings, then appends a JOURNAL_SETTINGS record. */
int recorder_append_settings(struct recorder *recorder, unsigned int bit, const char *json);

/* Appends a loss record, at once or as soon as it can be written. */
void recorder_append_loss(
	struct recorder *recorder, unsigned int bit, const struct journal_loss *loss);

/* The counts of the session that has the bit, or had it last. Any thread. */
void recorder_counts(
	const struct recorder *recorder, unsigned int bit, struct recorder_counts *ret);

/* How much of a session's journal is on the disk. Any thread. */
struct recorder_stored {
	uint64_t synced; /* events that survive a power failure */
	uint64_t unsynced; /* bytes that may not */
	int error; /* negative errno: why the journal can't be written or synced; 0: it can */
};
void recorder_stored(
	const struct recorder *recorder, unsigned int bit, struct recorder_stored *ret);

/* True if the journal can't be written or synced at the moment. Any thread. */
bool recorder_stalled(const struct recorder *recorder, unsigned int bit);

/* True if the session has reached its limit of events. Any thread. */
bool recorder_limit_reached(const struct recorder *recorder, unsigned int bit);

/* Records of sessions that were removed before: 0, unless stopping has a bug. Any thread. */
uint64_t recorder_unclaimed(const struct recorder *recorder);

/* An eventfd, readable after recorder_stalled or recorder_limit_reached has changed for a
 * session. */
int recorder_attention_fd(const struct recorder *recorder);

/* True if the thread is idle, or has made progress since the last call. Control thread. */
bool recorder_alive(struct recorder *recorder);

/* Ends the thread, closes the remaining writers, and waits at most `patience` us for the disk
 * thread. False: the disk hangs; the recorder must not be freed, and the process ends without. */
bool recorder_end(struct recorder *recorder, uint64_t patience);

/* Ends it, however long the disk takes, and frees it. Accepts NULL; returns NULL. */
struct recorder *recorder_free(struct recorder *recorder);

#endif
