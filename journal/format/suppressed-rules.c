/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suppressed events by rule, to and from JSON; see suppressed-rules.h. */
#include "journal/format/suppressed-rules.h"

#include "journal/format/dictionary-parse.h"

static void rule_clear(void *context)
{
	struct suppressed_rule *rule = context;

	g_free(rule->table);
	g_free(rule->chain);
}

GArray *suppressed_rules_new(void)
{
	GArray *rules = g_array_new(FALSE, FALSE, sizeof(struct suppressed_rule));

	g_array_set_clear_func(rules, rule_clear);
	return rules;
}

static struct json_object *rule_object(const struct suppressed_rule *rule)
{
	struct json_object *object = json_object_new_object();

	dictionary_add_number(object, "netns_cookie", rule->netns_cookie);
	dictionary_add_number(object, "netns_inode", rule->netns_inode);
	dictionary_add_number(object, "family", rule->family);
	dictionary_add_text(object, "table", rule->table);
	dictionary_add_number(object, "table_handle", rule->table_handle);
	dictionary_add_text(object, "chain", rule->chain);
	dictionary_add_number(object, "chain_handle", rule->chain_handle);
	dictionary_add_number(object, "rule", rule->rule_handle);
	dictionary_add_number(object, "count", rule->count);
	dictionary_add_number(object, "since", rule->since);
	dictionary_add_number(object, "until", rule->until);
	return object;
}

char *suppressed_record_new(const GArray *rules)
{
	auto_json *object = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_object_object_add(object, "suppressed", list);
	for (unsigned int i = 0; i < rules->len; i++)
		json_object_array_add(
			list, rule_object(&g_array_index(rules, struct suppressed_rule, i)));
	return dictionary_text(object);
}

static void rule_take(GArray *rules, struct json_object *object)
{
	struct suppressed_rule rule;

	if (!json_object_is_type(object, json_type_object) || rules->len >= SUPPRESSED_RULES_MAX)
		return;
	rule = (struct suppressed_rule){
		.netns_cookie = dictionary_get_number(object, "netns_cookie"),
		.netns_inode = (uint32_t)dictionary_get_number(object, "netns_inode"),
		.family = (uint8_t)dictionary_get_number(object, "family"),
		.table = dictionary_get_text(object, "table"),
		.table_handle = dictionary_get_number(object, "table_handle"),
		.chain = dictionary_get_text(object, "chain"),
		.chain_handle = dictionary_get_number(object, "chain_handle"),
		.rule_handle = dictionary_get_number(object, "rule"),
		.count = dictionary_get_number(object, "count"),
		.since = dictionary_get_number(object, "since"),
		.until = dictionary_get_number(object, "until"),
	};
	g_array_append_val(rules, rule);
}

GArray *suppressed_record_parse(const void *json, size_t size)
{
	auto_json *object = dictionary_parse(json, size);
	struct json_object *list;
	GArray *rules;

	if (!object)
		return NULL;
	list = dictionary_member(object, "suppressed", json_type_array);
	rules = suppressed_rules_new();
	for (size_t i = 0; list && i < json_object_array_length(list); i++)
		rule_take(rules, json_object_array_get_idx(list, i));
	return rules;
}
