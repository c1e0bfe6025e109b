/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared by the files of the walk (packet-walk.c, packet-kinds.c, packet-tunnels.c), and private to
 * them: a step finds the length and the problem of the current header, and what follows it. The
 * bytes that the kind always has are there.
 */
#ifndef NFTTRACED_JOURNAL_EVENT_PACKET_STEPS_H
#define NFTTRACED_JOURNAL_EVENT_PACKET_STEPS_H

#include "journal/event/packet-walk.h"

/* Sets what follows the current header. */
static inline void walk_follow(
	struct packet_walk *walk, enum packet_kind next, uint16_t number, struct span payload)
{
	walk->next = next;
	walk->next_number = number;
	walk->payload = payload;
}

/* The kind that an ethertype announces. */
enum packet_kind packet_kind_of_ethertype(uint16_t ethertype);

/* Set a packet inside the packet as what follows, by its ethertype, or what a protocol announces,
 * which may be such a packet. */
void walk_ethertype(struct packet_walk *walk, uint16_t ethertype, struct span payload);
void walk_protocol(struct packet_walk *walk, uint8_t protocol, struct span payload);

/* True if the version is valid; otherwise it is the header's problem. */
static inline bool header_has_version(
	struct packet_header *header, unsigned int version, unsigned int valid)
{
	header->version = (uint8_t)version;
	if (version != valid)
		header->problem = PACKET_BAD_VERSION;
	return version == valid;
}

/* Sets what follows a UDP header, which its ports decide. */
void walk_udp(struct packet_walk *walk, uint16_t source, uint16_t destination, struct span payload);

/* The steps of packet-tunnels.c. */
void walk_802_3(struct packet_walk *walk);
void walk_llc(struct packet_walk *walk);
void walk_mpls(struct packet_walk *walk);
void walk_pppoe(struct packet_walk *walk);
void walk_ppp(struct packet_walk *walk);
void walk_gre(struct packet_walk *walk);
void walk_erspan(struct packet_walk *walk);
void walk_etherip(struct packet_walk *walk);
void walk_eigrp(struct packet_walk *walk);
void walk_ospf(struct packet_walk *walk);
void walk_pim(struct packet_walk *walk);
void walk_vrrp(struct packet_walk *walk);
void walk_vxlan(struct packet_walk *walk);
void walk_geneve(struct packet_walk *walk);
void walk_l2tp(struct packet_walk *walk);

#endif
