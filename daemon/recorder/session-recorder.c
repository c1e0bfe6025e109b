/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One session as the recorder thread sees it. */
#include "daemon/recorder/session-recorder.h"

#include <errno.h>
#include <glib.h>
#include <string.h>
#include <time.h>

/* A journal that can't be written is not tried for every event: that would cost system calls at the
 * very moment when the machine is in trouble. */
#define RETRY_NS 100000000ULL

/* Of what waited for its record, the tail may have it. */
static void resume_losses(struct session_recorder *slot, const struct recorder_session *tenant)
{
	uint64_t told = tenant->tail->losses[LOSS_RING_FULL],
		 waiting = tenant->before->losses[LOSS_RING_FULL].count;

	slot->ring_full_seen = tenant->before->ring_full_seen;
	if (told > waiting)
		slot->ring_full_seen += told - waiting;
	for (unsigned int i = 0; i < LOSS_REASONS; i++) {
		if (!tenant->tail->losses[i])
			slot->losses[i] = tenant->before->losses[i];
		slot->losses[i].reason = i;
	}
}

static void resume(struct session_recorder *slot, struct recorder_session *tenant)
{
	const struct checkpoint_entry *before = tenant->before;

	memcpy(slot->next, before->next, sizeof(slot->next));
	slot->kernel_counts = before->kernel_counts;
	resume_losses(slot, tenant);
	atomic_store(&slot->journaled, before->journaled + tenant->tail->events);
	atomic_store(&slot->disk_full, before->disk_full);
	atomic_store(&slot->disk_error, before->disk_error);
	atomic_store(&slot->over_limit, before->over_limit);
	atomic_store(&slot->full, tenant->limit && atomic_load(&slot->journaled) >= tenant->limit);
	slot->tail = *tenant->tail;
	*tenant->tail = JOURNAL_TAIL_NONE;
	slot->resumed = true;
}

/* What is on the disk, as far as is known. */
static void look(struct session_recorder *slot)
{
	uint64_t journaled = atomic_load_explicit(&slot->journaled, memory_order_relaxed);
	struct journal_waiting waiting;

	journal_writer_waiting(slot->writer, &waiting);
	atomic_store_explicit(&slot->unsynced, waiting.bytes, memory_order_relaxed);
	atomic_store_explicit(&slot->synced,
		slot->resumed || waiting.events > journaled ? 0 : journaled - waiting.events,
		memory_order_relaxed);
}

void session_recorder_begin(struct session_recorder *slot, struct recorder_session *tenant)
{
	slot->writer = tenant->writer;
	slot->limit = tenant->limit;
	slot->staged = 0;
	slot->retry = 0;
	slot->ring_full_seen = 0;
	for (unsigned int i = 0; i < LOSS_REASONS; i++)
		slot->losses[i] = (struct journal_loss){ .reason = i };
	slot->checkpoint = tenant->checkpoint;
	slot->kernel_counts = (struct session_stats){ 0 };
	memset(slot->next, 0, sizeof(slot->next));
	slot->tail = JOURNAL_TAIL_NONE;
	atomic_store(&slot->journaled, 0);
	atomic_store(&slot->disk_full, 0);
	atomic_store(&slot->disk_error, 0);
	atomic_store(&slot->over_limit, 0);
	atomic_store(&slot->stalled, false);
	atomic_store(&slot->full, false);
	atomic_store(&slot->error, 0);
	slot->write_failed = false;
	slot->sync_failures = 0;
	slot->resumed = false;
	if (tenant->before)
		resume(slot, tenant);
	look(slot);
	if (slot->checkpoint)
		checkpoint_slot_begin(slot->checkpoint, tenant->id);
}

void session_recorder_rings_new(struct session_recorder *slot)
{
	/* They count their lost records from 0, too. */
	slot->ring_full_seen = 0;
	memset(slot->next, 0, sizeof(slot->next));
	journal_tail_clear(&slot->tail);
}

bool session_recorder_knows(struct session_recorder *slot, uint16_t ring, uint64_t position)
{
	if (position < slot->next[ring])
		return true;
	return G_UNLIKELY(slot->tail.records) &&
		journal_tail_take(&slot->tail, ring, (uint32_t)position);
}

void session_recorder_keep(
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
static void count(_Atomic uint64_t *counter, uint64_t events)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + events,
		memory_order_release);
}

/* It may count as something else from now on. */
static void uncount(_Atomic uint64_t *counter, uint64_t events)
{
	uint64_t before = atomic_load_explicit(counter, memory_order_relaxed);

	atomic_store_explicit(counter, before - MIN(before, events), memory_order_release);
}

