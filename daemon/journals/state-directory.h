/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state directory: STATE/<id>/ for each session's journal, STATE/next-id, and STATE/.lock,
 * which one daemon holds at a time. Its mode is 0700: a journal is reached through the daemon only,
 * by a descriptor of its directory, with which any user can read it (0755). Opened by main, then
 * used by the worker; what takes a const state may be called by any thread.
 */
#ifndef NFTTRACED_DAEMON_JOURNALS_STATE_DIRECTORY_H
#define NFTTRACED_DAEMON_JOURNALS_STATE_DIRECTORY_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct state_directory;

/*
 * Opens `path`, makes it if it isn't there, and takes its lock. -EEXIST: another daemon has it.
 * -ENOTEMPTY: it is there, and full of other things. One sentence in *ret_reason on failure.
 */
int state_directory_open(const char *path, struct state_directory **ret, char **ret_reason);

/* The directory's descriptor, which stays the state's. */
int state_directory_fd(const struct state_directory *state);

/* An id that no session had before, in this directory or since next-id was begun: on disk when it
 * returns. The directory is looked through once, and again after a session could not be made
 * because somebody else had put its name there. */
int state_directory_next_id(struct state_directory *state, uint64_t *ret);

/* Makes the directory of a session that is being started; *ret_fd (close it) is open for reading,
 * *ret_path (g_free it) is absolute, and where it will be. -EEXIST: the id is taken. */
int state_directory_session_create(
	struct state_directory *state, uint64_t id, int *ret_fd, char **ret_path);

/* The state directory's absolute path, which stays the state's. */
const char *state_directory_path(const struct state_directory *state);

/* True if `name` is that of a session's directory. */
bool state_directory_session_id(const char *name, uint64_t *ret);

/* The session has begun: from now on its directory is there. -ENOENT: it was already, or there is
 * none. */
int state_directory_session_publish(struct state_directory *state, uint64_t id);

/* Names that came and went in the state directory are on the disk when it returns. Waits for it. */
int state_directory_sync(const struct state_directory *state);

/* Removes what daemons that were killed have left of sessions that were being started. */
void state_directory_sessions_discard(struct state_directory *state);

/* The absolute path of a session's directory; g_free it. */
char *state_directory_session_path(const struct state_directory *state, uint64_t id);

/* Removes the directory of a session that never began, with the segments in it. */
void state_directory_session_remove(struct state_directory *state, uint64_t id);

/* The ids of the sessions that have a directory, in any order, as uint64_t: the caller unrefs
 * it. */
int state_directory_session_ids(const struct state_directory *state, GArray **ret);

/* The directory of a session, for reading. -ENOENT: there is none; -ENOTDIR: it is something
 * else. */
int state_directory_session_open(const struct state_directory *state, uint64_t id, int *ret_fd);

/* Removes the directory of a session that is empty. */
int state_directory_session_forget(const struct state_directory *state, uint64_t id);

/* Lets go of the lock. Accepts NULL; returns NULL. */
struct state_directory *state_directory_free(struct state_directory *state);

#endif
