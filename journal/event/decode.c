/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The decoder of stored records, see decode.h. Stateless. */
#include "journal/event/decode.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#include "journal/base/byte-swap.h"
#include "journal/event/decode-section.h"

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

/* Decodes a section unless the event has one of its type, or the type is unknown. */
static int section_decode(uint16_t type, const struct section *section, struct event *event)
{
	switch (type) {
	case EVENT_SECTION_NFT:
		return event->has_nft ? 0 : nft_decode(section, event);
	case EVENT_SECTION_DEVICE:
		return event->has_device ? 0 : device_decode(section, event);
	case EVENT_SECTION_PACKET:
		return event->has_packet ? 0 : packet_decode(section, event);
	case EVENT_SECTION_SKB:
		return event->has_skb ? 0 : skb_decode(section, event);
	case EVENT_SECTION_CT:
		return event->has_ct ? 0 : ct_decode(section, event);
	case EVENT_SECTION_DROP:
		return event->has_drop ? 0 : drop_decode(section, event);
	case EVENT_SECTION_STACK:
		return event->has_stack ? 0 : stack_decode(section, event);
	}
	return 0;
}

static int sections_decode(const char *bytes, size_t size, bool swapped, struct event *event)
{
	size_t offset = sizeof(struct event_head);

	while (offset < size) {
		struct section section = { .bytes = bytes + offset, .swapped = swapped };
		struct event_section head;
		int r;

		if (size - offset < sizeof(head))
			return -EBADMSG;
		memcpy(&head, section.bytes, sizeof(head));
		if (swapped) {
			SWAP(head.type);
			SWAP(head.size);
		}
		section.size = head.size;
		if (section.size < sizeof(head) || section.size > size - offset)
			return -EBADMSG;
		r = section_decode(head.type, &section, event);
		if (r < 0)
			return r;
		offset += (section.size + EVENT_ALIGN - 1) & ~(size_t)(EVENT_ALIGN - 1);
	}
	return 0;
}

int event_decode(const void *data, size_t size, bool swapped, struct event *ret)
{
	/* The stack is by far the largest part, and nearly always empty: it is neither zeroed nor
	 * copied beyond its depth. */
	const size_t fixed = offsetof(struct event, stack);
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

	memset((char *)&event + sizeof(event.head), 0, fixed - sizeof(event.head));
	event.has_netns = event.head.netns_inode != 0;
	event.has_tracking = event.head.flags & EVENT_TRACKED;
	r = sections_decode(data, event.head.size, swapped, &event);
	if (r < 0)
		return r;
	memcpy(ret, &event, fixed + event.stack_depth * sizeof(event.stack[0]));
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

const char *event_hook_name(const struct event_nft *nft)
{
	static const char *const internet[] = { "prerouting", "input", "forward", "output",
		"postrouting", "ingress" };
	static const char *const arp[] = { "input", "output", "forward" };

	switch (nft->protocol) {
	case NFPROTO_NETDEV:
		return nft->flags & EVENT_NFT_NETDEV_EGRESS ? "egress" : "ingress";
	case NFPROTO_ARP:
		return nft->hook < sizeof(arp) / sizeof(*arp) ? arp[nft->hook] : NULL;
	}
	return nft->hook < sizeof(internet) / sizeof(*internet) ? internet[nft->hook] : NULL;
}
