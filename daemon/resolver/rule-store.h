/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The texts of all rules of all network namespaces that can be reached, read by processes of their own
 * (ruleset.h), and of those that were there: a handle is never given out twice. Owned by the resolver;
 * one thread, which gives it turns.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_RULE_STORE_H
#define NFTTRACED_DAEMON_RESOLVER_RULE_STORE_H

#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/netns.h"
#include "daemon/resolver/rule-texts.h"
#include "journal/format/names.h"

/* Readings at a time: one of the host's own namespace, two of others of root's, one of a user's. So nobody's
 * long rulesets keep the host's from being read. */
#define RULE_STORE_READERS_MAX 4

struct rule_store;

struct rule_store_listener {
	/* The answer to a question. */
	void (*answer)(void *context, uint32_t id, const struct rule_told *told);
	/* A rule that was known has another text now. */
	void (*replaced)(void *context, const struct rule_key *key, const struct rule_told *told);
};

/* `netns` is borrowed: the list that netns_look fills. */
struct rule_store *rule_store_new(
	GPtrArray *netns, const struct rule_store_listener *listener, void *context);

/* The list of namespaces was looked through again: new ones are read, those that are gone forgotten. */
void rule_store_looked(struct rule_store *store);

/*
 * Asks for a rule's text: answered at once if it is known, else after a reading that begins later than
 * now. `cookie`, `inode`: of its namespace.
 */
void rule_store_ask(struct rule_store *store, uint32_t id, const struct rule_key *key,
	uint64_t cookie, uint32_t inode);

/* Somebody waits for a namespace that is not in the list: look again. */
bool rule_store_wants_look(const struct rule_store *store);

/* There are new rules in it, NULL: perhaps in any. It is read soon. */
void rule_store_dirty(struct rule_store *store, const struct netns *netns);

/* Every namespace in the list was read, or an attempt was made. */
bool rule_store_complete(const struct rule_store *store);

/* Descriptors to wait for, at most RULE_STORE_READERS_MAX; returns how many. */
unsigned int rule_store_poll(const struct rule_store *store, struct pollfd *fds);

/* Takes in what readers have read, and begins readings that are due. When it wants its next turn, us
 * of g_get_monotonic_time. */
int64_t rule_store_turn(struct rule_store *store);

/* What is known, and what was lost. */
struct rule_store_counts {
	struct rule_texts_counts texts;
	uint64_t hung; /* readers that were killed since they took too long, or did nothing */
	uint64_t failed; /* readings that failed, those included */
};

void rule_store_count(const struct rule_store *store, struct rule_store_counts *ret);

/* The budget of the texts, in bytes. */
void rule_store_set_size(struct rule_store *store, uint64_t bytes);

/* Ends its readers. Accepts NULL; returns NULL. */
struct rule_store *rule_store_free(struct rule_store *store);

#endif
