/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal on disk: a directory per session with segments in it, each a file of length-prefixed,
 * checksummed records. nfttraced.journal(5) is the same in words. The writer (the daemon) and the
 * reader (any program) share nothing else.
 *
 * A segment is named "%010u.nftj" with its number, counted from 1 and never reused. It begins with
 * a journal_segment; records follow, each on a multiple of JOURNAL_ALIGN: a journal_record and
 * `size` bytes of payload. The dictionaries that later records need (JOURNAL_START,
 * JOURNAL_SETTINGS, ...) are repeated at the head of every segment, so that each can be read alone.
 * Only whole records are appended, and never changed: the file's length is the end of what was
 * written. A record that goes beyond the end is being written while a process holds a write lock on
 * the file (F_OFD_SETLK), and was cut off otherwise. A size of 0 is an end, too: a file system may
 * leave zeros behind when the machine loses power.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_FORMAT_H
#define NFTTRACED_JOURNAL_FORMAT_FORMAT_H

#include <linux/types.h>

#define JOURNAL_MAGIC      "nftjrnl\n"
#define JOURNAL_VERSION    1
#define JOURNAL_BYTE_ORDER 0x0a0b0c0dU /* as the writer's machine stores it */
#define JOURNAL_ALIGN      8
#define JOURNAL_RECORD_MAX (1U << 20) /* bytes; a larger size is damage */
#define JOURNAL_SUFFIX     ".nftj"

struct journal_segment {
	char magic[8];
	__u32 byte_order;
	__u16 version; /* JOURNAL_VERSION; a reader refuses a newer one */
	__u16 header_size; /* bytes of this header: records start there */
	__u64 number; /* of the segment, from 1 */
	__u64 session; /* the session's id */
	__u8 boot_id[16];
	__u64 realtime; /* ns, CLOCK_REALTIME when the segment began */
	__u64 monotonic; /* ns, CLOCK_MONOTONIC at the same moment */
};

enum journal_type {
	JOURNAL_EVENT = 1, /* struct event_head and its sections, as the ring buffer carried it */
	JOURNAL_START = 2, /* JSON object: who recorded, where, when (see journal_start_new) */
	JOURNAL_SETTINGS = 3, /* JSON object: the session's settings from here on */
	JOURNAL_LOSS = 4, /* struct journal_loss: events that are missing here */
	JOURNAL_END = 5, /* JSON object: the final totals of the session */
	JOURNAL_RULES = 6, /* JSON object: texts of rules (see dictionary_rules) */
	JOURNAL_SYMBOLS = 7, /* JSON object: names of addresses in stacks */
	JOURNAL_REASONS = 8, /* JSON object: names of the kernel's drop reasons */
	JOURNAL_NETNS = 9, /* JSON object: names of network namespaces */
	JOURNAL_SUPPRESSED =
		10, /* JSON object: events beyond the rate, by rule (see suppressed-rules.h) */
	JOURNAL_POSITION = 11, /* struct journal_position: in follow streams only */
	JOURNAL_CLOCK = 12, /* struct journal_clock: the wall clock was moved */
};

struct journal_record {
	__u32 size; /* bytes of the payload, without padding */
	__u32 checksum; /* CRC-32C of the 8 bytes that follow and the payload */
	__u32 type_ring; /* type in the low 8 bits, ring in the next 16 */
	/* Low half of the record's position in its ring, by which a restarted daemon finds the
	 * records that it already has; 0: the record did not come from a ring. */
	__u32 position;
};

enum loss_reason {
	LOSS_RING_FULL = 0, /* the daemon did not drain fast enough */
	LOSS_DISK_FULL, /* no room on the journal's file system */
	LOSS_DISK_ERROR, /* any other error while writing */
	LOSS_RETENTION, /* removed again: the session's size limit */
	LOSS_SLOW_READER, /* a follow stream whose reader did not keep up */
	LOSS_DAMAGED, /* found by a reader: a damaged record or segment */
	LOSS_NO_MODULE, /* nf_tables was removed and loaded again: nothing was seen meanwhile */
	LOSS_SILENCED, /* a switch of the kernel kept every probe from running */
	LOSS_RESTART, /* the daemon was restarted: nothing was seen meanwhile */
	LOSS_REASONS,
};

struct journal_loss {
	__u32 reason; /* enum loss_reason */
	/* LOSS_RETENTION: the number of the last segment that was removed; 0: unknown */
	__u32 segment;
	__u64 count; /* events; 0: unknown, at least one */
	__u64 since; /* ns, CLOCK_MONOTONIC: the loss lies between these two; 0: unknown */
	__u64 until;
};

enum clock_cause {
	CLOCK_SET = 0, /* by a person or a program such as an NTP client */
	CLOCK_RESUMED, /* the machine was suspended: CLOCK_MONOTONIC stood still */
	CLOCK_SLEWED, /* it ran faster or slower, by more than 1 ms since the last record */
	CLOCK_CAUSES,
};

/* The wall clock was moved against CLOCK_MONOTONIC, by which events are timed. */
struct journal_clock {
	__u32 cause; /* enum clock_cause */
	/* Moves just before this one that have no record: the journal could not be written. */
	__u32 missed;
	__u64 since; /* ns, CLOCK_MONOTONIC: it holds from then on */
	__u64 realtime; /* ns, CLOCK_REALTIME at that moment */
	__u64 before; /* ns, what CLOCK_REALTIME would have been without it */
};

/*
 * Where the bytes that follow in a stream are in its journal. A stream has a segment's header and
 * then the segment's bytes, so that the position of each byte is known; this record is inserted
 * wherever something was left out or added. A reader can resume behind the last record that it
 * read.
 */
struct journal_position {
	__u64 segment; /* number */
	__u64 offset; /* bytes from the segment's beginning, where a record begins */
	__u64 end_segment; /* where the journal ended at that time */
	__u64 end_offset;
};

_Static_assert(sizeof(struct journal_segment) == 64, "journal layout");
_Static_assert(sizeof(struct journal_record) == 16, "journal layout");
_Static_assert(sizeof(struct journal_loss) == 32, "journal layout");
_Static_assert(sizeof(struct journal_position) == 32, "journal layout");
_Static_assert(sizeof(struct journal_clock) == 32, "journal layout");

#endif
