/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many bytes the texts of rules take: of each network namespace, of each owner of namespaces,
 * and all together. Shared by rule-texts.c, which stores texts, and texts-budget.c, which removes
 * them to make room. Every text is in one of two queues of its namespace, so that the one to be
 * removed first is found at once.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_TEXTS_USAGE_H
#define NFTTRACED_DAEMON_RESOLVER_TEXTS_USAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/resolver/rule-texts.h"

#define ALLOCATION_BYTES 16 /* that the allocator takes for itself */
#define STORED_RULE_BYTES \
	(sizeof(struct stored_rule) + 3 * ALLOCATION_BYTES) /* with its hash table entry */

/* A rule's text as a reading found it; empty if it could not be read. */
struct stored_text {
	struct stored_rule *rule;
	struct stored_text *newer; /* of the same rule: it replaced this one */
	struct stored_text *before, *after; /* in its namespace's queue */
	uint64_t reading; /* the last that found it */
	uint64_t since; /* as in struct rule_name */
	uint32_t length;
	uint8_t fate;
	bool replaced; /* by a newer one; says in which queue it is */
	char bytes[];
};

struct text_queue {
	struct stored_text *first, *last;
};

struct stored_rule {
	struct rule_key key;
	struct netns_texts *netns;
	struct stored_text *oldest, *newest;
};

/* A namespace's texts: both queues begin with those that were found by a reading longest ago. */
struct netns_texts {
	uint64_t id;
	struct texts_owner *owner;
	GList link; /* in its owner's namespaces */
	size_t bytes;
	struct text_queue newest, replaced;
	bool full; /* as rule_texts_full reports */
};

struct texts_owner {
	uint64_t id;
	size_t bytes;
	GQueue namespaces; /* of struct netns_texts, those that were read longest ago first */
};

struct rule_texts {
	GHashTable *rules; /* of struct stored_rule by its key */
	GHashTable *namespaces; /* of struct netns_texts by `id` */
	GHashTable *owners; /* of struct texts_owner by `id` */
	size_t bytes, bytes_max;
	struct rule_texts_counts counts;
	rule_texts_current current;
	void *context;
};

/* The bytes that a text of that length takes. */
size_t stored_text_bytes(size_t length);

/* Adds a text to its namespace's queue of current or replaced texts, or takes it out. */
void stored_text_enqueue(struct stored_text *text);
void stored_text_dequeue(struct stored_text *text);

/* Counts bytes as the namespace's. */
void netns_texts_charge(struct rule_texts *texts, struct netns_texts *netns, size_t bytes);

/* Removes the oldest text of a rule, and the rule with its last text. */
void stored_text_remove(struct rule_texts *texts, struct stored_text *text);
void stored_rule_remove(struct rule_texts *texts, struct stored_rule *rule);

/* The namespace with that id; added as `owner`'s if it is new. */
struct netns_texts *netns_texts_get(struct rule_texts *texts, uint64_t id, uint64_t owner);

/* Makes a namespace the last of the owner's; the owner may change. */
void netns_texts_set_owner(struct rule_texts *texts, struct netns_texts *netns, uint64_t owner);

/* Frees a namespace that no longer exists and has no texts; does nothing otherwise. */
void netns_texts_release(struct rule_texts *texts, struct netns_texts *netns);

#endif
