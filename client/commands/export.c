/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nfttracectl export: writes a journal to standard output as one stream, which 'show -' reads. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/remote.h"
#include "client/bus/sessions.h"
#include "client/commands/command.h"
#include "client/print/follow-stream.h"
#include "client/read/source.h"
#include "journal/base/amounts.h"
#include "journal/base/cleanup.h"
#include "journal/format/record.h"
#include "journal/format/segment-names.h"

#define COPY_SIZE (256 << 10)

/* Writes everything; -EPIPE: the reader has gone. */
static int write_all(const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t n = write(STDOUT_FILENO, bytes, size);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			bytes += n;
			size -= (size_t)n;
		}
	}
	return 0;
}

/* Copies up to `size` bytes. */
static int copy_bytes(int fd, uint64_t size)
{
	g_autofree uint8_t *bytes = g_malloc(COPY_SIZE);

	while (size > 0) {
		ssize_t n = read(fd, bytes, MIN(size, COPY_SIZE));
		int r;

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : 0;
		r = write_all(bytes, (size_t)n);
		if (r < 0)
			return r;
		size -= (uint64_t)n;
	}
	return 0;
}

/* The bytes of a segment, which may be being written, that are whole records. Invalid bytes are
 * left to the reader. */
static uint64_t whole_records(int fd, uint64_t size)
{
	struct journal_segment header;
	uint64_t at;

	if (pread(fd, &header, sizeof(header), 0) != (ssize_t)sizeof(header) ||
		header.byte_order != JOURNAL_BYTE_ORDER)
		return size;
	for (at = header.header_size; at + sizeof(struct journal_record) <= size;) {
		struct journal_record record;

		if (pread(fd, &record, sizeof(record), (off_t)at) != (ssize_t)sizeof(record) ||
			record.size > JOURNAL_RECORD_MAX)
			return size;
		if (record.size == 0 || at + journal_record_span(record.size) > size)
			return at;
		at += journal_record_span(record.size);
	}
	return at;
}

/* Copies one segment. A segment that retention has removed meanwhile is left out; the reader
 * reports it. */
static int export_segment(int dir_fd, uint64_t number, bool last)
{
	char name[SEGMENT_NAME_SIZE];
	struct stat status;
	auto_fd fd = -1;
	uint64_t size;

	segment_name(number, name);
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	size = (uint64_t)status.st_size;
	return copy_bytes(fd, last ? whole_records(fd, size) : size);
}

static int export_directory(int dir_fd)
{
	g_autoptr(GArray) segments = NULL;
	int r = segment_list(dir_fd, &segments);

	for (unsigned int i = 0; r >= 0 && i < segments->len; i++)
		r = export_segment(
			dir_fd, g_array_index(segments, uint64_t, i), i == segments->len - 1);
	return r;
}

/* Exports the records so far, of a session or a path; from another host they come as a stream
 * already. */
static int export_now(const char *argument, char **ret_reason)
{
	struct stat status;
	auto_fd fd = -1;
	int r = remote_host() ? remote_open(argument, REMOTE_EXPORT, NULL, &fd, ret_reason)
			      : source_descriptor(argument, &fd, ret_reason);

	if (r < 0)
		return r;
	if (fstat(fd, &status) < 0)
		return -errno;
	return S_ISDIR(status.st_mode) ? export_directory(fd) : copy_bytes(fd, UINT64_MAX);
}

/* Exports new records until the session ends. */
static int export_follow(
	const char *session, const struct follow_stream_from *from, char **ret_reason)
{
	enum remote_export how = from->start ? REMOTE_FOLLOW_ALL : REMOTE_FOLLOW;
	g_autofree char *object = NULL;
	auto_bus *bus = NULL;
	auto_fd fd = -1;
	int r;

	if (remote_host()) {
		r = remote_open(session, from->after ? REMOTE_FOLLOW_AFTER : how, from->after, &fd,
			ret_reason);
		return r < 0 ? r : copy_bytes(fd, UINT64_MAX);
	}
	r = bus_connect(&bus, ret_reason);
	if (r >= 0)
		r = session_find(bus, session, &object, ret_reason);
	if (r >= 0)
		r = follow_stream_request(bus, object, from, &fd, ret_reason);
	return r < 0 ? r : copy_bytes(fd, UINT64_MAX);
}

/* SEGMENT:OFFSET */
static int position_parse(const char *text, struct journal_position *ret)
{
	g_auto(GStrv) numbers = g_strsplit(text, ":", 3);
	uint64_t segment, offset;

	if (g_strv_length(numbers) != 2 || parse_count(numbers[0], &segment) < 0 ||
		parse_count(numbers[1], &offset) < 0 || segment == 0)
		return -EINVAL;
	*ret = (struct journal_position){ .segment = segment, .offset = offset };
	return 0;
}

int command_export(const struct command *command, int argc, char **argv)
{
	g_auto(GStrv) sources = NULL;
	gboolean follow = FALSE, from_start = FALSE;
	g_autofree char *after = NULL;
	struct journal_position position;
	struct follow_stream_from from;
	const GOptionEntry entries[] = {
		{ "follow", 0, 0, G_OPTION_ARG_NONE, &follow,
			"Continue with new records until the session ends", NULL },
		{ "from-start", 0, 0, G_OPTION_ARG_NONE, &from_start,
			"With --follow: start with the records that exist already", NULL },
		{ "after", 0, 0, G_OPTION_ARG_STRING, &after,
			"With --follow: start after this position in the journal",
			"SEGMENT:OFFSET" },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &sources, NULL, NULL },
		{ 0 },
	};
	g_autofree char *reason = NULL;
	int r;

	if (!command_options(command, entries, argc, argv))
		return EXIT_USAGE;
	if (!sources || sources[1])
		return command_usage(command, "name one session or path");
	if (from_start && !follow)
		return command_usage(command, "--from-start goes with --follow");
	if (after && (!follow || from_start))
		return command_usage(command, "--after goes with --follow, without --from-start");
	if (after && position_parse(after, &position) < 0)
		return command_usage(command, "--after takes SEGMENT:OFFSET, two numbers");
	if (isatty(STDOUT_FILENO))
		return command_failed("refusing to write a journal to a terminal: redirect it to a "
				      "file, or pipe it into 'nfttracectl show -'");
	from = (struct follow_stream_from){ .start = from_start,
		.after = after ? &position : NULL };
	r = follow ? export_follow(sources[0], &from, &reason) : export_now(sources[0], &reason);
	if (r >= 0 || (r == -EPIPE && !reason))
		return EXIT_DONE;
	if (!reason)
		reason = g_strdup_printf("the journal can't be exported: %s", g_strerror(-r));
	return command_failed(reason);
}
