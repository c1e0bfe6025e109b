/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An skb's own fields as JSON, see json-sections.h. */
#include "journal/json/json-sections.h"

#define VLAN_PRIORITY_SHIFT 13
#define VLAN_DROP_ELIGIBLE  (1 << 12)
#define VLAN_ID_MASK        0xfff
#define COUNT_MAX           UINT8_MAX /* of users and references, in Retis's form */

static void vlan_member(struct output *output, const struct event_skb *skb)
{
	json_number(output, "\"vlan_accel\":{\"proto\":", skb->vlan_protocol);
	json_number(output, ",\"pcp\":", skb->vlan_tci >> VLAN_PRIORITY_SHIFT);
	json_flag(output, ",\"dei\":", skb->vlan_tci & VLAN_DROP_ELIGIBLE);
	json_number(output, ",\"vid\":", skb->vlan_tci & VLAN_ID_MASK);
	json_literal(output, "},");
}

static void meta_member(struct output *output, const struct event *event)
{
	const struct event_skb *skb = &event->skb;

	json_number(output, "\"meta\":{\"len\":", event->head.skb_length);
	json_number(output, ",\"data_len\":", skb->data_length);
	json_number(output, ",\"hash\":", skb->hash);
	json_number(output, ",\"ip_summed\":", skb->ip_summed);
	json_number(output, ",\"csum\":", skb->csum);
	json_number(output, ",\"csum_level\":", skb->csum_level);
	json_number(output, ",\"priority\":", skb->priority);
	json_literal(output, "}");
}

static uint64_t count_clip(uint32_t count)
{
	return count < COUNT_MAX ? count : COUNT_MAX;
}

static void references_member(struct output *output, const struct event_skb *skb)
{
	json_flag(output, ",\"data_ref\":{\"nohdr\":", skb->flags & EVENT_SKB_NOHDR);
	json_flag(output, ",\"cloned\":", skb->flags & EVENT_SKB_CLONED);
	json_number(output, ",\"fclone\":", skb->fclone);
	json_number(output, ",\"users\":", count_clip(skb->users));
	json_number(output, ",\"dataref\":", count_clip(skb->dataref));
	json_literal(output, "}");
}

static void gso_member(struct output *output, const struct event_skb *skb)
{
	json_number(output, ",\"gso\":{\"flags\":", skb->gso_flags);
	json_number(output, ",\"frags\":", skb->gso_frags);
	json_number(output, ",\"size\":", skb->gso_size);
	json_number(output, ",\"segs\":", skb->gso_segs);
	json_number(output, ",\"type\":", skb->gso_type);
	json_literal(output, "}");
}

void json_skb(struct output *output, const struct event *event)
{
	const struct event_skb *skb = &event->skb;

	if (!event->has_skb)
		return;
	json_literal(output, ",\"skb\":{");
	if (skb->flags & EVENT_SKB_VLAN)
		vlan_member(output, skb);
	meta_member(output, event);
	if (skb->flags & EVENT_SKB_SHARED)
		references_member(output, skb);
	if (skb->flags & EVENT_SKB_SHARED && skb->gso_size != 0)
		gso_member(output, skb);
	json_literal(output, "}");
}
