/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packets of the filters' tests; see packets.h. */
#include "tests/unit/kit/packets.h"

#include <linux/if_ether.h>
#include <netinet/in.h>

#include "bpf/shared/event.h"
#include "tests/unit/kit/networks.h"

#define NOISE_PACKETS 96

uint32_t packets_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return (uint32_t)(*state >> 16);
}

/* The encapsulations of a network packet. */

static void put_ethernet(GByteArray *to, uint16_t ethertype, unsigned int number)
{
	static const uint8_t targets[][ETH_ALEN] = { { 0x02, 0, 0, 0, 0, 2 },
		{ 0xff, 0xff, 0xff, 0xff, 0xff, 0xff }, { 0x01, 0, 0x5e, 0, 0, 0xfb },
		{ 0x33, 0x33, 0, 0, 0, 1 } };
	static const uint8_t source[ETH_ALEN] = { 0x02, 0, 0, 0, 0, 1 };

	g_byte_array_append(to, targets[number % G_N_ELEMENTS(targets)], ETH_ALEN);
	g_byte_array_append(to, source, ETH_ALEN);
	put16(to, ethertype);
}

static void put_vlan(GByteArray *to, uint16_t tag, uint16_t ethertype)
{
	put16(to, tag);
	put16(to, ethertype);
}

enum dress {
	DRESS_RAW,
	DRESS_ETHERNET,
	DRESS_VLAN,
	DRESS_QINQ,
	DRESS_MPLS,
	DRESS_PPPOE,
	DRESS_COUNT,
};

static const char *const dress_names[] = { "raw", "ethernet", "vlan 5", "qinq 7 5", "mpls 16",
	"pppoes" };

static void put_dress(GByteArray *to, enum dress dress, uint16_t ethertype, unsigned int number)
{
	switch (dress) {
	case DRESS_RAW:
	case DRESS_COUNT:
		break;
	case DRESS_ETHERNET:
		put_ethernet(to, ethertype, number);
		break;
	case DRESS_VLAN:
		put_ethernet(to, ETH_P_8021Q, number);
		put_vlan(to, 0x2005, ethertype);
		break;
	case DRESS_QINQ:
		put_ethernet(to, ETH_P_8021AD, number);
		put_vlan(to, 7, ETH_P_8021Q);
		put_vlan(to, 5, ethertype);
		break;
	case DRESS_MPLS:
		put_ethernet(to, ETH_P_MPLS_UC, number);
		put32(to, 17 << 12 | 64);
		put32(to, 16 << 12 | 1 << 8 | 64);
		break;
	case DRESS_PPPOE:
		put_ethernet(to, ETH_P_PPP_SES, number);
		put32(to, 0x11000027);
		put16(to, 0x0040);
		put16(to, ethertype == ETH_P_IPV6 ? 0x0057 : 0x0021);
		break;
	}
}

static void packet_free(void *data)
{
	struct packet *packet = data;

	g_free(packet->name);
	g_free(packet->data);
	g_free(packet);
}

/* Takes over the name. */
static void packet_add(
	GPtrArray *list, char *name, uint32_t link, const GByteArray *bytes, uint32_t length)
{
	struct packet *packet = g_new0(struct packet, 1);

	packet->name = name;
	packet->link = link;
	packet->stored = bytes->len;
	packet->length = MAX(length, bytes->len);
	packet->data = g_memdup2(bytes->data, bytes->len);
	g_ptr_array_add(list, packet);
}

static void add_dressed(GPtrArray *list)
{
	g_autoptr(GPtrArray) networks = networks_new();

	for (unsigned int i = 0; i < networks->len; i++) {
		const struct network *network = networks->pdata[i];

		for (enum dress dress = DRESS_RAW; dress < DRESS_COUNT; dress++) {
			g_autoptr(GByteArray) bytes = g_byte_array_new();

			put_dress(bytes, dress, network->ethertype, i);
			g_byte_array_append(bytes, network->bytes->data, network->bytes->len);
			packet_add(list,
				g_strdup_printf("%s, %s", network->name, dress_names[dress]),
				dress == DRESS_RAW ? EVENT_LINK_RAW : EVENT_LINK_ETHERNET, bytes,
				i % 4 == 1 ? bytes->len + 1400 : 0);
		}
	}
}

/* 802.3 with LLC: spanning tree, IS-IS, IPX, and SNAP around IPv4. */
static void add_llc(GPtrArray *list)
{
	static const uint8_t headers[][8] = { { 0x42, 0x42, 0x03, 0 }, { 0xfe, 0xfe, 0x03, 0x83 },
		{ 0xe0, 0xe0, 0x03, 0xff }, { 0xaa, 0xaa, 0x03, 0, 0, 0, 0x08, 0x00 },
		{ 0xf0, 0xf0, 0x03, 0 } };

	for (unsigned int i = 0; i < G_N_ELEMENTS(headers); i++) {
		g_autoptr(GByteArray) bytes = g_byte_array_new();

		put_ethernet(bytes, 38, i);
		g_byte_array_append(bytes, headers[i], sizeof(headers[i]));
		put_fill(bytes, 40, (uint8_t)(0x45 + i));
		packet_add(list, g_strdup_printf("llc %#x", headers[i][0]), EVENT_LINK_ETHERNET,
			bytes, 0);
	}
}

/* As long as the view and beyond it: UDP from port 1234 to 5678. */
static void add_long(GPtrArray *list)
{
	static const uint32_t sizes[] = { 1514, 9014, 16380, 16383, 16384, 16385, 16400, 20000,
		65549 };

	for (unsigned int i = 0; i < G_N_ELEMENTS(sizes); i++) {
		g_autoptr(GByteArray) bytes = g_byte_array_new();

		put_ethernet(bytes, ETH_P_IP, i);
		put16(bytes, 0x4500);
		put16(bytes, (uint16_t)(sizes[i] - ETH_HLEN));
		put32(bytes, 0);
		put32(bytes, 64 << 24 | IPPROTO_UDP << 16);
		put32(bytes, 0x0a000001);
		put32(bytes, 0x0a000002);
		put32(bytes, 1234 << 16 | 5678);
		put_fill(bytes, sizes[i] - bytes->len, (uint8_t)i);
		packet_add(
			list, g_strdup_printf("long, %u", sizes[i]), EVENT_LINK_ETHERNET, bytes, 0);
	}
}

static void add_noise(GPtrArray *list)
{
	uint64_t state = 0x9e3779b97f4a7c15;

	for (unsigned int i = 0; i < NOISE_PACKETS; i++) {
		g_autoptr(GByteArray) bytes = g_byte_array_new();
		uint32_t size = packets_random(&state) % 128;

		/* Half of them begin with the bytes that a filter tests first. */
		if (i % 4 == 1)
			put_ethernet(bytes, ETH_P_IP, i);
		if (i % 4 < 2)
			put8(bytes, i % 8 < 4 ? 0x45 + i % 11 : 0x60);
		for (uint32_t j = 0; j < size; j++)
			put8(bytes, (uint8_t)packets_random(&state));
		packet_add(list, g_strdup_printf("noise %u", i),
			i % 4 == 0           ? EVENT_LINK_RAW
				: i % 4 == 1 ? EVENT_LINK_ETHERNET
					     : i / 4 % 2,
			bytes, 0);
	}
}

GPtrArray *packets_new(void)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(packet_free);

	add_dressed(list);
	add_llc(list);
	add_long(list);
	add_noise(list);
	return list;
}
