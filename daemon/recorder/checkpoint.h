/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The checkpoint: the counts of each session and the positions of the rings, in a mapped file of
 * the state directory ("ledger"), so that they survive a daemon that is killed at any instruction.
 * The recorder thread writes an entry after each turn of the rings, before it releases their room;
 * a reader finds the last complete one. Records behind the journal's end that an entry states were
 * written after it. Opened by the engine; one writer and no reader at a time.
 */
#ifndef NFTTRACED_DAEMON_RECORDER_CHECKPOINT_H
#define NFTTRACED_DAEMON_RECORDER_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "bpf/shared/abi.h"
#include "journal/format/format.h"

struct checkpoint_entry {
	uint64_t time; /* ns, CLOCK_MONOTONIC: the entry is as of this time */
	uint64_t journaled, disk_full, disk_error, over_limit; /* as in struct recorder_counts */
	uint64_t segment, end; /* the end of the journal at that time */
	uint64_t ring_full_seen; /* of the kernel's count: has a loss record, or is in `losses` */
	struct session_stats kernel_counts; /* as they were last read */
	uint64_t next[RINGS_MAX]; /* by ring: records before this position are counted here */
	struct journal_loss losses[LOSS_REASONS]; /* without a record so far; `until` 0: none */
};

struct checkpoint;
struct checkpoint_slot;

/* Opens the checkpoint in the state directory `dir_fd`, or creates it if none exists or it is
 * invalid. Negative errno. */
int checkpoint_open(int dir_fd, struct checkpoint **ret);

/* The slot of a session bit; lives as long as the checkpoint. */
struct checkpoint_slot *checkpoint_slot(struct checkpoint *checkpoint, unsigned int bit);

/* Gives the slot to session `id`; clears it if another session had it. */
void checkpoint_slot_begin(struct checkpoint_slot *slot, uint64_t id);

/* Replaces the slot's entry; a daemon that is killed meanwhile leaves the one before. */
void checkpoint_slot_write(struct checkpoint_slot *slot, const struct checkpoint_entry *entry);

/* Reads the last entry of session `id`; false: the slot has none. */
bool checkpoint_slot_read(
	const struct checkpoint_slot *slot, uint64_t id, struct checkpoint_entry *ret);

/* Accepts NULL; returns NULL. */
struct checkpoint *checkpoint_free(struct checkpoint *checkpoint);

#endif
