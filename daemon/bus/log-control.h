/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The object org.freedesktop.LogControl1: level and target of the log, for "systemctl
 * service-log-level". */
#ifndef NFTTRACED_DAEMON_BUS_LOG_CONTROL_H
#define NFTTRACED_DAEMON_BUS_LOG_CONTROL_H

#include <systemd/sd-bus.h>

/* Registers /org/freedesktop/LogControl1 on a connection. Only root may set the properties.
 * Negative errno. */
int log_control_serve(sd_bus *bus);

#endif
