/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration is read again, and takes the place of the one before, or does not. On the
 * control thread, which does not wait for it: filters are compiled by processes, and the engine
 * hears of it through the worker. Owned by main.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_RELOAD_H
#define NFTTRACED_DAEMON_SESSIONS_RELOAD_H

#include "daemon/settings/settings.h"

struct manager;
struct reload;

/* The problem for everybody while the last reload is refused. */
#define MISCONFIGURED_PUBLIC \
	"invalid configuration, keeping the previous one: the log has the reason"

struct reload_hooks {
	void *context;
	/* One has begun. */
	void (*begun)(void *context);
	/* Reads the files; what libpcap says of filters is asked for afterwards. */
	int (*load)(void *context, struct settings **ret, char **ret_reason);
	/* It is over. NULL: the new one is in force, and the sessions are what it says; or one
	 * sentence, which is taken over: the old one stays in force as a whole. */
	void (*done)(void *context, char *trouble);
};

struct reload *reload_new(struct manager *manager, const struct reload_hooks *hooks);

/* Begins one; while there is one on its way another one follows it, and `done` is called once for
 * both. */
void reload_request(struct reload *reload);

/*
 * The same for who wants to know what came of it: `reply` is called once, of a reload that began no
 * earlier than this call. `trouble` is NULL, or one sentence, good until the reply returns.
 */
typedef void (*reload_reply)(void *context, const char *trouble);
void reload_await(struct reload *reload, reload_reply reply, void *context);

/* While the manager is there. Accepts NULL; returns NULL. */
struct reload *reload_free(struct reload *reload);

#endif
