/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What ethertypes and protocols announce to the walk, see packet-steps.h. Stateless. */
#include <linux/if_ether.h>
#include <netinet/in.h>

#include "journal/event/packet-steps.h"

#define ETHERTYPE_QINQ_OLD 0x9100

/* Protocols that <netinet/in.h> does not name. */
#define PROTOCOL_EIGRP    88
#define PROTOCOL_OSPF     89
#define PROTOCOL_ETHERIP  97
#define PROTOCOL_VRRP     112
#define PROTOCOL_L2TP     115
#define PROTOCOL_ETHERNET 143

enum packet_kind packet_kind_of_ethertype(uint16_t ethertype)
{
	switch (ethertype) {
	case ETH_P_IP:
		return PACKET_IPV4;
	case ETH_P_IPV6:
		return PACKET_IPV6;
	case ETH_P_ARP:
	case ETH_P_RARP:
		return PACKET_ARP;
	case ETH_P_8021Q:
	case ETH_P_8021AD:
	case ETHERTYPE_QINQ_OLD:
		return PACKET_VLAN;
	case ETH_P_MPLS_UC:
	case ETH_P_MPLS_MC:
		return PACKET_MPLS;
	case ETH_P_PPP_DISC:
	case ETH_P_PPP_SES:
		return PACKET_PPPOE;
	case ETH_P_TEB:
		return PACKET_ETHERNET;
	}
	return ethertype < ETH_P_802_3_MIN ? PACKET_802_3 : PACKET_ETHERTYPE;
}

void walk_ethertype(struct packet_walk *walk, uint16_t ethertype, struct span payload)
{
	if (walk->depth >= PACKET_DEPTH_MAX) {
		walk_follow(walk, PACKET_MORE, 0, payload);
		return;
	}
	walk->depth++;
	walk_follow(walk, packet_kind_of_ethertype(ethertype), ethertype, payload);
}

static enum packet_kind kind_of_protocol(uint8_t protocol)
{
	static const uint8_t kinds[] = {
		[IPPROTO_ICMP] = PACKET_ICMP,
		[IPPROTO_IGMP] = PACKET_IGMP,
		[IPPROTO_TCP] = PACKET_TCP,
		[IPPROTO_UDP] = PACKET_UDP,
		[IPPROTO_DCCP] = PACKET_DCCP,
		[IPPROTO_GRE] = PACKET_GRE,
		[IPPROTO_ESP] = PACKET_ESP,
		[IPPROTO_AH] = PACKET_AH,
		[IPPROTO_ICMPV6] = PACKET_ICMP,
		[PROTOCOL_EIGRP] = PACKET_EIGRP,
		[PROTOCOL_OSPF] = PACKET_OSPF,
		[PROTOCOL_ETHERIP] = PACKET_ETHERIP,
		[IPPROTO_PIM] = PACKET_PIM,
		[IPPROTO_COMP] = PACKET_IPCOMP,
		[PROTOCOL_VRRP] = PACKET_VRRP,
		[PROTOCOL_L2TP] = PACKET_L2TP_IP,
		[IPPROTO_SCTP] = PACKET_SCTP,
		[IPPROTO_UDPLITE] = PACKET_UDPLITE,
	};

	return protocol < sizeof(kinds) && kinds[protocol] ? kinds[protocol] : PACKET_PROTOCOL;
}

void walk_protocol(struct packet_walk *walk, uint8_t protocol, struct span payload)
{
	switch (protocol) {
	case IPPROTO_IPIP:
		walk_ethertype(walk, ETH_P_IP, payload);
		break;
	case IPPROTO_IPV6:
		walk_ethertype(walk, ETH_P_IPV6, payload);
		break;
	case IPPROTO_MPLS:
		walk_ethertype(walk, ETH_P_MPLS_UC, payload);
		break;
	case PROTOCOL_ETHERNET:
		walk_ethertype(walk, ETH_P_TEB, payload);
		break;
	default:
		walk_follow(walk, kind_of_protocol(protocol), protocol, payload);
		break;
	}
}
