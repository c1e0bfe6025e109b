/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages between the daemon and the resolver, which finds texts for handles, addresses and
 * numbers: one packet of a SOCK_SEQPACKET socket each.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_PROTOCOL_H
#define NFTTRACED_DAEMON_RESOLVER_PROTOCOL_H

#include <stdint.h>

#include "journal/format/names.h"

/* Questions that may wait for answers at a time: they fit into the socket's buffer, so that asking
 * never blocks. */
#define RESOLVER_WINDOW 64

enum resolver_kind {
	RESOLVER_WATCH, /* read all rulesets and keep them current; answered when all were read */
	RESOLVER_UNWATCH, /* no answer: forget everything */
	RESOLVER_RULE,
	RESOLVER_SYMBOL,
	RESOLVER_NETNS, /* answered without a text if it has no name */
	RESOLVER_REASONS, /* the text is a JOURNAL_REASONS */
	RESOLVER_PING, /* answered first; the text is a struct resolver_state */
	RESOLVER_REPLACED, /* answer without a question: a rule has another text since `since` */
	/* Answer without a question: addresses may have new names from `since` on. */
	RESOLVER_MODULES,
};

/* One packet of the resolver's socket. */
struct resolver_question {
	uint32_t kind; /* enum resolver_kind */
	uint32_t id; /* the answer has the same */
	struct rule_key rule;
	uint64_t cookie; /* of the rule's namespace, or of the one whose name is wanted */
	uint32_t inode;
	uint32_t assign; /* RESOLVER_WATCH: namespaces may get ids in ours (AllowSystemChanges) */
	uint64_t address;
	uint64_t texts_size; /* RESOLVER_WATCH: bytes for the texts of rules (RuleTextsSize) */
};

/* The resolver's use of resources now, and its losses since it started. */
struct resolver_state {
	uint64_t texts_bytes; /* taken by the texts of rules now */
	uint64_t texts_refused; /* since the start: as in struct rule_texts_counts */
	uint64_t texts_evicted;
	uint64_t texts_forgotten;
	uint64_t readers_hung; /* processes that read rules and were killed */
	uint64_t readings_failed;
	uint64_t netns; /* network namespaces that are watched now */
	uint64_t netns_passed; /* those for which there is no room */
};

/* The text follows, without a NUL. */
struct resolver_answer {
	uint32_t kind;
	uint32_t id;
	uint32_t fate; /* RESOLVER_RULE: enum rule_fate */
	uint32_t length; /* of the text */
	uint64_t since; /* RESOLVER_RULE, _REPLACED, _SYMBOL, _MODULES: ns, CLOCK_MONOTONIC */
	uint32_t more; /* RESOLVER_RULE: another text of the same rule, of a later time, follows */
	uint32_t reserved;
	struct rule_key rule; /* RESOLVER_REPLACED */
};

#define RESOLVER_TEXT_MAX 65536 /* bytes */

#endif
