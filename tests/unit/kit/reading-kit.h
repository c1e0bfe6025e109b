/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the tests of the commands that read journals: journals with chosen events, recorded on
 * chosen machines. Owned by the test that includes it.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_READING_KIT_H
#define NFTTRACED_TESTS_UNIT_KIT_READING_KIT_H

#include "journal/format/dictionary.h"
#include "tests/unit/kit/journal-kit.h"
#include "tests/unit/kit/synthetic.h"

/* When and where a journal is recorded. */
struct kit_machine {
	uint8_t boot; /* every byte of the boot id */
	uint64_t realtime, monotonic; /* ns, of one moment */
};

static const struct kit_machine kit_here = { 1, UINT64_C(1795325417000000000), 34000000000 };

struct kit_recording {
	char *path;
	int fd;
	struct journal_writer *writer;
	uint32_t position;
};

/* Changes a segment's header: the segment was begun on another machine. */
static inline void kit_segment_move(int dir_fd, const char *name, const struct kit_machine *machine)
{
	auto_fd fd = openat(dir_fd, name, O_RDWR | O_CLOEXEC);
	struct journal_segment segment;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(pread(fd, &segment, sizeof(segment), 0), sizeof(segment));
	memset(segment.boot_id, machine->boot, sizeof(segment.boot_id));
	segment.realtime = machine->realtime;
	segment.monotonic = machine->monotonic;
	ck_assert_int_eq(pwrite(fd, &segment, sizeof(segment), 0), sizeof(segment));
}

static inline struct kit_recording kit_record(uint64_t session, const char *name)
{
	const struct journal_limits limits = { .segment_size = 64 << 20 };
	const struct dictionary_start start = {
		.version = (char *)"1",
		.kernel = (char *)"6.12",
		.build = (char *)"#1",
		.machine = (char *)"x86_64",
		.session = session,
		.name = (char *)name,
	};
	char *verdicts[] = { (char *)"drop", NULL };
	const struct dictionary_settings settings = { .verdicts = verdicts };
	g_autofree char *start_json = dictionary_start_new(&start);
	g_autofree char *settings_json = dictionary_settings_new(&settings);
	struct kit_recording recording = { 0 };

	recording.fd = kit_directory(&recording.path);
	ck_assert_int_eq(journal_writer_open(recording.fd, session, start_json, settings_json,
				 &limits, &recording.writer),
		0);
	return recording;
}

static inline void kit_add(
	struct kit_recording *recording, uint16_t ring, const struct synthetic *event)
{
	ck_assert_int_eq(journal_writer_append_event(recording->writer, ring, recording->position++,
				 event->bytes, (uint32_t)event->size),
		0);
}

/* Ends a recording: its only segment is from `machine`. */
static inline void kit_recorded(struct kit_recording *recording, const struct kit_machine *machine)
{
	recording->writer = journal_writer_free(recording->writer);
	kit_segment_move(recording->fd, "0000000001.nftj", machine);
}

static inline void kit_recording_remove(struct kit_recording *recording)
{
	kit_directory_remove(recording->fd, recording->path);
}

/* The head of an event of packet `packet` (0: not tracked). */
static inline struct event_head kit_head(uint64_t time, uint64_t packet)
{
	return (struct event_head){
		.probe = EVENT_PROBE_NFT,
		.attach = EVENT_ATTACH_KPROBE,
		.flags = packet ? EVENT_TRACKED : 0,
		.time = time,
		.pid = 12,
		.tgid = 12,
		.comm = "nc",
		.skb = 0xa0,
		.track_head = packet ? 0xb000 + packet : 0,
		.track_time = packet ? 1000 + packet : 0,
	};
}

#endif
