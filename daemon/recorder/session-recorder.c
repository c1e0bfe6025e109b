/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The recorder's part of one session, see session-recorder.h. On the recorder thread. */
#include "daemon/recorder/session-recorder.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <time.h>

/* A journal that can't be written is not tried for every event: that would add system calls when
 * the machine is in trouble already. */
#define RETRY_NS 100000000ULL

/* Losses without a record in the checkpoint may have one in the tail. */
static void resume_losses(struct session_recorder *slot, const struct recorder_session *session)
{
	uint64_t recorded = session->tail->losses[LOSS_RING_FULL],
		 waiting = session->before->losses[LOSS_RING_FULL].count;

	slot->ring_full_seen = session->before->ring_full_seen;
	if (recorded > waiting)
		slot->ring_full_seen += recorded - waiting;
	for (unsigned int i = 0; i < LOSS_REASONS; i++) {
		if (!session->tail->losses[i])
			slot->losses[i] = session->before->losses[i];
		slot->losses[i].reason = i;
	}
}

static void resume_counts(struct session_recorder *slot, struct recorder_session *session)
{
	const struct checkpoint_entry *before = session->before;

	memcpy(slot->next, before->next, sizeof(slot->next));
	slot->kernel_counts = before->kernel_counts;
	resume_losses(slot, session);
	atomic_store(&slot->journaled, before->journaled + session->tail->events);
	atomic_store(&slot->disk_full, before->disk_full);
	atomic_store(&slot->disk_error, before->disk_error);
	atomic_store(&slot->over_limit, before->over_limit);
	atomic_store(
		&slot->full, session->limit && atomic_load(&slot->journaled) >= session->limit);
	slot->tail = *session->tail;
	*session->tail = JOURNAL_TAIL_NONE;
	slot->resumed = true;
}

/* How much is on the disk, as far as known. */
static void refresh_stored(struct session_recorder *slot)
{
	uint64_t journaled = atomic_load_explicit(&slot->journaled, memory_order_relaxed);
	struct journal_waiting waiting;

	journal_writer_waiting(slot->writer, &waiting);
	atomic_store_explicit(&slot->unsynced, waiting.bytes, memory_order_relaxed);
	atomic_store_explicit(&slot->synced,
		slot->resumed || waiting.events > journaled ? 0 : journaled - waiting.events,
		memory_order_relaxed);
}

void session_recorder_begin(struct session_recorder *slot, struct recorder_session *session)
{
	slot->writer = session->writer;
	slot->limit = session->limit;
	slot->staged = 0;
	slot->retry = 0;
	slot->ring_full_seen = 0;
	for (unsigned int i = 0; i < LOSS_REASONS; i++)
		slot->losses[i] = (struct journal_loss){ .reason = i };
	slot->checkpoint = session->checkpoint;
	slot->kernel_counts = (struct session_stats){ 0 };
	memset(slot->next, 0, sizeof(slot->next));
	slot->tail = JOURNAL_TAIL_NONE;
	atomic_store(&slot->journaled, 0);
	atomic_store(&slot->disk_full, 0);
	atomic_store(&slot->disk_error, 0);
	atomic_store(&slot->over_limit, 0);
	atomic_store(&slot->full, false);
	atomic_store(&slot->error, 0);
	slot->write_failed = false;
	slot->sync_failures = 0;
	slot->resumed = false;
	if (session->before)
		resume_counts(slot, session);
	refresh_stored(slot);
	if (slot->checkpoint)
		checkpoint_slot_begin(slot->checkpoint, session->id);
}

void session_recorder_rings_new(struct session_recorder *slot)
{
	slot->ring_full_seen = 0;
	memset(slot->next, 0, sizeof(slot->next));
	journal_tail_clear(&slot->tail);
}

bool session_recorder_has(struct session_recorder *slot, uint16_t ring, uint64_t position)
{
	if (position < slot->next[ring])
		return true;
	return G_UNLIKELY(slot->tail.records) &&
		journal_tail_take(&slot->tail, ring, (uint32_t)position);
}

