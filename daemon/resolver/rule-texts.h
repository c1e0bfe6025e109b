/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of existing and former rules, within a budget of bytes that the owners of network
 * namespaces share. Owned by the rule store; one thread. Plain memory: tested without a kernel.
 *
 * The shares: the host's own namespace may use all of the budget. Root's other namespaces may use
 * half of it together, those of any other user a quarter, and a single namespace a quarter of its
 * owner's share. Where there is no room, texts of rules that are gone, or were replaced, are
 * removed first, the oldest first, of the owner that uses the most. Then texts of existing rules
 * are evicted from that owner's largest namespace. Those of the host are never evicted, and no
 * owner loses texts for one that uses more.
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

/* A text of a rule, as read or as reported: NULL unless the fate is RULE_READ. */
struct rule_text {
	enum rule_fate fate;
	const char *text; /* not terminated */
	size_t length;
	uint64_t since; /* as in struct rule_name */
	bool more; /* reported: another one follows, of a later time */
};

/* The bytes that the texts take, and the numbers of texts removed or refused for lack of room. */
struct rule_texts_counts {
	uint64_t bytes, bytes_max;
	uint64_t refused; /* texts that were read and found no room */
	uint64_t evicted; /* texts of existing rules removed for another owner's or namespace's */
	uint64_t forgotten; /* texts of rules that are gone, or were replaced, removed for others */
};

/* True if the namespace still exists, and no reading of it is later than that one. */
typedef bool (*rule_texts_current)(void *context, uint64_t netns, uint64_t reading);

struct rule_texts *rule_texts_new(rule_texts_current current, void *context);

/* Sets the budget, in bytes. If the texts take more than that, they are reduced with the next one
 * added. */
void rule_texts_set_size(struct rule_texts *texts, uint64_t bytes);

/* A reading of a namespace begins: sets its owner (as in netns-owner.h; the host by default), and
 * resets rule_texts_full. */
void rule_texts_begin(struct rule_texts *texts, uint64_t netns, uint64_t owner);

/* The namespace no longer exists: its texts are kept while there is room. */
void rule_texts_netns_removed(struct rule_texts *texts, uint64_t netns);

/* The text is valid during the call. */
typedef void (*rule_texts_reporter)(void *context, const struct rule_text *text);

/* Reports all texts of a rule, the latest one last. False: the rule is not known. */
bool rule_texts_report(const struct rule_texts *texts, const struct rule_key *key,
	rule_texts_reporter report, void *context);

/* Records that this reading found the rule, with any text: it still exists. Does nothing if the
 * rule is not known. */
void rule_texts_confirm(struct rule_texts *texts, const struct rule_key *key, uint64_t reading);

/*
 * Records that this reading found the rule with that text. True if it replaces another text, from
 * found->since on; otherwise found->since is set to 0. A text that gets no room is counted as
 * refused.
 */
bool rule_texts_put(struct rule_texts *texts, const struct rule_key *key, uint64_t reading,
	struct rule_text *found);

/* True if a text of that namespace was refused or evicted since its last reading began. */
bool rule_texts_full(const struct rule_texts *texts, uint64_t netns);

void rule_texts_count(const struct rule_texts *texts, struct rule_texts_counts *ret);

/* Accepts NULL; returns NULL. */
struct rule_texts *rule_texts_free(struct rule_texts *texts);

#endif
