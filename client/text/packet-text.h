/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet's first bytes as one line of text, in the form of tcpdump and Retis: addresses, then the
 * network header's fields, then the transport's. The bytes are hostile and may end anywhere: the
 * part that is there is printed, and marked as truncated. Owns nothing; writes no newline.
 */
#ifndef NFTTRACED_CLIENT_TEXT_PACKET_TEXT_H
#define NFTTRACED_CLIENT_TEXT_PACKET_TEXT_H

#include <linux/types.h>

#include "bpf/shared/event.h"
#include "journal/base/output.h"

/* Prints a packet as it is in a record: `bytes` holds packet->captured of them. */
void packet_text(struct output *output, const struct event_packet *packet, const uint8_t *bytes);

#endif
