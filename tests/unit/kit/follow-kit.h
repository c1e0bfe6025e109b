/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the tests of follow streams: a session whose events are numbered, and readers of its
 * streams. */
#ifndef NFTTRACED_TESTS_UNIT_KIT_FOLLOW_KIT_H
#define NFTTRACED_TESTS_UNIT_KIT_FOLLOW_KIT_H

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bpf/shared/event.h"
#include "daemon/follow/follow-json.h"
#include "daemon/follow/follow.h"
#include "journal/base/cleanup.h"
#include "journal/format/dictionary.h"
#include "journal/reader/reader.h"
#include "journal/writer/writer.h"

#define SESSION       7
#define FOLLOWERS_MAX 2
#define PIPES_MAX     (16 << 20)

static char *directory;
static int dir_fd;
static sd_event *event;
static struct follow *follow;
static struct journal_writer *writer;
static unsigned int written; /* events */

static inline void set_up(void)
{
	const struct journal_limits limits = { .segment_size = 64 << 10, .total_size = 4 << 20 };
	char name[] = "test";
	const struct dictionary_settings settings = { .name = name };
	g_autofree char *start = journal_start_new(SESSION, "test", "test");
	g_autofree char *text = dictionary_settings_new(&settings);

	directory = g_dir_make_tmp("nfttraced-follow-XXXXXX", NULL);
	dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(dir_fd, 0);
	ck_assert_int_ge(sd_event_new(&event), 0);
	follow = follow_new(event, FOLLOWERS_MAX, PIPES_MAX);
	ck_assert_ptr_nonnull(follow);
	ck_assert_int_eq(journal_writer_open(dir_fd, SESSION, start, text, &limits, &writer), 0);
	written = 0;
}

static inline void tear_down(void)
{
	g_autofree char *command = g_strdup_printf("rm -rf %s", directory);

	follow = follow_free(follow);
	writer = journal_writer_free(writer);
	event = sd_event_unref(event);
	fd_close(&dir_fd);
	ck_assert_int_eq(system(command), 0);
	g_clear_pointer(&directory, g_free);
}

/* Events differ by the process that they name. */
static inline void write_events(unsigned int count)
{
	struct journal_loss lost;

	for (unsigned int i = 0; i < count; i++) {
		struct event_head head = { .size = sizeof(head),
			.version = EVENT_VERSION,
			.time = written + 1,
			.pid = written };

		ck_assert_int_eq(journal_writer_append_event(
					 writer, 0, written * sizeof(head), &head, sizeof(head)),
			0);
		written++;
	}
	ck_assert_int_eq(journal_writer_flush(writer, &lost), 0);
}

static inline void end_session(void)
{
	const struct dictionary_totals totals = { .matched = written, .journaled = written };
	g_autofree char *text = dictionary_totals_new(&totals);

	ck_assert_int_eq(journal_writer_append_json(writer, JOURNAL_END, text), 0);
	writer = journal_writer_free(writer);
	follow_end(follow, SESSION);
}

static inline int begin(enum follow_from from)
{
	int fd;

	ck_assert_int_eq(follow_start(follow, 0, SESSION, dir_fd, from, NULL, &fd), 0);
	/* The test has one thread: it turns the event loop when there is nothing to read. */
	ck_assert_int_eq(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	return fd;
}

struct seen {
	unsigned int events, first, starts, ends, slow, other_losses;
	bool in_order;
};

/* Reads the stream to its end. */
static inline struct seen read_all(int fd)
{
	struct seen seen = { .in_order = true };
	struct journal_reader *reader;
	struct journal_entry entry;
	g_autofree char *reason = NULL;
	unsigned int last = 0;
	int r;

	ck_assert_int_eq(journal_reader_open_stream(fd, &reader, &reason), 0);
	while ((r = journal_reader_next(reader, &entry)) != 0) {
		struct event_head head;

		if (r == -EAGAIN) {
			ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
			continue;
		}
		ck_assert_int_eq(r, 1);
		seen.starts += entry.type == JOURNAL_START;
		seen.ends += entry.type == JOURNAL_END;
		if (entry.type == JOURNAL_LOSS) {
			seen.slow += entry.loss.reason == LOSS_SLOW_READER;
			seen.other_losses += entry.loss.reason != LOSS_SLOW_READER;
		}
		if (entry.type != JOURNAL_EVENT)
			continue;
		memcpy(&head, entry.data, sizeof(head));
		if (seen.events++ == 0)
			seen.first = head.pid;
		else if (head.pid <= last)
			seen.in_order = false;
		last = head.pid;
	}
	journal_reader_free(reader);
	return seen;
}

/* Reads the stream to its end. */
static inline char *read_text(int fd)
{
	g_autoptr(GString) text = g_string_new(NULL);
	char bytes[4096];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) != 0) {
		if (n > 0)
			g_string_append_len(text, bytes, n);
		else if (errno == EAGAIN)
			ck_assert_int_ge(sd_event_run(event, 10 * 1000), 0);
		else
			ck_assert_int_eq(errno, EINTR);
	}
	close(fd);
	return g_string_free(g_steal_pointer(&text), FALSE);
}

static inline unsigned int count_lines(char *const *lines, const char *with)
{
	unsigned int count = 0;

	for (; *lines; lines++)
		count += strstr(*lines, with) != NULL;
	return count;
}

#endif
