/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of rules in queues, and the bytes that they take; see texts-usage.h. */
#include "daemon/resolver/texts-usage.h"

#define NETNS_BYTES (sizeof(struct netns_texts) + 3 * ALLOCATION_BYTES)

static struct text_queue *queue_of(const struct stored_text *text)
{
	struct netns_texts *netns = text->rule->netns;

	return text->replaced ? &netns->replaced : &netns->newest;
}

void stored_text_enqueue(struct stored_text *text)
{
	struct text_queue *queue = queue_of(text);

	text->before = queue->last;
	text->after = NULL;
	if (queue->last)
		queue->last->after = text;
	else
		queue->first = text;
	queue->last = text;
}

void stored_text_dequeue(struct stored_text *text)
{
	struct text_queue *queue = queue_of(text);

	if (text->before)
		text->before->after = text->after;
	else
		queue->first = text->after;
	if (text->after)
		text->after->before = text->before;
	else
		queue->last = text->before;
}

void netns_texts_charge(struct rule_texts *texts, struct netns_texts *netns, size_t bytes)
{
	netns->bytes += bytes;
	netns->owner->bytes += bytes;
	texts->bytes += bytes;
}

static void netns_texts_discharge(struct rule_texts *texts, struct netns_texts *netns, size_t bytes)
{
	netns->bytes -= bytes;
	netns->owner->bytes -= bytes;
	texts->bytes -= bytes;
}

size_t stored_text_bytes(size_t length)
{
	return sizeof(struct stored_text) + length + ALLOCATION_BYTES;
}

void stored_text_remove(struct rule_texts *texts, struct stored_text *text)
{
	struct stored_rule *rule = text->rule;
	struct netns_texts *netns = rule->netns;

	stored_text_dequeue(text);
	netns_texts_discharge(texts, netns, stored_text_bytes(text->length));
	rule->oldest = text->newer;
	g_free(text);
	if (!rule->oldest) {
		netns_texts_discharge(texts, netns, STORED_RULE_BYTES);
		g_hash_table_remove(texts->rules, &rule->key);
	}
}

void stored_rule_remove(struct rule_texts *texts, struct stored_rule *rule)
{
	bool last;

	do {
		last = rule->oldest == rule->newest;
		stored_text_remove(texts, rule->oldest);
	} while (!last);
}

static struct texts_owner *owner_get(struct rule_texts *texts, uint64_t id)
{
	struct texts_owner *owner = g_hash_table_lookup(texts->owners, &id);

	if (owner)
		return owner;
	owner = g_new0(struct texts_owner, 1);
	owner->id = id;
	g_queue_init(&owner->namespaces);
	g_hash_table_insert(texts->owners, &owner->id, owner);
	return owner;
}

static void owner_attach(struct rule_texts *texts, struct netns_texts *netns, uint64_t id)
{
	netns->owner = owner_get(texts, id);
	netns->owner->bytes += netns->bytes;
	g_queue_push_tail_link(&netns->owner->namespaces, &netns->link);
}

static void owner_detach(struct rule_texts *texts, struct netns_texts *netns)
{
	struct texts_owner *owner = netns->owner;

	g_queue_unlink(&owner->namespaces, &netns->link);
	owner->bytes -= netns->bytes;
	if (g_queue_is_empty(&owner->namespaces))
		g_hash_table_remove(texts->owners, &owner->id);
}

struct netns_texts *netns_texts_get(struct rule_texts *texts, uint64_t id, uint64_t owner)
{
	struct netns_texts *netns = g_hash_table_lookup(texts->namespaces, &id);

	if (netns)
		return netns;
	netns = g_new0(struct netns_texts, 1);
	netns->id = id;
	netns->link.data = netns;
	owner_attach(texts, netns, owner);
	netns_texts_charge(texts, netns, NETNS_BYTES);
	g_hash_table_insert(texts->namespaces, &netns->id, netns);
	return netns;
}

void netns_texts_release(struct rule_texts *texts, struct netns_texts *netns)
{
	if (netns->newest.first || netns->replaced.first ||
		texts->current(texts->context, netns->id, UINT64_MAX))
		return;
	netns_texts_discharge(texts, netns, NETNS_BYTES);
	owner_detach(texts, netns);
	g_hash_table_remove(texts->namespaces, &netns->id);
}

void netns_texts_set_owner(struct rule_texts *texts, struct netns_texts *netns, uint64_t owner)
{
	owner_detach(texts, netns);
	owner_attach(texts, netns, owner);
}
