/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Network packets without a link layer; see networks.h. */
#include "tests/unit/kit/networks.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <netinet/in.h>

#define PROTO_PIM  103
#define PROTO_VRRP 112
#define PROTO_OSPF 89

void put8(GByteArray *to, uint8_t value)
{
	g_byte_array_append(to, &value, 1);
}

void put16(GByteArray *to, uint16_t value)
{
	put8(to, value >> 8);
	put8(to, value & 0xff);
}

void put32(GByteArray *to, uint32_t value)
{
	put16(to, value >> 16);
	put16(to, value & 0xffff);
}

void put_fill(GByteArray *to, size_t count, uint8_t first)
{
	for (size_t i = 0; i < count; i++)
		put8(to, (uint8_t)(first + i));
}

/* Transport headers, each with a little payload. */

static void put_udp(GByteArray *to, uint16_t source, uint16_t target)
{
	put16(to, source);
	put16(to, target);
	put16(to, 8 + 12);
	put16(to, 0);
	put_fill(to, 12, 0x30);
}

static void put_tcp(
	GByteArray *to, uint16_t source, uint16_t target, uint8_t flags, uint8_t options)
{
	put16(to, source);
	put16(to, target);
	put32(to, 0x01020304);
	put32(to, flags & 0x10 ? 0x0a0b0c0d : 0);
	put8(to, (uint8_t)((5 + options) << 4));
	put8(to, flags);
	put16(to, 64240);
	put32(to, 0);
	put_fill(to, options * 4u, 1);
	g_byte_array_append(to, (const uint8_t *)"GET / HTTP/1.1\r\n", 16);
}

static void put_icmp(GByteArray *to, uint8_t type, uint8_t code)
{
	put8(to, type);
	put8(to, code);
	put16(to, 0);
	put32(to, 0x12340001);
	put_fill(to, 16, 0x61);
}

static void put_sctp(GByteArray *to, uint16_t source, uint16_t target)
{
	put16(to, source);
	put16(to, target);
	put32(to, 1);
	put32(to, 2);
	put_fill(to, 8, 0);
}

/* Network headers. */

struct ipv4 {
	uint8_t protocol;
	uint8_t options; /* 32-bit words */
	uint16_t fragment; /* flags and offset */
	uint32_t source, target;
};

static void put_ipv4(GByteArray *to, const struct ipv4 *ip, size_t payload)
{
	put8(to, (uint8_t)(0x45 + ip->options));
	put8(to, 0x10);
	put16(to, (uint16_t)(20 + ip->options * 4 + payload));
	put16(to, 0x4567);
	put16(to, ip->fragment);
	put8(to, ip->options ? 1 : 64);
	put8(to, ip->protocol);
	put16(to, 0);
	put32(to, ip->source);
	put32(to, ip->target);
	put_fill(to, ip->options * 4u, 0x07);
}

static void put_ipv6(
	GByteArray *to, uint8_t next, const char *source, const char *target, size_t payload)
{
	struct in6_addr address;

	put32(to, 0x60012345);
	put16(to, (uint16_t)payload);
	put8(to, next);
	put8(to, 64);
	inet_pton(AF_INET6, source, &address);
	g_byte_array_append(to, address.s6_addr, 16);
	inet_pton(AF_INET6, target, &address);
	g_byte_array_append(to, address.s6_addr, 16);
}

#define ADDRESS(a, b, c, d) ((uint32_t)(a) << 24 | (b) << 16 | (c) << 8 | (d))

static void network_free(void *data)
{
	struct network *network = data;

	g_free(network->name);
	g_byte_array_unref(network->bytes);
	g_free(network);
}

static GByteArray *network_add(GPtrArray *list, const char *name, uint16_t ethertype)
{
	struct network *network = g_new0(struct network, 1);

	network->name = g_strdup(name);
	network->ethertype = ethertype;
	network->bytes = g_byte_array_new();
	g_ptr_array_add(list, network);
	return network->bytes;
}

static void add_ipv4(
	GPtrArray *list, const char *name, const struct ipv4 *ip, const GByteArray *payload)
{
	GByteArray *bytes = network_add(list, name, ETH_P_IP);

	put_ipv4(bytes, ip, payload->len);
	g_byte_array_append(bytes, payload->data, payload->len);
}

