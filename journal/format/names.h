/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The journal's dictionaries of names, as typed structs: the texts of rules (JOURNAL_RULES), the
 * names of addresses in stacks (JOURNAL_SYMBOLS), of drop reasons (JOURNAL_REASONS) and of network
 * namespaces (JOURNAL_NETNS). On disk they are JSON objects, made here; name-table.h reads them.
 * …_new() makes the text of a record from structs that stay the caller's, who g_free's it. Text
 * that is not UTF-8 gets replacement characters, and nothing in it is escaped.
 */
#ifndef NFTTRACED_JOURNAL_FORMAT_NAMES_H
#define NFTTRACED_JOURNAL_FORMAT_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* A rule. The kernel does not reuse the handles of rules within a table, nor those of tables within
 * a namespace; but a replaced rule keeps its handle. */
struct rule_key {
	uint64_t netns; /* cookie; the inode where the kernel has no cookies */
	uint64_t table; /* handles */
	uint64_t rule;
	uint8_t family; /* NFPROTO_* of the table */
};

/* For tables by struct rule_key. */
unsigned int rule_key_hash(const void *key);
int rule_key_equal(const void *one, const void *other);

/* The result of reading a rule's text. On disk by its name: append only. */
enum rule_fate {
	RULE_READ, /* the text is there */
	RULE_VANISHED, /* it had been removed */
	RULE_UNREACHABLE, /* its network namespace could not be entered, or is gone */
	RULE_UNREADABLE, /* its ruleset could not be read */
	RULE_FATES,
};

struct rule_name {
	struct rule_key key;
	enum rule_fate fate;
	const char *text; /* RULE_READ: as `nft --stateless list` has it, with its comment */
	uint64_t since; /* ns, CLOCK_MONOTONIC: it took the place of another text; 0: of none */
};

struct symbol_name {
	uint64_t address;
	const char *name; /* "nf_hook_slow+0x42", with " [module]" behind it */
};

struct reason_name {
	uint32_t reason; /* as event_drop has it: with the subsystem */
	const char *name; /* as in NETFILTER_DROP */
};

struct netns_name {
	uint64_t cookie; /* 0: unknown */
	uint32_t inode;
	const char *name;
};

/* JOURNAL_RULES. */
char *names_rules_new(const struct rule_name *rules, size_t count);

/* JOURNAL_SYMBOLS. `since`, ns, CLOCK_MONOTONIC: the names hold for events from then on; modules
 * came or went at that time. */
char *names_symbols_new(uint64_t since, const struct symbol_name *symbols, size_t count);

/* JOURNAL_REASONS. */
char *names_reasons_new(const struct reason_name *reasons, size_t count);

/* JOURNAL_NETNS. */
char *names_netns_new(const struct netns_name *netns, size_t count);

/* "read", "vanished", "unreachable", "unreadable": as on disk. NULL for another number. */
const char *rule_fate_name(unsigned int fate);

/* Why there is no text, for a person: follows "rule text unknown: ". */
const char *rule_fate_reason(enum rule_fate fate);

#endif
