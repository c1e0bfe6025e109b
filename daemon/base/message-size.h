/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much a message carries. Stateless. */
#ifndef NFTTRACED_DAEMON_BASE_MESSAGE_SIZE_H
#define NFTTRACED_DAEMON_BASE_MESSAGE_SIZE_H

#include <stddef.h>
#include <systemd/sd-bus.h>

/* What the arguments take, about; SIZE_MAX if that is more than `limit` bytes, or they can't be
 * read. Looks at no more of them than it takes to know, and leaves the message as one that nobody
 * has read from. */
size_t message_size(sd_bus_message *message, size_t limit);

#endif