void session_recorder_checkpoint(
	struct session_recorder *slot, const uint64_t *next, unsigned int rings, uint64_t now)
{
	struct checkpoint_entry entry = {
		.time = now,
		.journaled = atomic_load_explicit(&slot->journaled, memory_order_relaxed),
		.disk_full = atomic_load_explicit(&slot->disk_full, memory_order_relaxed),
		.disk_error = atomic_load_explicit(&slot->disk_error, memory_order_relaxed),
		.over_limit = atomic_load_explicit(&slot->over_limit, memory_order_relaxed),
		.ring_full_seen = slot->ring_full_seen,
		.kernel_counts = slot->kernel_counts,
	};

	if (!slot->checkpoint)
		return;
	entry.segment = journal_writer_segment(slot->writer);
	entry.end = journal_writer_end(slot->writer);
	memcpy(slot->next, next, rings * sizeof(*next));
	memcpy(entry.next, slot->next, sizeof(entry.next));
	memcpy(entry.losses, slot->losses, sizeof(entry.losses));
	checkpoint_slot_write(slot->checkpoint, &entry);
}

struct journal_writer *session_recorder_end(struct session_recorder *slot)
{
	journal_tail_clear(&slot->tail);
	slot->checkpoint = NULL;
	return g_steal_pointer(&slot->writer);
}

/* The recorder thread is the only one that writes a count: no locked instruction is needed. */
static void count_add(_Atomic uint64_t *counter, uint64_t events)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + events,
		memory_order_release);
}

/* The events are counted as something else instead. */
static void count_subtract(_Atomic uint64_t *counter, uint64_t events)
{
	uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, before - MIN(before, events), memory_order_release);
}

/* True if the journal stalls with it, or no longer does. */
static bool set_error(struct session_recorder *slot, int error)
{
	int before = atomic_load_explicit(&slot->error, memory_order_relaxed);

	if (error != before)
		atomic_store(&slot->error, error);
	return (error != 0) != (before != 0);
}

enum loss_reason recorder_loss_reason(int error)
{
	return error == -ENOSPC || error == -EDQUOT ? LOSS_DISK_FULL : LOSS_DISK_ERROR;
}

static bool stall(struct session_recorder *slot, int error)
{
	slot->reason = recorder_loss_reason(error);
	slot->write_failed = true;
	return set_error(slot, error);
}

/* The journal still counts as stalled while syncs fail. */
static bool write_succeeded(struct session_recorder *slot)
{
	slot->write_failed = false;
	return slot->sync_failures ? false : set_error(slot, 0);
}

void session_recorder_add_loss(struct session_recorder *slot, const struct journal_loss *loss)
{
	struct journal_loss *waiting = &slot->losses[loss->reason];

	if (!waiting->until)
		waiting->since = loss->since;
	waiting->count += loss->count;
	waiting->until = MAX(waiting->until, loss->until);
}

static void record_loss(struct session_recorder *slot, const struct journal_loss *loss)
{
	count_add(
		loss->reason == LOSS_DISK_FULL ? &slot->disk_full : &slot->disk_error, loss->count);
	session_recorder_add_loss(slot, loss);
}

static void record_lost_event(struct session_recorder *slot, enum loss_reason reason, uint64_t time)
{
	struct journal_loss loss = { .reason = reason, .count = 1, .since = time, .until = time };

	record_loss(slot, &loss);
}

/* Stops at the first record that can't be written. */
static int write_losses(struct session_recorder *slot)
{
	for (unsigned int i = 0; i < LOSS_REASONS; i++) {
		int r;

		if (!slot->losses[i].until)
			continue;
		r = journal_writer_append_loss(slot->writer, &slot->losses[i]);
		if (r < 0)
			return r;
		slot->losses[i] = (struct journal_loss){ .reason = i };
	}
	return 0;
}

