/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state directory: its lock, the next id, the sessions' directories; see state-directory.h. */
#include "daemon/journals/state-directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "daemon/journals/state-errors.h"
#include "journal/base/cleanup.h"

#define LOCK_FILE     ".lock"
#define ID_FILE       "next-id"
#define ID_FILE_NEW   "next-id.new"
#define SESSION_MODE  0755 /* for users with a descriptor from the daemon */
#define NUMBER_DIGITS 20 /* of a uint64_t in decimal */
#define SUFFIX_NEW    ".new" /* after the id, while the session is being started */
#define NAME_SIZE     (NUMBER_DIGITS + sizeof(SUFFIX_NEW))

struct state_directory {
	char *path;
	int dir_fd;
	int lock_fd;
	uint64_t next; /* id; 0: the directory has to be listed */
};

/* A file that holds a decimal number and a newline; 0 if it can't be read as one. */
static uint64_t read_number(int fd)
{
	char text[NUMBER_DIGITS + 2];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return g_ascii_strtoull(text, NULL, 10);
}

static int write_number(int fd, uint64_t number)
{
	char text[NUMBER_DIGITS + 2];
	int size = snprintf(text, sizeof(text), "%" PRIu64 "\n", number);
	ssize_t n = pwrite(fd, text, size, 0);

	if (n < 0)
		return -errno;
	return n == size ? 0 : -ENOSPC;
}

/* Calls `visit` with the name of each entry. */
typedef void (*entry_visit)(const char *name, void *context);

