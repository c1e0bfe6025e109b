/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journals by session or by path; see source.h. */
#include "client/read/source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "client/bus/daemon-bus.h"
#include "client/bus/hidden.h"
#include "client/bus/journal-list.h"
#include "client/bus/remote.h"
#include "client/bus/sessions.h"
#include "config.h"
#include "journal/base/amounts.h"
#include "journal/base/cleanup.h"
#include "journal/base/escape.h"
#include "journal/format/dictionary.h"

/* The directory of the daemon's journals, read when the bus can't give a journal. */
static const char *state_directory(void)
{
	const char *directory = g_getenv("NFTTRACED_STATE_DIR");

	return directory && *directory ? directory : NFTTRACED_STATE_DIR;
}

static int open_standard_input(struct journal_reader **ret, char **ret_reason)
{
	auto_fd fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd < 0) {
		*ret_reason = g_strdup_printf("standard input: %s", g_strerror(errno));
		return -EBADF;
	}
	return journal_reader_open_stream(fd_steal(&fd), ret, ret_reason);
}

/* A copy of the descriptor in an answer, which outlives the answer. */
static int take_descriptor(sd_bus_message *reply, int *ret_fd, char **ret_reason)
{
	int fd, r = sd_bus_message_read(reply, "h", &fd);

	if (r >= 0) {
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
		r = fd < 0 ? -errno : 0;
	}
	if (r < 0)
		return bus_unreadable(r, ret_reason);
	*ret_fd = fd;
	return 0;
}

/* Asks the daemon for the journal's directory. */
static int open_running(sd_bus *bus, const char *session, int *ret_fd, char **ret_reason)
{
	auto_bus_message *call = NULL;
	auto_bus_message *reply = NULL;
	g_autofree char *object = NULL;
	int r = session_find(bus, session, &object, ret_reason);

	if (r < 0)
		return r;
	r = bus_call_new(bus, object, BUS_SESSION_INTERFACE, "OpenJournal", &call);
	r = session_call(bus, object, call, r, &reply, ret_reason);
	return r < 0 ? r : take_descriptor(reply, ret_fd, ret_reason);
}

/* Asks the daemon for the directory of an ended session's journal. */
static int open_archived(sd_bus *bus, const char *session, int *ret_fd, char **ret_reason)
{
	auto_bus_message *call = NULL;
	auto_bus_message *reply = NULL;
	uint64_t id;
	int r = archive_resolve(bus, session, &id, ret_reason);

	if (r < 0)
		return r;
	r = bus_call_new(bus, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "OpenJournal", &call);
	if (r >= 0)
		r = sd_bus_message_append(call, "t", id);
	r = bus_call_send(bus, call, r, &reply, ret_reason);
	return r < 0 ? r : take_descriptor(reply, ret_fd, ret_reason);
}

static char *source_absence(sd_bus *bus, const char *session)
{
	g_autofree char *escaped = text_escape_dup(session);
	g_autofree char *text =
		g_strdup_printf("there is no session and no journal \"%s\"", escaped);

	return hidden_absence(bus, text, ARCHIVE_REMEDY);
}

/* Asks the daemon for the journal of a running or ended session. */
static int open_by_bus(const char *session, int *ret_fd, char **ret_reason)
{
	g_autofree char *reason = NULL;
	auto_bus *bus = NULL;
	int r = bus_connect(&bus, ret_reason);

	if (r < 0)
		return r;
	/* An id is unique: one call covers running and ended sessions. */
	r = session_is_id(session) ? -ESRCH : open_running(bus, session, ret_fd, &reason);
	if (r == -ESRCH) {
		g_clear_pointer(&reason, g_free);
		r = open_archived(bus, session, ret_fd, &reason);
	}
	if (r == -ESRCH)
		*ret_reason = source_absence(bus, session);
	else if (r < 0)
		*ret_reason = g_steal_pointer(&reason);
	return r;
}

