/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * D-Bus errors of the daemon, and the end of a method call: its reply or its error. Stateless, on
 * the control thread.
 */
#ifndef NFTTRACED_DAEMON_BUS_ERRORS_H
#define NFTTRACED_DAEMON_BUS_ERRORS_H

#include <systemd/sd-bus.h>

#include "daemon/base/failure.h"

#define BUS_ERROR_PREFIX "org.nfttraced1.Error."

#define BUS_ERROR_INVALID_CONFIGURATION BUS_ERROR_PREFIX "InvalidConfiguration"
#define BUS_ERROR_INVALID_OPTION        BUS_ERROR_PREFIX "InvalidOption"
#define BUS_ERROR_NOT_SUPPORTED         BUS_ERROR_PREFIX "NotSupported"
#define BUS_ERROR_NO_SUCH_SESSION       BUS_ERROR_PREFIX "NoSuchSession"

/* Sets `error` to the failure's kind and reason. Returns a negative errno for sd-bus. */
int bus_failure(const struct failure *failure, sd_bus_error *error);

/* Sets `error` to NoSuchSession for the object at `path`. Returns a negative errno for sd-bus. */
int bus_no_session(const char *path, sd_bus_error *error);

/* Sets `error` to AccessDenied: only root may call. Returns a negative errno for sd-bus. */
int bus_needs_root(sd_bus_error *error);

/* Replies to `message` with `error`, and frees the error's contents. */
void bus_reply_error(sd_bus_message *message, sd_bus_error *error);

/* Sends `reply` unless `r` is a negative errno; unrefs it (NULL: nothing). Returns the result of a
 * method for sd-bus. */
int bus_reply_send(sd_bus_message *reply, int r);

#endif
