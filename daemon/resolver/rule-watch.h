/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications of new rules in all network namespaces, and of modules that are loaded and removed.
 * One socket gets those of all namespaces that have an id in ours, and keeps none of them alive.
 * Owned by the resolver, on its thread.
 */
#ifndef NFTTRACED_DAEMON_RESOLVER_RULE_WATCH_H
#define NFTTRACED_DAEMON_RESOLVER_RULE_WATCH_H

#include <stdbool.h>

#define RULE_WATCH_FDS 2

struct rule_watch;

struct rule_watch_ops {
	/* There are new rules in the namespace with that id; NETNS_ID_NONE: in our own. */
	void (*rules)(void *context, int id);
	/* Notifications were lost: there may be new rules in any namespace. */
	void (*lost)(void *context);
	/* A module was loaded or removed. */
	void (*modules)(void *context);
};

int rule_watch_new(struct rule_watch **ret);

/* Descriptors to wait for. */
void rule_watch_fds(const struct rule_watch *watch, int fds[RULE_WATCH_FDS]);

/* Receives what has arrived, and reports it; may combine equal reports. */
void rule_watch_receive(struct rule_watch *watch, const struct rule_watch_ops *ops, void *context);

/* Accepts NULL; returns NULL. */
struct rule_watch *rule_watch_free(struct rule_watch *watch);

#endif
