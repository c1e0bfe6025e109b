/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's configuration in force, for `nfttracectl status --config`. Stateless. */
#ifndef NFTTRACED_CLIENT_REPORT_CONFIGURATION_H
#define NFTTRACED_CLIENT_REPORT_CONFIGURATION_H

#include <systemd/sd-bus.h>

#include "journal/base/output.h"

/* Asks the daemon, and prints each group with its keys, their values and where these come from.
 * Negative errno and a sentence. */
int configuration_print(sd_bus *bus, struct output *output, char **ret_reason);

#endif