static int visit_entries(const struct state_directory *state, entry_visit visit, void *context)
{
	int fd = openat(state->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;

	if (!directory) {
		int r = -errno;

		fd_close(&fd);
		return r;
	}
	while ((entry = readdir(directory)))
		visit(entry->d_name, context);
	closedir(directory);
	return 0;
}

static void visit_id(const char *name, void *context)
{
	uint64_t *highest = context;
	guint64 id;

	if (g_ascii_string_to_unsigned(name, 10, 1, G_MAXUINT64 - 1, &id, NULL))
		*highest = MAX(*highest, id);
}

static void visit_session(const char *name, void *context)
{
	GArray *ids = context;
	uint64_t id;

	if (state_directory_session_id(name, &id))
		g_array_append_val(ids, id);
}

bool state_directory_session_id(const char *name, uint64_t *ret)
{
	guint64 id;

	/* One session has one name: no leading zeros. */
	if (*name == '0' || !g_ascii_string_to_unsigned(name, 10, 1, G_MAXUINT64 - 1, &id, NULL))
		return false;
	*ret = id;
	return true;
}

struct inspection {
	bool foreign; /* there are other files */
	bool ours; /* our lock file exists */
};

static void visit_inspect(const char *name, void *context)
{
	struct inspection *inspection = context;

	if (g_str_equal(name, LOCK_FILE))
		inspection->ours = true;
	else if (!g_str_equal(name, ".") && !g_str_equal(name, "..") &&
		!g_str_equal(name, "lost+found"))
		inspection->foreign = true;
}

/* Makes the directory private, unless it has other files: a path given by mistake may be that of a
 * directory which others need. */
static int claim_directory(struct state_directory *state, char **ret_reason)
{
	struct inspection inspection = { 0 };
	int r = visit_entries(state, visit_inspect, &inspection);

	if (r == 0 && inspection.foreign && !inspection.ours) {
		*ret_reason =
			g_strdup_printf("%s is not empty, and not a state directory of nfttraced: "
					"use an empty directory",
				state->path);
		return -ENOTEMPTY;
	}
	if (r == 0 && fchmod(state->dir_fd, 0700) < 0)
		r = -errno;
	if (r < 0)
		*ret_reason = g_strdup_printf(
			"can't use the state directory %s: %s", state->path, g_strerror(-r));
	return r;
}

static int lock_directory(struct state_directory *state, char **ret_reason)
{
	auto_fd fd =
		openat(state->dir_fd, LOCK_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		int r = -errno;

		*ret_reason = g_strdup_printf("can't write to %s: %s", state->path, g_strerror(-r));
		return r;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (errno != EWOULDBLOCK) {
			int r = -errno;

			*ret_reason =
				g_strdup_printf("can't lock %s: %s", state->path, g_strerror(-r));
			return r;
		}
		*ret_reason = g_strdup_printf("nfttraced is already running (PID %" PRIu64
					      " has the state directory %s)",
			read_number(fd), state->path);
		return -EEXIST;
	}
	/* For the sentence above only: a full disk must not prevent the start of the daemon. */
	if (ftruncate(fd, 0) == 0)
		write_number(fd, getpid());
	state->lock_fd = fd_steal(&fd);
	return 0;
}

/* Creates the missing directories of the path, and waits until they are on disk. */
static int make_directories(const char *path)
{
	g_autofree char *parent = g_path_get_dirname(path);
	auto_fd fd = -1;
	int r;

	if (g_file_test(path, G_FILE_TEST_EXISTS))
		return 0;
	r = make_directories(parent);
	if (r < 0)
		return r;
	if (mkdir(path, 0700) < 0)
		return errno == EEXIST ? 0 : -errno;
	fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 || (fsync(fd) < 0 && errno != EINVAL) ? -errno : 0;
}

int state_directory_open(const char *path, struct state_directory **ret, char **ret_reason)
{
	struct state_directory *state = g_new0(struct state_directory, 1);
	int r;

	*state = (struct state_directory){ .path = g_strdup(path), .dir_fd = -1, .lock_fd = -1 };

	r = make_directories(path);
	if (r < 0) {
		errno = -r;
		goto refuse;
	}
	state->dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (state->dir_fd < 0)
		goto refuse;
	r = claim_directory(state, ret_reason);
	if (r == 0)
		r = lock_directory(state, ret_reason);
	if (r < 0) {
		state_directory_free(state);
		return r;
	}
	*ret = state;
	return 0;

refuse:
	r = -errno;
	*ret_reason = g_strdup_printf("can't use the state directory %s: %s", path, g_strerror(-r));
	state_directory_free(state);
	return r;
}

static int sync_directory(const struct state_directory *state)
{
	/* Some filesystems do not support it for directories. */
	return fsync(state->dir_fd) < 0 && errno != EINVAL ? -errno : 0;
}

/* Replaces next-id atomically: after a crash it has the old number or the new one. */
static int store_next_id(struct state_directory *state, uint64_t next)
{
	auto_fd fd = openat(state->dir_fd, ID_FILE_NEW,
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return -errno;
	r = write_number(fd, next);
	if (r < 0)
		return r;
	if (fsync(fd) < 0 || renameat(state->dir_fd, ID_FILE_NEW, state->dir_fd, ID_FILE) < 0)
		return -errno;
	return sync_directory(state);
}

/* An id above all that were given out and all that exist. */
static int find_next_id(const struct state_directory *state, uint64_t *ret)
{
	auto_fd fd = openat(state->dir_fd, ID_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	uint64_t next = fd >= 0 ? read_number(fd) : 0, highest = 0;
	int r = visit_entries(state, visit_id, &highest);

	if (r == 0)
		*ret = MAX(next, highest + 1);
	return r;
}

int state_directory_next_id(struct state_directory *state, uint64_t *ret)
{
	uint64_t next = state->next;
	int r = next ? 0 : find_next_id(state, &next);

	if (r == 0)
		r = store_next_id(state, next + 1);
	if (r < 0)
		return state_counted(r);
	state->next = next + 1;
	*ret = next;
	return 0;
}

int state_directory_session_create(
	struct state_directory *state, uint64_t id, int *ret_fd, char **ret_path)
{
	char name[NAME_SIZE];
	auto_fd fd = -1;

	snprintf(name, sizeof(name), "%" PRIu64, id);
	if (faccessat(state->dir_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		state->next = 0;
		return -EEXIST;
	}
	snprintf(name, sizeof(name), "%" PRIu64 SUFFIX_NEW, id);
	if (mkdirat(state->dir_fd, name, SESSION_MODE) < 0) {
		if (errno == EEXIST)
			state->next = 0;
		return state_counted(-errno);
	}
	fd = openat(state->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fchmod(fd, SESSION_MODE) < 0) {
		int r = -errno;

		unlinkat(state->dir_fd, name, AT_REMOVEDIR);
		return state_counted(r);
	}
	*ret_fd = fd_steal(&fd);
	*ret_path = state_directory_session_path(state, id);
	return 0;
}

int state_directory_session_publish(struct state_directory *state, uint64_t id)
{
	char before[NAME_SIZE], name[NAME_SIZE];

	snprintf(before, sizeof(before), "%" PRIu64 SUFFIX_NEW, id);
	snprintf(name, sizeof(name), "%" PRIu64, id);
	return renameat(state->dir_fd, before, state->dir_fd, name) < 0 ? state_counted(-errno) : 0;
}

int state_directory_sync(const struct state_directory *state)
{
	return state_counted(sync_directory(state));
}

int state_directory_fd(const struct state_directory *state)
{
	return state->dir_fd;
}

const char *state_directory_path(const struct state_directory *state)
{
	return state->path;
}

char *state_directory_session_path(const struct state_directory *state, uint64_t id)
{
	return g_strdup_printf("%s/%" PRIu64, state->path, id);
}

static void visit_new(const char *name, void *context)
{
	g_autofree char *number = g_strndup(name, MIN(strlen(name), NUMBER_DIGITS));
	char *end = strchr(number, *SUFFIX_NEW);
	guint64 id;

	if (end)
		*end = '\0';
	if (g_str_has_suffix(name, SUFFIX_NEW) &&
		g_ascii_string_to_unsigned(number, 10, 1, G_MAXUINT64 - 1, &id, NULL))
		state_directory_session_remove(context, id);
}

void state_directory_sessions_discard(struct state_directory *state)
{
	visit_entries(state, visit_new, state);
}

void state_directory_session_remove(struct state_directory *state, uint64_t id)
{
	g_autofree char *path = g_strdup_printf("%s/%" PRIu64 SUFFIX_NEW, state->path, id);
	g_autoptr(GDir) directory = g_dir_open(path, 0, NULL);
	const char *name;

	while (directory && (name = g_dir_read_name(directory))) {
		g_autofree char *file = g_build_filename(path, name, NULL);

		g_unlink(file);
	}
	g_rmdir(path);
}

int state_directory_session_ids(const struct state_directory *state, GArray **ret)
{
	g_autoptr(GArray) ids = g_array_new(FALSE, FALSE, sizeof(guint64));
	int r = visit_entries(state, visit_session, ids);

	if (r == 0)
		*ret = g_steal_pointer(&ids);
	return state_counted(r);
}

int state_directory_session_open(const struct state_directory *state, uint64_t id, int *ret_fd)
{
	char name[NUMBER_DIGITS + 1];
	int fd;

	snprintf(name, sizeof(name), "%" PRIu64, id);
	fd = openat(state->dir_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return state_counted(-errno);
	*ret_fd = fd;
	return 0;
}

int state_directory_session_forget(const struct state_directory *state, uint64_t id)
{
	char name[NUMBER_DIGITS + 1];

	snprintf(name, sizeof(name), "%" PRIu64, id);
	return unlinkat(state->dir_fd, name, AT_REMOVEDIR) < 0 ? state_counted(-errno) : 0;
}

struct state_directory *state_directory_free(struct state_directory *state)
{
	if (!state)
		return NULL;
	fd_close(&state->lock_fd);
	fd_close(&state->dir_fd);
	g_free(state->path);
	g_free(state);
	return NULL;
}
