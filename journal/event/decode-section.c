/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoders of all sections but the connection's, see decode-section.h. Stateless. */
#include "journal/event/decode-section.h"

#include <errno.h>
#include <string.h>

#include "journal/base/byte-swap.h"

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

static void skb_swap(struct event_skb *skb)
{
	section_swap(&skb->section);
	SWAP(skb->data_length);
	SWAP(skb->hash);
	SWAP(skb->csum);
	SWAP(skb->priority);
	SWAP(skb->users);
	SWAP(skb->dataref);
	SWAP(skb->gso_type);
	SWAP(skb->gso_size);
	SWAP(skb->gso_segs);
	SWAP(skb->vlan_protocol);
	SWAP(skb->vlan_tci);
}

/* The section's own struct, if the section is long enough. */
static bool fixed_take(const struct section *section, void *ret, size_t size)
{
	if (section->size < size)
		return false;
	memcpy(ret, section->bytes, size);
	return true;
}

/* Takes `length` bytes off the front of *bytes, unless there are fewer. */
static bool text_take(const char **bytes, const char *end, size_t length, struct event_text *ret)
{
	if ((size_t)(end - *bytes) < length)
		return false;
	*ret = (struct event_text){ .bytes = *bytes, .length = length };
	*bytes += length;
	return true;
}

int nft_decode(const struct section *section, struct event *event)
{
	const char *bytes = section->bytes + sizeof(event->nft);
	const char *end = section->bytes + section->size;

	if (!fixed_take(section, &event->nft, sizeof(event->nft)))
		return -EBADMSG;
	if (section->swapped)
		nft_swap(&event->nft);
	if (!text_take(&bytes, end, event->nft.table_length, &event->table) ||
		!text_take(&bytes, end, event->nft.chain_length, &event->chain) ||
		!text_take(&bytes, end, event->nft.target_length, &event->target))
		return -EBADMSG;
	event->has_nft = true;
	return 0;
}

int device_decode(const struct section *section, struct event *event)
{
	const char *bytes = section->bytes + sizeof(event->device);
	const char *end = section->bytes + section->size;

	if (!fixed_take(section, &event->device, sizeof(event->device)))
		return -EBADMSG;
	if (section->swapped)
		device_swap(&event->device);
	if (!text_take(&bytes, end, event->device.name_length, &event->device_name) ||
		!text_take(&bytes, end, event->device.in_length, &event->in_name) ||
		!text_take(&bytes, end, event->device.out_length, &event->out_name))
		return -EBADMSG;
	event->has_device = true;
	return 0;
}

int packet_decode(const struct section *section, struct event *event)
{
	if (!fixed_take(section, &event->packet, sizeof(event->packet)))
		return -EBADMSG;
	if (section->swapped)
		packet_swap(&event->packet);
	if (section->size - sizeof(event->packet) < event->packet.captured)
		return -EBADMSG;
	event->packet_bytes = (const uint8_t *)section->bytes + sizeof(event->packet);
	event->has_packet = true;
	return 0;
}

int skb_decode(const struct section *section, struct event *event)
{
	if (!fixed_take(section, &event->skb, sizeof(event->skb)))
		return -EBADMSG;
	if (section->swapped)
		skb_swap(&event->skb);
	event->has_skb = true;
	return 0;
}

int drop_decode(const struct section *section, struct event *event)
{
	if (!fixed_take(section, &event->drop, sizeof(event->drop)))
		return -EBADMSG;
	if (section->swapped) {
		section_swap(&event->drop.section);
		SWAP(event->drop.reason);
	}
	event->has_drop = true;
	return 0;
}

int stack_decode(const struct section *section, struct event *event)
{
	size_t depth;

	if (section->size < sizeof(struct event_stack))
		return -EBADMSG;
	depth = (section->size - sizeof(struct event_stack)) / sizeof(event->stack[0]);
	if (depth > EVENT_STACK_MAX)
		depth = EVENT_STACK_MAX;
	memcpy(event->stack, section->bytes + sizeof(struct event_stack),
		depth * sizeof(event->stack[0]));
	for (size_t i = 0; section->swapped && i < depth; i++)
		event->stack[i] = __builtin_bswap64(event->stack[i]);
	event->stack_depth = (unsigned int)depth;
	event->has_stack = true;
	return 0;
}