static void add_ipv6(GPtrArray *list, const char *name, uint8_t next, const char *source,
	const char *target, const GByteArray *payload)
{
	GByteArray *bytes = network_add(list, name, ETH_P_IPV6);

	put_ipv6(bytes, next, source, target, payload->len);
	g_byte_array_append(bytes, payload->data, payload->len);
}

/* Every transport there is. */
struct transport {
	const char *name;
	uint8_t protocol;
	uint16_t source, target;
	uint8_t flags; /* TCP; ICMP: type */
	uint8_t options; /* TCP, 32-bit words; ICMP: code */
};

static const struct transport transports[] = {
	{ "dns", IPPROTO_UDP, 40000, 53, 0, 0 },
	{ "udp-8080", IPPROTO_UDP, 39677, 8080, 0, 0 },
	{ "dhcp", IPPROTO_UDP, 68, 67, 0, 0 },
	{ "syn", IPPROTO_TCP, 51000, 80, 0x02, 5 },
	{ "syn-ack", IPPROTO_TCP, 443, 51000, 0x12, 1 },
	{ "http", IPPROTO_TCP, 51000, 80, 0x18, 3 },
	{ "ssh", IPPROTO_TCP, 22, 1023, 0x10, 10 },
	{ "rst", IPPROTO_TCP, 1, 65535, 0x04, 0 },
	{ "fin-urg", IPPROTO_TCP, 25, 6000, 0x31, 0 },
	{ "sctp", IPPROTO_SCTP, 5000, 36412, 0, 0 },
	{ "echo", IPPROTO_ICMP, 0, 0, 8, 0 },
	{ "echo-reply", IPPROTO_ICMP, 0, 0, 0, 0 },
	{ "unreachable", IPPROTO_ICMP, 0, 0, 3, 3 },
	{ "echo6", IPPROTO_ICMPV6, 0, 0, 128, 0 },
	{ "neighbour", IPPROTO_ICMPV6, 0, 0, 135, 0 },
	{ "gre", IPPROTO_GRE, 0x2000, 0x0800, 0, 0 },
	{ "esp", IPPROTO_ESP, 1, 2, 0, 0 },
	{ "ah", IPPROTO_AH, 0x3304, 0, 0, 0 },
	{ "igmp", IPPROTO_IGMP, 0x1100, 0, 0, 0 },
	{ "pim", PROTO_PIM, 0x2000, 0, 0, 0 },
	{ "vrrp", PROTO_VRRP, 0x2101, 0x6401, 0, 0 },
	{ "ospf", PROTO_OSPF, 0x0201, 0x002c, 0, 0 },
	{ "udplite", IPPROTO_UDPLITE, 7, 9, 0, 0 },
};

static void put_transport(GByteArray *to, const struct transport *transport)
{
	switch (transport->protocol) {
	case IPPROTO_TCP:
		put_tcp(to, transport->source, transport->target, transport->flags,
			transport->options);
		break;
	case IPPROTO_SCTP:
		put_sctp(to, transport->source, transport->target);
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		put_icmp(to, transport->flags, transport->options);
		break;
	default:
		put_udp(to, transport->source, transport->target);
		break;
	}
}

