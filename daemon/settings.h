/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's configuration: nfttraced.conf(5), group [Daemon]. Read once at start, constant after
 * that, so any thread may read it. (Not named config.h: that is the build's.)
 */
#ifndef NFTTRACED_SETTINGS_H
#define NFTTRACED_SETTINGS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "pipeline.h"

struct settings {
	bool allow_system_changes;
	enum attach_mode attach;
	uint64_t ring_size; /* bytes of all rings together */
	uint64_t tracker_size; /* packets tracked at a time */
	uint64_t tracker_age; /* seconds without an event after which a packet is forgotten */
	uint64_t journal_size; /* bytes of a session's journal */
	uint64_t segment_size; /* bytes of a segment */
	uint64_t sessions_max;
	uint64_t followers_max; /* of one session */
	char *state_directory; /* absolute */
	uint64_t
		journals_size; /* bytes of all sessions' journals, ended ones included; 0: no limit */
	bool drop_counters; /* count drops, with or without sessions */
	uint64_t drop_counters_max; /* rules that are counted separately */
	bool drop_summary;
	uint64_t drop_summary_interval; /* seconds */
	uint64_t drop_summary_rules; /* messages an interval; what is left is summed up */
	/* Of each user but root, all his sessions together. */
	uint64_t user_sessions;
	uint64_t user_journal_size; /* bytes */
	uint64_t user_rate; /* events a second */
};

/* What holds without a file. */
struct settings *settings_new(void);

/*
 * Applies the text of a configuration file. -EINVAL and one sentence in *ret_reason that begins with
 * NAME:LINE and says what is allowed.
 */
int settings_parse(
	struct settings *settings, const char *text, const char *name, char **ret_reason);

/* The same from a file. -ENOENT if there is none: the caller decides whether that matters. */
int settings_load(struct settings *settings, const char *path, char **ret_reason);

/* "auto", "kprobe", "fentry" to a mode: for the file and the command line. -EINVAL for other text. */
int settings_parse_attach(const char *text, enum attach_mode *ret);

/* Accepts NULL; returns NULL. */
struct settings *settings_free(struct settings *settings);

static inline void settings_freep(struct settings **settings)
{
	settings_free(*settings);
}

#define auto_settings __attribute__((cleanup(settings_freep))) struct settings

#endif
