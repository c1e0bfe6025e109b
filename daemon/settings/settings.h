/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's configuration: nfttraced.conf(5) and its drop-ins. A struct settings is filled by
 * one thread and constant after that, so any thread may read it. A reload makes a new one, which
 * the control thread hands to each part of the daemon; each part holds a reference. A configuration
 * with an error is refused as a whole, with one sentence that has the file, the line and the
 * remedy.
 */
#ifndef NFTTRACED_DAEMON_SETTINGS_SETTINGS_H
#define NFTTRACED_DAEMON_SETTINGS_SETTINGS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/pipeline/pipeline.h"
#include "daemon/settings/session-options.h"
#include "journal/base/cleanup.h"

/* The origin of a value. */
struct setting_origin {
	char *text; /* the value as in the file, or the default */
	char *file; /* NULL: the default; "--...": an option of the command line */
	unsigned int line; /* in that file; 0: it is no file */
	char *pending; /* the value in the file that a restart will put in force; NULL: none */
};

/* A group [Session NAME]: a session that runs as long as the daemon does. */
struct configured_session {
	char *name;
	char *file; /* where its group was found first, with the line */
	unsigned int line;
	struct session_options options;
	struct setting_origin *origins; /* by the index of the key */
};

struct settings {
	bool allow_system_changes;
	enum attach_mode attach;
	uint64_t ring_size; /* bytes of all rings together */
	uint64_t tracker_size; /* packets tracked at a time */
	uint64_t tracker_age; /* seconds without an event, then a packet is forgotten */
	uint64_t journal_size; /* bytes of a session's journal */
	uint64_t segment_size; /* bytes of a segment */
	uint64_t sync_interval; /* seconds that events in a journal may wait for the disk */
	uint64_t sync_timeout; /* seconds that a start or stop waits for the disk */
	uint64_t sessions_max;
	uint64_t followers_max; /* of one session */
	char *state_directory; /* absolute */
	uint64_t journals_size; /* bytes of all journals together; 0: no limit */
	bool drop_counters; /* count drops, with or without sessions */
	uint64_t drop_counters_max; /* rules that are counted separately */
	uint64_t rule_texts_size; /* bytes of the texts of rules, of all namespaces */
	uint64_t filters_size; /* instructions of the matcher, of all sessions */
	bool drop_summary;
	uint64_t drop_summary_interval; /* seconds */
	uint64_t drop_summary_rules; /* messages an interval; the other rules are summed up */
	/* For each user but root, of all sessions of the user together. */
	uint64_t user_sessions;
	uint64_t user_journal_size; /* bytes */
	uint64_t user_rate; /* events a second */
	uint64_t user_filter_size; /* instructions of the matcher */

	GPtrArray
		*configured_sessions; /* of struct configured_session, in the order of the files */
	struct setting_origin *origins; /* by the index of the key */
	gatomicrefcount references;
};

/* The defaults; one reference. */
struct settings *settings_new(void);

/*
 * Applies the text of a configuration file of `size` bytes. -EINVAL and one sentence in *ret_reason
 * that begins with NAME:LINE and has the allowed values.
 */
int settings_parse(struct settings *settings, const char *text, size_t size, const char *name,
	char **ret_reason);

/* Applies a configuration file. -ENOENT: it does not exist. */
int settings_load_file(struct settings *settings, const char *path, char **ret_reason);

/*
 * Loads the whole configuration: `file` and the drop-ins in FILE.d; NULL: the system's, from the
 * same kinds of folders as systemd's. Calls settings_check.
 */
int settings_load(struct settings *settings, const char *file, char **ret_reason);

/* Loads it from these folders (NULL-terminated, the most important first): the file `name`, and
 * drop-ins in NAME.d. */
int settings_load_from(struct settings *settings, const char *const *directories, const char *name,
	char **ret_reason);

/* Checks what concerns more than one key: the number of configured sessions, and the options of
 * each. -EINVAL. */
int settings_check(const struct settings *settings, char **ret_reason);

/* Compiles the filters of the configured sessions, and waits for that. -EINVAL with libpcap's
 * message and the place of the first invalid one. */
int settings_filters_check(const struct settings *settings, char **ret_reason);

/* The reason why a session's filter was refused, with its place; g_free it. */
char *settings_filter_reason(const struct configured_session *session, const char *reason);

/* Sets a key as `option` of the command line does. -EINVAL, and *ret_reason has the allowed
 * values. */
int settings_override(struct settings *settings, const char *option, const char *key,
	const char *text, char **ret_reason);

/*
 * Keeps the values in force of keys that change at a restart only: `next` gets those of `in_force`,
 * and the values that were read become pending. Returns the names of these keys (g_strfreev it).
 */
char **settings_keep(struct settings *next, const struct settings *in_force);

/* The configured session of that name; NULL: there is none. */
const struct configured_session *settings_session(
	const struct settings *settings, const char *name);

/* One more reference. */
struct settings *settings_ref(const struct settings *settings);

/* Drops a reference. Accepts NULL; returns NULL. */
struct settings *settings_free(const struct settings *settings);

DEFINE_FREEP(settings)

#define auto_settings __attribute__((cleanup(settings_freep))) struct settings

#endif
