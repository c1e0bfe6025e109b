/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sessions of the configuration: started, tried again, and changed as it changes. On the
 * control thread; owned by the manager. A session is recognised by its name, its owner and the
 * option `configured`, whoever started it.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_CONFIGURED_SESSIONS_H
#define NFTTRACED_DAEMON_SESSIONS_CONFIGURED_SESSIONS_H

#include "daemon/settings/settings.h"

struct manager;
struct configured;

/* The next one to be idle. */
typedef void (*configured_sessions_idle)(void *context);

struct configured *configured_sessions_new(struct manager *manager);

/*
 * Has those run that are in `settings` (referenced), and no others. A session goes on untouched if
 * it runs and its group is what it was in the settings before (with none before: what the session
 * has); with other verdicts or another filter it is changed, with another key it is replaced.
 */
void configured_sessions_apply(struct configured *configured, const struct settings *settings);

/* Nothing is on its way; what failed waits for its next try. */
bool configured_sessions_is_idle(const struct configured *configured);

/* Calls `idle` once, when that is so: not before the call returns. With NULL no more. */
void configured_sessions_when_idle(
	struct configured *configured, configured_sessions_idle idle, void *context);

/* After the event loop. Accepts NULL; returns NULL. */
struct configured *configured_sessions_free(struct configured *configured);

#endif
