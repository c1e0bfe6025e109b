/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of rules as they were read, of those that are there and those that were. Owned by the rule
 * store.
 */
#ifndef NFTTRACED_RULE_TEXTS_H
#define NFTTRACED_RULE_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../journal/names.h"

#define RULE_TEXTS_BYTES_MAX (64U << 20) /* of texts and their keys */

struct rule_texts;

/* A text that is told: NULL unless the fate is RULE_READ. */
struct rule_told {
	enum rule_fate fate;
	const char *text; /* not terminated */
	size_t length;
	uint64_t since; /* as in struct rule_name */
	bool more; /* one of a later time follows */
};

/* True if that reading of the namespace is its last. */
typedef bool (*rule_texts_current)(void *context, uint64_t netns, uint64_t reading);

struct rule_texts *rule_texts_new(rule_texts_current current, void *context);

typedef void (*rule_texts_teller)(void *context, const struct rule_told *told);

/* Tells the texts of a rule, that of the latest time last. False: it is not known. */
bool rule_texts_tell(const struct rule_texts *texts, const struct rule_key *key,
	rule_texts_teller teller, void *context);

/*
 * That reading has found the rule, with that text. True if it had another one before: the new one is
 * since told->since, which is set to 0 otherwise. Where there is no room, those that were make room;
 * if that is not enough, nothing is kept.
 */
bool rule_texts_take(struct rule_texts *texts, const struct rule_key *key, uint64_t reading,
	struct rule_told *told);

/* There was no room for the last one. */
bool rule_texts_full(const struct rule_texts *texts);

/* Accepts NULL; returns NULL. */
struct rule_texts *rule_texts_free(struct rule_texts *texts);

#endif