static bool set_stalled(struct session_recorder *slot, bool stalled)
{
	if (atomic_load_explicit(&slot->stalled, memory_order_relaxed) == stalled)
		return false;
	atomic_store(&slot->stalled, stalled);
	return true;
}

enum loss_reason recorder_loss_reason(int error)
{
	return error == -ENOSPC || error == -EDQUOT ? LOSS_DISK_FULL : LOSS_DISK_ERROR;
}

static bool stall(struct session_recorder *slot, int error)
{
	slot->reason = recorder_loss_reason(error);
	slot->write_failed = true;
	atomic_store(&slot->error, error);
	return set_stalled(slot, true);
}

/* The last write went well; whether the disk has it is another thing. */
static bool wrote_well(struct session_recorder *slot)
{
	slot->write_failed = false;
	if (slot->sync_failures)
		return false;
	atomic_store_explicit(&slot->error, 0, memory_order_relaxed);
	return set_stalled(slot, false);
}

void session_recorder_loss(struct session_recorder *slot, const struct journal_loss *loss)
{
	struct journal_loss *waiting = &slot->losses[loss->reason];

	if (!waiting->until)
		waiting->since = loss->since;
	waiting->count += loss->count;
	waiting->until = MAX(waiting->until, loss->until);
}

static void lose(struct session_recorder *slot, const struct journal_loss *loss)
{
	count(loss->reason == LOSS_DISK_FULL ? &slot->disk_full : &slot->disk_error, loss->count);
	session_recorder_loss(slot, loss);
}

static void lose_one(struct session_recorder *slot, enum loss_reason reason, uint64_t time)
{
	struct journal_loss loss = { .reason = reason, .count = 1, .since = time, .until = time };

	lose(slot, &loss);
}

/* Writes the loss records that wait; stops at the first that the disk does not take. */
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

static int arrival_take(struct session_recorder *slot, struct recorder_event *arrival)
{
	int r;

	if (arrival->record)
		return journal_writer_append_record(slot->writer, arrival->record);
	r = journal_writer_append_event(
		slot->writer, arrival->ring, arrival->position, arrival->event, arrival->size);
	if (r == 0)
		arrival->record = journal_writer_last(slot->writer);
	return r;
}

bool session_recorder_event(struct session_recorder *slot, struct recorder_event *arrival)
{
	const struct event_head *head = arrival->event;
	uint64_t taken =
		slot->staged + atomic_load_explicit(&slot->journaled, memory_order_relaxed);
	int r = 0;

	if (slot->limit && taken >= slot->limit) {
		count(&slot->over_limit, 1);
		return false;
	}
	if (slot->write_failed) {
		/* An event's own time is good enough a clock, and costs nothing. */
		if (head->time < slot->retry) {
			lose_one(slot, slot->reason, head->time);
			return false;
		}
		/* The gap is told before what comes after it. */
		r = write_losses(slot);
	}
	if (r == 0)
		r = arrival_take(slot, arrival);
	if (r < 0) {
		slot->retry = head->time + RETRY_NS;
		lose_one(slot, recorder_loss_reason(r), head->time);
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
	count(&slot->journaled, slot->staged - lost.count);
	slot->staged = 0;
	look(slot);
	if (r < 0) {
		lost.reason = recorder_loss_reason(r);
		lose(slot, &lost);
		slot->retry = lost.until + RETRY_NS;
		return stall(slot, r);
	}
	if (slot->limit &&
		atomic_load_explicit(&slot->journaled, memory_order_relaxed) == slot->limit) {
		atomic_store(&slot->full, true);
		wrote_well(slot);
		return true;
	}
	return wrote_well(slot);
}

bool session_recorder_synced(
	struct session_recorder *slot, int error, const struct journal_unstored *unstored)
{
	struct journal_loss lost = unstored->lost;

	if (lost.count) {
		lost.reason = recorder_loss_reason(error);
		uncount(&slot->journaled, lost.count);
		lose(slot, &lost);
	}
	for (unsigned int i = 0; i < LOSS_REASONS; i++) {
		if (unstored->losses[i].until)
			session_recorder_loss(slot, &unstored->losses[i]);
	}
	slot->sync_failures = error < 0 ? slot->sync_failures + 1 : 0;
	slot->resumed = false;
	look(slot);
	if (error == 0)
		return slot->write_failed ? false : wrote_well(slot);
	atomic_store(&slot->error, error);
	return set_stalled(slot, true);
}

bool session_recorder_tell(struct session_recorder *slot)
{
	int r = write_losses(slot);

	look(slot);
	return r < 0 ? stall(slot, r) : wrote_well(slot);
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

		session_recorder_loss(slot, &loss);
		slot->ring_full_seen = kernel_counts->ring_full;
	}
	return session_recorder_tell(slot);
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
