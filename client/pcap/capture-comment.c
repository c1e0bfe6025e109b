/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Comments of packets; see capture-comment.h. */
#include "client/pcap/capture-comment.h"

#include <glib.h>
#include <linux/netfilter.h>

#include "journal/format/connection-names.h"

#define ADDRESS_DIGITS 16

/* As in the text of an event, so that the event of a packet can be found there. */
static void identity_line(struct output *output, const struct event_head *head, const char *probe)
{
	output_escaped_after(output, "", probe ? probe : "unknown");
	if (head->flags & EVENT_TRACKED) {
		output_text(output, " #");
		output_hex(output, head->track_time);
		output_hex_padded(output, head->track_head, ADDRESS_DIGITS);
	}
	output_text(output, " (skb ");
	output_hex(output, head->skb);
	output_char(output, ')');
}

static void verdict_text(struct output *output, const struct event *event)
{
	const char *name = event_verdict_name(event->nft.verdict);

	output_char(output, ' ');
	if (name)
		output_text(output, name);
	else
		output_signed(output, event->nft.verdict);
	if (event->nft.verdict == NF_QUEUE)
		output_number_after(output, " num ", event->nft.queue);
	if (event->nft.flags & EVENT_NFT_POLICY)
		output_text(output, " (policy)");
	if (event->nft.flags & EVENT_NFT_TARGET) {
		output_text(output, " chain ");
		output_word(output, event->target.bytes, event->target.length);
	}
}

static void nft_line(struct output *output, const struct event *event)
{
	const struct event_nft *nft = &event->nft;

	if (nft->flags & EVENT_NFT_CHAIN) {
		output_text(output, "\ntable ");
		output_word(output, event->table.bytes, event->table.length);
		output_number_after(output, " (", nft->table_handle);
		output_text(output, ") chain ");
		output_word(output, event->chain.bytes, event->chain.length);
		output_number_after(output, " (", nft->chain_handle);
		output_char(output, ')');
	} else {
		output_text(output, "\ntable ? chain ?");
	}
	if (nft->flags & EVENT_NFT_RULE)
		output_number_after(output, " handle ", nft->rule_handle);
	verdict_text(output, event);
}

/* The packet's state in connection tracking; the connection itself is in the text of the event. */
static void ct_line(struct output *output, const struct event *event)
{
	const char *info = connection_info_name(event->ct.info);
	g_autofree char *upper = info ? g_ascii_strup(info, -1) : NULL;

	if (upper)
		output_escaped_after(output, "\nct_state ", upper);
}

void comment_text(
	struct output *output, const struct event *event, const struct comment_names *names)
{
	identity_line(output, &event->head, names->probe);
	if (event->has_drop && names->drop_reason) {
		output_escaped_after(output, " drop (reason ", names->drop_reason);
		output_char(output, ')');
	}
	if (event->has_nft)
		nft_line(output, event);
	if (event->has_nft && names->rule && names->rule->fate == RULE_READ)
		output_escaped_after(output, "\nrule ", names->rule->text);
	if (event->has_ct)
		ct_line(output, event);
}
