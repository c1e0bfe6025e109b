/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts the daemon by the service manager, as 'systemctl start nfttraced' does, if polkit allows
 * it. */
#ifndef NFTTRACED_CLIENT_BUS_UNIT_START_H
#define NFTTRACED_CLIENT_BUS_UNIT_START_H

#include <glib.h>

/*
 * Starts nfttraced.service, with -H that of the other host, and waits until it is on the bus. If it
 * can't be started, *ret_reason is `absence`, the sentence that it is not running, and the cause.
 * -EACCES, -ENXIO, other negative errno.
 */
int unit_start(const char *absence, char **ret_reason);

#endif