/* Each transport over IPv4 and IPv6, with alternating addresses. */
static void add_transports(GPtrArray *list)
{
	static const uint32_t sources[] = { ADDRESS(10, 0, 0, 1), ADDRESS(172, 16, 42, 1),
		ADDRESS(192, 168, 1, 77), ADDRESS(127, 0, 0, 1) };
	static const uint32_t targets[] = { ADDRESS(10, 0, 0, 2), ADDRESS(172, 16, 42, 2),
		ADDRESS(224, 0, 0, 251), ADDRESS(255, 255, 255, 255), ADDRESS(10, 1, 2, 3) };
	static const char *const sources6[] = { "fe80::1", "2001:db8::1", "::1" };
	static const char *const targets6[] = { "ff02::1", "2001:db8:1::2", "::1", "fe80::2" };

	for (size_t i = 0; i < G_N_ELEMENTS(transports); i++) {
		g_autoptr(GByteArray) payload = g_byte_array_new();
		g_autofree char *name4 = g_strdup_printf("ip %s", transports[i].name);
		g_autofree char *name6 = g_strdup_printf("ip6 %s", transports[i].name);
		struct ipv4 ip = {
			.protocol = transports[i].protocol,
			.options = i % 5 == 4 ? 10
				: i % 7 == 3  ? 1
					      : 0,
			.fragment = i % 3 == 0 ? 0x4000 : 0,
			.source = sources[i % G_N_ELEMENTS(sources)],
			.target = targets[i % G_N_ELEMENTS(targets)],
		};

		put_transport(payload, &transports[i]);
		add_ipv4(list, name4, &ip, payload);
		add_ipv6(list, name6, transports[i].protocol, sources6[i % G_N_ELEMENTS(sources6)],
			targets6[i % G_N_ELEMENTS(targets6)], payload);
	}
}

static void add_fragments(GPtrArray *list)
{
	static const uint16_t fragments[] = { 0x2000, 0x2001, 0x00b9, 0x1fff };

	for (size_t i = 0; i < G_N_ELEMENTS(fragments); i++) {
		g_autoptr(GByteArray) payload = g_byte_array_new(), tcp = g_byte_array_new();
		g_autofree char *name = g_strdup_printf("ip fragment %#x", fragments[i]);
		struct ipv4 ip = { .protocol = IPPROTO_TCP,
			.fragment = fragments[i],
			.source = ADDRESS(10, 0, 0, 1),
			.target = ADDRESS(10, 0, 0, 2) };

		put_tcp(tcp, 80, 80, 0x10, 0);
		add_ipv4(list, name, &ip, tcp);
		put8(payload, IPPROTO_TCP); /* the fragment header */
		put8(payload, 0);
		put16(payload, fragments[i] << 3);
		put32(payload, 77);
		g_byte_array_append(payload, tcp->data, tcp->len);
		add_ipv6(list, name, IPPROTO_FRAGMENT, "2001:db8::1", "2001:db8:1::2", payload);
	}
}

/* Extension headers before UDP to port 53. */
static void add_extensions(GPtrArray *list)
{
	static const uint8_t headers[] = { IPPROTO_HOPOPTS, IPPROTO_DSTOPTS, IPPROTO_ROUTING };

	for (size_t i = 0; i < G_N_ELEMENTS(headers); i++) {
		g_autoptr(GByteArray) payload = g_byte_array_new();
		g_autofree char *name = g_strdup_printf("ip6 extension %u", headers[i]);

		put8(payload, IPPROTO_UDP);
		put8(payload, 1);
		put_fill(payload, 14, 0);
		put_udp(payload, 53, 53);
		add_ipv6(list, name, headers[i], "2001:db8::1", "2001:db8:1::2", payload);
	}
}

static void put_arp(GByteArray *to, uint16_t operation)
{
	put16(to, 1);
	put16(to, ETH_P_IP);
	put16(to, 0x0604);
	put16(to, operation);
	put_fill(to, 6, 0x10);
	put32(to, ADDRESS(10, 0, 0, 1));
	put_fill(to, 6, 0);
	put32(to, ADDRESS(10, 0, 0, 2));
}

static void add_others(GPtrArray *list)
{
	put_arp(network_add(list, "arp request", ETH_P_ARP), 1);
	put_arp(network_add(list, "arp reply", ETH_P_ARP), 2);
	put_arp(network_add(list, "rarp", ETH_P_RARP), 3);
	put_fill(network_add(list, "lldp", 0x88cc), 40, 2);
	put_fill(network_add(list, "appletalk", ETH_P_ATALK), 30, 9);
	put_fill(network_add(list, "decnet", ETH_P_DNA_RT), 30, 2);
	put_fill(network_add(list, "lat", ETH_P_LAT), 30, 4);
	put_fill(network_add(list, "not a version", ETH_P_IP), 40, 0x25);
}

GPtrArray *networks_new(void)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(network_free);

	add_transports(list);
	add_fragments(list);
	add_extensions(list);
	add_others(list);
	return list;
}
