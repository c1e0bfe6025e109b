/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts by their rules, see rule-texts.h. */
#include "daemon/resolver/rule-texts.h"

#include <glib.h>
#include <string.h>

#include "daemon/resolver/texts-budget.h"
#include "daemon/resolver/texts-usage.h"

static void rule_free(gpointer data)
{
	struct stored_rule *rule = data;

	while (rule->oldest) {
		struct stored_text *text = rule->oldest;

		rule->oldest = text->newer;
		g_free(text);
	}
	g_free(rule);
}

struct rule_texts *rule_texts_new(rule_texts_current current, void *context)
{
	struct rule_texts *texts = g_new0(struct rule_texts, 1);

	texts->rules = g_hash_table_new_full(rule_key_hash, rule_key_equal, NULL, rule_free);
	texts->namespaces = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	texts->owners = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	texts->bytes_max = RULE_TEXTS_BYTES_MAX;
	texts->current = current;
	texts->context = context;
	return texts;
}

struct rule_texts *rule_texts_free(struct rule_texts *texts)
{
	if (!texts)
		return NULL;
	g_hash_table_unref(texts->rules);
	g_hash_table_unref(texts->namespaces);
	g_hash_table_unref(texts->owners);
	g_free(texts);
	return NULL;
}

void rule_texts_set_size(struct rule_texts *texts, uint64_t bytes)
{
	texts->bytes_max = bytes;
}

bool rule_texts_full(const struct rule_texts *texts, uint64_t id)
{
	const struct netns_texts *netns = g_hash_table_lookup(texts->namespaces, &id);

	return netns && netns->full;
}

void rule_texts_count(const struct rule_texts *texts, struct rule_texts_counts *ret)
{
	*ret = texts->counts;
	ret->bytes = texts->bytes;
	ret->bytes_max = texts->bytes_max;
}
void rule_texts_begin(struct rule_texts *texts, uint64_t id, uint64_t owner)
{
	struct netns_texts *netns = netns_texts_get(texts, id, owner);

	netns_texts_set_owner(texts, netns, owner);
	netns->full = false;
}

void rule_texts_netns_removed(struct rule_texts *texts, uint64_t id)
{
	struct netns_texts *netns = g_hash_table_lookup(texts->namespaces, &id);

	if (netns)
		netns_texts_release(texts, netns);
}

static struct rule_text reported_text(const struct stored_text *text)
{
	bool read = text->fate == RULE_READ;

	return (struct rule_text){
		.fate = text->fate,
		.text = read ? text->bytes : NULL,
		.length = read ? text->length : 0,
		.since = text->since,
		.more = text->newer,
	};
}

bool rule_texts_report(const struct rule_texts *texts, const struct rule_key *key,
	rule_texts_reporter report, void *context)
{
	const struct stored_rule *rule = g_hash_table_lookup(texts->rules, key);

	if (!rule)
		return false;
	for (const struct stored_text *text = rule->oldest; text; text = text->newer) {
		const struct rule_text reported = reported_text(text);

		report(context, &reported);
	}
	return true;
}

static void rule_confirm(struct stored_rule *rule, uint64_t reading)
{
	stored_text_dequeue(rule->newest);
	rule->newest->reading = reading;
	stored_text_enqueue(rule->newest);
}

void rule_texts_confirm(struct rule_texts *texts, const struct rule_key *key, uint64_t reading)
{
	struct stored_rule *rule = g_hash_table_lookup(texts->rules, key);

	if (rule)
		rule_confirm(rule, reading);
}

static bool is_same(const struct stored_text *text, const struct rule_text *found)
{
	/* A text that could not be read this time counts as unchanged. */
	return found->fate != RULE_READ ||
		(text->fate == RULE_READ && text->length == found->length &&
			memcmp(text->bytes, found->text, found->length) == 0);
}

static struct stored_rule *rule_add(struct rule_texts *texts, const struct rule_key *key)
{
	struct stored_rule *rule = g_new0(struct stored_rule, 1);

	rule->key = *key;
	rule->netns = netns_texts_get(texts, key->netns, NETNS_OWNER_HOST);
	netns_texts_charge(texts, rule->netns, STORED_RULE_BYTES);
	g_hash_table_insert(texts->rules, &rule->key, rule);
	return rule;
}

static void text_add(struct rule_texts *texts, struct stored_rule *rule, uint64_t reading,
	const struct rule_text *found)
{
	struct stored_text *text = g_malloc(sizeof(*text) + found->length);

	*text = (struct stored_text){
		.rule = rule,
		.reading = reading,
		.since = found->since,
		.length = (uint32_t)found->length,
		.fate = (uint8_t)found->fate,
	};
	if (found->length > 0)
		memcpy(text->bytes, found->text, found->length);
	if (rule->newest) {
		stored_text_dequeue(rule->newest);
		rule->newest->replaced = true;
		stored_text_enqueue(rule->newest);
		rule->newest->newer = text;
	} else {
		rule->oldest = text;
	}
	rule->newest = text;
	stored_text_enqueue(text);
	netns_texts_charge(texts, rule->netns, stored_text_bytes(found->length));
}

bool rule_texts_put(struct rule_texts *texts, const struct rule_key *key, uint64_t reading,
	struct rule_text *found)
{
	struct netns_texts *netns = netns_texts_get(texts, key->netns, NETNS_OWNER_HOST);
	struct stored_rule *rule = g_hash_table_lookup(texts->rules, key);
	bool replaced;

	if (rule) {
		rule_confirm(rule, reading);
		if (is_same(rule->newest, found))
			return false;
	}
	if (!texts_budget_make_room(
		    texts, netns, STORED_RULE_BYTES + stored_text_bytes(found->length)))
		return false;
	/* Making room may have removed the rule. */
	rule = g_hash_table_lookup(texts->rules, key);
	replaced = rule && rule->newest->fate == RULE_READ;
	if (!replaced)
		found->since = 0;
	if (!rule)
		rule = rule_add(texts, key);
	text_add(texts, rule, reading, found);
	/* The entry of a failed reading is of no use once there is a text. */
	if (!replaced && rule->oldest != rule->newest)
		stored_text_remove(texts, rule->oldest);
	return replaced;
}