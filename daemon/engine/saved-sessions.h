/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The saved sessions: the data of the running sessions that the next daemon needs, in a file of the
 * state directory that is replaced as a whole whenever a session starts, changes or ends. Text with
 * a version and a checksum. Plain data; the worker owns the engine's. Which of their records are
 * journaled is in the checkpoint.
 */
#ifndef NFTTRACED_DAEMON_ENGINE_SAVED_SESSIONS_H
#define NFTTRACED_DAEMON_ENGINE_SAVED_SESSIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/pipeline/pipeline.h"
#include "daemon/settings/session-options.h"
#include "journal/base/cleanup.h"

#define SAVED_SESSIONS_VERSION  1U
#define SAVED_SESSIONS_SIZE_MAX (64U << 20) /* bytes: each session's filter may be a long one */
#define SAVED_SESSIONS_BOOT_MAX 32 /* hex digits of a boot id */

/* The change of a session that was under way. */
enum saved_change {
	SAVED_NONE,
	SAVED_CHANGING, /* `options` are the new ones */
	SAVED_STOPPING,
};

struct saved_session {
	unsigned int bit;
	enum saved_change change;
	uint64_t id;
	struct session_options options; /* in force */
	uid_t owner;
	char *command;
	char *caller; /* its name on the bus, if the session is bound to it; NULL: it is not */
	uint64_t started; /* us, CLOCK_REALTIME */
	uint64_t deadline; /* us, CLOCK_BOOTTIME; 0: none */
	uint32_t since; /* struct plan_entry */
	struct session_stats before; /* of the pipelines that are gone */
};

struct saved_sessions {
	char boot[SAVED_SESSIONS_BOOT_MAX + 1];
	unsigned int tries; /* daemons that resumed them and did not become ready */
	struct pipeline_traits traits;
	struct pipeline_probe probes[EVENT_PROBES_MAX]; /* by number; of config `attach` only */
	GPtrArray *sessions; /* of struct saved_session, each at a bit of its own */
};

struct saved_sessions *saved_sessions_new(void);

/* A deep copy. */
struct saved_sessions *saved_sessions_copy(const struct saved_sessions *saved);

/* The id of this boot. */
void saved_sessions_boot_id(char ret[SAVED_SESSIONS_BOOT_MAX + 1]);

/* The file's text, of `*ret_size` bytes; g_free it. */
char *saved_sessions_text(const struct saved_sessions *saved, size_t *ret_size);

/* -EBADMSG: damaged, or another kind of file; -EPROTONOSUPPORT: another version. One sentence in
 * *ret_reason (g_free it) on failure. */
int saved_sessions_parse(
	const char *text, size_t size, struct saved_sessions **ret, char **ret_reason);

/* Reads the file in the state directory `dir_fd`. -ENOENT: it does not exist. A file that can't be
 * used is renamed, and *ret_reason (g_free it) says so. */
int saved_sessions_load(int dir_fd, struct saved_sessions **ret, char **ret_reason);

/*
 * Replaces the file by `text`, which is on the disk before it gets the name: a crash leaves the new
 * text or the one before. The directory is not synced, because another boot does not use the file.
 */
int saved_sessions_write(int dir_fd, const char *text, size_t size);

/* Removes the file, if it exists. */
void saved_sessions_remove(int dir_fd);

/* A session with default options, to be added to `sessions`, which frees it. */
struct saved_session *saved_session_new(void);

/* Accepts NULL; returns NULL. */
struct saved_sessions *saved_sessions_free(struct saved_sessions *saved);

DEFINE_FREEP(saved_sessions)

#define auto_saved_sessions __attribute__((cleanup(saved_sessions_freep))) struct saved_sessions

#endif
