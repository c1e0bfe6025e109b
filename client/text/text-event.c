/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An event as text: header line, packet line, namespace and devices, nf_tables; see text.h. */
#include <linux/netfilter.h>

#include "client/text/packet-text.h"
#include "client/text/text-sections.h"

#define HEAD_ADDRESS_DIGITS 16

static const char *attach_text(uint8_t attach)
{
	switch (attach) {
	case EVENT_ATTACH_KRETPROBE:
		return " [kr] ";
	case EVENT_ATTACH_RAW_TRACEPOINT:
		return " [tp] ";
	}
	return " [k] ";
}

/* A reason without a name in the journal is printed as a number. */
static void drop_text(struct text *text, uint32_t reason)
{
	const char *name = name_table_reason(text->renderer.name_table, reason);
	struct output *output = text->renderer.output;

	output_text(output, " drop (reason ");
	if (name)
		output_word(output, name, strlen(name));
	else
		output_hex_after(output, "", reason);
	output_char(output, ')');
}

/* Time and address as one number: the address is padded only if the time comes before it. */
static void tracking_id(struct output *output, const struct event_head *head)
{
	output_text(output, " #");
	if (head->track_time != 0) {
		output_hex(output, head->track_time);
		output_hex_padded(output, head->track_head, HEAD_ADDRESS_DIGITS);
	} else {
		output_hex(output, head->track_head);
	}
}

static void probe_text(struct text *text, const struct event *event)
{
	const char *symbol = session_view_symbol(&text->renderer.view, event);

	output_text(text->renderer.output, attach_text(event->head.attach));
	text_style(text, TEXT_STYLE_PROBE);
	output_word(text->renderer.output, symbol, strlen(symbol));
	text_style(text, TEXT_STYLE_NONE);
}

static void header_line(struct text *text, const struct event *event)
{
	const struct event_head *head = &event->head;
	struct output *output = text->renderer.output;

	text_moment(text, head->time);
	output_number_after(output, " (", head->cpu);
	output_text(output, ") [");
	output_escaped(output, head->comm, strnlen(head->comm, sizeof(head->comm)));
	output_text(output, "] ");
	if (head->tgid != head->pid) {
		output_number(output, head->pid);
		output_char(output, '/');
	}
	output_number(output, head->tgid);
	probe_text(text, event);
	if (event->has_tracking)
		tracking_id(output, head);
	output_text(output, " (skb ");
	output_hex(output, head->skb);
	output_char(output, ')');
	if (text->renderer.numbered)
		output_number_after(output, " n ", text->renderer.number);
	if (event->has_drop)
		drop_text(text, event->drop.reason);
	output_char(output, '\n');
}

static void device_text(
	struct output *output, const char *kind, uint32_t index, struct event_text name)
{
	output_text(output, kind);
	output_number(output, index);
	if (name.length > 0) {
		output_text(output, " (");
		output_word(output, name.bytes, name.length);
		output_char(output, ')');
	}
}

/* The hook's output device is printed only if the skb has no device. */
static void devices_text(struct output *output, const struct event *event)
{
	const struct event_device *device = &event->device;

	if (device->index != 0)
		device_text(output, " if ", device->index, event->device_name);
	else if (device->out_index != 0)
		device_text(output, " oif ", device->out_index, event->out_name);
	if (device->skb_iif != 0)
		output_number_after(output, " rxif ", device->skb_iif);
}

static bool has_location(const struct event *event)
{
	const struct event_device *device = &event->device;

	return event->has_netns ||
		(event->has_device && (device->index | device->out_index | device->skb_iif) != 0);
}

/* Each field begins with a space; one more is the line's indentation. */
static void location_line(struct text *text, const struct event *event)
{
	const struct event_head *head = &event->head;
	struct output *output = text->renderer.output;

	if (!has_location(event))
		return;
	output_char(output, ' ');
	if (event->has_netns)
		text_netns(text, head->netns_cookie, head->netns_inode);
	if (event->has_device)
		devices_text(output, event);
	output_char(output, '\n');
}

static enum text_style verdict_style(int32_t verdict)
{
	switch (verdict) {
	case NF_DROP:
		return TEXT_STYLE_DROP;
	case NF_ACCEPT:
		return TEXT_STYLE_ACCEPT;
	default:
		return TEXT_STYLE_VERDICT;
	}
}

static void verdict_text(struct text *text, const struct event_nft *nft)
{
	const char *name = event_verdict_name(nft->verdict);
	struct output *output = text->renderer.output;

	output_char(output, ' ');
	text_style(text, verdict_style(nft->verdict));
	if (name) {
		output_text(output, name);
	} else {
		output_text(output, "verdict ");
		output_signed(output, nft->verdict);
	}
	text_style(text, TEXT_STYLE_NONE);
	if (nft->verdict == NF_QUEUE)
		output_number_after(output, " num ", nft->queue);
}

static void nft_line(struct text *text, const struct event *event)
{
	const struct event_nft *nft = &event->nft;
	struct output *output = text->renderer.output;

	if (nft->flags & EVENT_NFT_CHAIN) {
		text_named(output, "  table ", event->table, nft->table_handle);
		text_named(output, " chain ", event->chain, nft->chain_handle);
	} else {
		output_text(output, "  table ? chain ?");
	}
	if (nft->flags & EVENT_NFT_RULE)
		output_number_after(output, " handle ", nft->rule_handle);
	verdict_text(text, nft);
	if (nft->flags & EVENT_NFT_POLICY)
		output_text(output, " (policy)");
	if (nft->flags & EVENT_NFT_TARGET) {
		output_text(output, " chain ");
		output_word(output, event->target.bytes, event->target.length);
	}
	output_char(output, '\n');
}

static void rule_line(struct text *text, const struct event *event)
{
	struct output *output = text->renderer.output;
	const struct rule_name *rule;

	if (!(event->nft.flags & EVENT_NFT_RULE) || !text->renderer.name_table)
		return;
	rule = renderer_rule(&text->renderer, event);
	if (rule && rule->fate == RULE_READ) {
		output_text(output, "  rule ");
		output_escaped(output, rule->text, strlen(rule->text));
	} else {
		output_text(output, "  rule text unknown: ");
		output_text(output, rule_fate_reason(rule ? rule->fate : RULE_FATES));
	}
	output_char(output, '\n');
}

void text_event(struct text *text, const struct event *event)
{
	struct output *output = text->renderer.output;

	header_line(text, event);
	text_stack(text, event);
	if (event->has_packet) {
		output_text(output, "  ");
		packet_text(output, &event->packet, event->packet_bytes);
		output_char(output, '\n');
	}
	location_line(text, event);
	text_skb(output, event);
	if (event->has_nft) {
		nft_line(text, event);
		if (text->form.rules == TEXT_RULES_ON)
			rule_line(text, event);
	}
	text_ct(output, event);
}
