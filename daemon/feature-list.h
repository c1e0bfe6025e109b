/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What this kernel allows, as the daemon knows it: the matrix of `nfttracectl status`. */
#ifndef NFTTRACED_FEATURE_LIST_H
#define NFTTRACED_FEATURE_LIST_H

#include "../journal/feature.h"
#include "manager.h"

/* An array of struct feature (g_array_unref it), in the order in which a person reads them. */
GArray *features_of(const struct manager *manager);

#endif
