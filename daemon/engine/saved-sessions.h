/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The roster: the sessions as they are written down for the daemon that comes after this one, in a file
 * of the state directory, replaced as a whole whenever a session begins, changes or ends. Text with a
 * checksum and a version. Plain data; the worker owns the engine's. What becomes of their records is in
 * the ledger.
 */
#ifndef NFTTRACED_DAEMON_ENGINE_SAVED_SESSIONS_H
#define NFTTRACED_DAEMON_ENGINE_SAVED_SESSIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "daemon/pipeline/pipeline.h"
#include "daemon/settings/session-options.h"

#define ROSTER_VERSION  1U
#define ROSTER_SIZE_MAX (64U << 20) /* bytes: each session's filter may be a long one */
#define ROSTER_BOOT_MAX 32 /* hex digits of a boot id */

/* What was being done to a session. */
enum roster_change {
	ROSTER_NONE,
	ROSTER_CHANGING, /* `options` are those that it shall have */
	ROSTER_STOPPING,
};

struct roster_session {
	unsigned int bit;
	enum roster_change change;
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

struct roster {
	char boot[ROSTER_BOOT_MAX + 1];
	unsigned int tries; /* daemons that went on with it and did not get as far as being ready */
	struct pipeline_traits traits;
	struct pipeline_probe probes[EVENT_PROBES_MAX]; /* by number; of config `attach` only */
	GPtrArray *sessions; /* of struct roster_session, each at a bit of its own */
};

struct roster *roster_new(void);

/* This boot's id. */
void roster_boot(char ret[ROSTER_BOOT_MAX + 1]);

/* The file's text, of `*ret_size` bytes; g_free it. */
char *roster_text(const struct roster *roster, size_t *ret_size);

/* -EBADMSG: it is damaged, or not one; -EPROTONOSUPPORT: another version's. One sentence in *ret_reason
 * on failure. */
int roster_parse(const char *text, size_t size, struct roster **ret, char **ret_reason);

/* Reads the file in the state directory `dir_fd`. -ENOENT: there is none. A file that can't be read as a
 * roster is set aside under another name, and *ret_reason says so. */
int roster_load(int dir_fd, struct roster **ret, char **ret_reason);

/*
 * Replaces the file by `text`, which is on the disk before it has the name: a power failure leaves this one or
 * the one before. (That it has the name need not be stored: nothing of it is for another boot.)
 */
int roster_write(int dir_fd, const char *text, size_t size);

/* Replaces the file; whoever is killed meanwhile leaves the one before. */
int roster_save(const struct roster *roster, int dir_fd);

/* There is none from now on. */
void roster_remove(int dir_fd);

struct roster_session *roster_session_new(void);

/* Accepts NULL; returns NULL. */
struct roster_session *roster_session_free(struct roster_session *session);
struct roster *roster_free(struct roster *roster);

static inline void roster_freep(struct roster **roster)
{
	*roster = roster_free(*roster);
}

#define auto_roster __attribute__((cleanup(roster_freep))) struct roster

#endif