/* True if the journal of session `id` in the state directory has that name. */
static bool is_named(const char *id, const char *name)
{
	g_autofree char *path = g_build_filename(state_directory(), id, NULL);
	auto_dictionary_start start = { 0 };
	struct journal_reader *reader = NULL;
	g_autofree char *reason = NULL;
	struct journal_entry entry;
	bool named = false;

	if (journal_reader_open(AT_FDCWD, path, &reader, &reason) < 0)
		return false;
	while (journal_reader_next(reader, &entry) > 0 && entry.type != JOURNAL_EVENT) {
		if (entry.type != JOURNAL_START)
			continue;
		named = dictionary_start_parse(entry.data, entry.size, &start) >= 0 &&
			g_str_equal(start.name, name);
		break;
	}
	journal_reader_free(reader);
	return named;
}

/* The id of the latest session in the state directory with that name; NULL if there is none. */
static char *find_ended(const char *name)
{
	g_autoptr(GDir) directory = g_dir_open(state_directory(), 0, NULL);
	g_autofree char *found = NULL;
	uint64_t found_id = 0;
	const char *entry;

	while (directory && (entry = g_dir_read_name(directory))) {
		uint64_t id;

		if (parse_count(entry, &id) < 0 || id <= found_id || !is_named(entry, name))
			continue;
		found_id = id;
		g_free(found);
		found = g_strdup(entry);
	}
	return g_steal_pointer(&found);
}

/* Opens the journal in the state directory; -ENOENT if there is none of the session. */
static int open_on_disk(const char *session, int *ret_fd)
{
	g_autofree char *id = session_is_id(session) ? g_strdup(session) : find_ended(session);
	g_autofree char *path = NULL;
	int fd;

	if (!id)
		return -ENOENT;
	path = g_build_filename(state_directory(), id, NULL);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

/* From the daemon, or else from the state directory, which root can read. */
static int open_session(const char *session, int *ret_fd, char **ret_reason)
{
	g_autofree char *reason = NULL;
	int r = open_by_bus(session, ret_fd, &reason);

	if (r >= 0 || open_on_disk(session, ret_fd) >= 0)
		return 0;
	*ret_reason = g_steal_pointer(&reason);
	return r;
}

/* True if the argument is a path, not a session. */
static bool is_path(const char *argument)
{
	return strchr(argument, '/') || access(argument, F_OK) == 0;
}

int source_descriptor(const char *argument, int *ret_fd, char **ret_reason)
{
	int fd;

	if (!is_path(argument))
		return open_session(argument, ret_fd, ret_reason);
	fd = open(argument, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		g_autofree char *escaped = text_escape_dup(argument);
		int r = -errno;

		*ret_reason = g_strdup_printf("%s: %s", escaped, g_strerror(-r));
		return r;
	}
	*ret_fd = fd;
	return 0;
}

/* Opens the stream from the other host, which prints its own failures. */
static int open_remote(const char *argument, struct journal_reader **ret, char **ret_reason)
{
	g_autofree char *reason = NULL;
	auto_fd fd = -1;
	int r = remote_open(argument, REMOTE_EXPORT, NULL, &fd, ret_reason);

	if (r < 0)
		return r;
	r = journal_reader_open_stream(fd_steal(&fd), ret, &reason);
	if (r < 0) {
		*ret_reason = remote_finish();
		if (!*ret_reason)
			*ret_reason = g_steal_pointer(&reason);
	}
	return r;
}

int source_open(const char *argument, struct journal_reader **ret, char **ret_reason)
{
	auto_fd fd = -1;
	int r;

	if (g_str_equal(argument, "-"))
		return open_standard_input(ret, ret_reason);
	if (remote_host())
		return open_remote(argument, ret, ret_reason);
	if (is_path(argument))
		return journal_reader_open(AT_FDCWD, argument, ret, ret_reason);
	r = open_session(argument, &fd, ret_reason);
	/* The reader opens the directory again. */
	return r < 0 ? r : journal_reader_open(fd, ".", ret, ret_reason);
}
