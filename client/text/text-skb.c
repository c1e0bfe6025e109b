/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An skb's own fields, and the stack, as text; see text-sections.h. */
#include "client/text/text-sections.h"

/* skb->ip_summed. */
enum checksum {
	CHECKSUM_NONE = 0,
	CHECKSUM_UNNECESSARY = 1,
	CHECKSUM_COMPLETE = 2,
	CHECKSUM_PARTIAL = 3,
};

static void checksum_text(struct output *output, const struct event_skb *skb)
{
	switch (skb->ip_summed) {
	case CHECKSUM_NONE:
		output_text(output, "none");
		return;
	case CHECKSUM_UNNECESSARY:
		output_number_after(output, "unnecessary (level ", skb->csum_level);
		break;
	case CHECKSUM_COMPLETE:
		output_hex_after(output, "complete (", skb->csum);
		break;
	case CHECKSUM_PARTIAL:
		output_number_after(output, "partial (start ", skb->csum & 0xffff);
		output_number_after(output, " off ", skb->csum >> 16);
		break;
	default:
		output_number_after(output, "unknown (", skb->ip_summed);
		break;
	}
	output_char(output, ')');
}

static void references_text(struct output *output, const struct event_skb *skb)
{
	if (skb->flags & EVENT_SKB_NOHDR)
		output_text(output, " nohdr");
	if (skb->flags & EVENT_SKB_CLONED)
		output_text(output, " cloned");
	if (skb->fclone != 0)
		output_number_after(output, " fclone ", skb->fclone);
	output_number_after(output, " users ", skb->users);
	if (skb->flags & EVENT_SKB_SHARED)
		output_number_after(output, " dataref ", skb->dataref);
}

static void gso_text(struct output *output, const struct event_skb *skb)
{
	output_hex_after(output, " gso [type ", skb->gso_type);
	if (skb->gso_flags != 0)
		output_hex_after(output, " flags ", skb->gso_flags);
	if (skb->gso_frags != 0)
		output_number_after(output, " frags ", skb->gso_frags);
	if (skb->gso_segs != 0)
		output_number_after(output, " segs ", skb->gso_segs);
	output_number_after(output, " size ", skb->gso_size);
	output_char(output, ']');
}

void text_skb(struct output *output, const struct event *event)
{
	const struct event_skb *skb = &event->skb;

	if (!event->has_skb)
		return;
	output_text(output, "  skb [csum ");
	checksum_text(output, skb);
	if (skb->hash != 0)
		output_hex_after(output, " hash ", skb->hash);
	output_number_after(output, " len ", event->head.skb_length);
	if (skb->data_length != 0)
		output_number_after(output, " data_len ", skb->data_length);
	output_number_after(output, " priority ", skb->priority);
	references_text(output, skb);
	output_char(output, ']');
	if (skb->flags & EVENT_SKB_SHARED && skb->gso_size != 0)
		gso_text(output, skb);
	output_char(output, '\n');
}

void text_stack(struct text *text, const struct event *event)
{
	struct output *output = text->renderer.output;

	for (unsigned int i = 0; event->has_stack && i < event->stack_depth; i++) {
		const char *name = name_table_symbol(
			text->renderer.name_table, event->stack[i], event->head.time);

		output_text(output, "    ");
		if (name)
			output_escaped(output, name, strlen(name));
		else
			output_hex_after(output, "", event->stack[i]);
		output_char(output, '\n');
	}
}
