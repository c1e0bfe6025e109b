/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder's part of one session: its journal writer, the counts of its records, and losses
 * that have no record in the journal yet. Owned by the recorder thread; any thread may read the
 * atomics.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_SESSION_RECORDER_H
#define NFTTRACED_DAEMON_RECORDER_SESSION_RECORDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/recorder/balance.h"
#include "daemon/recorder/checkpoint.h"
#include "journal/reader/journal-tail.h"
#include "journal/writer/writer.h"

/* A session that is added to the recorder. */
struct recorder_session {
	uint64_t id;
	struct journal_writer *writer; /* taken over */
	uint64_t limit; /* events; 0: none */
	struct checkpoint_slot *checkpoint; /* where its counts are saved; NULL: nowhere */
	/* For a session of another daemon, else NULL: its last entry of the checkpoint, and the
	 * records that its journal has beyond that (taken over). */
	const struct checkpoint_entry *before;
	struct journal_tail *tail;
};

struct session_recorder {
	struct journal_writer *writer; /* NULL: no session */
	uint64_t limit;
	uint64_t staged; /* events that the writer took and has not written */
	uint64_t retry; /* ns, CLOCK_MONOTONIC: when a journal that stalled is tried again */
	enum loss_reason reason; /* why it stalled */
	uint64_t ring_full_seen; /* of the kernel's count: has its loss record */
	struct journal_loss losses[LOSS_REASONS]; /* without a record so far; `until` 0: none */
	struct checkpoint_slot *checkpoint; /* NULL: none */
	struct session_stats kernel_counts; /* the kernel's counts at the last tick */
	uint64_t next[RINGS_MAX]; /* by ring: records before this position are in the checkpoint */
	struct journal_tail tail; /* records that the journal has although the rings still do */

	_Atomic uint64_t journaled, disk_full, disk_error, over_limit;
	_Atomic uint64_t synced, unsynced; /* as in struct recorder_stored */
	_Atomic int error; /* of the last write or, if that succeeded, the last sync; else 0 */
	bool write_failed; /* the last write: not every event is tried */
	unsigned int sync_failures; /* in a row */
	bool resumed; /* and not synced since: how much is on the disk is not known */
	_Atomic bool full; /* the limit is reached */
};

/* Begins a session; takes over what `session` says. */
void session_recorder_begin(struct session_recorder *slot, struct recorder_session *session);

/* Ends the session and returns the writer. The counts stay until the next session begins. */
struct journal_writer *session_recorder_end(struct session_recorder *slot);

/* An event on its way to the sessions that matched it. */
struct recorder_event {
	const void *data; /* as the kernel side wrote it: begins with struct event_head */
	uint32_t size;
	uint16_t ring;
	uint32_t position;
	const struct journal_record *record; /* as the first session framed it; NULL: none yet */
};

/* The recorder has new rings, whose positions and lost records begin at 0. */
void session_recorder_rings_new(struct session_recorder *slot);

/* True if the record is in the journal, or counted as lost, already. */
bool session_recorder_has(struct session_recorder *slot, uint16_t ring, uint64_t position);

/* Writes the counts to the checkpoint: they include the records before `next`, by ring. */
void session_recorder_checkpoint(
	struct session_recorder *slot, const uint64_t *next, unsigned int rings, uint64_t now);

/* Those of the next functions that return a bool return true if recorder_stalled() or
 * recorder_limit_reached() has changed: the control thread must be woken. */

/* Hands an event to the writer, or counts it as lost or over the limit. */
bool session_recorder_event(struct session_recorder *slot, struct recorder_event *event);

/* Writes the events that the writer has, and counts them as journaled or lost. */
bool session_recorder_flush(struct session_recorder *slot);

/* Takes the result of a sync: events that it lost count as lost. */
bool session_recorder_synced(
	struct session_recorder *slot, int error, const struct journal_unstored *unstored);

/* Adds a loss to those without a record; session_recorder_tick writes it. */
void session_recorder_add_loss(struct session_recorder *slot, const struct journal_loss *loss);

/* Writes the records of all losses. */
bool session_recorder_write_losses(struct session_recorder *slot);

/*
 * Writes loss records: `kernel_counts` are the kernel's counts at `now`, `since` is the time of the
 * previous call.
 */
bool session_recorder_tick(struct session_recorder *slot, const struct session_stats *kernel_counts,
	uint64_t since, uint64_t now);

/* The reason of a loss by a failed write or sync (negative errno). */
enum loss_reason recorder_loss_reason(int error);

/* The counts as of now. */
void session_recorder_counts(const struct session_recorder *slot, struct recorder_counts *ret);

#endif
