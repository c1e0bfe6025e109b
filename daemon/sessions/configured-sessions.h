/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sessions of the configuration: started, tried again, and changed as it changes. On the control
 * thread; owned by the manager. A session is recognised by its name, its owner and the option `boot`,
 * whoever started it.
 */
#ifndef NFTTRACED_DAEMON_SESSIONS_CONFIGURED_SESSIONS_H
#define NFTTRACED_DAEMON_SESSIONS_CONFIGURED_SESSIONS_H

#include "daemon/settings/settings.h"

struct manager;
struct boot;

/* The next one to be idle. */
typedef void (*boot_idle)(void *context);

struct boot *boot_new(struct manager *manager);

/*
 * Has those run that are in `settings` (referenced), and no others. A session goes on untouched if it
 * runs and its group is what it was in the settings before (with none before: what the session has);
 * with other verdicts or another filter it is changed, with another key it is replaced.
 */
void boot_apply(struct boot *boot, const struct settings *settings);

/* Nothing is on its way; what failed waits for its next try. */
bool boot_is_idle(const struct boot *boot);

/* Calls `idle` once, when that is so: not before the call returns. With NULL no more. */
void boot_when_idle(struct boot *boot, boot_idle idle, void *context);

/* One sentence, or NULL; the second one without what sessions are called and why it is. */
const char *boot_problem(const struct boot *boot);
const char *boot_problem_public(const struct boot *boot);

/* After the event loop. Accepts NULL; returns NULL. */
struct boot *boot_free(struct boot *boot);

#endif
