/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The log on the bus: org.freedesktop.LogControl1, as "systemctl service-log-level" wants it. */
#ifndef NFTTRACED_DAEMON_BUS_LOG_CONTROL_H
#define NFTTRACED_DAEMON_BUS_LOG_CONTROL_H

#include <systemd/sd-bus.h>

/* Registers /org/freedesktop/LogControl1 on a connection. Root changes, anybody reads. */
int log_control_serve(sd_bus *bus);

#endif
