/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suppressed events by rule, to and from JSON; see suppressed-rules.h. */
#include "journal/format/suppressed-rules.h"

#include "journal/format/dictionary-parse.h"

static const struct dictionary_field fields[] = {
	DICTIONARY_FIELD("netns_cookie", struct suppressed_rule, netns_cookie),
	DICTIONARY_FIELD("netns_inode", struct suppressed_rule, netns_inode),
	DICTIONARY_FIELD("family", struct suppressed_rule, family),
	DICTIONARY_FIELD("table", struct suppressed_rule, table),
	DICTIONARY_FIELD("table_handle", struct suppressed_rule, table_handle),
	DICTIONARY_FIELD("chain", struct suppressed_rule, chain),
	DICTIONARY_FIELD("chain_handle", struct suppressed_rule, chain_handle),
	DICTIONARY_FIELD("rule", struct suppressed_rule, rule_handle),
	DICTIONARY_FIELD("count", struct suppressed_rule, count),
	DICTIONARY_FIELD("since", struct suppressed_rule, since),
	DICTIONARY_FIELD("until", struct suppressed_rule, until),
	{ 0 },
};

static void rule_clear(void *rule)
{
	dictionary_free_fields(fields, rule);
}

GArray *suppressed_rules_new(void)
{
	GArray *rules = g_array_new(FALSE, FALSE, sizeof(struct suppressed_rule));

	g_array_set_clear_func(rules, rule_clear);
	return rules;
}

char *suppressed_record_new(const GArray *rules)
{
	auto_json *object = json_object_new_object();
	struct json_object *list = json_object_new_array();

	json_object_object_add(object, "suppressed", list);
	for (unsigned int i = 0; i < rules->len; i++) {
		struct json_object *rule = json_object_new_object();

		dictionary_add_fields(
			rule, fields, &g_array_index(rules, struct suppressed_rule, i));
		json_object_array_add(list, rule);
	}
	return dictionary_text(object);
}

static void take_rule(void *context, struct json_object *object)
{
	GArray *rules = context;
	struct suppressed_rule rule;

	if (rules->len >= SUPPRESSED_RULES_MAX)
		return;
	dictionary_get_fields(object, fields, &rule);
	g_array_append_val(rules, rule);
}

GArray *suppressed_record_parse(const void *json, size_t size)
{
	auto_json *object = dictionary_parse(json, size);
	GArray *rules;

	if (!object)
		return NULL;
	rules = suppressed_rules_new();
	dictionary_each(object, "suppressed", take_rule, rules);
	return rules;
}
