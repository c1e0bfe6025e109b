/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hears of new rules in all network namespaces, and of modules that come and go. One socket hears
 * of all namespaces that ours has an id for, and keeps none of them alive. Owned by the resolver.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_RULE_WATCH_H
#define NFTTRACED_DAEMON_RESOLVER_RULE_WATCH_H

#include <stdbool.h>

#define RULE_WATCH_FDS 2

struct rule_watch;

struct rule_watch_news {
	/* There are new rules in the namespace with that id; NETNS_ID_NONE: in ours. */
	void (*rules)(void *context, int id);
	/* Something was not heard: there may be new rules anywhere. */
	void (*lost)(void *context);
	/* A module came or went. */
	void (*modules)(void *context);
};

int rule_watch_new(struct rule_watch **ret);

/* Descriptors to wait for. */
void rule_watch_fds(const struct rule_watch *watch, int fds[RULE_WATCH_FDS]);

/* Takes in what there is; the same news of one turn are told once where that is easy. */
void rule_watch_hear(struct rule_watch *watch, const struct rule_watch_news *news, void *context);

/* Accepts NULL; returns NULL. */
struct rule_watch *rule_watch_free(struct rule_watch *watch);

#endif
