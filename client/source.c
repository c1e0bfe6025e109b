/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Journals by session or by path; see source.h. */
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "bus.h"
#include "config.h"
#include "journal/cleanup.h"
#include "journal/dictionary.h"
#include "journal/escape.h"
#include "parse.h"
#include "session.h"

/* Where the daemon keeps its journals: for those of ended sessions, which the bus does not know. */
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

/* Asks the daemon for the journal's directory. */
static int open_running(const char *session, struct journal_reader **ret, char **ret_reason)
{
	auto_bus_message *call = NULL;
	auto_bus_message *reply = NULL;
	g_autofree char *object = NULL;
	auto_bus *bus = NULL;
	int directory;
	int r;

	r = bus_connect(&bus, ret_reason);
	if (r >= 0)
		r = session_find(bus, session, &object, ret_reason);
	if (r < 0)
		return r;
	r = bus_call_new(bus, object, BUS_SESSION_INTERFACE, "OpenJournal", &call);
	r = session_call(bus, object, call, r, &reply, ret_reason);
	if (r < 0)
		return r;
	/* The descriptor stays the message's: the reader opens the directory anew. */
	r = sd_bus_message_read(reply, "h", &directory);
	if (r < 0)
		return bus_unreadable(r, ret_reason);
	return journal_reader_open(directory, ".", ret, ret_reason);
}

/* True if the journal of session `id` in the state directory carries that name. */
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

/* Looks into the state directory: -ENOENT if no journal there is the session's. */
static int open_ended(const char *session, struct journal_reader **ret, char **ret_reason)
{
	g_autofree char *id = session_is_id(session) ? g_strdup(session) : find_ended(session);
	g_autofree char *path = NULL;

	if (!id)
		return -ENOENT;
	path = g_build_filename(state_directory(), id, NULL);
	if (access(path, F_OK) < 0)
		return -errno;
	return journal_reader_open(AT_FDCWD, path, ret, ret_reason);
}

static int open_session(const char *session, struct journal_reader **ret, char **ret_reason)
{
	g_autofree char *bus_reason = NULL;
	g_autofree char *reason = NULL;
	int r, ended;

	r = open_running(session, ret, &bus_reason);
	if (r >= 0)
		return r;
	ended = open_ended(session, ret, &reason);
	if (ended >= 0)
		return ended;
	if (reason) {
		*ret_reason = g_steal_pointer(&reason);
		return ended;
	}
	if (ended == -EACCES) {
		*ret_reason = g_strdup("access denied: reading a session's journal needs root");
		return ended;
	}
	if (r == -ESRCH) {
		g_autofree char *escaped = text_escape_dup(session);

		*ret_reason =
			g_strdup_printf("there is no session and no journal \"%s\": 'nfttracectl "
					"list' shows the running ones, %s has the journals",
				escaped, state_directory());
		return r;
	}
	*ret_reason = g_steal_pointer(&bus_reason);
	return r;
}

int source_open(const char *argument, struct journal_reader **ret, char **ret_reason)
{
	if (g_str_equal(argument, "-"))
		return open_standard_input(ret, ret_reason);
	if (strchr(argument, '/') || access(argument, F_OK) == 0)
		return journal_reader_open(AT_FDCWD, argument, ret, ret_reason);
	return open_session(argument, ret, ret_reason);
}
