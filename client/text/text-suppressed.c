/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Suppressed events by rule, as text; see text-sections.h. */
#include <string.h>

#include "client/text/text-sections.h"
#include "journal/format/suppressed-rules.h"

#define RULES_SHOWN 20 /* of a record; the others are summed up */

static int by_count(const void *one, const void *other)
{
	const struct suppressed_rule *a = one, *b = other;

	return a->count < b->count ? 1 : -(a->count > b->count);
}

static struct event_text name_text(const char *name)
{
	return (struct event_text){ name, strlen(name) };
}

static void rule_line(struct text *text, const struct suppressed_rule *rule)
{
	struct output *output = text->renderer.output;

	output_number_after(output, "  ", rule->count);
	output_text(output, " by");
	text_netns(text, rule->netns_cookie, rule->netns_inode);
	text_named(output, " table ", name_text(rule->table), rule->table_handle);
	text_named(output, " chain ", name_text(rule->chain), rule->chain_handle);
	if (rule->rule_handle)
		output_number_after(output, " handle ", rule->rule_handle);
	else
		output_text(output, " (policy)");
	output_char(output, '\n');
}

/* The sum of the rules from `from` on. */
static struct suppressed_rule rules_sum(const GArray *rules, unsigned int from)
{
	struct suppressed_rule sum = { .since = UINT64_MAX };

	for (unsigned int i = from; i < rules->len; i++) {
		const struct suppressed_rule *rule =
			&g_array_index(rules, struct suppressed_rule, i);

		sum.count += rule->count;
		sum.since = MIN(sum.since, rule->since);
		sum.until = MAX(sum.until, rule->until);
	}
	return sum;
}

void text_suppressed(struct text *text, GArray *rules)
{
	const struct suppressed_rule all = rules_sum(rules, 0);
	struct output *output = text->renderer.output;

	g_array_sort(rules, by_count);
	output_number(output, all.count);
	output_text(output, all.count == 1 ? " event" : " events");
	output_text(output, " suppressed: the session's rate was reached (between ");
	text_moment(text, all.since);
	output_text(output, " and ");
	text_moment(text, all.until);
	output_text(output, ")\n");
	for (unsigned int i = 0; i < MIN(rules->len, RULES_SHOWN); i++)
		rule_line(text, &g_array_index(rules, struct suppressed_rule, i));
	if (rules->len > RULES_SHOWN) {
		output_number_after(output, "  ", rules_sum(rules, RULES_SHOWN).count);
		output_number_after(output, " by further rules: ", rules->len - RULES_SHOWN);
		output_char(output, '\n');
	}
}
