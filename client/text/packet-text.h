/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet's first bytes as one line of text, in the form that tcpdump made familiar and the
 * reference renders: addresses, then the network header's fields, then the transport's. The bytes
 * are hostile and may end anywhere: what is there is printed, and a mark says that it ended. Owns
 * nothing; writes no newline.
 */
#ifndef NFTTRACED_CLIENT_TEXT_PACKET_TEXT_H
#define NFTTRACED_CLIENT_TEXT_PACKET_TEXT_H

#include <linux/types.h>

#include "bpf/shared/event.h"
#include "journal/base/output.h"

/* Prints a packet as it is in a record: `bytes` holds packet->captured of them. */
void packet_text(struct output *output, const struct event_packet *packet, const uint8_t *bytes);

#endif
