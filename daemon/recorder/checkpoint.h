/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checkpoint: what became of each session's records, in a file of the state directory that is mapped,
 * so that it is there for the next daemon when this one is killed at any instruction. The recorder thread
 * writes an entry after each turn of the rings, before it gives the kernel their room back; a reader
 * finds the last whole one. What the journal has behind the place that the entry names was written
 * after it.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_CHECKPOINT_H
#define NFTTRACED_DAEMON_RECORDER_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/abi.h"
#include "journal/format/format.h"

struct checkpoint_entry {
	uint64_t time; /* ns, CLOCK_MONOTONIC: what was seen until then is told of here */
	uint64_t journaled, disk_full, disk_error, over_limit; /* as in struct recorder_counts */
	uint64_t segment, end; /* of the journal, then */
	uint64_t ring_full_seen; /* of the kernel's count: has its loss record, or is in `losses` */
	struct session_stats kernel_counts; /* the kernel's counts when they were last looked at */
	uint64_t next[RINGS_MAX]; /* where the records of a ring begin that are not told of here */
	struct journal_loss losses[LOSS_REASONS]; /* wait for their record; `until` 0: none */
};

struct checkpoint;
struct checkpoint_slot;

/* Opens the checkpoint in the state directory `dir_fd`, or begins one if there is none that can be read. */
int checkpoint_open(int dir_fd, struct checkpoint **ret);

/* The slot of a session bit; lives as long as the checkpoint. */
struct checkpoint_slot *checkpoint_slot(struct checkpoint *checkpoint, unsigned int bit);

/* The slot is that of session `id` from now on: what it has is forgotten if it was another's. */
void checkpoint_slot_begin(struct checkpoint_slot *slot, uint64_t id);

/* Replaces the slot's entry; who is killed meanwhile leaves the one before. */
void checkpoint_slot_write(struct checkpoint_slot *slot, const struct checkpoint_entry *entry);

/* The last entry of session `id`; false: there is none. */
bool checkpoint_slot_read(
	const struct checkpoint_slot *slot, uint64_t id, struct checkpoint_entry *ret);

/* Accepts NULL; returns NULL. */
struct checkpoint *checkpoint_free(struct checkpoint *checkpoint);

#endif
