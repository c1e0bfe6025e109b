/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suppressed events by rule, as JSON; see json-sections.h. */
#include <string.h>

#include "journal/format/suppressed-rules.h"
#include "journal/json/json-sections.h"

static void rule_object(struct json *json, const struct suppressed_rule *rule)
{
	const char *family = event_family_name(rule->family);
	struct output *output = json->renderer.output;

	json_number(output, "{\"count\":", rule->count);
	json_number(output, ",\"since\":", rule->since);
	json_number(output, ",\"until\":", rule->until);
	json_netns(json, rule->netns_cookie, rule->netns_inode);
	if (family)
		json_name(output, ",\"family\":", family);
	json_name(output, ",\"table_name\":", rule->table);
	json_name(output, ",\"chain_name\":", rule->chain);
	json_number(output, ",\"table_handle\":", rule->table_handle);
	json_number(output, ",\"chain_handle\":", rule->chain_handle);
	if (rule->rule_handle)
		json_number(output, ",\"rule_handle\":", rule->rule_handle);
	json_flag(output, ",\"policy\":", rule->rule_handle == 0);
	json_literal(output, "}");
}

void json_suppressed(struct json *json, const GArray *rules)
{
	json_literal(json->renderer.output, ",\"suppressed\":[");
	for (unsigned int i = 0; i < rules->len; i++) {
		if (i > 0)
			json_literal(json->renderer.output, ",");
		rule_object(json, &g_array_index(rules, struct suppressed_rule, i));
	}
	json_literal(json->renderer.output, "]");
}
