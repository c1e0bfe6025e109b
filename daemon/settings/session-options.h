/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of a session, as plain data, and the rules that they must follow. Owned by the
 * session; any thread.
 */
#ifndef NFTTRACED_DAEMON_SETTINGS_SESSION_OPTIONS_H
#define NFTTRACED_DAEMON_SETTINGS_SESSION_OPTIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/failure.h"
#include "daemon/probe/probe-spec.h"

#define SESSION_NAME_MAX     64 /* bytes */
#define SESSION_RATE_MAX     1000000000ULL /* events a second */
#define SESSION_SIZE_MIN     (256ULL << 10) /* bytes of journal */
#define SESSION_DURATION_MAX (366ULL * 86400 * G_USEC_PER_SEC)

struct session_options {
	char *name; /* "": none */
	char *filter; /* a pcap expression; "": every packet */
	uint32_t verdicts; /* 1 << enum verdict, or'ed */
	uint32_t sections; /* 1 << enum event_section_type, or'ed */
	bool track;
	bool stack; /* record a stack with the events of every probe, whatever `probes` says */
	GArray *probes; /* of struct probe_spec; copies share it */
	bool bind_to_caller;
	bool configured; /* the session is one of the configuration, not of a caller */
	uint64_t limit; /* events; 0: none */
	uint64_t duration; /* us; 0: none */
	uint64_t rate; /* events a second; 0: none */
	uint64_t burst; /* events above `rate` that may pass at once; 0: as many as `rate` */
	uint64_t size; /* bytes of journal; 0: JournalSize */
};

/* The defaults. */
void session_options_init(struct session_options *options);

/* Copies `options`; the caller clears the copy. */
void session_options_copy(struct session_options *ret, const struct session_options *options);

/* Frees the members. */
void session_options_clear(struct session_options *options);

/* Checks the ranges of numbers, and the name. -EINVAL and FAILURE_INVALID_OPTION. */
int session_options_check(const struct session_options *options, struct failure *failure);

/*
 * Checks a name: 1 to SESSION_NAME_MAX bytes of printable UTF-8 without a slash, not all digits,
 * and the first is neither '-' nor '.', so that it can't be taken for an id, an option or a path.
 * -EINVAL and FAILURE_INVALID_OPTION.
 */
int session_name_check(const char *name, struct failure *failure);

/* Turns names of verdicts into a mask; "all" is every one. -EINVAL and FAILURE_INVALID_VERDICT. */
int verdicts_parse(const char *const *names, uint32_t *ret, struct failure *failure);

/* The names in a mask, NULL-terminated (g_strfreev it); { "all" } for every one. */
char **verdicts_names(uint32_t verdicts);

/* Turns names of sections into a mask; "all" is every one. -EINVAL and FAILURE_INVALID_OPTION. */
int sections_parse(const char *const *names, uint32_t *ret, struct failure *failure);

#define auto_session_options __attribute__((cleanup(session_options_clear))) struct session_options

#endif
