/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The size of a D-Bus message's arguments. Stateless. */
#ifndef NFTTRACED_DAEMON_BASE_MESSAGE_SIZE_H
#define NFTTRACED_DAEMON_BASE_MESSAGE_SIZE_H

#include <stddef.h>
#include <systemd/sd-bus.h>

/* The size of the arguments, about, in bytes; SIZE_MAX if it is more than `limit`, or they can't be
 * read. Reads only as much as it needs, and rewinds the message. */
size_t message_size(sd_bus_message *message, size_t limit);

#endif
