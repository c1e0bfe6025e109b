/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the packet-*.c files share: a bounded span of a packet's bytes, and the entry of each layer.
 * Private to the packet text (packet-text.h).
 */
#ifndef NFTTRACED_PACKET_H
#define NFTTRACED_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/address.h"
#include "journal/output.h"

/* Bytes of a packet that are left to look at. */
struct span {
	const uint8_t *bytes;
	size_t length;
};

static inline struct span span_skip(struct span span, size_t length)
{
	if (length > span.length)
		length = span.length;
	return (struct span){ span.bytes + length, span.length - length };
}

static inline struct span span_clip(struct span span, size_t length)
{
	if (span.length > length)
		span.length = length;
	return span;
}

/* The caller has checked that the bytes are there. */
static inline uint16_t span_u16(struct span span, size_t offset)
{
	return (uint16_t)(span.bytes[offset] << 8 | span.bytes[offset + 1]);
}

static inline uint32_t span_u32(struct span span, size_t offset)
{
	return (uint32_t)span_u16(span, offset) << 16 | span_u16(span, offset + 2);
}

/* A layer's payload as its header tells it, for layers that print lengths. */
struct payload {
	struct span span;
	uint32_t length; /* bytes on the wire */
};

/* Says that the bytes ended before the header did. */
void packet_truncated(struct output *output);

/* Says that a header of this kind ("ethertype", "protocol", ...) is not taken apart. */
void packet_unsupported(
	struct output *output, const char *kind, uint32_t number, unsigned int digits);

/* An Ethernet frame, and what follows an ethertype. */
void packet_ethernet(struct output *output, struct span span);
void packet_ethertype(struct output *output, uint16_t ethertype, struct span span);

/* What an ethertype tells of: ARP, and the network headers with what follows them. */
void packet_arp(struct output *output, struct span span);
void packet_ipv4(struct output *output, struct span span);
void packet_ipv6(struct output *output, struct span span);

/* "proto NAME (N)", alone and with the transport header. */
void packet_protocol(struct output *output, uint8_t protocol);
void packet_transport(struct output *output, uint8_t protocol, struct payload payload);

/* Transport headers that have more to tell than ports. */
void packet_tcp(struct output *output, struct payload payload);
void packet_sctp(struct output *output, struct payload payload);

/* Tunnels in UDP, told by the destination port; nothing if it is no tunnel's. */
void packet_tunnel(struct output *output, uint16_t port, struct span span);

#endif
