/* SPDX-License-Identifier: GPL-2.0-or-later */
/* GetDropCounters of the stand-in for the daemon: three counters, of which two grow with each
 * call. */
#ifndef NFTTRACED_TESTS_UNIT_KIT_FAKE_DROPS_H
#define NFTTRACED_TESTS_UNIT_KIT_FAKE_DROPS_H

#include <systemd/sd-bus.h>

int fake_get_drop_counters(sd_bus_message *message, void *context, sd_bus_error *error);

#endif
