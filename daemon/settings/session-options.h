/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a session was asked to record: its options as plain data, and the rules they must follow. No
 * bus in here. Owned by the session.
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
	char *name; /* "" if it has none */
	char *filter; /* pcap expression; "" for every packet */
	uint32_t verdicts; /* 1 << enum verdict, or'ed */
	uint32_t sections; /* 1 << enum event_section_type, or'ed */
	bool track;
	bool stack; /* of each probe's events, whether or not `probes` says so */
	GArray *probes; /* of struct probe_spec, shared by copies */
	bool bind_to_caller;
	bool configured; /* it is one of the configuration's, not a caller's */
	uint64_t limit; /* events; 0: none */
	uint64_t duration; /* microseconds; 0: none */
	uint64_t rate; /* events a second; 0: none */
	uint64_t burst; /* events at once before the rate holds; 0: as many as `rate` */
	uint64_t size; /* bytes of journal; 0: as configured */
};

/* What holds for a session that was asked for without options. */
void session_options_init(struct session_options *options);

/* A copy of what is in `options`, to be cleared. */
void session_options_copy(struct session_options *ret, const struct session_options *options);

void session_options_clear(struct session_options *options);

/* Numbers within their ranges, the name as session_name_check has it. -EINVAL and FAILURE_INVALID_OPTION. */
int session_options_check(const struct session_options *options, struct failure *failure);

/*
 * A name is 1 to SESSION_NAME_MAX bytes of printable UTF-8 without a slash, begins with neither '-'
 * nor '.', and is not all digits, so that it can't be taken for an id, an option or a path.
 */
int session_name_check(const char *name, struct failure *failure);

/* Names of verdicts to a mask; "all" is every one. -EINVAL and FAILURE_INVALID_VERDICT. */
int verdicts_parse(const char *const *names, uint32_t *ret, struct failure *failure);

/* The names in a mask, NULL-terminated (g_strfreev it); { "all" } for every one. */
char **verdicts_names(uint32_t verdicts);

/* Names of sections to a mask; "all" is every one. -EINVAL and FAILURE_INVALID_OPTION. */
int sections_parse(const char *const *names, uint32_t *ret, struct failure *failure);

#define auto_session_options __attribute__((cleanup(session_options_clear))) struct session_options

#endif
