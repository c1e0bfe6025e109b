/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the journal's tests: a temporary directory, events to record, and journals read as a
 * list. Owned by the test that includes it.
 */
#ifndef NFTTRACED_TESTS_UNIT_KIT_JOURNAL_KIT_H
#define NFTTRACED_TESTS_UNIT_KIT_JOURNAL_KIT_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/shared/event.h"
#include "journal/base/cleanup.h"
#include "journal/format/record.h"
#include "journal/format/segment-names.h"
#include "journal/reader/reader.h"
#include "journal/writer/writer.h"

#define KIT_START    "{\"version\":\"test\"}"
#define KIT_SETTINGS "{\"name\":\"first\"}"

static const struct journal_limits kit_limits = { .segment_size = 64 << 10 };

/* A temporary directory; kit_directory_remove removes it. */
static inline int kit_directory(char **ret_path)
{
	g_autoptr(GError) error = NULL;
	int fd;

	*ret_path = g_dir_make_tmp("nfttraced-journal-XXXXXX", &error);
	ck_assert_ptr_nonnull(*ret_path);
	fd = open(*ret_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static inline void kit_empty(const char *path)
{
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		ck_assert_int_eq(unlink(file), 0);
	}
}

static inline void kit_directory_remove(int fd, char *path)
{
	kit_empty(path);
	close(fd);
	ck_assert_int_eq(rmdir(path), 0);
	g_free(path);
}

/* An event of `size` bytes at `time` whose pid is `id`, by which the test finds it. */
static inline void kit_event(void *out, uint32_t size, uint64_t time, uint32_t id)
{
	struct event_head head = {
		.size = size,
		.version = EVENT_VERSION,
		.probe = EVENT_PROBE_NFT,
		.time = time,
		.pid = id,
	};

	memset(out, (int)(id % 251), size);
	memcpy(out, &head, sizeof(head));
}

#define KIT_EVENT_SIZE 256

/* Journals an event by itself. */
static inline int kit_append(
	struct journal_writer *writer, uint16_t ring, uint64_t time, uint32_t id)
{
	uint8_t event[KIT_EVENT_SIZE];
	struct journal_loss lost;
	int r;

	kit_event(event, sizeof(event), time, id);
	r = journal_writer_append_event(writer, ring, id, event, sizeof(event));
	return r < 0 ? r : journal_writer_flush(writer, &lost);
}

/* Takes the events `first` to `last`, to be written at once; returns the result of the last
 * append. */
static inline int kit_take(struct journal_writer *writer, uint32_t first, uint32_t last)
{
	int r = 0;

	for (uint32_t id = first; id <= last; id++) {
		uint8_t event[KIT_EVENT_SIZE];

		kit_event(event, sizeof(event), id, id);
		r = journal_writer_append_event(writer, 0, id, event, sizeof(event));
	}
	return r;
}

static inline struct journal_writer *kit_writer(int dir_fd, const struct journal_limits *limits)
{
	struct journal_writer *writer = NULL;

	ck_assert_int_eq(
		journal_writer_open(dir_fd, 7, KIT_START, KIT_SETTINGS, limits, &writer), 0);
	return writer;
}

/* A journal in `dir_fd` with the events 1 to `count`. */
static inline void kit_journal(int dir_fd, const struct journal_limits *limits, uint32_t count)
{
	struct journal_writer *writer = kit_writer(dir_fd, limits);

	for (uint32_t id = 1; id <= count; id++)
		ck_assert_int_eq(kit_append(writer, 0, id * 1000, id), 0);
	journal_writer_free(writer);
}

static inline struct journal_reader *kit_reader(int dir_fd, const char *path)
{
	struct journal_reader *reader = NULL;
	char *reason = NULL;
	int r = journal_reader_open(dir_fd, path, &reader, &reason);

	ck_assert_msg(r == 0, "%s", reason);
	return reader;
}

/* The ids of the events that were read, and counts of the other records. */
struct kit_list {
	GArray *ids; /* uint32_t */
	unsigned int starts, settings, ends, losses;
	uint64_t lost[LOSS_REASONS]; /* counts */
	unsigned int reasons[LOSS_REASONS]; /* records */
};

static inline uint32_t kit_id(const struct journal_entry *entry)
{
	const struct event_head *head = entry->data;

	return entry->byte_order == JOURNAL_BYTE_ORDER ? head->pid : __builtin_bswap32(head->pid);
}

static inline void kit_list_add(struct kit_list *list, const struct journal_entry *entry)
{
	uint32_t id;

	switch (entry->type) {
	case JOURNAL_EVENT:
		id = kit_id(entry);
		g_array_append_val(list->ids, id);
		break;
	case JOURNAL_START:
		list->starts++;
		break;
	case JOURNAL_SETTINGS:
		list->settings++;
		break;
	case JOURNAL_END:
		list->ends++;
		break;
	case JOURNAL_LOSS:
		list->losses++;
		if (entry->loss.reason < LOSS_REASONS) {
			list->lost[entry->loss.reason] += entry->loss.count;
			list->reasons[entry->loss.reason]++;
		}
		break;
	case JOURNAL_RULES:
	case JOURNAL_SYMBOLS:
	case JOURNAL_REASONS:
	case JOURNAL_NETNS:
	case JOURNAL_SUPPRESSED:
	case JOURNAL_CLOCK:
	case JOURNAL_POSITION:
		break;
	}
}

/* Reads all records; returns the last result of journal_reader_next. */
static inline int kit_read(struct journal_reader *reader, struct kit_list *list)
{
	struct journal_entry entry;
	int r;

	if (!list->ids)
		list->ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	while ((r = journal_reader_next(reader, &entry)) > 0)
		kit_list_add(list, &entry);
	return r;
}

static inline struct kit_list kit_read_path(int dir_fd, const char *path)
{
	struct journal_reader *reader = kit_reader(dir_fd, path);
	struct kit_list list = { 0 };

	ck_assert_int_eq(kit_read(reader, &list), 0);
	journal_reader_free(reader);
	return list;
}

static inline uint32_t kit_list_id(const struct kit_list *list, guint index)
{
	return g_array_index(list->ids, uint32_t, index);
}

static inline void kit_list_clear(struct kit_list *list)
{
	if (list->ids)
		g_array_unref(list->ids);
	*list = (struct kit_list){ 0 };
}

/* Asserts that the ids are `first` to `last` in order. */
static inline void kit_assert_ids(const struct kit_list *list, uint32_t first, uint32_t last)
{
	ck_assert_uint_eq(list->ids->len, last - first + 1);
	for (guint i = 0; i < list->ids->len; i++)
		ck_assert_uint_eq(kit_list_id(list, i), first + i);
}

/* Mounts a small file system over the directory, in a mount namespace of the test's own: needs
 * root. `size` is an option of mount(8). */
static inline int kit_disk_mount(const char *path, const char *size)
{
	int fd;

	ck_assert_msg(geteuid() == 0, "this test mounts file systems: run it as root");
	ck_assert_msg(unshare(CLONE_NEWNS) == 0, "unshare: %s", g_strerror(errno));
	ck_assert_int_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	ck_assert_msg(mount("tmpfs", path, "tmpfs", 0, size) == 0, "mount: %s", g_strerror(errno));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	return fd;
}

static inline void kit_disk_leave(const char *path, int fd)
{
	kit_empty(path);
	close(fd);
	ck_assert_int_eq(umount2(path, MNT_DETACH), 0);
}

/* A test's main(): runs the suite. */
static inline int kit_main(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	int failed;

	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
