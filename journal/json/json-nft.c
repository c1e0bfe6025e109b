/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verdict of nf_tables as JSON, see json-sections.h. */
#include <linux/netfilter.h>

#include "journal/json/json-sections.h"

/* Retis's field is a string, also for a code without a name. */
static void verdict_member(struct output *output, int32_t verdict)
{
	const char *name = event_verdict_name(verdict);

	if (name) {
		json_name(output, ",\"verdict\":", name);
		return;
	}
	json_literal(output, ",\"verdict\":\"");
	output_signed(output, verdict);
	json_literal(output, "\"");
}

static void name_member(struct output *output, const char *before, const char *name)
{
	if (name)
		json_name(output, before, name);
}

/* The rule's text at the time of the event, or why it was not read. */
static void rule_members(struct json *json, const struct event *event)
{
	const struct rule_name *rule = renderer_rule(&json->renderer, event);

	if (!rule)
		return;
	if (rule->fate == RULE_READ)
		json_name(json->renderer.output, ",\"rule\":", rule->text);
	else
		name_member(json->renderer.output, ",\"rule_unread\":", rule_fate_name(rule->fate));
}

static void more_members(struct json *json, const struct event *event)
{
	const struct event_nft *nft = &event->nft;
	struct output *output = json->renderer.output;

	name_member(output, ",\"family\":", event_family_name(nft->family));
	name_member(output, ",\"hook\":", event_hook_name(nft));
	if (nft->flags & EVENT_NFT_TARGET)
		json_number(output, ",\"verdict_chain_handle\":", nft->target_handle);
	if (nft->verdict == NF_QUEUE)
		json_number(output, ",\"queue\":", nft->queue);
	rule_members(json, event);
}

void json_nft(struct json *json, const struct event *event)
{
	const struct event_nft *nft = &event->nft;
	struct output *output = json->renderer.output;

	if (!event->has_nft)
		return;
	json_text(output, ",\"nft\":{\"table_name\":", event->table);
	json_text(output, ",\"chain_name\":", event->chain);
	verdict_member(output, nft->verdict);
	if (nft->flags & EVENT_NFT_TARGET)
		json_text(output, ",\"verdict_chain_name\":", event->target);
	json_number(output, ",\"table_handle\":", nft->table_handle);
	json_number(output, ",\"chain_handle\":", nft->chain_handle);
	if (nft->flags & EVENT_NFT_RULE)
		json_number(output, ",\"rule_handle\":", nft->rule_handle);
	json_flag(output, ",\"policy\":", nft->flags & EVENT_NFT_POLICY);
	more_members(json, event);
	json_literal(output, "}");
}
