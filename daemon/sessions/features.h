/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The features of this kernel and of this configuration, as `nfttracectl status` shows them. */
#ifndef NFTTRACED_DAEMON_SESSIONS_FEATURES_H
#define NFTTRACED_DAEMON_SESSIONS_FEATURES_H

#include <glib.h>

#include "daemon/engine/engine.h"
#include "journal/base/feature.h"

struct manager;

/* An array of struct feature (g_array_unref it), in the order in which they are shown. */
GArray *features_of(const struct manager *manager);

#endif
