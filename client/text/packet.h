/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the packet-*.c files, and private to the packet text (packet-text.h): the function of
 * each kind of header, which prints the current header of a walk (journal/event/packet-walk.h) and
 * the separator to the next, and what they have in common. None calls that of the next header.
 */
#ifndef NFTTRACED_CLIENT_TEXT_PACKET_H
#define NFTTRACED_CLIENT_TEXT_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "journal/base/address.h"
#include "journal/base/output.h"
#include "journal/event/packet-walk.h"

/* Prints that the bytes ended before the header did. */
void packet_truncated(struct output *output);

/* Prints that a header of this kind ("ethertype", "protocol", ...) is not decoded. */
void packet_unsupported(
	struct output *output, const char *kind, uint32_t number, unsigned int digits);

/* Prints that a header's field ("version", "header length", ...) is invalid: nothing behind it is
 * decoded. */
void packet_bad(struct output *output, const char *field, uint32_t number);

/* Prints that a length is not between `least` and `most`, the bytes available. */
void packet_bad_length(
	struct output *output, const char *field, size_t length, size_t least, size_t most);

/* Prints how many bytes of a length in a header were not sent: nothing if all were, or in a
 * fragment. */
void packet_missing(struct output *output, struct span span, size_t length);

/* "NAME" or, if `names` has none for it, "UNKNOWN:N". */
void packet_name(
	struct output *output, const char *const *names, size_t count, unsigned int number);

/* The parts of a line that IPv4 and IPv6 have in common: "A.PORT > B.PORT", or without ports where
 * the packet has none, and the explicit congestion notification. */
typedef void (*packet_address)(struct output *output, const uint8_t *address);
void packet_endpoints(struct output *output, packet_address address, const uint8_t *source,
	const uint8_t *destination, const struct packet_walk *walk);
const char *packet_ecn(uint8_t traffic_class);

/* "proto NAME (N)", alone and as announced by the current header. */
void packet_protocol(struct output *output, uint8_t protocol);
void packet_announce(struct output *output, const struct packet_walk *walk, uint8_t protocol);

/* The headers by kind. Those with PACKET_SHORT or PACKET_BAD_VERSION do not come here, but Geneve
 * of another version does. */
void packet_vlan(struct output *output, const struct packet_walk *walk);
void packet_802_3(struct output *output, const struct packet_walk *walk);
void packet_llc(struct output *output, const struct packet_walk *walk);
void packet_snap(struct output *output, const struct packet_walk *walk);
void packet_mpls(struct output *output, const struct packet_walk *walk);
void packet_pppoe(struct output *output, const struct packet_walk *walk);
void packet_arp(struct output *output, const struct packet_walk *walk);
void packet_ipv4(struct output *output, const struct packet_walk *walk);
void packet_ipv6(struct output *output, const struct packet_walk *walk);
void packet_extension(struct output *output, const struct packet_walk *walk);
void packet_ah(struct output *output, const struct packet_walk *walk);
void packet_tcp(struct output *output, const struct packet_walk *walk);
void packet_udp(struct output *output, const struct packet_walk *walk);
void packet_udplite(struct output *output, const struct packet_walk *walk);
void packet_sctp(struct output *output, const struct packet_walk *walk);
void packet_dccp(struct output *output, const struct packet_walk *walk);
void packet_icmp(struct output *output, const struct packet_walk *walk);
void packet_igmp(struct output *output, const struct packet_walk *walk);
void packet_esp(struct output *output, const struct packet_walk *walk);
void packet_ipcomp(struct output *output, const struct packet_walk *walk);
void packet_gre(struct output *output, const struct packet_walk *walk);
void packet_etherip(struct output *output, const struct packet_walk *walk);
void packet_l2tp_ip(struct output *output, const struct packet_walk *walk);
void packet_eigrp(struct output *output, const struct packet_walk *walk);
void packet_ospf(struct output *output, const struct packet_walk *walk);
void packet_pim(struct output *output, const struct packet_walk *walk);
void packet_vrrp(struct output *output, const struct packet_walk *walk);
void packet_ppp(struct output *output, const struct packet_walk *walk);
void packet_erspan(struct output *output, const struct packet_walk *walk);
void packet_vxlan(struct output *output, const struct packet_walk *walk);
void packet_geneve(struct output *output, const struct packet_walk *walk);
void packet_l2tp_udp(struct output *output, const struct packet_walk *walk);
void packet_ipsec_udp(struct output *output, const struct packet_walk *walk);

#endif
