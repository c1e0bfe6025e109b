/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state directory: STATE/<id>/ with each session's journal, STATE/next-id, and STATE/.lock,
 * which one daemon holds at a time. Its mode is 0700: users get at a journal through the daemon
 * only, which passes a descriptor of the journal's directory (0755).
 *
 * Owned by main. Ids are given out, and directories created, on the disk thread only, as jobs of
 * the engine; the other functions may be called by any thread. Errors of the disk are counted
 * (state-errors.h) and returned.
 */
#ifndef NFTTRACED_DAEMON_JOURNALS_STATE_DIRECTORY_H
#define NFTTRACED_DAEMON_JOURNALS_STATE_DIRECTORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct state_directory;

/*
 * Opens `path`, creates it if it does not exist, and takes its lock. -EEXIST: another daemon holds
 * it. -ENOTEMPTY: the directory has other files and is not ours. On failure, *ret_reason is one
 * sentence (g_free it).
 */
int state_directory_open(const char *path, struct state_directory **ret, char **ret_reason);

/* The directory's descriptor, borrowed. */
int state_directory_fd(const struct state_directory *state);

/* An id that no session had before, in this directory or since next-id was created; next-id is on
 * disk when it returns. The directory is listed for the first id, and again after a session's
 * directory could not be created because its name was taken. */
int state_directory_next_id(struct state_directory *state, uint64_t *ret);

/* Creates the directory of a session that is being started, under a temporary name; *ret_fd (close
 * it) is open for reading, *ret_path (g_free it) is the absolute path that it gets when it is
 * published. -EEXIST: the id is taken. */
int state_directory_session_create(
	struct state_directory *state, uint64_t id, int *ret_fd, char **ret_path);

/* The state directory's absolute path, borrowed. */
const char *state_directory_path(const struct state_directory *state);

/* True if `name` is that of a session's directory. */
bool state_directory_session_id(const char *name, uint64_t *ret);

/* The session has begun: gives its directory the final name. -ENOENT: it has that already, or there
 * is none. */
int state_directory_session_publish(struct state_directory *state, uint64_t id);

/* Waits until names that were added to or removed from the state directory are on disk. */
int state_directory_sync(const struct state_directory *state);

/* Removes the directories of sessions that were being started when a daemon was killed. */
void state_directory_sessions_discard(struct state_directory *state);

/* The absolute path of a session's directory; g_free it. */
char *state_directory_session_path(const struct state_directory *state, uint64_t id);

/* Removes the directory, not yet published, of a session whose start failed, with its files. */
void state_directory_session_remove(struct state_directory *state, uint64_t id);

/* The ids of the sessions that have a directory, as uint64_t in any order; the caller unrefs it. */
int state_directory_session_ids(const struct state_directory *state, GArray **ret);

/* Opens the directory of a session for reading. -ENOENT: there is none; -ENOTDIR: it is another
 * kind of file. */
int state_directory_session_open(const struct state_directory *state, uint64_t id, int *ret_fd);

/* Removes the empty directory of a session. */
int state_directory_session_forget(const struct state_directory *state, uint64_t id);

/* Releases the lock. Accepts NULL; returns NULL. */
struct state_directory *state_directory_free(struct state_directory *state);

#endif
