/* SPDX-License-Identifier: GPL-2.0-or-later */
/* New settings are handed to the manager's parts. */
#ifndef NFTTRACED_DAEMON_SESSIONS_SETTINGS_HANDOVER_H
#define NFTTRACED_DAEMON_SESSIONS_SETTINGS_HANDOVER_H

struct manager;
struct settings;

/* Adds the timer that manager_reconfigure needs. Negative errno. */
int manager_settings_begin(struct manager *manager);

/* Puts `settings`, which are referenced, in force: at once for all but the engine, which gets them
 * from the worker. */
void manager_reconfigure(struct manager *manager, const struct settings *settings);

/* Hands the settings in force to the summary of drops, if there is one. Negative errno: it keeps
 * its interval. */
int manager_summary_refresh(struct manager *manager);

#endif
