/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of a session: what its journal has been told in its current segment, and the names
 * that wait to be written into it. Owned by the name writer.
 */
#ifndef NFTTRACED_DAEMON_NAMES_SESSION_NAMES_H
#define NFTTRACED_DAEMON_NAMES_SESSION_NAMES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/names/resolver-client.h"
#include "daemon/recorder/name-requests.h"
#include "daemon/recorder/recorder.h"

/* Names of a session that wait while its disk is full; more are lost and counted. */
#define SESSION_NAMES_MAX       8192
#define SESSION_NAMES_BYTES_MAX (512U << 10) /* of these names' texts */

/* Bytes of memory, about, for each name that is remembered to have been told. */
#define SESSION_NAMES_TOLD_BYTES 192

struct session_names {
	uint64_t generation; /* 0: nobody has the bit */
	uint64_t segment;
	GHashTable *told; /* set of struct name_request */
	GHashTable *told_rules; /* set of struct rule_key: those of `told` */
	bool told_more; /* of rules than are remembered */
	size_t bytes; /* of the texts that wait */
	unsigned int asked; /* questions without an answer */
	GArray *rules; /* struct rule_name, with texts of their own */
	GArray *symbols; /* struct symbol_name, the same */
	GArray *netns; /* struct netns_name, the same */
	char *reasons; /* JSON, or NULL */
	bool reasons_due; /* the segment does not have them yet */
	uint64_t since; /* of the symbols */
	int64_t retry; /* us: not written before; 0: at once */
	uint64_t lost; /* names that will not be written */
};

void session_names_init(struct session_names *names);

/* Another session has the bit, or nobody: names that still wait are lost. */
void session_names_turn(struct session_names *names, uint64_t generation);

/* Whether a name can be remembered as told. */
enum session_names_memory {
	SESSION_NAMES_REMEMBERS,
	SESSION_NAMES_IS_FULL, /* the same name may be told again, which does no harm */
};

/* True if what is noted has to be asked for: it is told of from now on. */
bool session_names_takes(struct session_names *names, const struct name_request *request,
	enum session_names_memory memory);

/* How many names it remembers. */
unsigned int session_names_told(const struct session_names *names);

/* Addresses mean something else: all are to be told again. */
void session_names_renew_symbols(struct session_names *names);

/* Takes the answer to a name request. */
void session_names_answer(struct session_names *names, const struct name_request *request,
	const struct resolver_answer *answer, const char *text);

/* A rule has another text from `answer->since` on: noted if the segment was told of the rule. */
void session_names_replace(
	struct session_names *names, const struct resolver_answer *answer, const char *text);

/* The names of drop reasons, as JSON, for every segment. */
void session_names_set_reasons(struct session_names *names, const char *json, size_t length);

/* Has what waits written. */
void session_names_write(struct session_names *names, struct recorder *recorder, unsigned int bit);

/* Nothing waits. */
bool session_names_is_written(const struct session_names *names);

void session_names_clear(struct session_names *names);

#endif
