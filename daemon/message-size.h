/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much a message carries. Stateless. */
#ifndef NFTTRACED_MESSAGE_SIZE_H
#define NFTTRACED_MESSAGE_SIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <systemd/sd-bus.h>

/* True if the arguments take more than `limit` bytes, about; looks at no more of them than it takes to
 * know, and leaves the message as one that nobody has read from. */
bool message_is_larger(sd_bus_message *message, size_t limit);

#endif
