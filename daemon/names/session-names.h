/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of a session: those that the current segment of its journal has, and those that wait to
 * be written into it. Owned by the name writer's thread.
 */
#ifndef NFTTRACED_DAEMON_NAMES_SESSION_NAMES_H
#define NFTTRACED_DAEMON_NAMES_SESSION_NAMES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/names/resolver-client.h"
#include "daemon/recorder/name-requests.h"
#include "daemon/recorder/recorder.h"

/* Limits of names that wait while the disk is full; further ones are lost and counted. */
#define SESSION_NAMES_MAX       8192
#define SESSION_NAMES_BYTES_MAX (512U << 10) /* of the names' texts */

/* The memory of a name that is remembered as written, about. */
#define SESSION_NAMES_ENTRY_BYTES 192

struct session_names {
	uint64_t generation; /* of the session; 0: no session has the bit */
	uint64_t segment; /* the current one */
	GHashTable *requested; /* set of struct name_request: asked for, for this segment */
	GHashTable *requested_rules; /* set of struct rule_key: those of `requested` */
	bool more_rules; /* the segment has rules that are not in `requested` */
	size_t bytes; /* of the texts that wait */
	unsigned int asked; /* questions without an answer */
	/* Names that wait; the texts are owned. */
	GArray *rules; /* struct rule_name */
	GArray *symbols; /* struct symbol_name */
	GArray *netns; /* struct netns_name */
	char *reasons; /* names of drop reasons, as JSON; NULL: none are wanted, or known */
	bool reasons_due; /* the segment does not have them yet */
	uint64_t since; /* ns: the symbols are valid from then on */
	int64_t retry; /* us: nothing is written before; 0: at once */
	uint64_t lost; /* names that were not written */
};

void session_names_init(struct session_names *names);

/* Resets the names for the session with this generation (0: none). Names that still wait are
 * counted as lost. */
void session_names_reset(struct session_names *names, uint64_t generation);

/* Whether a name can be remembered as written. */
enum session_names_memory {
	SESSION_NAMES_REMEMBERS,
	SESSION_NAMES_IS_FULL, /* the same name may be written twice, which does no harm */
};

/* True if the segment does not have the name yet: the caller asks for it. */
bool session_names_add(struct session_names *names, const struct name_request *request,
	enum session_names_memory memory);

/* How many names it remembers as written. */
unsigned int session_names_count(const struct session_names *names);

/* Forgets the addresses: they may mean other functions now. */
void session_names_renew_symbols(struct session_names *names);

/* Takes the answer to a name request. `text` has answer->length bytes. */
void session_names_answer(struct session_names *names, const struct name_request *request,
	const struct resolver_answer *answer, const char *text);

/* A rule has another text from `answer->since` on: it is written if the segment may have the
 * rule. */
void session_names_replace(
	struct session_names *names, const struct resolver_answer *answer, const char *text);

/* Sets the names of drop reasons, as JSON: each segment gets them. */
void session_names_set_reasons(struct session_names *names, const char *json, size_t length);

/* Has the recorder thread append the names that wait. */
void session_names_write(struct session_names *names, struct recorder *recorder, unsigned int bit);

/* True if no name waits. */
bool session_names_is_written(const struct session_names *names);

/* Frees what is in it. */
void session_names_clear(struct session_names *names);

/* The rule that a request is about. */
struct rule_key name_request_rule(const struct name_request *request);

#endif
