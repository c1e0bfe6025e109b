/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sessions of the configuration are started, retried when that fails, and changed when the
 * configuration changes. On the control thread; owned by the manager. A session is recognised by
 * its name, its owner (root) and the option `configured`, also if the last daemon started it.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_CONFIGURED_SESSIONS_H
#define NFTTRACED_DAEMON_SESSIONS_CONFIGURED_SESSIONS_H

#include "daemon/settings/settings.h"

struct manager;
struct configured;

/* Called when no start, change or stop of a configured session is under way. */
typedef void (*configured_sessions_idle)(void *context);

struct configured *configured_sessions_new(struct manager *manager);

/*
 * Has the sessions of `settings` (referenced) run, and no other configured ones. A running session
 * is left alone if its group is the same as in the settings before (without settings before: the
 * same as the session's options). If its verdicts or its filter differ it is changed, if another
 * key differs it is replaced.
 */
void configured_sessions_apply(struct configured *configured, const struct settings *settings);

/* No start, change or stop is under way. Those that failed may be waiting for a retry. */
bool configured_sessions_is_idle(const struct configured *configured);

/* Calls `idle` once when that is true, but not before this call returns. NULL cancels that. */
void configured_sessions_when_idle(
	struct configured *configured, configured_sessions_idle idle, void *context);

/* After the event loop. Accepts NULL; returns NULL. */
struct configured *configured_sessions_free(struct configured *configured);

#endif
