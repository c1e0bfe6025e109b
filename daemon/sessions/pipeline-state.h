/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manager's pipeline: jobs that open, close and tend it. */
#ifndef NFTTRACED_DAEMON_SESSIONS_PIPELINE_STATE_H
#define NFTTRACED_DAEMON_SESSIONS_PIPELINE_STATE_H

#include <stdbool.h>

struct manager;

/* Adds the timers. Negative errno. */
int manager_pipeline_begin(struct manager *manager);

/* nf_tables was loaded or removed: opens or closes the pipeline. */
void manager_module_changed(struct manager *manager, bool present);

#endif
