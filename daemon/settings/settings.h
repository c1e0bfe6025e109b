/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's configuration: nfttraced.conf(5) and its drop-ins. A struct settings is read once and
 * constant after that, so any thread may read it. A reload makes another one, which the control thread
 * hands to each of its owners; each holds a reference, and nobody keeps a pointer without. (Not named
 * config.h: that is the build's.)
 */
#ifndef NFTTRACED_DAEMON_SETTINGS_SETTINGS_H
#define NFTTRACED_DAEMON_SETTINGS_SETTINGS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/pipeline/pipeline.h"
#include "daemon/settings/session-options.h"

/* Where a value comes from. */
struct setting_origin {
	char *text; /* the value as it was written, or the default; NULL: the key has none */
	char *file; /* NULL: the default; "--..." if it was an option of the command line */
	unsigned int line; /* in that file; 0: it is none */
	char *pending; /* NULL, or what the file says now: it takes a restart */
};

/* A group [Session NAME]: a session that runs whenever the daemon does. */
struct configured_session {
	char *name;
	char *file; /* where its group was found first */
	unsigned int line;
	struct session_options options;
	struct setting_origin *origins; /* by the number of its key */
};

struct settings {
	bool allow_system_changes;
	enum attach_mode attach;
	uint64_t ring_size; /* bytes of all rings together */
	uint64_t tracker_size; /* packets tracked at a time */
	uint64_t tracker_age; /* seconds without an event after which a packet is forgotten */
	uint64_t journal_size; /* bytes of a session's journal */
	uint64_t segment_size; /* bytes of a segment */
	uint64_t sync_interval; /* seconds that what is journaled waits for its way to the disk */
	uint64_t sync_timeout; /* seconds that a start or stop waits for the disk */
	uint64_t sessions_max;
	uint64_t followers_max; /* of one session */
	char *state_directory; /* absolute */
	uint64_t
		journals_size; /* bytes of all sessions' journals, ended ones included; 0: no limit */
	bool drop_counters; /* count drops, with or without sessions */
	uint64_t drop_counters_max; /* rules that are counted separately */
	uint64_t rule_texts_size; /* bytes of the texts of rules, all namespaces' */
	uint64_t filters_size; /* instructions of the matcher, all sessions' */
	bool drop_summary;
	uint64_t drop_summary_interval; /* seconds */
	uint64_t drop_summary_rules; /* messages an interval; what is left is summed up */
	/* Of each user but root, all his sessions together. */
	uint64_t user_sessions;
	uint64_t user_journal_size; /* bytes */
	uint64_t user_rate; /* events a second */
	uint64_t user_filter_size; /* instructions of the matcher */

	GPtrArray *
		configured_sessions; /* of struct configured_session, in the order in which they were found */
	struct setting_origin *origins; /* by the number of the key */
	gatomicrefcount references;
};

/* What holds without a file; one reference. */
struct settings *settings_new(void);

/*
 * Applies the text of a configuration file of `size` bytes. -EINVAL and one sentence in *ret_reason
 * that begins with NAME:LINE and says what is allowed.
 */
int settings_parse(struct settings *settings, const char *text, size_t size, const char *name,
	char **ret_reason);

/* The same from a file. -ENOENT if there is none: the caller decides whether that matters. */
int settings_load_file(struct settings *settings, const char *path, char **ret_reason);

/*
 * The configuration as a whole: `file` and the drop-ins in FILE.d; with NULL the system's, in the
 * folders and the order that systemd has for such. Ends with settings_check.
 */
int settings_load(struct settings *settings, const char *file, char **ret_reason);

/* The same with other folders in place of the system's (NULL-terminated, the most important first), in
 * which a file `name` and drop-ins in NAME.d may be. */
int settings_load_from(struct settings *settings, const char *const *directories, const char *name,
	char **ret_reason);

/* What can only be said of the whole: the sessions' options together, and how many there are. */
int settings_check(const struct settings *settings, char **ret_reason);

/* Has libpcap compile the sessions' filters, and waits for it; -EINVAL with its message and the place of
 * the first that it refuses. */
int settings_filters_check(const struct settings *settings, char **ret_reason);

/* What was said of a session's filter, with its place before it; g_free it. */
char *settings_filter_reason(const struct configured_session *session, const char *reason);

/* As `option` of the command line has it. -EINVAL, and *ret_reason says what is allowed. */
int settings_override(struct settings *settings, const char *option, const char *key,
	const char *text, char **ret_reason);

/*
 * Keeps what is in force where a change takes a restart: there `next` has the value of `in_force`, and
 * what was read is pending. Returns the names of those keys (g_strfreev it).
 */
char **settings_keep(struct settings *next, const struct settings *in_force);

/* The session of that name, or NULL. */
const struct configured_session *settings_session(
	const struct settings *settings, const char *name);

/* "auto", "kprobe", "fentry" to a mode: for the file and the command line. -EINVAL for other text. */
int settings_parse_attach(const char *text, enum attach_mode *ret);

/* One more reference. */
struct settings *settings_ref(const struct settings *settings);

/* Lets go of a reference. Accepts NULL; returns NULL. */
struct settings *settings_free(const struct settings *settings);

static inline void settings_freep(struct settings **settings)
{
	settings_free(*settings);
}

#define auto_settings __attribute__((cleanup(settings_freep))) struct settings

#endif
