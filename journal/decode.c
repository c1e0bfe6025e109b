/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoder of stored records, see decode.h. Stateless. */
#include "decode.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

static uint16_t host16(uint16_t value, bool swapped)
{
	return swapped ? __builtin_bswap16(value) : value;
}

#define SWAP(field)                                      \
	((field) = _Generic((field), uint16_t            \
			    : __builtin_bswap16, __u64   \
			    : __builtin_bswap64, default \
			    : __builtin_bswap32)(field))

static void head_swap(struct event_head *head)
{
	SWAP(head->size);
	SWAP(head->time);
	SWAP(head->sessions);
	SWAP(head->epoch);
	SWAP(head->cpu);
	SWAP(head->pid);
	SWAP(head->tgid);
	SWAP(head->skb);
	SWAP(head->track_head);
	SWAP(head->track_time);
	SWAP(head->netns_cookie);
	SWAP(head->netns_inode);
	SWAP(head->skb_length);
}

static void section_swap(struct event_section *section)
{
	SWAP(section->type);
	SWAP(section->size);
}

static void nft_swap(struct event_nft *nft)
{
	section_swap(&nft->section);
	nft->verdict = (int32_t)__builtin_bswap32((uint32_t)nft->verdict);
	SWAP(nft->table_handle);
	SWAP(nft->chain_handle);
	SWAP(nft->rule_handle);
	SWAP(nft->target_handle);
	SWAP(nft->queue);
}

static void device_swap(struct event_device *device)
{
	section_swap(&device->section);
	SWAP(device->index);
	SWAP(device->skb_iif);
	SWAP(device->in_index);
	SWAP(device->out_index);
}

static void packet_swap(struct event_packet *packet)
{
	section_swap(&packet->section);
	SWAP(packet->length);
	SWAP(packet->captured);
	SWAP(packet->protocol);
	SWAP(packet->network_offset);
}

/* Takes `length` bytes off the front of *bytes, if they are there. */
static bool text_take(const char **bytes, const char *end, size_t length, struct event_text *ret)
{
	if ((size_t)(end - *bytes) < length)
		return false;
	*ret = (struct event_text){ .bytes = *bytes, .length = length };
	*bytes += length;
	return true;
}

static int nft_decode(const char *section, size_t size, bool swapped, struct event *event)
{
	const char *bytes = section + sizeof(event->nft), *end = section + size;

	if (event->has_nft)
		return 0;
	if (size < sizeof(event->nft))
		return -EBADMSG;
	memcpy(&event->nft, section, sizeof(event->nft));
	if (swapped)
		nft_swap(&event->nft);
	if (!text_take(&bytes, end, event->nft.table_length, &event->table) ||
		!text_take(&bytes, end, event->nft.chain_length, &event->chain) ||
		!text_take(&bytes, end, event->nft.target_length, &event->target))
		return -EBADMSG;
	event->has_nft = true;
	return 0;
}

static int device_decode(const char *section, size_t size, bool swapped, struct event *event)
{
	const char *bytes = section + sizeof(event->device), *end = section + size;

	if (event->has_device)
		return 0;
	if (size < sizeof(event->device))
		return -EBADMSG;
	memcpy(&event->device, section, sizeof(event->device));
	if (swapped)
		device_swap(&event->device);
	if (!text_take(&bytes, end, event->device.name_length, &event->device_name) ||
		!text_take(&bytes, end, event->device.in_length, &event->in_name) ||
		!text_take(&bytes, end, event->device.out_length, &event->out_name))
		return -EBADMSG;
	event->has_device = true;
	return 0;
}

static int packet_decode(const char *section, size_t size, bool swapped, struct event *event)
{
	if (event->has_packet)
		return 0;
	if (size < sizeof(event->packet))
		return -EBADMSG;
	memcpy(&event->packet, section, sizeof(event->packet));
	if (swapped)
		packet_swap(&event->packet);
	if (size - sizeof(event->packet) < event->packet.captured)
		return -EBADMSG;
	event->packet_bytes = (const uint8_t *)section + sizeof(event->packet);
	event->has_packet = true;
	return 0;
}

static int section_decode(
	uint16_t type, const char *section, size_t size, bool swapped, struct event *event)
{
	switch (type) {
	case EVENT_SECTION_NFT:
		return nft_decode(section, size, swapped, event);
	case EVENT_SECTION_DEVICE:
		return device_decode(section, size, swapped, event);
	case EVENT_SECTION_PACKET:
		return packet_decode(section, size, swapped, event);
	}
	return 0;
}

static int sections_decode(const char *bytes, size_t size, bool swapped, struct event *event)
{
	size_t offset = sizeof(struct event_head);

	while (offset < size) {
		struct event_section section;
		size_t length;
		int r;

		if (size - offset < sizeof(section))
			return -EBADMSG;
		memcpy(&section, bytes + offset, sizeof(section));
		length = host16(section.size, swapped);
		if (length < sizeof(section) || length > size - offset)
			return -EBADMSG;
		r = section_decode(
			host16(section.type, swapped), bytes + offset, length, swapped, event);
		if (r < 0)
			return r;
		offset += (length + EVENT_ALIGN - 1) & ~(size_t)(EVENT_ALIGN - 1);
	}
	return 0;
}

int event_decode(const void *data, size_t size, bool swapped, struct event *ret)
{
	struct event event;
	int r;

	if (size < sizeof(event.head))
		return -EBADMSG;
	memcpy(&event.head, data, sizeof(event.head));
	if (event.head.version > EVENT_VERSION)
		return -EPROTONOSUPPORT;
	if (swapped)
		head_swap(&event.head);
	if (event.head.size > size || event.head.size < sizeof(event.head))
		return -EBADMSG;

	memset((char *)&event + sizeof(event.head), 0, sizeof(event) - sizeof(event.head));
	r = sections_decode(data, event.head.size, swapped, &event);
	if (r < 0)
		return r;
	*ret = event;
	return 0;
}

const char *event_verdict_name(int32_t verdict)
{
	switch (verdict) {
	case NF_DROP:
		return "drop";
	case NF_ACCEPT:
		return "accept";
	case NF_STOLEN:
		return "stolen";
	case NF_QUEUE:
		return "queue";
	case NF_REPEAT:
		return "repeat";
	case NF_STOP:
		return "stop";
	case NFT_CONTINUE:
		return "continue";
	case NFT_BREAK:
		return "break";
	case NFT_JUMP:
		return "jump";
	case NFT_GOTO:
		return "goto";
	case NFT_RETURN:
		return "return";
	}
	return NULL;
}

const char *event_family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	case NFPROTO_IPV6:
		return "ip6";
	}
	return NULL;
}
