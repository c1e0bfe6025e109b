/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the rates of sessions held back, by rule: from the kernel side's table to the journals, what is
 * new each time. What finds no room there stays in the session's sum.
 */
#include "engine-private.h"

#include "../journal/suppressed.h"

/* What a slot counts, when the record that tells of it is made. */
struct telling {
	struct suppressed_slot *slot;
	uint64_t count, until;
};

/* What is new in a slot since it was told last. */
static void slot_take(struct suppressed_slot *slot, GArray *rules, GArray *tellings)
{
	const struct telling telling = {
		.slot = slot,
		.count = __atomic_load_n(&slot->count, __ATOMIC_RELAXED),
		.until = __atomic_load_n(&slot->last, __ATOMIC_RELAXED),
	};
	struct suppressed_rule rule;

	if (telling.count == slot->told)
		return;
	rule = (struct suppressed_rule){
		.netns_cookie = slot->rule.netns,
		.netns_inode = slot->netns_inode,
		.family = (uint8_t)slot->rule.family,
		.table = g_strndup(slot->table, sizeof(slot->table)),
		.table_handle = slot->rule.table,
		.chain = g_strndup(slot->chain, sizeof(slot->chain)),
		.chain_handle = slot->rule.chain,
		.rule_handle = slot->rule.rule,
		.count = telling.count - slot->told,
		.since = slot->told ? slot->told_until : slot->first,
		.until = telling.until,
	};
	g_array_append_val(rules, rule);
	g_array_append_val(tellings, telling);
}

void engine_suppressed_tell(struct engine *engine, unsigned int bit)
{
	g_autoptr(GArray) tellings = g_array_new(FALSE, FALSE, sizeof(struct telling));
	g_autoptr(GArray) rules = suppressed_rules_new();
	g_autofree char *json = NULL;
	struct suppressed_slot *slots;
	struct session_stats stats;

	if (!engine->pipeline)
		return;
	pipeline_session_stats(engine->pipeline, bit, &stats);
	if (stats.suppressed == engine->suppressed_seen[bit])
		return;
	slots = pipeline_suppressed(engine->pipeline);
	for (unsigned int i = 0; i < SUPPRESSED_SLOTS; i++) {
		if (__atomic_load_n(&slots[i].state, __ATOMIC_ACQUIRE) == SUPPRESSED_COUNTING &&
			slots[i].bit == bit)
			slot_take(&slots[i], rules, tellings);
	}
	json = suppressed_record_new(rules);
	/* What a disk does not take is told with the next one. */
	if (rules->len &&
		data_append_names(engine->data, bit, data_tenure(engine->data, bit),
			JOURNAL_SUPPRESSED, json) < 0)
		return;
	engine->suppressed_seen[bit] = stats.suppressed;
	for (unsigned int i = 0; i < tellings->len; i++) {
		const struct telling *telling = &g_array_index(tellings, struct telling, i);

		telling->slot->told = telling->count;
		telling->slot->told_until = telling->until;
	}
}

void engine_suppressed_tell_all(struct engine *engine)
{
	for (unsigned int bit = 0; bit < EVENT_SESSIONS_MAX; bit++) {
		if (engine->plan.entries[bit].used)
			engine_suppressed_tell(engine, bit);
	}
}

void engine_suppressed_reset(struct engine *engine, unsigned int bit)
{
	engine->suppressed_seen[bit] = 0;
}
