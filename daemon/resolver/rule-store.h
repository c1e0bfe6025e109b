/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rule store: the texts of the rules in all network namespaces that can be reached, and of
 * rules that existed before; a handle is never given out twice. Owned by the resolver and used on
 * its only thread, which calls rule_store_run when a reader ends or the time comes that the last
 * call returned.
 *
 * The store keeps texts within a budget (rule-texts.h), decides when each namespace is read
 * (reading-schedule.h), starts a process for each reading (rule-reader.h), and answers questions
 * (rule-questions.h): at once if the rule is known, else after a reading that begins after the
 * question. A reading that fails is answered by why it failed, and tried again with the next
 * question or notification.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_RULE_STORE_H
#define NFTTRACED_DAEMON_RESOLVER_RULE_STORE_H

#include <glib.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "daemon/base/netns.h"
#include "daemon/resolver/rule-reader.h"
#include "daemon/resolver/rule-texts.h"
#include "journal/format/names.h"

struct rule_store;

struct rule_store_listener {
	/* The answer to a question. */
	void (*answer)(void *context, uint32_t id, const struct rule_text *text);
	/* A rule that was known has another text now. */
	void (*replaced)(void *context, const struct rule_key *key, const struct rule_text *text);
};

/* `netns` is borrowed: the list that netns_scan fills. */
struct rule_store *rule_store_new(
	GPtrArray *netns, const struct rule_store_listener *listener, void *context);

/* The list of namespaces was updated: new ones are read, those that are gone are forgotten. */
void rule_store_scanned(struct rule_store *store);

/* Asks for a rule's text; the listener gets the answer, perhaps before this returns. */
void rule_store_ask(struct rule_store *store, uint32_t id, const struct rule_key *key);

/* True if a question waits for a namespace that is not in the list: it is to be scanned again. */
bool rule_store_needs_scan(const struct rule_store *store);

/* Reports that there are new rules in that namespace, NULL: perhaps in any. It is read soon. */
void rule_store_notify(struct rule_store *store, const struct netns *netns);

/* True if every namespace in the list was read, or an attempt was made. */
bool rule_store_complete(const struct rule_store *store);

/* Descriptors to wait for, at most RULE_READERS_MAX; returns their number. */
unsigned int rule_store_poll_fds(const struct rule_store *store, struct pollfd *fds);

/* Stores the results of readers that have ended, and begins readings that are due. Returns when it
 * is to be called again at the latest, us of g_get_monotonic_time. */
int64_t rule_store_run(struct rule_store *store);

struct rule_store_counts {
	struct rule_texts_counts texts;
	uint64_t hung; /* readers that were killed since they took too long, or used no CPU time */
	uint64_t failed; /* readings that failed, those included */
};

void rule_store_count(const struct rule_store *store, struct rule_store_counts *ret);

/* Sets the budget of the texts, in bytes. */
void rule_store_set_size(struct rule_store *store, uint64_t bytes);

/* Ends its readers. Accepts NULL; returns NULL. */
struct rule_store *rule_store_free(struct rule_store *store);

#endif
