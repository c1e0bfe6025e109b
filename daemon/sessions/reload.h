/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A reload reads the configuration again, checks all of it, and puts it in force, or keeps the one
 * before as a whole. On the control thread, which does not wait: filters are compiled by other
 * processes, and the engine gets its settings through the worker. Owned by main.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_RELOAD_H
#define NFTTRACED_DAEMON_SESSIONS_RELOAD_H

#include "daemon/settings/settings.h"

struct manager;
struct reload;

/* The problem that every user may read while the last reload is refused. */
#define MISCONFIGURED_PUBLIC \
	"invalid configuration, keeping the previous one: the log has the reason"

struct reload_ops {
	void *context;
	/* A reload begins. */
	void (*started)(void *context);
	/* Reads the files, but does not compile the filters. Negative errno and a sentence (g_free
	 * it). */
	int (*load)(void *context, struct settings **ret, char **ret_reason);
	/* A reload is over. `trouble` NULL: the new configuration is in force, and the configured
	 * sessions are as it says; else one sentence, which is taken over. */
	void (*done)(void *context, char *trouble);
};

struct reload *reload_new(struct manager *manager, const struct reload_ops *ops);

/* Begins a reload. While one is under way another one follows it, and `done` is called once for
 * both. */
void reload_request(struct reload *reload);

/*
 * The same, with a reply: `reply` is called once, with the result of a reload that began no earlier
 * than this call. `trouble` is NULL for success, or one sentence, valid until the reply returns.
 */
typedef void (*reload_reply)(void *context, const char *trouble);
void reload_await(struct reload *reload, reload_reply reply, void *context);

/* To be called before manager_free. Accepts NULL; returns NULL. */
struct reload *reload_free(struct reload *reload);

#endif