static int append_event(struct session_recorder *slot, struct recorder_event *event)
{
	int r;

	if (event->record)
		return journal_writer_append_record(slot->writer, event->record);
	r = journal_writer_append_event(
		slot->writer, event->ring, event->position, event->data, event->size);
	if (r == 0)
		event->record = journal_writer_last(slot->writer);
	return r;
}

bool session_recorder_event(struct session_recorder *slot, struct recorder_event *event)
{
	const struct event_head *head = event->data;
	uint64_t taken =
		slot->staged + atomic_load_explicit(&slot->journaled, memory_order_relaxed);
	int r = 0;

	if (slot->limit && taken >= slot->limit) {
		count_add(&slot->over_limit, 1);
		return false;
	}
	if (slot->write_failed) {
		/* The event's own time saves reading a clock. */
		if (head->time < slot->retry) {
			record_lost_event(slot, slot->reason, head->time);
			return false;
		}
		/* The loss record goes before the next event. */
		r = write_losses(slot);
	}
	if (r == 0)
		r = append_event(slot, event);
	if (r < 0) {
		slot->retry = head->time + RETRY_NS;
		record_lost_event(slot, recorder_loss_reason(r), head->time);
		return stall(slot, r);
	}
	slot->staged++;
	return false;
}

bool session_recorder_flush(struct session_recorder *slot)
{
	struct journal_loss lost;
	int r;

	if (!slot->staged)
		return false;
	r = journal_writer_flush(slot->writer, &lost);
	count_add(&slot->journaled, slot->staged - lost.count);
	slot->staged = 0;
	refresh_stored(slot);
	if (r < 0) {
		lost.reason = recorder_loss_reason(r);
		record_loss(slot, &lost);
		slot->retry = lost.until + RETRY_NS;
		return stall(slot, r);
	}
	if (slot->limit &&
		atomic_load_explicit(&slot->journaled, memory_order_relaxed) == slot->limit) {
		atomic_store(&slot->full, true);
		write_succeeded(slot);
		return true;
	}
	return write_succeeded(slot);
}

bool session_recorder_synced(
	struct session_recorder *slot, int error, const struct journal_unstored *unstored)
{
	struct journal_loss lost = unstored->lost;

	if (lost.count) {
		lost.reason = recorder_loss_reason(error);
		count_subtract(&slot->journaled, lost.count);
		record_loss(slot, &lost);
	}
	for (unsigned int i = 0; i < LOSS_REASONS; i++) {
		if (unstored->losses[i].until)
			session_recorder_add_loss(slot, &unstored->losses[i]);
	}
	slot->sync_failures = error < 0 ? slot->sync_failures + 1 : 0;
	slot->resumed = false;
	refresh_stored(slot);
	if (error == 0)
		return slot->write_failed ? false : write_succeeded(slot);
	return set_error(slot, error);
}

bool session_recorder_write_losses(struct session_recorder *slot)
{
	int r = write_losses(slot);

	refresh_stored(slot);
	return r < 0 ? stall(slot, r) : write_succeeded(slot);
}

bool session_recorder_tick(struct session_recorder *slot, const struct session_stats *kernel_counts,
	uint64_t since, uint64_t now)
{
	slot->kernel_counts = *kernel_counts;
	if (kernel_counts->ring_full > slot->ring_full_seen) {
		struct journal_loss loss = {
			.reason = LOSS_RING_FULL,
			.count = kernel_counts->ring_full - slot->ring_full_seen,
			.since = since,
			.until = now,
		};

		session_recorder_add_loss(slot, &loss);
		slot->ring_full_seen = kernel_counts->ring_full;
	}
	return session_recorder_write_losses(slot);
}

void session_recorder_counts(const struct session_recorder *slot, struct recorder_counts *ret)
{
	*ret = (struct recorder_counts){
		.journaled = atomic_load(&slot->journaled),
		.disk_full = atomic_load(&slot->disk_full),
		.disk_error = atomic_load(&slot->disk_error),
		.over_limit = atomic_load(&slot->over_limit),
	};
}
