/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet as text, see packet-text.h: walks over its headers and has each printed by the function
 * of its kind (packet.h). */
#include "client/text/packet-text.h"

#include "client/text/packet.h"

/* Prints one header, which has the bytes that its kind always has, and the separator to what
 * follows it. */
typedef void (*header_function)(struct output *output, const struct packet_walk *walk);

static void ethertype_text(struct output *output, const struct packet_walk *walk)
{
	packet_unsupported(output, "ethertype", walk->header.number, 4);
}

static void protocol_text(struct output *output, const struct packet_walk *walk)
{
	uint16_t protocol = walk->header.number;

	packet_unsupported(output, "protocol", protocol, protocol > 0xf ? 2 : 1);
}

static void more_packets(struct output *output, const struct packet_walk *walk)
{
	(void)walk;
	output_text(output, "... (more packets inside)");
}

static void more_extensions(struct output *output, const struct packet_walk *walk)
{
	(void)walk;
	output_text(output, "... (more extension headers follow)");
}

static const struct {
	header_function text; /* NULL: the header is not printed */
	const char *start; /* printed in its place if it is too short or of another version */
} kinds[PACKET_KINDS] = {
	[PACKET_ETHERNET] = { NULL, "" },
	[PACKET_MORE] = { more_packets, "" },
	[PACKET_MORE_EXTENSIONS] = { more_extensions, "" },
	[PACKET_ETHERTYPE] = { ethertype_text, "" },
	[PACKET_PROTOCOL] = { protocol_text, "" },
	[PACKET_VLAN] = { packet_vlan, "vlan" },
	[PACKET_802_3] = { packet_802_3, "" },
	[PACKET_LLC] = { packet_llc, "" },
	[PACKET_SNAP] = { packet_snap, "" },
	[PACKET_MPLS] = { packet_mpls, "" },
	[PACKET_PPPOE] = { packet_pppoe, "pppoe" },
	[PACKET_ARP] = { packet_arp, "ARP" },
	[PACKET_IPV4] = { packet_ipv4, "IPv4" },
	[PACKET_IPV6] = { packet_ipv6, "IPv6" },
	[PACKET_EXTENSION] = { packet_extension, "" },
	[PACKET_AH] = { packet_ah, "" },
	[PACKET_TCP] = { packet_tcp, "" },
	[PACKET_UDP] = { packet_udp, "" },
	[PACKET_UDPLITE] = { packet_udplite, "" },
	[PACKET_SCTP] = { packet_sctp, "" },
	[PACKET_DCCP] = { packet_dccp, "" },
	[PACKET_ICMP] = { packet_icmp, "" },
	[PACKET_IGMP] = { packet_igmp, "" },
	[PACKET_ESP] = { packet_esp, "" },
	[PACKET_IPCOMP] = { packet_ipcomp, "" },
	[PACKET_GRE] = { packet_gre, "" },
	[PACKET_ETHERIP] = { packet_etherip, "" },
	[PACKET_L2TP_IP] = { packet_l2tp_ip, "" },
	[PACKET_EIGRP] = { packet_eigrp, "" },
	[PACKET_OSPF] = { packet_ospf, "" },
	[PACKET_PIM] = { packet_pim, "" },
	[PACKET_VRRP] = { packet_vrrp, "" },
	[PACKET_PPP] = { packet_ppp, " ppp" },
	[PACKET_ERSPAN] = { packet_erspan, " erspan" },
	[PACKET_VXLAN] = { packet_vxlan, "" },
	[PACKET_GENEVE] = { packet_geneve, "" },
	[PACKET_L2TP_UDP] = { packet_l2tp_udp, "" },
	[PACKET_IPSEC_UDP] = { packet_ipsec_udp, "" },
};

/* Prints what is wrong with a header that has no text of its own for it. */
static void problem_text(struct output *output, const struct packet_header *header)
{
	output_text(output, kinds[header->kind].start);
	if (header->problem == PACKET_SHORT)
		packet_truncated(output);
	else
		packet_bad(output, "version", header->version);
}

/* Prints one header; false if nothing is printed behind it. */
static bool header_text(struct output *output, const struct packet_walk *walk)
{
	const struct packet_header *header = &walk->header;
	header_function text = kinds[header->kind].text;

	if (header->problem == PACKET_SHORT ||
		(header->problem == PACKET_BAD_VERSION && header->kind != PACKET_GENEVE))
		problem_text(output, header);
	else if (text)
		text(output, walk);
	return header->problem == PACKET_FINE;
}

void packet_text(struct output *output, const struct event_packet *packet, const uint8_t *bytes)
{
	const struct span span = {
		.bytes = bytes,
		.length = packet->captured,
		.wire = packet->length > packet->captured ? packet->length : packet->captured,
	};
	struct packet_walk walk;

	if (packet->link == EVENT_LINK_ETHERNET)
		packet_walk_start(&walk, PACKET_ETHERNET, 0, span);
	else
		packet_walk_start_ethertype(
			&walk, packet->protocol, span_skip(span, packet->network_offset));
	while (packet_walk_next(&walk) && header_text(output, &walk))
		;
}
