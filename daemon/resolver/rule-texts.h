/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of rules as they were read, of those that exist and those that did, within a budget of bytes
 * that the owners of network namespaces share. Owned by the rule store; one thread. Plain memory: tested
 * without a kernel.
 *
 * Who gets what: the host's own namespace may have all of the budget. The other namespaces of root may
 * have half of it together, those of any other user a quarter, and a single namespace a quarter of what
 * its owner may have. Where there is no room, texts of rules that are gone, or were replaced, go first,
 * oldest first, of the owner that has the most. Then that owner's largest namespace gives up texts of rules that
 * exist. The host's rules that exist never do, and nobody takes from an owner that has less.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_RULE_TEXTS_H
#define NFTTRACED_DAEMON_RESOLVER_RULE_TEXTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/base/netns-owner.h"
#include "journal/format/names.h"

#define RULE_TEXTS_BYTES_MAX (64U << 20) /* of texts and their keys, unless it is set otherwise */

struct rule_texts;

/* A text that is told: NULL unless the fate is RULE_READ. */
struct rule_told {
	enum rule_fate fate;
	const char *text; /* not terminated */
	size_t length;
	uint64_t since; /* as in struct rule_name */
	bool more; /* one of a later time follows */
};

/* What the texts take, and what did not get or keep its room. */
struct rule_texts_counts {
	uint64_t bytes, bytes_max;
	uint64_t refused; /* texts that were read and found no room */
	uint64_t
		evicted; /* texts of rules that exist which made room for another owner's or namespace's */
	uint64_t forgotten; /* texts of rules that are gone, or were replaced, which made room */
};

/* True if the namespace still exists and that reading of it is its last or a later one. */
typedef bool (*rule_texts_current)(void *context, uint64_t netns, uint64_t reading);

struct rule_texts *rule_texts_new(rule_texts_current current, void *context);

/* Another budget, in bytes; one that is smaller than what is there is kept to from the next text on. */
void rule_texts_set_size(struct rule_texts *texts, uint64_t bytes);

/* The owner as in netns-owner.h: to be called before a namespace's rules are taken, which are the
 * host's otherwise. A reading of it begins: that none found room so far is forgotten. */
void rule_texts_assign(struct rule_texts *texts, uint64_t netns, uint64_t owner);

/* The namespace is gone: its texts are kept while there is room. */
void rule_texts_leave(struct rule_texts *texts, uint64_t netns);

typedef void (*rule_texts_teller)(void *context, const struct rule_told *told);

/* Tells the texts of a rule, that of the latest time last. False: it is not known. */
bool rule_texts_tell(const struct rule_texts *texts, const struct rule_key *key,
	rule_texts_teller teller, void *context);

/* That reading has found the rule, whatever its text is: it is not gone. Does nothing if it is not known. */
void rule_texts_see(struct rule_texts *texts, const struct rule_key *key, uint64_t reading);

/*
 * That reading has found the rule, with that text. True if it had another one before: the new one is
 * since told->since, which is set to 0 otherwise. Where no room can be made for it, it is counted as refused.
 */
bool rule_texts_take(struct rule_texts *texts, const struct rule_key *key, uint64_t reading,
	struct rule_told *told);

/* A text of that namespace has found no room, or was evicted, since its last reading began. */
bool rule_texts_full(const struct rule_texts *texts, uint64_t netns);

void rule_texts_count(const struct rule_texts *texts, struct rule_texts_counts *ret);

/* Accepts NULL; returns NULL. */
struct rule_texts *rule_texts_free(struct rule_texts *texts);

#endif
