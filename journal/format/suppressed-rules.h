/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JOURNAL_SUPPRESSED: events that the session's rate suppressed, by rule, to and from JSON. Each
 * record has the counts since the one before. Stateless.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_SUPPRESSED_RULES_H
#define NFTTRACED_JOURNAL_FORMAT_SUPPRESSED_RULES_H

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#define SUPPRESSED_RULES_MAX 4096 /* of a record that are taken in */

struct suppressed_rule {
	uint64_t netns_cookie; /* 0: unknown */
	uint32_t netns_inode;
	uint8_t family; /* NFPROTO_* of the table */
	uint64_t table_handle, chain_handle;
	uint64_t rule_handle; /* 0: the chain's policy */
	char *table, *chain; /* chosen by users: untrusted */
	uint64_t count; /* events */
	uint64_t since, until; /* ns, CLOCK_MONOTONIC: they came between these */
};

/* An empty list of struct suppressed_rule, which owns the names in it. */
GArray *suppressed_rules_new(void);

/* The JSON text of a record; g_free it. */
char *suppressed_record_new(const GArray *rules);

/* The rules of a record. NULL: it is no such JSON object. Missing members are 0 or "". */
GArray *suppressed_record_parse(const void *json, size_t size);

#endif
