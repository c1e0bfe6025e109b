/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Has the service manager start the daemon, as 'systemctl start nfttraced' does; polkit decides who may. */
#ifndef NFTTRACED_CLIENT_BUS_UNIT_START_H
#define NFTTRACED_CLIENT_BUS_UNIT_START_H

#include <glib.h>

/*
 * Starts nfttraced.service, of the host that was named if one was, and waits until it is on the bus. `absence`
 * is the sentence that says that it is not running: it comes back, with what was in the way, when it can't
 * be started. -EACCES, -ENXIO, other negative errno.
 */
int unit_start(const char *absence, char **ret_reason);

#endif
