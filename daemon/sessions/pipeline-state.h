/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of the manager, its sessions and its pipeline, know of each other. */
#ifndef NFTTRACED_DAEMON_SESSIONS_PIPELINE_STATE_H
#define NFTTRACED_DAEMON_SESSIONS_PIPELINE_STATE_H

#include "daemon/sessions/session-control.h"

/* After a job: takes over what the engine is like now and tells the observer. `warning` may be NULL. */
void manager_status_refresh(struct manager *manager, const char *warning);

/* There are sessions, or not, or there is a warning: what is due every few seconds is done or not. */
void manager_tend_refresh(struct manager *manager);

/* Every session's state, after the pipeline came or went. */
void manager_sessions_refresh(struct manager *manager);

/* The recorder thread has something to say about sessions. */
void manager_attend(struct manager *manager);

/* What manager_reconfigure needs. */
int manager_settings_begin(struct manager *manager);

/* Has the worker see to JournalsSize, at once, or when it is time. */
void manager_quota_check(struct manager *manager);
void manager_quota_tend(struct manager *manager);

/* Refuses what waits for a filter to be compiled. */
void manager_cancel(struct manager *manager);

#endif
